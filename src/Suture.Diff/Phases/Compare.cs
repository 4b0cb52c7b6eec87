using System.Security.Cryptography;
using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// Decides what changed: two elements are the same when their bytes are (references masked), their
/// references lead to the same places, and the special-section entries that describe them are the same.
/// </summary>
internal sealed class Compare
{
    /// <summary>Depth of anonymous data that refers to anonymous data; compilers make one or two levels.</summary>
    private const int MaxDepth = 16;

    private bool _exactLines;

    /// <summary>What is known of lines that moved; null where they did not.</summary>
    private LineMoves? _lineMoves;

    /// <summary>What is known of pairs of anonymous elements; false while one is being compared.</summary>
    private readonly Dictionary<(Element, Element), bool> _anonymous = [];

    /// <summary>Functions of another size than their twins that differ in line numbers only.</summary>
    private readonly Dictionary<Element, CodeAlignment> _aligned = new(ReferenceEqualityComparer.Instance);

    /// <summary>Marks every element of <paramref name="patched"/>; with <paramref name="exactLines"/> a constant is never taken for a line number that moved.</summary>
    public static void Run(ObjectModel patched, bool exactLines)
    {
        var compare = new Compare { _exactLines = exactLines };
        if (!exactLines)
        {
            compare._lineMoves = new LineMoves(patched);
        }
        foreach (var function in patched.Functions.Where(f => !exactLines && f.Twin is { } twin && twin.Size != f.Size && twin.References.Count == f.References.Count))
        {
            if (compare._lineMoves!.Align(function) is { } alignment)
            {
                compare._aligned[function] = alignment;
            }
        }
        foreach (var element in patched.Functions.Concat(patched.Data))
        {
            element.Change = element.Twin is not { } twin
                ? Change.New
                : compare.SameElement(twin, element) ? Change.None : Change.Changed;
        }
        // A cold part has no entry of its own: the function it was split from changes with it.
        foreach (var part in patched.Functions.Where(f => f.Parent is not null && f.Change != Change.None))
        {
            if (part.Parent!.Change == Change.None)
            {
                part.Parent.Change = Change.Changed;
            }
        }
        foreach (var function in patched.Functions.Where(f => f.Twin is not null && f.Change == Change.None))
        {
            if (function.Parts.Count != function.Twin!.Parts.Count)
            {
                function.Change = Change.Changed;
            }
        }
    }

    /// <summary>A digest of size and bytes with references masked: equal for elements that look alike. Used before twins are known.</summary>
    public static string Digest(Element element)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var at = 0;
        foreach (var reference in element.References)
        {
            if (reference.Offset >= at && element.Bytes.Length > 0)
            {
                hash.AppendData(element.Bytes[at..reference.Offset]);
                at = reference.Offset + reference.Width;
            }
        }
        hash.AppendData(element.Bytes.Length > 0 ? element.Bytes[at..] : default);
        return $"{element.Size} {element.References.Count} {Convert.ToHexString(hash.GetHashAndReset())}";
    }

    private bool SameElement(Element original, Element patched, int depth = 0)
    {
        var aligned = _aligned.ContainsKey(patched);
        if ((original.Size != patched.Size && !aligned) || original.Prefix != patched.Prefix
            || original.References.Count != patched.References.Count
            || (original.Section.Type == SectionType.NoBits) != (patched.Section.Type == SectionType.NoBits)
            || (patched.Kind == ElementKind.Data && !SectionUses.Of(original.Section).Serves(SectionUses.Of(patched.Section)))
            || original.Entries.Count != patched.Entries.Count)
        {
            return false;
        }
        for (var i = 0; i < original.References.Count; i++)
        {
            if (!SameReference(original.References[i], patched.References[i], patched, depth))
            {
                return false;
            }
        }
        for (var i = 0; i < original.Entries.Count; i++)
        {
            if (!SameEntry(original, original.Entries[i], patched, patched.Entries[i], depth))
            {
                return false;
            }
        }
        if (!aligned && SameBytes(original, patched))
        {
            return true;
        }
        return patched.LinesMoved = aligned || (patched.Kind == ElementKind.Function && _lineMoves?.Align(patched) is not null);
    }

    /// <summary>The last entry of a table may lack the padding that others have.</summary>
    private static bool SameEntrySize(Element a, Element b) => a.Size == b.Size || (SpecialSections.LastMayBeShort(a.Section)
        && !(a.Size < b.Size ? b : a).Bytes[Math.Min(a.Size, b.Size)..].ContainsAnyExcept((byte)0));

    /// <summary>Whether two elements with equally many references have the same bytes but for these and a source line, up to <paramref name="length"/>.</summary>
    public static bool SameBytes(Element a, Element b, int length = int.MaxValue)
    {
        ReadOnlySpan<byte> x = WithoutLine(a), y = WithoutLine(b);
        x = x[..Math.Min(x.Length, length)];
        y = y[..Math.Min(y.Length, length)];
        if (x.Length != y.Length)
        {
            return false;
        }
        var at = 0;
        for (var i = 0; i < a.References.Count; i++)
        {
            var (p, q) = (a.References[i], b.References[i]);
            if (p.Offset != q.Offset || p.Width != q.Width)
            {
                return false;
            }
            if (p.Offset < at)
            {
                continue;
            }
            if (!x[at..p.Offset].SequenceEqual(y[at..p.Offset]))
            {
                return false;
            }
            at = p.Offset + p.Width;
        }
        return x[at..].SequenceEqual(y[at..]);
    }

    private static ReadOnlySpan<byte> WithoutLine(Element element)
    {
        if (element.SourceLine.Width == 0)
        {
            return element.Bytes;
        }
        var bytes = element.Bytes.ToArray();
        bytes.AsSpan(element.SourceLine.Offset, element.SourceLine.Width).Clear();
        return bytes;
    }

    /// <summary>Place <paramref name="offset"/> of <paramref name="patched"/> in terms of its twin.</summary>
    private long InOriginal(Element? patched, long offset) =>
        patched is not null && _aligned.TryGetValue(patched, out var alignment) ? alignment.Original(offset) : offset;

    private bool SameReference(Reference a, Reference b, Element holder, int depth)
    {
        // PLT32 and PC32 mean the same in the kernel; compilers of one version spell a branch one way.
        var prefix = b.Target?.Prefix ?? 0;
        if (a.Offset != InOriginal(holder, b.Offset) || a.Width != b.Width || a.TargetOffset != InOriginal(b.Target, b.TargetOffset + prefix) - prefix
            || RelocationType.IsPcRelative(a.Type) != RelocationType.IsPcRelative(b.Type))
        {
            return false;
        }
        if (a.Target is null || b.Target is null)
        {
            return a.Target is null && b.Target is null && a.External!.Name == b.External!.Name
                && a.External.Place == b.External.Place;
        }
        return SameTarget(a.Target, b.Target, depth);
    }

    private bool SameTarget(Element a, Element b, int depth)
    {
        if (a.Kind != b.Kind)
        {
            return false;
        }
        switch (a.Kind)
        {
            case ElementKind.Literal:
                return a.Bytes.SequenceEqual(b.Bytes) || (!_exactLines && LineNumbers.SameText(a.Bytes, b.Bytes))
                    || StackDescription.Same(a.Bytes, b.Bytes);
            case ElementKind.Constant or ElementKind.Chunk:
                return SameAnonymous(a, b, depth);
            case ElementKind.Data when !Correlate.IsCorrelated(a):
                // State of a macro: contents are not compared. Its text (__func__, CSWTCH) is, and a rate limit, which the author gave.
                return a.Key == b.Key && !Correlate.IsCorrelated(b)
                    && (((a.Section.Flags & SectionFlags.Write) != 0 && !SymbolNames.IsRateLimit(a.Key)) || SameAnonymous(a, b, depth));
            default:
                return a.Twin == b;
        }
    }

    /// <summary>Compares each pair once, however many refer to it. What leads back to itself counts as different.</summary>
    private bool SameAnonymous(Element a, Element b, int depth)
    {
        if (depth >= MaxDepth)
        {
            return false;
        }
        if (!_anonymous.TryGetValue((a, b), out var same))
        {
            _anonymous[(a, b)] = false;
            _anonymous[(a, b)] = same = SameElement(a, b, depth + 1);
        }
        return same;
    }

    private bool SameEntry(Element ownerA, Element a, Element ownerB, Element b, int depth)
    {
        if (a.Section.Name != b.Section.Name || !SameEntrySize(a, b) || a.References.Count != b.References.Count)
        {
            return false;
        }
        for (var i = 0; i < a.References.Count; i++)
        {
            var (p, q) = (a.References[i], b.References[i]);
            // References to the owner stand for places in it: the same place, not the same twin.
            var same = p.Target == ownerA
                ? q.Target == ownerB && p.Offset == q.Offset && p.TargetOffset == InOriginal(ownerB, q.TargetOffset + ownerB.Prefix) - ownerB.Prefix
                : SameReference(p, q, b, depth);
            if (!same)
            {
                return false;
            }
        }
        return SameBytes(a, b, Math.Min(a.Size, b.Size)) && (a.Companion ?? []).AsSpan().SequenceEqual(b.Companion ?? []);
    }
}
