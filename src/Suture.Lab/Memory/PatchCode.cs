using System.Globalization;
using Suture.Kernel;
using Suture.Lab.Protocol;
using Suture.Verify;

namespace Suture.Lab.Memory;

/// <summary>
/// A livepatch as it was built, and what the kernel it is for has where: enough to tell what must be in memory while it is
/// applied.
/// </summary>
internal sealed class PatchCode
{
    /// <summary>The symbol that tells how far the kernel moved: kallsyms has it soon, and once.</summary>
    private const string Anchor = "_stext";

    private const string PerCpu = ".data..percpu";

    /// <summary>Bytes from a function's entry in which its call to the tracer lies.</summary>
    public const int EntryBytes = 16;

    private readonly LabKernel _kernel;
    private readonly SystemMap _symbols;
    private readonly Dictionary<string, RelocatableFile?> _modules = new(StringComparer.Ordinal);

    private PatchCode(RelocatableFile module, Manifest manifest, LabKernel kernel, SystemMap symbols)
    {
        (Module, Manifest, _kernel, _symbols) = (module, manifest, kernel, symbols);
    }

    /// <summary>The module file.</summary>
    public RelocatableFile Module { get; }

    /// <summary>Its record of what it must be.</summary>
    public Manifest Manifest { get; }

    /// <summary>The code that stays in memory.</summary>
    public IEnumerable<FileSection> CodeSections => Module.Sections.Where(s => s is { IsAlloc: true, IsCode: true, Size: > 0, Type: 1 }
        && !s.Name.StartsWith(".init", StringComparison.Ordinal) && !s.Name.StartsWith(".exit", StringComparison.Ordinal));

    /// <summary>Opens module files; of those that cannot be compared with memory, <paramref name="unknown"/> says why, by file.</summary>
    public static Dictionary<string, PatchCode> OpenAll(IEnumerable<string> files, LabKernel kernel, out Dictionary<string, string> unknown)
    {
        var opened = new Dictionary<string, PatchCode>(StringComparer.Ordinal);
        unknown = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (Open(File.ReadAllBytes(file), file, kernel, out var why) is { } code)
            {
                opened[file] = code;
            }
            else
            {
                unknown[file] = why;
            }
        }
        return opened;
    }

    /// <summary>Opens one from its bytes; null when it cannot be compared with memory, and <paramref name="why"/>.</summary>
    public static PatchCode? Open(byte[] bytes, string name, LabKernel kernel, out string why)
    {
        var module = RelocatableFile.Read(bytes, name);
        var (manifest, symbols) = (ModuleCheck.ManifestOf(module), (SystemMap?)null);
        why = manifest is null ? "it has no record of what it must be: another builder made it, or an older Suture"
            : (symbols = kernel.Symbols()) is null ? $"the symbols of kernel {kernel.Release} cannot be read"
            : symbols.Find(Anchor).Count != 1 ? $"kernel {kernel.Release} has no symbol {Anchor}, or several"
            : "";
        return why.Length == 0 ? new PatchCode(module, manifest!, kernel, symbols!) : null;
    }

    /// <summary>What the guest is to read; <paramref name="mayMiss"/>: a module that is not loaded is no fault.</summary>
    public GuestMemoryPlan Plan(bool mayMiss) => new()
    {
        ModulesMayMiss = mayMiss,
        Anchor = Anchor,
        AnchorLinked = _symbols.Find(Anchor)[0].Address,
        Modules = [.. Manifest.Replacements.Select(r => r.Object).Concat(Module.Symbols.Where(s => s.Place == SymbolPlace.Livepatch).Select(s => Named(s).Object))
            .Where(o => o != "vmlinux").Distinct()],
        Code = [.. CodeSections.Select(s => new GuestCode(Manifest.Module, s.Name, 0, (int)s.Size)), .. Manifest.Replacements.Select(EntryOf).OfType<GuestCode>()],
    };

    /// <summary>The first bytes of a function that is replaced; null when the kernel has none at that position.</summary>
    public GuestCode? EntryOf(Replacement replacement)
    {
        var index = Math.Max(0, replacement.SymPos - 1);
        if (replacement.Object == "vmlinux")
        {
            var all = _symbols.Find(replacement.Name);
            return index < all.Count ? new GuestCode("", "", all[index].Address, EntryBytes) : null;
        }
        var found = InModule(replacement.Object, replacement.Name);
        return index < found.Count ? new GuestCode(replacement.Object, found[index].Section!.Name, (ulong)found[index].Value, EntryBytes) : null;
    }

    /// <summary>Where a symbol that the livepatch uses is in the guest's memory: every place it may be.</summary>
    public IEnumerable<ulong> Addresses(FileSymbol symbol, MemoryImage memory)
    {
        var slide = memory.Anchor!.Value - _symbols.Find(Anchor)[0].Address;
        if (symbol.Section is { } section)
        {
            return memory.AddressOf(Manifest.Module, section.Name) is { } start ? [start + (ulong)symbol.Value] : [];
        }
        var (owner, name, position) = Named(symbol);
        var index = Math.Max(0, position - 1);
        if (owner == "vmlinux")
        {
            // Per-CPU symbols are offsets; they do not move with the kernel.
            var all = _symbols.Find(name).Select(s => s.Address >> 63 == 1 ? s.Address + slide : s.Address).ToList();
            return position == 0 ? all : index < all.Count ? [all[index]] : [];
        }
        var found = InModule(owner, name);
        return index < found.Count && memory.AddressOf(owner, found[index].Section!.Name) is { } at ? [at + (ulong)found[index].Value] : [];
    }

    /// <summary>Where a per-CPU variable of a module, or of the livepatch, lies among those of the module, of whose place the kernel tells nothing; null for other symbols.</summary>
    public ulong? PerCpuOffset(FileSymbol symbol)
    {
        if (symbol.Section is { } own)
        {
            return own.Name == PerCpu ? (ulong)symbol.Value : null;
        }
        var (owner, name, position) = Named(symbol);
        return owner != "vmlinux" && InModule(owner, name) is var found && Math.Max(0, position - 1) is var index && index < found.Count
            && found[index].Section!.Name == PerCpu ? (ulong)found[index].Value : null;
    }

    /// <summary>The object that a symbol belongs to: "vmlinux", a module or the livepatch itself.</summary>
    public string OwnerOf(FileSymbol symbol) => symbol.Section is null ? Named(symbol).Object : Manifest.Module;

    /// <summary>The object with which the kernel resolves a reference, by its table's name (<c>.klp.rela.OBJECT.SECTION</c>); empty for all that is resolved at once.</summary>
    public static string ResolvedWith(FileRelocation reference) => reference.Table.Name.Split('.', 5) is ["", "klp", "rela", var owner, _] ? owner : "";

    /// <summary>What a symbol stands for: <c>.klp.sym.OBJECT.NAME,POSITION</c>, else the name of an export.</summary>
    private static (string Object, string Name, int Position) Named(FileSymbol symbol)
    {
        var parts = symbol.Place == SymbolPlace.Livepatch ? symbol.Name.Split('.', 5) : [];
        return parts is ["", "klp", "sym", var owner, var rest] && rest.LastIndexOf(',') is > 0 and var comma
            && int.TryParse(rest.AsSpan(comma + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? (owner, rest[..comma], position) : ("vmlinux", symbol.Name, 0);
    }

    private List<FileSymbol> InModule(string module, string name)
    {
        if (!_modules.TryGetValue(module, out var file))
        {
            _modules[module] = file = _kernel.Modules.Find(module) is null ? null : RelocatableFile.Read(_kernel.Modules.ReadFile(module).Bytes, module);
        }
        return file?.Symbols.Where(s => s.Name == name && s.Section is { IsAlloc: true }).ToList() ?? [];
    }
}
