using System.Security.Cryptography;
using System.Text;
using Suture.Elf;

namespace Suture.Build.Replace;

/// <summary>
/// Tells whether two livepatch modules bring the same code for a function: its bytes, what it refers to by name, and the
/// same of everything it refers to in the module. Where things lie in the module does not matter.
/// </summary>
internal sealed class CodeDigest
{
    private readonly Dictionary<Section, List<Relocation>> _relocations = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Section, List<Symbol>> _symbols = new(ReferenceEqualityComparer.Instance);

    public CodeDigest(ElfObject module)
    {
        foreach (var section in module.Sections)
        {
            // Relocations of the livepatch core change another section than the one they are in.
            var changed = section.Target ?? section;
            (_relocations.TryGetValue(changed, out var list) ? list : _relocations[changed] = []).AddRange(section.Relocations);
        }
        foreach (var symbol in module.Symbols.Where(s => s is { Section: not null, IsSection: false, Name.Length: > 0, Size: > 0 }))
        {
            (_symbols.TryGetValue(symbol.Section!, out var list) ? list : _symbols[symbol.Section!] = []).Add(symbol);
        }
    }

    /// <summary>The digest of <paramref name="function"/> with all it needs of the module.</summary>
    public string Of(Symbol function)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var known = new Dictionary<object, int>(ReferenceEqualityComparer.Instance);
        var work = new Queue<(Section Section, ulong Start, ulong Size)>();
        Meet(function.Section!, function.Value, known, work);
        while (work.TryDequeue(out var piece))
        {
            Add(hash, piece, known, work);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Add(IncrementalHash hash, (Section Section, ulong Start, ulong Size) piece, Dictionary<object, int> known, Queue<(Section, ulong, ulong)> work)
    {
        var (section, start, size) = piece;
        Text(hash, $"{(section.IsCode ? "code" : "data")} {size}\n");
        if (section.Type != SectionType.NoBits)
        {
            hash.AppendData(section.Data.AsSpan((int)start, (int)Math.Min(size, section.Size - start)));
        }
        foreach (var r in _relocations[section].Where(r => r.Offset >= start && r.Offset < start + size).OrderBy(r => r.Offset).ThenBy(r => r.Type))
        {
            Text(hash, $"{r.Offset - start} {r.Type} {Target(r, known, work)}\n");
        }
    }

    private string Target(Relocation r, Dictionary<object, int> known, Queue<(Section, ulong, ulong)> work)
    {
        if (r.Symbol.Section is not { } section)
        {
            return $"{r.Symbol.Name} {r.Addend}";
        }
        // A PC-relative value counts from the end of its field in nearly all instructions; whatever it is, both modules count alike.
        var place = (long)r.Symbol.Value + r.Addend + (RelocationType.IsPcRelative(r.Type) ? 4 : 0);
        if (place < 0 || (ulong)place >= section.Size)
        {
            return $"{section.Name} {place}";
        }
        if (section.IsStrings)
        {
            var text = section.Data.AsSpan((int)place);
            var end = text.IndexOf((byte)0);
            return "text " + Convert.ToHexString(end < 0 ? text : text[..end]);
        }
        var (number, offset) = Meet(section, (ulong)place, known, work);
        return $"piece {number} {offset}";
    }

    /// <summary>The number of the function or variable at a place, in order of first mention, and the distance into it.</summary>
    private (int Number, long Offset) Meet(Section section, ulong place, Dictionary<object, int> known, Queue<(Section, ulong, ulong)> work)
    {
        var symbol = _symbols.GetValueOrDefault(section)?.Find(s => place >= s.Value && place < s.Value + s.Size);
        object identity = symbol is null ? section : symbol;
        var start = symbol?.Value ?? 0;
        if (!known.TryGetValue(identity, out var number))
        {
            known[identity] = number = known.Count;
            work.Enqueue((section, start, symbol?.Size ?? section.Size));
        }
        return (number, (long)(place - start));
    }

    private static void Text(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
}
