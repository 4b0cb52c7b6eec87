using System.Buffers.Binary;
using System.Text;

namespace Suture.Verify;

/// <summary>The klp_patch, klp_object and klp_func structures of a module, read as the livepatch core reads them, against what they must say.</summary>
internal sealed class PatchStructures(RelocatableFile module, Manifest manifest, ModuleWalk walk, CheckReport report, WorkLimit limit)
{
    /// <summary>Elements of one array, and functions of all objects together.</summary>
    private const int MaxEntries = 100_000;

    /// <summary>Longer names no kernel has.</summary>
    private const int MaxNameBytes = 1024;

    private readonly PatchLayout _layout = manifest.Layout;

    /// <summary>Fields that were read: offset in the section and width in bytes. All others must be zero.</summary>
    private readonly Dictionary<long, int> _read = [];
    private readonly HashSet<string> _objects = new(StringComparer.Ordinal);

    private sealed record Redirection(string Object, string Name, long SymPos, FileRelocation? NewFunction);

    public void Run()
    {
        var symbol = module.Symbols.FirstOrDefault(s => s.Name == "suture_patch" && s.Section is not null);
        if (!report.Expect("patch", symbol is not null, () => "there is no klp_patch (symbol suture_patch)"))
        {
            return;
        }
        var (section, at) = (symbol!.Section!, symbol.Value);
        if (!report.Expect("patch", at >= 0 && at <= section.Size - _layout.PatchSize && section.HasBytes, () => $"the klp_patch does not fit into {section.Name}"))
        {
            return;
        }
        walk.Bind(0, section, at, "symbol 'suture_patch'");
        var pointers = module.RelocationsOf(section).GroupBy(r => r.Offset).ToDictionary(g => g.Key, g => g.First());
        report.Expect("patch", pointers.TryGetValue(at + _layout.PatchMod, out var mod) && mod is { Type: RelocationKind.Abs64, Addend: 0, Symbol.Name: "__this_module" },
            () => "klp_patch.mod does not point to the module itself");
        var replace = module.BytesOf(section)[(int)at + _layout.PatchReplace];
        report.Expect("patch", replace == (manifest.Replace ? 1 : 0), () => $"klp_patch.replace is {replace}, must be {(manifest.Replace ? 1 : 0)}");
        _read[at + _layout.PatchMod] = 8;
        _read[at + _layout.PatchReplace] = 1;
        Compare(ReadObjects(section, at, pointers).ToList());
        CompareStates(section, at, pointers);
        CheckRest(section, pointers);
    }

    /// <summary>The callbacks of one klp_object, each of which must lead to its function.</summary>
    private void CompareCallbacks(string name, long at, Dictionary<long, FileRelocation> pointers)
    {
        for (var kind = 0; kind < _layout.Callbacks.Count; kind++)
        {
            limit.Spend(1 + (manifest.Callbacks?.Count ?? 0));
            var wanted = (manifest.Callbacks ?? []).FirstOrDefault(c => c.Object == name && c.Kind == kind);
            var field = at + _layout.Callbacks[kind];
            _read[field] = 8;
            var target = pointers.TryGetValue(field, out var r) ? r : (FileRelocation?)null;
            if (report.Expect("patch", wanted is null == target is null && target is null or { Type: RelocationKind.Abs64, Symbol.Section: not null },
                () => $"klp_object {name}: callback {kind} is {(target is null ? "missing" : "none that the objects ask for")}") && wanted is not null)
            {
                walk.Bind(wanted.Piece, target!.Value.Symbol.Section!, target.Value.Symbol.Value + target.Value.Addend, $"callback {kind} of klp_object {name}");
            }
        }
    }

    private void CompareStates(FileSection section, long patch, Dictionary<long, FileRelocation> pointers)
    {
        var field = patch + _layout.PatchStates;
        _read[field] = 8;
        var wanted = manifest.States ?? [];
        if (Target(pointers, field, section) is not { } at)
        {
            report.Expect("patch", wanted.Count == 0 && !pointers.ContainsKey(field), () => "klp_patch.states leads nowhere");
            return;
        }
        var bytes = module.BytesOf(section);
        var found = new List<(ulong Id, uint Version, FileRelocation? Data)>();
        for (; found.Count < MaxEntries && !IsEnd(section, at, _layout.StateSize, pointers, "klp_state"); at += _layout.StateSize)
        {
            (_read[at + _layout.StateId], _read[at + _layout.StateVersion], _read[at + _layout.StateData]) = (8, 4, 8);
            found.Add((BinaryPrimitives.ReadUInt64LittleEndian(bytes[(int)(at + _layout.StateId)..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(int)(at + _layout.StateVersion)..]),
                pointers.TryGetValue(at + _layout.StateData, out var data) ? data : null));
        }
        if (!report.Expect("patch", found.Select(f => (f.Id, f.Version)).Order().SequenceEqual(wanted.Select(w => (w.Id, w.Version)).Order()),
            () => $"the states are {string.Join(", ", found.Select(f => $"{f.Id} version {f.Version}"))}; they must be {string.Join(", ", wanted.Select(w => $"{w.Id} version {w.Version}"))}"))
        {
            return;
        }
        foreach (var state in wanted)
        {
            limit.Spend(found.Count);
            var data = found.Find(f => f.Id == state.Id).Data;
            if (report.Expect("patch", state.Data is null == data is null && data is null or { Type: RelocationKind.Abs64, Symbol.Section: not null },
                () => $"klp_state {state.Id}: its data is {(data is null ? "missing" : "none that the objects ask for")}") && state.Data is { } piece)
            {
                walk.Bind(piece, data!.Value.Symbol.Section!, data.Value.Symbol.Value + data.Value.Addend, $"data of klp_state {state.Id}");
            }
        }
    }

    /// <summary>What nobody asks for stays zero: another field set would mean something to the livepatch core.</summary>
    private void CheckRest(FileSection section, Dictionary<long, FileRelocation> pointers)
    {
        foreach (var at in pointers.Keys.Where(p => !_read.ContainsKey(p)).Order())
        {
            report.Fault("patch", $"{section.Name}+0x{at:x} holds a pointer that nothing asks for");
        }
        var rest = module.BytesOf(section).ToArray();
        foreach (var (at, width) in _read)
        {
            rest.AsSpan((int)at, width).Clear();
        }
        var stray = rest.AsSpan().IndexOfAnyExcept((byte)0);
        report.Expect("patch", stray < 0, () => $"{section.Name}+0x{stray:x} is not zero, and nothing asks for a value there");
    }

    private IEnumerable<Redirection> ReadObjects(FileSection section, long patch, Dictionary<long, FileRelocation> pointers)
    {
        _read[patch + _layout.PatchObjs] = 8;
        if (Target(pointers, patch + _layout.PatchObjs, section) is not { } at)
        {
            report.Fault("patch", "klp_patch.objs leads nowhere");
            yield break;
        }
        var functions = 0;
        for (var n = 0; !IsEnd(section, at, _layout.ObjectSize, pointers, "klp_object"); at += _layout.ObjectSize, n++)
        {
            var name = "vmlinux";
            (_read[at + _layout.ObjectName], _read[at + _layout.ObjectFuncs]) = (8, 8);
            if (pointers.TryGetValue(at + _layout.ObjectName, out var text))
            {
                name = Text(text);
            }
            report.Expect("patch", _objects.Add(name), () => $"two klp_object for {name}");
            CompareCallbacks(name, at, pointers);
            if (Target(pointers, at + _layout.ObjectFuncs, section) is not { } func || n > MaxEntries)
            {
                report.Fault("patch", $"klp_object.funcs of {name} leads nowhere");
                yield break;
            }
            for (; !IsEnd(section, func, _layout.FuncSize, pointers, "klp_func"); func += _layout.FuncSize)
            {
                if (++functions > MaxEntries)
                {
                    report.Fault("patch", $"it redirects more than {MaxEntries} functions");
                    yield break;
                }
                (_read[func + _layout.FuncOldName], _read[func + _layout.FuncNewFunc], _read[func + _layout.FuncOldSymPos]) = (8, 8, 8);
                var old = pointers.TryGetValue(func + _layout.FuncOldName, out var oldName) ? Text(oldName) : "";
                var position = BinaryPrimitives.ReadInt64LittleEndian(module.BytesOf(section)[(int)(func + _layout.FuncOldSymPos)..]);
                yield return new Redirection(name, old, position, pointers.TryGetValue(func + _layout.FuncNewFunc, out var body) ? body : null);
            }
        }
    }

    private static long? Target(Dictionary<long, FileRelocation> pointers, long at, FileSection section) =>
        pointers.TryGetValue(at, out var r) && r.Type == RelocationKind.Abs64 && r.Symbol.Section == section ? r.Symbol.Value + r.Addend : null;

    /// <summary>Whether the all-zero element that ends an array is here. An array that runs out of its section has none.</summary>
    private bool IsEnd(FileSection section, long at, int size, Dictionary<long, FileRelocation> pointers, string what)
    {
        if (at < 0 || at > section.Size - size)
        {
            report.Fault("patch", $"the array of {what} has no end");
            return true;
        }
        return !module.BytesOf(section).Slice((int)at, size).ContainsAnyExcept((byte)0)
            && !Enumerable.Range(0, size / 8).Any(i => pointers.ContainsKey(at + i * 8));
    }

    private string Text(FileRelocation pointer)
    {
        var at = pointer.Symbol.Value + pointer.Addend;
        if (pointer.Symbol.Section is not { HasBytes: true } section || at < 0 || at >= section.Size || pointer.Type != RelocationKind.Abs64)
        {
            return "";
        }
        var bytes = module.BytesOf(section)[(int)at..];
        bytes = bytes[..Math.Min(bytes.Length, MaxNameBytes)];
        return bytes.IndexOf((byte)0) is >= 0 and var end ? Encoding.ASCII.GetString(bytes[..end]) : "";
    }

    private void Compare(List<Redirection> found)
    {
        foreach (var callback in (manifest.Callbacks ?? []).Where(c => !_objects.Contains(c.Object)))
        {
            report.Fault("patch", $"there is no klp_object {callback.Object}, whose callback {callback.Kind} must lead to '{ModuleWalk.Label(manifest.Pieces[callback.Piece])}'");
        }
        var named = found.ToLookup(f => f.Name, StringComparer.Ordinal);
        var taken = new HashSet<Redirection>(ReferenceEqualityComparer.Instance);
        foreach (var wanted in manifest.Replacements)
        {
            var body = ModuleWalk.Label(manifest.Pieces[wanted.Piece]);
            var namesakes = named[wanted.Name].Where(f => !taken.Contains(f)).ToList();
            limit.Spend(1 + namesakes.Count);
            var matching = namesakes.FindAll(f => f.Object == wanted.Object && f.SymPos is >= 0 and <= int.MaxValue && ModuleWalk.IsPosition(wanted.SymPos, (int)f.SymPos));
            if (!report.Expect("patch", matching.Count == 1, () => Missing(wanted, matching.Count, namesakes)))
            {
                continue;
            }
            taken.Add(matching[0]);
            var target = matching[0].NewFunction;
            if (report.Expect("patch", target is { Type: RelocationKind.Abs64, Symbol.Section: not null },
                () => $"klp_func '{wanted.Name}' has no new function"))
            {
                var r = target!.Value;
                walk.Bind(wanted.Piece, r.Symbol.Section!, r.Symbol.Value + r.Addend, $"klp_func '{wanted.Name}', which must lead to '{body}',");
            }
        }
        foreach (var extra in found.Where(f => !taken.Contains(f)))
        {
            report.Fault("patch", $"klp_func '{extra.Name}',{extra.SymPos} of {extra.Object} is none that the objects ask for");
        }
    }

    private static string Missing(Replacement wanted, int count, List<Redirection> namesakes)
    {
        var other = namesakes.FirstOrDefault();
        return count > 1 ? $"{count} klp_func for '{wanted.Name}' of {wanted.Object}"
            : other is not null ? $"klp_func '{wanted.Name}' says {other.Object}, position {other.SymPos}; it must say {wanted.Object}, position {wanted.SymPos}"
            : $"no klp_func redirects '{wanted.Name}' of {wanted.Object}";
    }
}
