using System.Text;

namespace Suture.Verify;

/// <summary>
/// Checks a finished module against its expectation, and with the kernel at hand against the kernel. Reads top-down as what is
/// looked at: what the module says of itself, what it redirects, all code and data reached from there, the tables that describe
/// the code, that nothing else is in it, and what it tells hosts.
/// </summary>
public static class ModuleCheck
{
    /// <summary>Checks <paramref name="module"/>; <paramref name="kernel"/> may be null, then what needs it is not checked.</summary>
    /// <exception cref="DamagedFileException">It is made so that checking it would take far too long.</exception>
    public static CheckReport Run(RelocatableFile module, Manifest manifest, IRunningKernel? kernel = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(manifest);
        var (report, limit) = (new CheckReport(), new WorkLimit(module.Name));
        CheckInfo(module, manifest, report);
        CheckSections(module, report);
        SymbolVersions.Check(module, manifest, report);
        var walk = new ModuleWalk(module, manifest, report, limit);
        new PatchStructures(module, manifest, walk, report, limit).Run();
        walk.Run();
        walk.BindRequired();
        new ModuleTables(module, manifest, walk, report, limit).Run();
        CheckObjtool(module, manifest, report);
        CheckRest(module, walk, report);
        NoteCheck.Run(module, manifest, kernel, report, limit);
        if (kernel is not null)
        {
            KernelCheck.Run(module, manifest, kernel, report);
        }
        return report;
    }

    /// <summary>The expectation that <paramref name="module"/> carries, or null when it has none.</summary>
    /// <exception cref="DamagedFileException">It is damaged.</exception>
    public static Manifest? ManifestOf(RelocatableFile module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module.Find(Manifest.SectionName) is { } section ? Manifest.Read(module.BytesOf(section), module.Name) : null;
    }

    /// <summary>The strings of a .modinfo section.</summary>
    public static IReadOnlyList<string> InfoOf(RelocatableFile module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return module.Find(".modinfo") is { } section ? Encoding.UTF8.GetString(module.BytesOf(section)).Split('\0', StringSplitOptions.RemoveEmptyEntries) : [];
    }

    private static void CheckInfo(RelocatableFile module, Manifest manifest, CheckReport report)
    {
        var info = InfoOf(module);
        var present = info.ToHashSet(StringComparer.Ordinal);
        foreach (var wanted in manifest.Info)
        {
            report.Expect("info", present.Contains(wanted), () => $".modinfo lacks '{wanted}'");
        }
        foreach (var key in (string[])["livepatch", "vermagic", "name", "license"])
        {
            report.Expect("info", info.Count(i => i.StartsWith(key + "=", StringComparison.Ordinal)) == 1, () => $".modinfo does not have exactly one '{key}'");
        }
        report.Expect("info", info.Any(i => i.StartsWith($"vermagic={manifest.Release} ", StringComparison.Ordinal)), () => $"it is not for kernel {manifest.Release}");
    }

    /// <summary>What the loader goes by and nothing else shows: sections by their names, and which relocations are in memory when the livepatch core applies them.</summary>
    private static void CheckSections(RelocatableFile module, CheckReport report)
    {
        // Parts of the kernel look a section up by its name and take the first, others the last.
        foreach (var group in module.Sections.Where(s => s.Name.Length > 0 && (s.IsAlloc || s.Name is ".modinfo" or "__versions" or Manifest.SectionName)).GroupBy(s => s.Name, StringComparer.Ordinal))
        {
            report.Expect("info", group.Count() == 1, () => $"there are {group.Count()} sections {group.Key}");
        }
        foreach (var table in module.Sections.Where(s => s.IsLivepatchTable))
        {
            report.Expect("references", table.IsAlloc, () => $"{table.Name} is not loaded, so the livepatch core does not see it");
        }
    }

    private static void CheckObjtool(RelocatableFile module, Manifest manifest, CheckReport report)
    {
        var actual = ObjtoolTables.List(module);
        report.Counted("objtool", manifest.Objtool.Count);
        var missing = Without(manifest.Objtool, actual);
        var extra = Without(actual, manifest.Objtool);
        foreach (var line in missing)
        {
            report.Fault("objtool", $"the entry that objtool made is gone: {line}");
        }
        foreach (var line in extra)
        {
            report.Fault("objtool", $"an entry that objtool did not make: {line}");
        }
    }

    private static List<string> Without(IReadOnlyList<string> all, IReadOnlyList<string> taken)
    {
        var rest = taken.CountBy(l => l).ToDictionary();
        return [.. all.Where(l => !(rest.TryGetValue(l, out var n) && n > 0 && (rest[l] = n - 1) >= 0))];
    }

    /// <summary>Code that nothing expected leads to has no business in the module; relocated fields are zero, as the loader demands.</summary>
    private static void CheckRest(RelocatableFile module, ModuleWalk walk, CheckReport report)
    {
        var known = walk.Compared.ToLookup(c => c.Section.Index, c => (From: c.Entry - c.Piece.Prefix, To: c.Entry + c.Piece.Size));
        // The loader copies what is to be loaded whatever its type.
        foreach (var section in module.Sections.Where(s => s.IsAlloc && s.HasBytes))
        {
            var bytes = module.BytesOf(section);
            foreach (var r in module.RelocationsOf(section))
            {
                var at = r.Offset;
                report.Expect("references", RelocationKind.Width(r.Type) > 0 && !bytes.Slice((int)at, RelocationKind.Width(r.Type)).ContainsAnyExcept((byte)0),
                    () => $"{section.Name}+0x{at:x}: the loader does not know the relocation's type, or the relocated field is not zero");
            }
            if (section.IsCode)
            {
                CheckGaps(section, bytes, known[section.Index], report);
            }
        }
    }

    private static void CheckGaps(FileSection section, ReadOnlySpan<byte> bytes, IEnumerable<(long From, long To)> known, CheckReport report)
    {
        var at = 0L;
        foreach (var (from, to) in known.OrderBy(k => k.From).Append((section.Size, section.Size)))
        {
            // What does not fit has been found fault with; up to the end there must be nothing all the same.
            var end = Math.Min(from, section.Size);
            if (end > at)
            {
                var gap = at;
                report.Expect("code", Instructions.IsPadding(bytes[(int)at..(int)end]), () => $"{section.Name}+0x{gap:x}: code that no object asks for");
            }
            at = Math.Max(at, to);
        }
    }
}
