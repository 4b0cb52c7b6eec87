using System.Buffers.Binary;
using System.Globalization;

namespace Suture.Verify;

/// <summary>A symbol found in the running kernel.</summary>
/// <param name="Object">"vmlinux" or a module name.</param>
/// <param name="SymPos">Position among the symbols of its name there; 0 when it is the only one.</param>
/// <param name="Place">Link address, or section and offset in a module.</param>
internal sealed record FoundPlace(string Object, int SymPos, string Place);

/// <summary>
/// Finds where symbols of one original object ended up in the kernel it belongs to. A unique name is its own proof; otherwise the
/// bytes that run decide: of the function itself, or of one with a unique name that refers to it.
/// </summary>
internal sealed class RunningPlaces(CompiledObject original, string owner, IRunningKernel kernel)
{
    /// <summary>Where <paramref name="piece"/> of the original is; null when the name is not there or several places remain possible.</summary>
    public FoundPlace? Find(Piece piece) => owner == "vmlinux" ? FindInImage(piece) : FindInModule(piece);

    /// <summary>
    /// Where the symbol is that units of <paramref name="owner"/> know by <paramref name="name"/> without defining it; null when it cannot be told. A linker
    /// gives them a global or weak one, of the module or of those who export it: a static one of that name is another unit's affair, even the only one.
    /// </summary>
    public static FoundPlace? FindExternal(string name, string owner, IRunningKernel kernel)
    {
        if (IsOwn(owner, name, kernel))
        {
            return GlobalIn(owner, name, kernel);
        }
        var all = kernel.Find(name);
        var at = Enumerable.Range(0, all.Count).FirstOrDefault(i => IsGlobal(all[i].Type), -1);
        if (kernel.Export(name) is { Owner: not "vmlinux" } export && !(owner == "vmlinux" && at >= 0))
        {
            return GlobalIn(export.Owner, name, kernel);
        }
        return at < 0 ? null : new FoundPlace("vmlinux", all.Count == 1 ? 0 : at + 1, Hex(all[at].Address));
    }

    /// <summary>Whether something defines <paramref name="name"/> so that units of <paramref name="owner"/> may refer to it.</summary>
    public static bool IsKnownTo(string owner, string name, IRunningKernel kernel) =>
        kernel.Export(name) is not null || IsOwn(owner, name, kernel) || kernel.Find(name).Any(s => IsGlobal(s.Type));

    /// <summary>Whether <paramref name="owner"/> is a module that has <paramref name="name"/> for its units, whoever else has it.</summary>
    public static bool IsOwn(string owner, string name, IRunningKernel kernel) => owner is not ("" or "vmlinux") && IsGlobalOf(owner, name, kernel);

    /// <summary>nm writes global symbols in upper case, and weak ones as w or v in either case.</summary>
    private static bool IsGlobal(char type) => char.IsAsciiLetterUpper(type) || type is 'w' or 'v';

    private static bool IsGlobalOf(string module, string name, IRunningKernel kernel) => InModule(module, name, kernel).Exists(s => s.IsGlobal);

    private static FoundPlace? GlobalIn(string module, string name, IRunningKernel kernel)
    {
        var own = InModule(module, name, kernel);
        var at = own.FindIndex(s => s.IsGlobal);
        return at < 0 || CountsInitialisation(own, at) ? null : new FoundPlace(module, own.Count == 1 ? 0 : at + 1, PlaceOf(own[at]));
    }

    /// <summary>The symbols that a module counts positions in: those of its loaded sections, in the table's order.</summary>
    public static List<FileSymbol> InModule(string module, string name, IRunningKernel kernel) =>
        kernel.Module(module)?.Symbols.Where(s => s.Name == name && s.Section is { IsAlloc: true }).ToList() ?? [];

    /// <summary>A module symbol's place as text.</summary>
    public static string PlaceOf(FileSymbol symbol) => $"{symbol.Section!.Name}+0x{symbol.Value:x}";

    /// <summary>An address as text.</summary>
    public static string Hex(ulong address) => address.ToString("x16", CultureInfo.InvariantCulture);

    private FoundPlace? FindInImage(Piece piece)
    {
        var all = kernel.Find(piece.Name);
        if (all.Count <= 1)
        {
            return all.Count == 0 ? null : new FoundPlace("vmlinux", 0, Hex(all[0].Address));
        }
        var address = Witnessed(piece)
            ?? (piece.IsGlobal && all.Where(s => char.IsAsciiLetterUpper(s.Type)).ToList() is [var global] ? (ulong?)global.Address : null)
            ?? (piece.Kind == PieceKind.Function && all.Where(s => Runs(piece, s.Address)).Select(s => s.Address).Distinct().ToList() is [var only] ? (ulong?)only : null);
        var index = address is { } found ? all.Select(s => s.Address).ToList().IndexOf(found) : -1;
        return index < 0 ? null : new FoundPlace("vmlinux", index + 1, Hex(address!.Value));
    }

    /// <summary>The address that running functions of unique name use for <paramref name="piece"/>; null when none does or they disagree.</summary>
    private ulong? Witnessed(Piece piece)
    {
        var addresses = new HashSet<ulong>();
        foreach (var function in original.Named.Where(f => f.Kind == PieceKind.Function && f != piece && f.References.Exists(r => r.Target == piece)))
        {
            if (kernel.Find(function.Name) is not [var place] || !Runs(function, place.Address))
            {
                continue;
            }
            foreach (var r in function.References.Where(r => r.Target == piece && RelocationKind.Width(r.Type) is 4 or 8))
            {
                if (kernel.TryRead(place.Address + (ulong)r.At, RelocationKind.Width(r.Type), out var field) && !IsJumpLabel(function, r.At))
                {
                    var value = field.Length == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(field)
                        : r.Type == RelocationKind.Abs32 ? BinaryPrimitives.ReadUInt32LittleEndian(field) : (ulong)(long)BinaryPrimitives.ReadInt32LittleEndian(field);
                    addresses.Add(value - (ulong)r.Delta + (RelocationKind.IsPcRelative(r.Type) ? place.Address + (ulong)r.At : 0));
                }
            }
        }
        return addresses is { Count: 1 } ? addresses.First() : null;
    }

    /// <summary>Whether the image has the bytes of <paramref name="function"/> there, relocated fields and what objtool makes no-ops aside.</summary>
    private bool Runs(Piece function, ulong address)
    {
        var code = original.BytesOf(function)[(int)(function.Entry - function.Start)..];
        if (!kernel.TryRead(address, code.Length, out var actual))
        {
            return false;
        }
        var free = new bool[code.Length];
        foreach (var r in function.References.Where(r => r.At >= 0))
        {
            free.AsSpan(r.At, RelocationKind.Width(r.Type)).Fill(true);
            if (r.External == "__fentry__")
            {
                free[r.At - 1] = true;
            }
        }
        foreach (var site in function.Entries.Where(e => e.Section == "__jump_table").Select(e => (int)e.References[0].Delta))
        {
            free.AsSpan(site, Math.Min(code[site] == 0xeb ? 2 : 5, code.Length - site)).Fill(true);
        }
        for (var i = 0; i < code.Length; i++)
        {
            if (code[i] != actual[i] && !free[i])
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsJumpLabel(Piece function, int at) =>
        function.Entries.Exists(e => e.Section == "__jump_table" && at >= e.References[0].Delta && at < e.References[0].Delta + 5);

    private FoundPlace? FindInModule(Piece piece)
    {
        var all = InModule(owner, piece.Name, kernel);
        if (all.Count <= 1)
        {
            return all.Count == 0 ? null : new FoundPlace(owner, 0, PlaceOf(all[0]));
        }
        var module = kernel.Module(owner)!;
        var matching = all.FindAll(s => piece.IsGlobal ? s.IsGlobal : SameCode(piece, module, s));
        return matching is [var only] && !CountsInitialisation(all, all.IndexOf(only)) ? new FoundPlace(owner, all.IndexOf(only) + 1, PlaceOf(only)) : null;
    }

    /// <summary>Whether a position counts a symbol that is gone when the module has begun to work.</summary>
    private static bool CountsInitialisation(List<FileSymbol> symbols, int position) => symbols.Take(position).Any(s => s.Section!.Name.StartsWith(".init", StringComparison.Ordinal));

    private bool SameCode(Piece piece, RelocatableFile module, FileSymbol symbol)
    {
        var expected = original.Masked(piece).AsSpan((int)(piece.Entry - piece.Start));
        var bytes = module.BytesOf(symbol.Section!);
        if (piece.Kind != PieceKind.Function || symbol.Value + expected.Length > bytes.Length)
        {
            return false;
        }
        var actual = bytes.Slice((int)symbol.Value, expected.Length).ToArray();
        foreach (var r in piece.References.Where(r => r.At >= 0))
        {
            actual.AsSpan(r.At, RelocationKind.Width(r.Type)).Clear();
        }
        return expected.SequenceEqual(actual);
    }
}
