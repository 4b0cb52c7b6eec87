using Suture.Build.Compile;
using Suture.Kernel;

namespace Suture.Build.Trees;

/// <summary>
/// A module from outside the kernel's tree, given a place in one: a directory of links to the kernel's source with a copy of
/// the module's source beside them. What follows then works as for the kernel's own modules.
/// </summary>
internal static class ModuleTree
{
    private const int MostFiles = 20_000;
    private const long MostBytes = 512L << 20;

    private static readonly HashSet<string> Products = new(StringComparer.Ordinal) { ".o", ".ko", ".mod", ".cmd", ".order", ".symvers", ".d", ".a" };

    /// <summary>The module's source in <paramref name="directory"/> as a site of its own below <paramref name="work"/>, which serves this build alone: the source may change before the next.</summary>
    /// <exception cref="KernelException">kbuild does not say how to compile it, or it is too large to be a module's source.</exception>
    public static async Task<SourceSite> CreateAsync(KernelBuild kernel, string directory, string work, CancellationToken cancellation)
    {
        directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var tree = Path.Combine(work, "module-tree");
        Directory.CreateDirectory(tree);
        foreach (var entry in Directory.EnumerateFileSystemEntries(kernel.SourceTree))
        {
            File.CreateSymbolicLink(Path.Combine(tree, Path.GetFileName(entry)), entry);
        }
        var name = Path.GetFileName(directory);
        // A name that the kernel's own top directory has, such as "drivers", would hide it.
        name = name.Length == 0 || Path.Exists(Path.Combine(tree, name)) || name.Contains(' ', StringComparison.Ordinal) ? "module-source" : name;
        var copy = Path.Combine(tree, name);
        Copy(directory, copy);
        var units = await ExternalModules.UnitsAsync(kernel, copy, cancellation);
        return new SourceSite(tree, Directory.CreateDirectory(Path.Combine(work, "module-work")).FullName, [.. units.Select(u => InTree(u, copy, name, directory))])
        {
            PatchRoot = name + "/",
        };
    }

    private static CompileUnit InTree(CompileUnit unit, string copy, string name, string directory)
    {
        string Short(string text) => text.Replace(copy + "/", $"./{name}/", StringComparison.Ordinal).Replace(copy, $"./{name}", StringComparison.Ordinal);
        return unit with
        {
            Source = name + unit.Source[copy.Length..],
            Object = name + unit.Object[copy.Length..],
            // __FILE__, which warnings print, is the path that the module was built at.
            Arguments = [.. unit.Arguments.Select(Short), $"-fmacro-prefix-map=./{name}/={directory}/", $"-fmacro-prefix-map={name}/={directory}/"],
        };
    }

    private static void Copy(string from, string to)
    {
        var (files, bytes) = (0, 0L);
        var todo = new Stack<string>([""]);
        while (todo.TryPop(out var at))
        {
            Directory.CreateDirectory(Path.Combine(to, at));
            foreach (var entry in new DirectoryInfo(Path.Combine(from, at)).EnumerateFileSystemInfos())
            {
                var path = Path.Combine(at, entry.Name);
                if (entry is DirectoryInfo)
                {
                    if (entry.LinkTarget is null && !entry.Name.StartsWith('.'))
                    {
                        todo.Push(path);
                    }
                    continue;
                }
                if (Products.Contains(entry.Extension))
                {
                    continue;
                }
                bytes += ((FileInfo)entry).Length;
                if (++files > MostFiles || bytes > MostBytes)
                {
                    throw new KernelException($"{from} holds more than {MostFiles} files or {MostBytes >> 20} MiB: that is no module's source",
                        "give the directory that holds the module's makefile and source alone", KernelFault.Broken);
                }
                File.Copy(entry.FullName, Path.Combine(to, path));
            }
        }
    }
}
