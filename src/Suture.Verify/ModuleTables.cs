namespace Suture.Verify;

/// <summary>
/// The module's tables against the entries that the code asks for: none missing, none of another's, none besides. Run once the
/// code is bound to its places; entries lead to more (replacements, fixups, texts), which is compared too.
/// </summary>
internal sealed class ModuleTables
{
    /// <summary>What cutting one entry out costs, in bytes compared.</summary>
    private const int CostOfEntry = 64;

    private readonly RelocatableFile _module;
    private readonly Manifest _manifest;
    private readonly ModuleWalk _walk;
    private readonly CheckReport _report;
    private readonly WorkLimit _limit;
    private readonly List<Entry> _entries = [];
    private readonly ILookup<(string Table, int Section, long At), Entry> _bySite;

    private sealed class Entry(string section, int index, byte[] bytes, List<FileRelocation> relocations, long start)
    {
        public int Index { get; } = index;
        public byte[] Bytes { get; } = bytes;
        public List<FileRelocation> Relocations { get; } = relocations;
        public long Start { get; } = start;
        public bool IsUsed { get; set; }
        public string Table => section;
        public string Where => $"{section} entry {Index}";

        public (FileSection Section, long At)? Site => Relocations is [{ Symbol.Section: { } s } r, ..] && r.Offset == Start ? (s, r.Symbol.Value + r.Addend) : null;
    }

    public ModuleTables(RelocatableFile module, Manifest manifest, ModuleWalk walk, CheckReport report, WorkLimit limit)
    {
        (_module, _manifest, _walk, _report, _limit) = (module, manifest, walk, report, limit);
        foreach (var section in module.Sections.Where(s => s.IsAlloc && s.Size > 0 && manifest.EntrySizes.ContainsKey(s.Name)))
        {
            // The kernel would go through a table of zeroes as well.
            if (report.Expect("tables", section.HasBytes, () => $"{section.Name} has no contents in the file"))
            {
                Cut(section, manifest.EntrySizes[section.Name]);
            }
        }
        _bySite = _entries.Where(e => e.Site is not null).ToLookup(e => (e.Table, e.Site!.Value.Section.Index, e.Site.Value.At));
    }

    private void Cut(FileSection section, int size)
    {
        _limit.Spend((section.Size / size + 1) * CostOfEntry);
        var byEntry = _module.RelocationsOf(section).ToLookup(r => r.Offset / size);
        for (var at = 0L; at < section.Size; at += size)
        {
            var bytes = _module.BytesOf(section)[(int)at..(int)Math.Min(at + size, section.Size)].ToArray();
            var references = byEntry[at / size].ToList();
            if (TableSections.IsWithoutReplacement(section.Name, bytes) && references.Count == 2)
            {
                _report.Expect("tables", references[1].Symbol.Section is not null, () => $"{section.Name} entry {at / size} has no replacement, and points out of the module for one");
                references.RemoveAt(1);
            }
            _entries.Add(new Entry(section.Name, (int)(at / size), bytes, references, at));
        }
    }

    /// <summary>Finds every expected entry. What entries lead to is compared and may bring entries of its own.</summary>
    public void Run()
    {
        var done = new HashSet<(int, int, long)>();
        while (_walk.Compared.Where(c => done.Add((c.Index, c.Section.Index, c.Entry))).ToList() is { Count: > 0 } fresh)
        {
            _limit.Spend(done.Count);
            foreach (var (piece, _, section, entry) in fresh)
            {
                var before = new Dictionary<(string, long), int>();
                foreach (var expected in piece.Entries.Where(e => e.Absent is not true))
                {
                    Find(piece, expected, section, entry, before);
                }
            }
            _walk.Run();
        }
        FindExtra();
    }

    private void Find(ExpectedPiece piece, ExpectedEntry expected, FileSection section, long entry, Dictionary<(string, long), int> before)
    {
        var site = entry + expected.References[0].Delta;
        var what = $"{expected.Section} entry for '{ModuleWalk.Label(piece)}'+0x{expected.References[0].Delta:x}";
        var all = _bySite[(expected.Section, section.Index, site)];
        _limit.Spend(1 + all.Count());
        var candidates = all.Where(e => !e.IsUsed).ToList();
        if (expected.Optional is true && candidates.Count == 0)
        {
            return;
        }
        if (!_report.Expect("tables", candidates.Count > 0, () => $"{what} is missing"))
        {
            return;
        }
        candidates = candidates.FindAll(e => expected.Bytes.Length == 0 ? !e.Bytes.AsSpan().ContainsAnyExcept((byte)0) : Convert.ToHexStringLower(e.Bytes) == expected.Bytes);
        if (!_report.Expect("tables", candidates.Count > 0, () => $"{what} holds other values than the compiler wrote"))
        {
            return;
        }
        var found = candidates.Find(c => Agrees(expected, c)) ?? candidates[0];
        found.IsUsed = true;
        // Alternatives of one place are applied in their order.
        _report.Expect("tables", found.Index > before.GetValueOrDefault((expected.Section, site), -1), () => $"{what} stands before one that it must follow");
        before[(expected.Section, site)] = found.Index;
        if (!_report.Expect("tables", found.Relocations.Count == expected.References.Count,
            () => $"{what} has {found.Relocations.Count} references, must have {expected.References.Count}"))
        {
            return;
        }
        foreach (var (wanted, actual) in expected.References.Zip(found.Relocations))
        {
            if (_report.Expect("tables", wanted.At == actual.Offset - found.Start, () => $"{what}: a reference is written at another place"))
            {
                _walk.Match(wanted, actual, piece, what);
            }
        }
    }

    /// <summary>Whether the entry's references look right, as far as can be told without taking it.</summary>
    private bool Agrees(ExpectedEntry expected, Entry entry) => expected.References.Count == entry.Relocations.Count
        && expected.References.Zip(entry.Relocations).All(p => p.First.At == p.Second.Offset - entry.Start && p.First switch
        {
            { Own: { } own } when p.Second.Symbol.Section is { } section =>
                _walk.PlaceOf(own) is not { } place || place == (section, p.Second.Symbol.Value + p.Second.Addend - p.First.Delta),
            { Running: { } running } when p.Second.Symbol.Section is null => p.Second.Addend == p.First.Delta
                && _manifest.Running[running].Names.Contains(LivepatchName.Parse(p.Second.Symbol.Name)?.Name ?? p.Second.Symbol.Name),
            _ => false,
        });

    private void FindExtra()
    {
        var functions = _walk.Compared.Where(c => c.Piece.Kind == PieceKind.Function)
            .Select(c => (c.Section, From: c.Entry - c.Piece.Prefix, To: c.Entry + c.Piece.Size)).ToList();
        var compared = _walk.Compared.Count();
        foreach (var entry in _entries.Where(e => !e.IsUsed))
        {
            _limit.Spend(compared);
            // objtool also lists sites in nameless code, which is compared as bytes.
            var described = entry.Site is { } site && (functions.Exists(f => f.Section == site.Section && site.At >= f.From && site.At < f.To) || !IsNameless(site));
            _report.Expect("tables", entry.Site is not null && !described, () => $"{entry.Where} describes a place that asks for no such entry");
        }
    }

    private bool IsNameless((FileSection Section, long At) site) => _walk.Compared.Any(c => c.Piece.Kind == PieceKind.Anonymous
        && c.Section == site.Section && site.At >= c.Entry && site.At < c.Entry + c.Piece.Size);
}
