using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>What an <see cref="Element"/> is.</summary>
public enum ElementKind
{
    /// <summary>A function, with its padding prefix if it has one.</summary>
    Function,
    /// <summary>Named data.</summary>
    Data,
    /// <summary>A string literal, identified by its text.</summary>
    Literal,
    /// <summary>Anonymous read-only data, identified by its bytes and references.</summary>
    Constant,
    /// <summary>Anonymous code that belongs to whoever refers to it: alternative replacements, fixups.</summary>
    Chunk,
    /// <summary>One entry of a special section; it describes its <see cref="Element.Owner"/>.</summary>
    Entry,
}

/// <summary>How an element of the patched object relates to the original one.</summary>
public enum Change
{
    /// <summary>The same as its twin.</summary>
    None,
    /// <summary>Differs from its twin.</summary>
    Changed,
    /// <summary>Has no twin.</summary>
    New,
}

/// <summary>
/// The smallest piece of an object that can be compared, kept or left out on its own: a run of bytes of one
/// section with the references made from it.
/// </summary>
public sealed class Element(ElementKind kind, string name, Section section, int start, int size)
{
    /// <summary>What it is.</summary>
    public ElementKind Kind { get; } = kind;

    /// <summary>Symbol name; empty for anonymous elements.</summary>
    public string Name { get; } = name;

    /// <summary><see cref="Name"/> without the numbers that compilers vary (<see cref="SymbolNames.Key"/>).</summary>
    public string Key { get; } = name.Length == 0 ? "" : SymbolNames.Key(name);

    /// <summary><see cref="Name"/> before all that compilers append: a function <c>f</c> for its clone <c>f.isra.0</c>.</summary>
    public string SourceName => Name.Split('.')[0];

    /// <summary>Section that holds it.</summary>
    public Section Section { get; } = section;

    /// <summary>First byte, offset in the section; for a padded function the first byte of the padding.</summary>
    public int Start { get; } = start;

    /// <summary>Length in bytes, padding prefix included.</summary>
    public int Size { get; internal set; } = size;

    /// <summary>Bytes of padding before the entry point (CONFIG_CALL_PADDING).</summary>
    public int Prefix { get; internal init; }

    /// <summary>The symbol that names it; null when anonymous.</summary>
    public Symbol? Symbol { get; internal init; }

    /// <summary>The translation unit that a local name is of; empty where the object does not tell.</summary>
    public string Unit { get; internal set; } = "";

    /// <summary>Further symbols that point into it.</summary>
    public List<Symbol> Aliases { get; } = [];

    /// <summary>References made from its bytes, by offset.</summary>
    public List<Reference> References { get; } = [];

    /// <summary>The first reference written at <paramref name="start"/> or behind it, and before <paramref name="end"/>; null when there is none.</summary>
    public Reference? FirstReference(int start, int end)
    {
        int low = 0, high = References.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (References[middle].Offset < start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low < References.Count && References[low].Offset < end ? References[low] : null;
    }

    /// <summary>Special-section entries that describe it.</summary>
    public List<Element> Entries { get; } = [];

    /// <summary>For a function: its <c>.cold</c> parts.</summary>
    public List<Element> Parts { get; } = [];

    /// <summary>For a <c>.cold</c> part: the function it was split from.</summary>
    public Element? Parent { get; internal set; }

    /// <summary>For an entry: the function or chunk it describes, null when it describes neither.</summary>
    public Element? Owner { get; internal set; }

    /// <summary>For an ORC entry: the bytes of the unwind record that goes with the address.</summary>
    public byte[]? Companion { get; internal set; }

    /// <summary>Whether it reaches out of itself by an operand too short to be redirected, or to what is part of nothing known: it cannot be moved.</summary>
    public bool IsUnmovable { get; internal set; }

    /// <summary>For anonymous data: whether it may be nothing at all, and its beginning the end of what lies before.</summary>
    public bool IsDoubtful { get; internal init; }

    /// <summary>Name of a table that holds a place inside it and whose meaning Suture does not know; null when there is none.</summary>
    public string? UnknownTable { get; internal set; }

    /// <summary>Whether it differs from its twin in line numbers, which are no change.</summary>
    public bool LinesMoved { get; internal set; }

    /// <summary>For data: whether it is private to each use of a macro or to one version of a function, so that no twin is sought.</summary>
    public bool IsOwnCopy { get; internal set; }

    /// <summary>Offset and width in bytes of a source line that it holds, which alone is no change; width 0 when it holds none.</summary>
    public (int Offset, int Width) SourceLine { get; internal set; }

    /// <summary>Whether it goes into the livepatch although no code refers to it: callbacks, data of states.</summary>
    public bool IsRoot { get; internal set; }

    /// <summary>The element of the other object that it corresponds to.</summary>
    public Element? Twin { get; internal set; }

    /// <summary>For data that gets a fresh copy in the livepatch: what it replaces there. It has no twin then.</summary>
    public Element? Supersedes { get; internal set; }

    /// <summary>For a function of the original object: whether the running one of its name is another, which may take other arguments.</summary>
    public bool IsDetached { get; internal set; }

    /// <summary>Whether a copy in the livepatch takes its place for all functions that refer to it.</summary>
    public bool IsSuperseded { get; internal set; }

    /// <summary>Why a change cannot be handed on to those who refer to this element, as a chain of names; null when nothing stands in the way.</summary>
    public string? Obstacle { get; internal set; }

    /// <summary>Outcome of the comparison; meaningful in the patched object.</summary>
    public Change Change { get; internal set; }

    /// <summary>Whether other objects can refer to it by one of its names.</summary>
    public bool IsGlobal => Symbol is { Binding: not SymbolBinding.Local } || Aliases.Exists(a => a.Binding != SymbolBinding.Local);

    /// <summary>Offset in the section that its symbol names.</summary>
    public int EntryPoint => Start + Prefix;

    /// <summary>Its bytes; empty for data that is zero-filled by the loader.</summary>
    public ReadOnlySpan<byte> Bytes => Section.Type == SectionType.NoBits ? default : Section.Data.AsSpan(Start, Size);

    /// <inheritdoc/>
    public override string ToString() => Name.Length > 0 ? Name : $"{Section.Name}+0x{Start:x}";
}

/// <summary>
/// One reference, in canonical form: it names an element and an offset in it, whatever section symbol,
/// addend and instruction length the assembler spelled it with.
/// </summary>
/// <param name="Offset">Where the value is written, from the element's <see cref="Element.Start"/>.</param>
/// <param name="Type">Relocation type.</param>
/// <param name="Target">Element of the same object, or null: then <paramref name="External"/>.</param>
/// <param name="External">Symbol of another object, or null.</param>
/// <param name="TargetOffset">Distance in bytes from the target symbol (the entry point of a function).</param>
/// <param name="PcDelta">For PC-relative references: bytes from the written field to the point the processor counts from.</param>
public readonly record struct Reference(
    int Offset, uint Type, Element? Target, Symbol? External, long TargetOffset, int PcDelta)
{
    /// <summary>What the instruction that holds it does with the address.</summary>
    public OperandUse Use { get; init; }

    /// <summary>Whether it is spelled by the section of its target, which does not tell it from its neighbours.</summary>
    public bool IsBySection { get; init; }

    /// <summary>Bytes written.</summary>
    public int Width => Math.Max(0, RelocationType.Width(Type));

    /// <summary>The addend that expresses this reference relative to the target's symbol.</summary>
    public long Addend => TargetOffset - PcDelta;
}
