namespace Suture.Kernel;

/// <summary>
/// Makes a cache entry out of the downloaded packages of a Debian kernel: unpack, lay headers and tools over
/// the source, ask kbuild how everything is compiled, derive image and symbols, write down the facts.
/// </summary>
internal static class KernelPreparation
{
    private const long EntryBytes = 2_000_000_000;

    /// <summary>Fills the empty directory <paramref name="stage"/>.</summary>
    public static async Task RunAsync(CacheLayout cache, DebianKernel kernel, string stage, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        DiskSpace.Require(stage, EntryBytes, "preparing a kernel");
        progress?.Report(new("unpacking packages"));
        var unpacked = Path.Combine(stage, "unpacked");
        await Task.WhenAll(kernel.Packages.Select(p => ToolProcess.MustAsync($"unpacking {p.FileName}", "dpkg-deb",
            ["-x", PackageDownload.PathOf(cache, p), Directory.CreateDirectory(Path.Combine(unpacked, p.Name)).FullName], cancellation, stage)));

        var boot = Path.Combine(unpacked, kernel.Image.Name, "boot");
        MoveFile(Path.Combine(boot, "vmlinuz-" + kernel.Release), Path.Combine(stage, "vmlinuz"));
        MoveFile(Path.Combine(boot, "config-" + kernel.Release), Path.Combine(stage, "config"));
        var config = KernelConfig.ReadFile(Path.Combine(stage, "config"));
        var compiler = CompilerCheck.ProgramFor(config);
        CompilerCheck.Compare(kernel.Release, config.CompilerVersionText, compiler, await CompilerCheck.VersionOfAsync(compiler, cancellation));

        // The image takes one processor a few seconds, the source all of them for long.
        progress?.Report(new("unpacking the source and the kernel image"));
        var image = Task.Run(() => KernelImage.Derive(Path.Combine(stage, "vmlinuz"), config, Path.Combine(boot, "System.map-" + kernel.Release),
            Path.Combine(stage, "vmlinux"), Path.Combine(stage, "System.map")), cancellation);
        var tree = Path.Combine(stage, "source");
        await SourceTree.UnpackAsync(FindOne(Path.Combine(unpacked, kernel.Source.Name, "usr/src"), "linux-source-*.tar.xz", kernel.Source), tree, config, cancellation);
        if (image.IsFaulted)
        {
            await image;
        }
        SourceTree.Overlay(tree, Path.Combine(unpacked, kernel.Headers.Name, "usr/src/linux-headers-" + kernel.Release),
            Path.Combine(unpacked, kernel.Tools.Name, "usr/lib", kernel.Tools.Name));
        MoveModules(Path.Combine(unpacked, kernel.Image.Name), stage, kernel.Release);

        progress?.Report(new("reading the kernel's build settings"));
        var kbuild = await Kbuild.OpenAsync(tree, kernel.Release, compiler, Path.Combine(stage, "environment"), view: null, cancellation);
        var dryRun = await SourceTree.GenerateAsync(kbuild, tree, progress, cancellation);
        CompileDatabase.Write(Path.Combine(stage, "units"), dryRun.Units.Where(u => File.Exists(Path.Combine(tree, u.Source))));
        progress?.Report(new("finishing"));
        var buildId = await image;
        Directory.Delete(unpacked, recursive: true);
        new KernelFacts
        {
            Release = kernel.Release,
            PackageVersion = kernel.Version,
            BuildId = buildId,
            Vmlinuz = "vmlinuz",
            Image = "vmlinux",
            SystemMap = "System.map",
            Config = "config",
            Symvers = "source/Module.symvers",
            Modules = "lib/modules/" + kernel.Release,
            Source = "source",
            Units = "units",
            ModuleObjtoolArguments = dryRun.ModuleObjtoolArguments,
            SizeBytes = SizeOf(stage),
        }.Write(stage);
    }

    private static void MoveFile(string from, string to)
    {
        if (!File.Exists(from))
        {
            throw new KernelException($"the image package has no {Path.GetFileName(from)}", "this is not a Debian kernel package as known here; use --kernel DIR", KernelFault.NotFound);
        }
        File.Move(from, to);
    }

    private static void MoveModules(string image, string stage, string release)
    {
        // Debian 13 and later have /usr merged in the packages themselves.
        var from = ((string[])["lib/modules", "usr/lib/modules"]).Select(d => Path.Combine(image, d, release)).FirstOrDefault(Directory.Exists)
            ?? throw new KernelException($"the image package has no lib/modules/{release}", "this is not a Debian kernel package as known here; use --kernel DIR", KernelFault.NotFound);
        Directory.CreateDirectory(Path.Combine(stage, "lib/modules"));
        Directory.Move(from, Path.Combine(stage, "lib/modules", release));
        foreach (var link in (string[])["build", "source"])
        {
            // They lead to where the headers package would install; here they would lead to the host's.
            File.Delete(Path.Combine(stage, "lib/modules", release, link));
        }
    }

    private static string FindOne(string directory, string pattern, ArchivePackage package) =>
        (Directory.Exists(directory) ? Directory.GetFiles(directory, pattern) : []).FirstOrDefault()
        ?? throw new KernelException($"{package.FileName} has no {pattern} in usr/src", "this is not a Debian source package as known here; use --kernel DIR", KernelFault.NotFound);

    // Links are not followed; what they lead to is counted where it is.
    private static long SizeOf(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Sum(f => (f.Length + 4095) & ~4095L);
}
