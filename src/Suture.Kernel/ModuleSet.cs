using System.Collections.Concurrent;
using System.Text;
using Suture.Elf;

namespace Suture.Kernel;

/// <summary>The modules of a kernel build, found below one directory and read on demand. Thread-safe.</summary>
public sealed class ModuleSet
{
    private const int MaxModuleBytes = 256 << 20;
    private const int MaxDependencies = 500;
    private readonly SortedDictionary<string, string> _paths = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _others = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Needed> _directDependencies = new(StringComparer.Ordinal);

    private ModuleSet()
    {
    }

    /// <summary>The names of all modules, sorted.</summary>
    public IReadOnlyCollection<string> Names => _paths.Keys;

    /// <summary>Their files, in the order of the names; of those that are there twice both.</summary>
    public IEnumerable<string> Files => _paths.Values.Concat(_others.Values.Order(StringComparer.Ordinal));

    /// <summary>Finds the modules below <paramref name="directory"/>, at any depth.</summary>
    public static ModuleSet Scan(string directory)
    {
        var set = new ModuleSet();
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var path in Directory.EnumerateFiles(directory, "*.ko*", options))
        {
            if (Path.GetExtension(path) is ".ko" or ".xz" or ".zst" or ".gz" && !set._paths.TryAdd(KernelModule.NameOf(path), path))
            {
                set._others[KernelModule.NameOf(path)] = path;
            }
        }
        return set;
    }

    /// <summary>These modules and those in <paramref name="files"/>, which come before modules of the same name.</summary>
    public ModuleSet With(IEnumerable<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var set = new ModuleSet();
        foreach (var (name, path) in _paths)
        {
            set._paths[name] = path;
        }
        foreach (var (name, path) in _others)
        {
            set._others[name] = path;
        }
        foreach (var file in files)
        {
            set._paths[KernelModule.NameOf(file)] = file;
            set._others.Remove(KernelModule.NameOf(file));
        }
        return set;
    }

    /// <summary>The module of that name ('-' and '_' are the same), or null.</summary>
    public KernelModule? Find(string name)
    {
        name = KernelModule.NameOf(name);
        if (!_paths.TryGetValue(name, out var path))
        {
            return null;
        }
        var order = new List<string>();
        Visit(name, order, [name]);
        return new(name, path, order);
    }

    /// <summary>Whether <paramref name="name"/> cannot be loaded without <paramref name="other"/>, nor that be unloaded before it.</summary>
    public bool Holds(string name, string other)
    {
        (name, other) = (KernelModule.NameOf(name), KernelModule.NameOf(other));
        var seen = new HashSet<string>(StringComparer.Ordinal) { name };
        var todo = new Stack<string>(_paths.ContainsKey(name) ? [name] : []);
        while (todo.TryPop(out var next) && !seen.Contains(other))
        {
            foreach (var needed in DirectDependencies(next).Held.Where(n => _paths.ContainsKey(n) && seen.Count < MaxDependencies && seen.Add(n)))
            {
                todo.Push(needed);
            }
        }
        return seen.Contains(other);
    }

    /// <summary>The object of module <paramref name="name"/>, decompressed.</summary>
    /// <exception cref="KernelException">There is no such module, or it cannot be decompressed.</exception>
    /// <exception cref="ElfFormatException">It is damaged.</exception>
    public ElfObject ReadObject(string name)
    {
        var (bytes, path) = ReadFile(name);
        return ElfObject.Read(bytes, path);
    }

    /// <summary>The bytes of module <paramref name="name"/>, decompressed, and the file they come from.</summary>
    /// <exception cref="KernelException">There is no such module, or it cannot be decompressed.</exception>
    public (byte[] Bytes, string Path) ReadFile(string name)
    {
        var path = _paths.GetValueOrDefault(KernelModule.NameOf(name))
            ?? throw new KernelException($"this kernel has no module '{name}'", "it may be built in, or disabled in the configuration", KernelFault.NotFound);
        if (_others.TryGetValue(KernelModule.NameOf(name), out var other))
        {
            throw new KernelException($"module '{name}' is there twice, as {path} and {other}, and nothing says which of them a host loads",
                "leave only the one that hosts load (depmod's order; modinfo -n NAME on a host)", KernelFault.Mismatch);
        }
        return (ReadBytes(path), path);
    }

    private static byte[] ReadBytes(string path)
    {
        using var file = File.OpenRead(path);
        return Path.GetExtension(path) == ".ko" ? File.ReadAllBytes(path) : Decompressor.Run(file, path, MaxModuleBytes);
    }

    // Depth first, so that what a module needs comes before it.
    private void Visit(string name, List<string> order, HashSet<string> seen)
    {
        foreach (var needed in DirectDependencies(name).All)
        {
            if (_paths.ContainsKey(needed) && seen.Count < MaxDependencies && seen.Add(needed))
            {
                Visit(needed, order, seen);
                order.Add(needed);
            }
        }
    }

    private Needed DirectDependencies(string name) => _directDependencies.GetOrAdd(name, key =>
    {
        var (held, needed) = (new List<string>(), new List<string>());
        var info = ReadObject(key).FindSection(".modinfo")?.Data ?? [];
        foreach (var entry in Encoding.UTF8.GetString(info).Split('\0'))
        {
            if (entry.StartsWith("depends=", StringComparison.Ordinal))
            {
                held.AddRange(entry["depends=".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(KernelModule.NameOf));
            }
            else if (entry.StartsWith("softdep=pre:", StringComparison.Ordinal))
            {
                var wanted = entry["softdep=pre:".Length..];
                var post = wanted.IndexOf("post:", StringComparison.Ordinal);
                foreach (var soft in (post < 0 ? wanted : wanted[..post]).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(KernelModule.NameOf))
                {
                    // Cryptographic algorithms are asked for by name; the portable module is <name>_generic.
                    needed.Add(_paths.ContainsKey(soft) ? soft : soft + "_generic");
                }
            }
        }
        return new Needed(held, [.. held, .. needed]);
    });

    /// <summary>What a module needs itself: modules whose symbols it uses, and all that are to be loaded first.</summary>
    private sealed record Needed(IReadOnlyList<string> Held, IReadOnlyList<string> All);
}
