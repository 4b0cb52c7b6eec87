namespace Suture.Verify;

/// <summary>What a piece of an object is.</summary>
public enum PieceKind
{
    /// <summary>Code with a name.</summary>
    Function,
    /// <summary>Data with a name.</summary>
    Data,
    /// <summary>Bytes without a name, told by what they hold: literals, constants, out-of-line code.</summary>
    Anonymous,
    /// <summary>The klp_patch that the module registers.</summary>
    Patch,
}

/// <summary>A run of bytes of a compiled object that is named, or referred to, as one thing.</summary>
internal sealed class Piece(PieceKind kind, string name, FileSection section, long start, long entry, long end)
{
    public PieceKind Kind { get; } = kind;

    /// <summary>Empty when anonymous.</summary>
    public string Name { get; } = name;

    /// <summary>The name without the numbers that compilers vary.</summary>
    public string Key { get; } = CompilerNames.Key(name);

    public FileSection Section { get; } = section;

    /// <summary>First byte in the section, padding before a function's entry included.</summary>
    public long Start { get; } = start;

    /// <summary>Where its symbol points: all offsets count from here.</summary>
    public long Entry { get; } = entry;

    public long End { get; } = end;

    /// <summary>Every symbol that points to its entry, its own first.</summary>
    public List<FileSymbol> Symbols { get; } = [];

    public List<PieceReference> References { get; } = [];

    public List<TableEntry> Entries { get; } = [];

    public bool IsGlobal => Symbols.Exists(s => s.IsGlobal);

    /// <summary>For the part of a function that was moved away as unlikely: that function.</summary>
    public Piece? Parent { get; set; }

    public override string ToString() => Name.Length > 0 ? Name : $"{Section.Name}+0x{Entry:x}";
}

/// <summary>A reference made from a piece.</summary>
/// <param name="At">Where it is written, from the piece's entry.</param>
/// <param name="Type">Relocation type.</param>
/// <param name="Target">What it leads to in the same object, or null.</param>
/// <param name="External">Name of what it leads to elsewhere, or null.</param>
/// <param name="Delta">What the relocation adds to the target's entry; the processor's own counting is left in it.</param>
/// <param name="IsBranch">Whether it is the operand of a call or jump.</param>
internal readonly record struct PieceReference(int At, uint Type, Piece? Target, string? External, long Delta, bool IsBranch)
{
    /// <summary>Whether <see cref="External"/> is a symbol, not a place that no piece could be told for.</summary>
    public bool IsNamed => External?.Contains("+0x", StringComparison.Ordinal) == false;
}

/// <summary>One entry of a table, with the references made from it (by offset in the entry).</summary>
internal sealed record TableEntry(string Section, byte[] Bytes, List<PieceReference> References);
