namespace Suture.Elf;

/// <summary>One symbol of the symbol table.</summary>
public sealed class Symbol(string name)
{
    /// <summary>Name; empty for section symbols.</summary>
    public string Name { get; set; } = name;

    /// <summary>Section that defines it, or null: then <see cref="Place"/> tells.</summary>
    public Section? Section { get; set; }

    /// <summary>Where it lives when it is in no section.</summary>
    public SymbolPlace Place { get; set; }

    /// <summary>st_value: offset in <see cref="Section"/>, or a value per <see cref="Place"/>.</summary>
    public ulong Value { get; set; }

    /// <summary>st_size in bytes.</summary>
    public ulong Size { get; set; }

    /// <summary>Binding.</summary>
    public SymbolBinding Binding { get; set; }

    /// <summary>Type.</summary>
    public SymbolType Type { get; set; }

    /// <summary>st_other: visibility in its low bits.</summary>
    public byte Other { get; set; }

    /// <summary>Whether another object must define it.</summary>
    public bool IsUndefined => Section is null && Place == SymbolPlace.Undefined;

    /// <summary>Whether it is a function with a body here.</summary>
    public bool IsFunction => Type == SymbolType.Func && Section is not null;

    /// <summary>Whether it stands for its section.</summary>
    public bool IsSection => Type == SymbolType.Section;

    /// <inheritdoc/>
    public override string ToString() => IsSection ? Section?.Name ?? "" : Name;
}

/// <summary>One relocation: at <paramref name="Offset"/> of its section, the value of <paramref name="Symbol"/> plus <paramref name="Addend"/>.</summary>
/// <param name="Offset">Byte offset in the section it changes.</param>
/// <param name="Type">One of <see cref="RelocationType"/>.</param>
/// <param name="Symbol">The target.</param>
/// <param name="Addend">r_addend.</param>
public readonly record struct Relocation(ulong Offset, uint Type, Symbol Symbol, long Addend);
