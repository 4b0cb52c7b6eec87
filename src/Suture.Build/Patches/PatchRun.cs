namespace Suture.Build.Patches;

/// <summary>One application of patches to a tree: strip level per patch, then file by file, on one growing in-memory overlay.</summary>
internal sealed class PatchRun(Func<string, byte[]?> readOriginal)
{
    private readonly Dictionary<string, byte[]?> _originals = [];
    private readonly Dictionary<string, SourceText> _texts = [];
    private readonly List<UnsupportedChange> _unsupported = [];
    private readonly List<PatchNote> _notes = [];
    private readonly List<PatchFailure> _failures = [];
    private int _tried;

    public PatchApplication Apply(IReadOnlyList<(string Name, IReadOnlyList<FilePatch> Files, IReadOnlyList<string> OnlyIn)> patches)
    {
        foreach (var (name, files, onlyIn) in patches)
        {
            ApplyPatch(files);
            _unsupported.AddRange(onlyIn.Select(text => new UnsupportedChange(UnsupportedKind.OnlyIn, false, name, 0, text,
                "diff saw the file on one side only and does not show it", "make the diff with -N if the file belongs to the change")));
        }
        if (_failures.Count > 0)
        {
            return new PatchApplication([], _unsupported, _notes, _failures)
            {
                IsAlreadyApplied = _failures.Count == _tried && _failures.TrueForAll(f => f.Kind == PatchFailureKind.AlreadyApplied) && !_unsupported.Exists(u => u.Blocks) && AreInOrder(),
            };
        }
        var changed = _texts.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => t.Value.Finish(t.Key)).Where(f => f.IsNew || f.Regions.Count > 0);
        return new PatchApplication([.. changed], _unsupported, _notes, []);
    }

    /// <summary>Whether the places at which hunks are there already follow each other as the hunks do. Few lines may well stand somewhere by chance.</summary>
    private bool AreInOrder() => _failures.GroupBy(f => (f.Patch, f.Path)).All(g => g.Zip(g.Skip(1)).All(p => p.First.NearestLine < p.Second.NearestLine));

    private void ApplyPatch(IReadOnlyList<FilePatch> files)
    {
        var refused = files.Select(Refuse).OfType<PatchFailure>().ToList();
        if (refused.Count > 0)
        {
            _failures.AddRange(refused);
            return;
        }
        var named = files.Where(f => f.OldName is not null || f.NewName is not null).ToList();
        if (named.Count == 0)
        {
            return;
        }
        var (level, failure) = StripLevel.Find(named, Exists);
        if (failure is not null)
        {
            _failures.Add(failure);
            return;
        }
        foreach (var file in named)
        {
            ApplyFile(file, StripLevel.PathOf(file, level, Exists)!);
        }
    }

    private static PatchFailure? Refuse(FilePatch file)
    {
        PatchFailure Failure(PatchFailureKind kind, string what, string advice) =>
            new(kind, file.PatchName, file.PatchLine, file.ShownName, $"'{file.ShownName}' {what}", advice);

        string[] names = [file.OldName ?? "", file.NewName ?? ""];
        return names.Any(TreePath.IsUnsafe) ? Failure(PatchFailureKind.UnsafePath, "leads out of the source tree", "make the patch from the top of the kernel tree (git diff)")
            : file.IsSpecial ? Failure(PatchFailureKind.NotAPlainFile, "is a symbolic link or a submodule", "leave this part out")
            : file.IsBinary ? Failure(PatchFailureKind.Binary, "is changed as binary data", "leave this part out: only C text can be patched live")
            : null;
    }

    private void ApplyFile(FilePatch file, string path)
    {
        if (ChangeClassifier.Classify(file, path, Exists) is { } fact)
        {
            _unsupported.Add(fact);
            return;
        }
        if (file.HunkList.Count == 0)
        {
            // An empty new file: nothing can depend on what it says.
            return;
        }
        _tried += file.HunkList.Count;
        var creates = StripLevel.Creates(file);
        var text = _texts.TryGetValue(path, out var known) ? known : new SourceText(Original(path));
        if (creates && text.Lines.Count > 0)
        {
            var same = text.Lines.Select(l => l.Text).SequenceEqual(file.HunkList[0].NewLines.Select(l => l.Text), SameText.Instance);
            _failures.Add(new PatchFailure(same ? PatchFailureKind.AlreadyApplied : PatchFailureKind.FileExists, file.PatchName, file.PatchLine, path,
                $"'{path}' is to be created, but is in the kernel's source tree" + (same ? " with the same text" : ""),
                same ? "leave this part out: this kernel's source has the change" : "make the patch again on this kernel's source"));
            return;
        }
        var placement = new HunkPlacement(file, path, [.. text.Lines.Select(l => l.Text)]);
        placement.Run();
        _failures.AddRange(placement.Failures);
        _notes.AddRange(placement.Notes);
        if (placement.Failures.Count == 0)
        {
            text.Replace(file.PatchName, file.Hunks, placement.Starts);
            _texts[path] = text;
        }
    }

    private bool Exists(string path) => _texts.ContainsKey(path) || Original(path) is not null;

    private byte[]? Original(string path)
    {
        if (!_originals.TryGetValue(path, out var bytes))
        {
            bytes = readOriginal(path);
            if (bytes?.Length > PatchLimits.SourceBytes)
            {
                throw new PatchFormatException(path, 0, $"{bytes.Length} bytes long; sources of at most {PatchLimits.SourceBytes} are patched");
            }
            _originals.Add(path, bytes);
        }
        return bytes;
    }

    private sealed class SameText : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly SameText Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> line) => line.Length;
    }
}
