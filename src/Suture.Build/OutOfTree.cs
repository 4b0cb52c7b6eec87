using Suture.Build.Compile;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build;

/// <summary>The built files of modules from outside the kernel's tree: the code that a patch of theirs is matched against.</summary>
internal static class OutOfTree
{
    /// <summary>The kernel with the modules that <paramref name="site"/> compiles: <paramref name="file"/>, or those found in <paramref name="directory"/>.</summary>
    /// <exception cref="KernelException">A module is not there, or was built for another kernel.</exception>
    public static KernelBuild AddTo(KernelBuild kernel, SourceSite site, string directory, string? file)
    {
        var files = new List<string>();
        foreach (var owner in site.Units.Select(u => u.Owner).Distinct(StringComparer.Ordinal))
        {
            var path = file is not null && KernelModule.NameOf(file) == owner ? file : ModuleSet.Scan(directory).Find(owner)?.Path;
            if (path is not null)
            {
                Check(path, kernel.Release);
                files.Add(Path.GetFullPath(path));
            }
        }
        return files.Count > 0 ? kernel.WithModules(files) : throw new KernelException(
            $"{directory} makes the module {site.Units[0].Owner}, and neither --module nor that directory has its file: the running code is not known",
            $"give the file that is loaded with --module {site.Units[0].Owner}.ko, or build it there", KernelFault.NotFound);
    }

    private static void Check(string path, string release)
    {
        var builtFor = ModuleInfo.Read(ElfObject.ReadFile(path)).Release;
        if (builtFor != release)
        {
            throw new KernelException($"{path} was built for kernel {builtFor ?? "unknown"}, not for {release}",
                "give the module file that is loaded on the kernel named by --kernel", KernelFault.Mismatch);
        }
    }
}
