using System.Buffers.Binary;
using Suture.Verify;

namespace Suture.Lab.Memory;

/// <summary>
/// Compares the code of an applied livepatch, as it is in the guest's memory, with what was built: each relocated field leads to where
/// the kernel has the symbol, and each other byte is as built, unless it lies in an instruction that a table gives the
/// kernel to rewrite. The functions that are replaced must call the tracer now.
/// </summary>
internal sealed class MemoryCheck(PatchCode patch, MemoryImage memory)
{
    private readonly FixupSites _sites = new(patch.Module, patch.Manifest.EntrySizes);
    private readonly HashSet<(string Table, int Section, long At)> _rewritten = [];
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, ulong> _perCpu = new(StringComparer.Ordinal);
    private int _bytes, _references, _entries;

    /// <summary>Whether memory is as it must be, and a sentence about it.</summary>
    public (bool Ok, string Detail) Run()
    {
        if (memory.Anchor is null)
        {
            return (false, "the guest did not say where the kernel is in memory");
        }
        foreach (var section in patch.CodeSections)
        {
            Compare(section);
        }
        foreach (var replacement in patch.Manifest.Replacements.Where(r => !memory.Missing.Contains(r.Object)))
        {
            CheckEntry(replacement);
        }
        if (_faults.Count > 0)
        {
            return (false, $"{_faults.Count} differences between what was built and what is in memory, first: {_faults[0]}");
        }
        var tables = string.Join(", ", _rewritten.CountBy(r => r.Table).OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => $"{t.Value} {t.Key}"));
        return (true, $"{_bytes} bytes of code as built, {_references} references resolved, "
            + $"sites rewritten by the kernel: {(tables.Length > 0 ? tables : "none")}; {_entries} functions call the tracer"
            + (memory.Missing.Count > 0 ? $"; not loaded: {string.Join(", ", memory.Missing.Order(StringComparer.Ordinal))}" : ""));
    }

    private void Compare(FileSection section)
    {
        var built = patch.Module.BytesOf(section);
        if (memory.Read(patch.Manifest.Module, section.Name, 0, built.Length) is not var (address, actual))
        {
            _faults.Add($"the guest did not send section {section.Name}");
            return;
        }
        var expected = built.ToArray();
        foreach (var r in patch.Module.RelocationsOf(section))
        {
            var field = actual.AsSpan((int)r.Offset, RelocationKind.Width(r.Type)).ToArray();
            // A lock class key without lockdep: nothing lies there, and the kernel tells of no empty section where it is. What is of a module, or for its code, is resolved when it loads.
            if (r.Symbol.Section is { Size: 0 } || memory.Missing.Contains(patch.OwnerOf(r.Symbol)) || memory.Missing.Contains(PatchCode.ResolvedWith(r)))
            {
                field.CopyTo(expected, r.Offset);
                continue;
            }
            var values = patch.Addresses(r.Symbol, memory).Select(a => Value(r, a, address)).ToList();
            var value = values.Find(v => Bytes(v, field.Length).SequenceEqual(field));
            if (values.Count == 0 && field.Length > 0 && patch.PerCpuOffset(r.Symbol) is { } offset && IsPerCpu(patch.OwnerOf(r.Symbol), unchecked(Target(r, field, address) - offset)))
            {
                field.CopyTo(expected, r.Offset);
                _references++;
                continue;
            }
            if (value is null && values.Count == 0)
            {
                _faults.Add($"{section.Name}+0x{r.Offset:x}: where '{r.Symbol.Name}' is in memory cannot be told");
            }
            Bytes(value ?? values.FirstOrDefault() ?? 0, field.Length).CopyTo(expected, r.Offset);
            _references++;
        }
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] == actual[i])
            {
                continue;
            }
            if (_sites.Covering(section, i) is var (table, at))
            {
                _rewritten.Add((table, section.Index, at));
                continue;
            }
            _faults.Add($"{Where(section, i)}: {actual[i]:x2} in memory, {expected[i]:x2} built ({CodeText.At(actual, i)}, not {CodeText.At(expected, i)})");
            return;
        }
        _bytes += expected.Length;
    }

    /// <summary>
    /// Whether a module's per-CPU variables may begin at <paramref name="place"/>: below 4 GiB, as offsets are, and where all other references have them.
    /// </summary>
    private bool IsPerCpu(string module, ulong place) => place >> 32 == 0 && (_perCpu.TryAdd(module, place) || _perCpu[module] == place);

    /// <summary>What a relocated field leads to.</summary>
    private static ulong Target(FileRelocation r, byte[] field, ulong section)
    {
        var value = field.Length == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(field) : unchecked((ulong)BinaryPrimitives.ReadInt32LittleEndian(field));
        return unchecked(value - (ulong)r.Addend + (RelocationKind.IsPcRelative(r.Type) ? section + (ulong)r.Offset : 0));
    }

    private string Where(FileSection section, int at)
    {
        var function = patch.Module.Symbols.FirstOrDefault(s => s.Section == section && s.Type == 2 && at >= s.Value && at < s.Value + s.Size);
        return function is null ? $"{section.Name}+0x{at:x}" : $"{function.Name}+0x{at - function.Value:x}";
    }

    private static ulong? Value(FileRelocation r, ulong symbol, ulong section) =>
        unchecked(symbol + (ulong)r.Addend - (RelocationKind.IsPcRelative(r.Type) ? section + (ulong)r.Offset : 0));

    private static byte[] Bytes(ulong? value, int width)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value ?? 0);
        return bytes[..width];
    }

    /// <summary>An applied livepatch redirects a function by the tracer: where it had a no-op, a call stands now.</summary>
    private void CheckEntry(Replacement replacement)
    {
        if (patch.EntryOf(replacement) is not { } code || memory.Read(code.Module, code.Section, code.Offset, code.Length) is not var (_, bytes))
        {
            _faults.Add($"the guest did not send the entry of '{replacement.Name}' of {replacement.Object}");
            return;
        }
        // endbr64, or what took its place, may stand before the call.
        if (bytes[0] != 0xe8 && bytes[4] != 0xe8)
        {
            _faults.Add($"'{replacement.Name}' of {replacement.Object} does not call the tracer: it begins with {CodeText.At(bytes, 0)}");
            return;
        }
        _entries++;
    }
}
