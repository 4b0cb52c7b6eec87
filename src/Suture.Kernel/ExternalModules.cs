namespace Suture.Kernel;

/// <summary>Asks kbuild how modules outside the kernel's tree are compiled: <c>make -C TREE M=DIRECTORY</c>, dry.</summary>
public static class ExternalModules
{
    /// <summary>The units of the modules in <paramref name="directory"/>, with absolute paths where kbuild has them.</summary>
    /// <exception cref="KernelException">There is no makefile, or kbuild does not say how to compile anything.</exception>
    public static async Task<IReadOnlyList<CompileUnit>> UnitsAsync(KernelBuild kernel, string directory, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        ArgumentNullException.ThrowIfNull(directory);
        if (!File.Exists(Path.Combine(directory, "Kbuild")) && !File.Exists(Path.Combine(directory, "Makefile")))
        {
            throw new KernelException($"{directory}: neither Kbuild nor Makefile is there", "give the directory that the module is built in", KernelFault.NotFound);
        }
        var compiler = CompilerCheck.ProgramFor(kernel.Config);
        var dryRun = new DryRun(compiler);
        var outcome = await ToolProcess.RunAsync("make",
            ["-n", "-k", "-rR", "--no-print-directory", $"M={directory}", "ARCH=x86", $"CC={compiler}", $"HOSTCC={compiler}", $"KERNELRELEASE={kernel.Release}", "modules"],
            cancellation, kernel.SourceTree, onLine: dryRun.Add);
        var units = dryRun.Units.Where(u => u.Owner != "vmlinux" && !u.Source.EndsWith(".mod.c", StringComparison.Ordinal)).ToList();
        if (units.Count == 0)
        {
            throw new KernelException($"{directory}: kbuild does not say how to compile a module there: {outcome.LastError}",
                $"see that this works: make -C {kernel.SourceTree} M={directory} modules", KernelFault.Broken);
        }
        return units.TrueForAll(u => u.Source.StartsWith(directory + "/", StringComparison.Ordinal)) ? units : throw new KernelException(
            $"{directory}: kernel {kernel.Release} compiles modules from another directory than its own tree ('{units[0].Source}'), which Suture cannot follow yet",
            "apply the patch in a tree that has the module in it", KernelFault.Broken);
    }
}
