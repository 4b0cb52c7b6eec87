namespace Suture.Kernel;

/// <summary>Turns a source archive, the generated headers and the build tools into a tree in which any unit compiles by its arguments alone.</summary>
internal static class SourceTree
{
    // Programs that generate sources and that no distribution ships; pattern rules need them to exist beforehand.
    private static readonly string[] Generators =
        ["scripts/asn1_compiler", "scripts/selinux/genheaders/genheaders", "scripts/ipe/polgen/polgen"];

    // What no file of an x86 kernel includes and no makefile reads. A third of the archive.
    private static readonly string[] Unneeded =
        ["Documentation", "samples", "tools/testing", "tools/perf"];

    private static readonly string[] OtherArchitectures =
        ["alpha", "arc", "arm", "arm64", "csky", "hexagon", "ia64", "loongarch", "m68k", "microblaze", "mips", "nios2",
         "openrisc", "parisc", "powerpc", "riscv", "s390", "sh", "sparc", "xtensa"];

    /// <summary>Whether a tree for this configuration lacks the driver that is 400 MB of register names.</summary>
    public static bool LeavesOutAmdgpu(KernelConfig config) => !config.IsSet("CONFIG_DRM_AMDGPU") && !config.IsSet("CONFIG_DRM_RADEON");

    /// <summary>Unpacks the .tar.xz at <paramref name="archive"/> into <paramref name="tree"/>.</summary>
    public static async Task UnpackAsync(string archive, string tree, KernelConfig config, CancellationToken cancellation)
    {
        Directory.CreateDirectory(tree);
        var skip = Unneeded.Concat(OtherArchitectures.Select(a => "arch/" + a)).ToList();
        if (LeavesOutAmdgpu(config))
        {
            skip.Add("drivers/gpu/drm/amd");
        }
        await ToolProcess.MustAsync($"unpacking {Path.GetFileName(archive)}", "tar",
            ["--use-compress-program=xz -T0", "-xf", archive, "-C", tree, "--strip-components=1", "--no-same-owner",
             "--no-wildcards-match-slash", "--anchored", "--wildcards", .. skip.Select(s => $"--exclude=*/{s}/*")], cancellation, tree);
    }

    /// <summary>Puts the distribution's generated headers and compiled build tools over the source.</summary>
    /// <param name="tree">The unpacked source.</param>
    /// <param name="headers">linux-headers-RELEASE: include/, arch/, .config, Module.symvers.</param>
    /// <param name="tools">linux-kbuild: scripts/ and tools/ with the compiled programs.</param>
    public static void Overlay(string tree, string headers, string tools)
    {
        CopyTree(Path.Combine(headers, "include"), Path.Combine(tree, "include"), _ => true);
        CopyTree(Path.Combine(headers, "arch"), Path.Combine(tree, "arch"), _ => true);
        foreach (var name in (string[])[".config", "Module.symvers"])
        {
            File.Copy(Path.Combine(headers, name), Path.Combine(tree, name), overwrite: true);
        }
        // The scripts among the tools are in the source already; only what needs a compiler is taken.
        CopyTree(tools, tree, IsElf);
        KeepConfiguration(tree);
    }

    /// <summary>Makes the generators, then asks kbuild for all units and makes every source and header they include.</summary>
    public static async Task<DryRun> GenerateAsync(Kbuild kbuild, string tree, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        foreach (var generator in Generators.Where(g => File.Exists(Path.Combine(tree, g + ".c")) && !File.Exists(Path.Combine(tree, g))))
        {
            if (await kbuild.MakeAsync(Path.GetDirectoryName(generator)!, [generator], cancellation) is { } fault)
            {
                throw new KernelException($"{generator} of the kernel's source cannot be built: {fault}", "apt install make gcc libc6-dev", KernelFault.Tool);
            }
        }
        progress?.Report(new("reading how the kernel is compiled"));
        var dryRun = await kbuild.DryRunAsync(cancellation);
        progress?.Report(new("generating sources"));
        await Parallel.ForEachAsync(dryRun.GeneratedSources.GroupBy(ObjectDirectory),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation },
            async (group, stop) => await kbuild.MakeAsync(group.Key, group, stop));
        return dryRun.ModuleObjtoolArguments.Count == 0 || File.Exists(Path.Combine(tree, "tools/objtool/objtool"))
            ? dryRun
            : throw new KernelException($"{tree}: no tools/objtool/objtool, and this kernel needs it for every module",
                "the package of build tools (linux-kbuild) should have it", KernelFault.Broken);
    }

    // Some makefiles make targets of directories below them; only the directory itself is known here.
    private static string ObjectDirectory(string target) => Path.GetDirectoryName(target)!;

    // Kbuild would run kconfig again if these were older than .config; it has no reason to.
    private static void KeepConfiguration(string tree)
    {
        var include = Path.Combine(tree, "include");
        File.WriteAllText(Path.Combine(include, "config/auto.conf.cmd"), "");
        var now = DateTime.UtcNow;
        foreach (var name in (string[])["config/auto.conf.cmd", "generated/autoconf.h", "generated/rustc_cfg", "config/auto.conf"])
        {
            var path = Path.Combine(include, name);
            if (!File.Exists(path))
            {
                File.WriteAllText(path, "");
            }
            File.SetLastWriteTimeUtc(path, now);
        }
    }

    private static void CopyTree(string from, string to, Func<string, bool> wanted)
    {
        foreach (var path in Directory.EnumerateFiles(from, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            if (!wanted(path))
            {
                continue;
            }
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target, overwrite: true);
        }
    }

    private static bool IsElf(string path)
    {
        Span<byte> head = stackalloc byte[4];
        using var file = File.OpenRead(path);
        return file.ReadAtLeast(head, 4, throwOnEndOfStream: false) == 4 && head.SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F']);
    }
}
