namespace Suture.Kernel;

/// <summary>The pieces of a kernel in a directory, each found in one of the places that docs/kernel-directory.md names. All paths are absolute.</summary>
internal sealed record KernelPieces
{
    public required string Release { get; init; }
    public required string Image { get; init; }
    public required string Config { get; init; }
    public required string Symvers { get; init; }
    public required string Source { get; init; }
    public required string Modules { get; init; }
    public string? SystemMap { get; init; }

    /// <summary>Finds and checks the pieces in <paramref name="directory"/>.</summary>
    /// <exception cref="KernelException">One is missing or does not belong to the others.</exception>
    public static KernelPieces Find(string directory)
    {
        var source = FindSource(directory);
        Require(source, ["include/generated/autoconf.h"], "generated headers", "run in the source tree: make olddefconfig modules_prepare");
        var release = File.ReadAllText(Require(source, ["include/config/kernel.release"], "the release", "run in the source tree: make modules_prepare")).Trim();
        var image = Require(directory, ["vmlinuz", "bzImage", "arch/x86/boot/bzImage", "vmlinux"], "the kernel image", "copy the bzImage that is booted there");
        var config = Require(directory, ["config", ".config", "source/.config"], "the configuration", "copy /boot/config-RELEASE there");
        CheckSame(config, Path.Combine(source, ".config"));
        if (BootImage.ReleaseOf(image) is { } booted && booted != release)
        {
            throw new KernelException($"{image} is {booted}, but the source tree {source} is prepared for {release}",
                "give the source that the image was built from", KernelFault.Mismatch);
        }
        return new()
        {
            Release = release,
            Image = image,
            Config = config,
            Symvers = Require(directory, ["Module.symvers", "source/Module.symvers"], "exported symbols", "take Module.symvers from the kernel's build directory"),
            Source = source,
            Modules = FindModules(directory, release),
            SystemMap = Candidates(directory, ["System.map"]).FirstOrDefault(File.Exists),
        };
    }

    private static string FindSource(string directory)
    {
        var candidates = new[] { Path.Combine(directory, "source"), directory };
        return candidates.FirstOrDefault(d => File.Exists(Path.Combine(d, "scripts/Makefile.build")))
            ?? throw Missing("the prepared source tree", candidates.Select(d => Path.Combine(d, "scripts/Makefile.build")),
                "unpack and configure the kernel's source as source/, or give a build directory itself");
    }

    private static string FindModules(string directory, string release)
    {
        // A tree built in place has its modules next to their sources.
        var candidates = new[] { Path.Combine(directory, "lib/modules", release), Path.Combine(directory, "modules"), directory };
        return candidates.First(Directory.Exists);
    }

    private static string Require(string directory, string[] names, string what, string advice) =>
        Candidates(directory, names).FirstOrDefault(File.Exists) ?? throw Missing(what, Candidates(directory, names), advice);

    private static IEnumerable<string> Candidates(string directory, string[] names) => names.Select(n => Path.Combine(directory, n));

    private static KernelException Missing(string what, IEnumerable<string> places, string advice) =>
        new($"{what} of the kernel is missing; looked for {string.Join(", ", places)}", advice, KernelFault.NotFound);

    private static void CheckSame(string config, string configOfSource)
    {
        if (config == configOfSource || !File.Exists(configOfSource))
        {
            return;
        }
        var booted = KernelConfig.ReadFile(config);
        var prepared = KernelConfig.ReadFile(configOfSource);
        if (booted.Difference(prepared) is { } name && !(name == "CONFIG_CC_VERSION_TEXT" && CompilerCheck.AreSame(booted.CompilerVersionText, prepared.CompilerVersionText)))
        {
            throw new KernelException($"{config} has {name}={booted[name] ?? "n"}, but the source tree was configured with {name}={prepared[name] ?? "n"} ({configOfSource})",
                "configure the source tree with the kernel's own configuration and run: make olddefconfig modules_prepare", KernelFault.Mismatch);
        }
    }
}
