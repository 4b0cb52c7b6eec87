using System.Text;

namespace Suture.Build.Patches;

/// <summary>
/// Decides where the hunks for one file go. Like patch(1) a hunk may sit elsewhere than its header says, but only
/// whole and at one place: context that differs (patch's "fuzz") is never let pass.
/// </summary>
internal sealed class HunkPlacement(FilePatch file, string path, IReadOnlyList<ReadOnlyMemory<byte>> lines)
{
    private const int LongestShownLine = 200;

    private readonly Lazy<LineSearch> _search = new(() => new LineSearch(lines));

    public List<int> Starts { get; } = [];

    public List<PatchFailure> Failures { get; } = [];

    public List<PatchNote> Notes { get; } = [];

    public void Run()
    {
        var (shift, end) = (0, 0);
        for (var i = 0; i < file.Hunks.Count; i++)
        {
            var hunk = file.Hunks[i];
            var old = hunk.OldLines.Select(l => l.Text).ToArray();
            var header = hunk.OldIndex(old.Length);
            var start = Place(i, hunk, old, header + shift, end);
            if (start < 0)
            {
                continue;
            }
            if (HunkSection.Contradicts(hunk, lines, start) is { } other)
            {
                Notes.Add(new PatchNote(file.PatchName, hunk.PatchLine, path,
                    $"hunk {i + 1} of {file.Hunks.Count} for {path} fits at line {start + 1}, which is part of '{other}'; the patch says '{HunkSection.Text(hunk.Section.Span)}'")
                { IsDoubtful = true });
            }
            else if (start != header)
            {
                Notes.Add(new PatchNote(file.PatchName, hunk.PatchLine, path,
                    $"hunk {i + 1} of {file.Hunks.Count} for {path} applied at line {start + 1}, {Distance(start - header)} where the patch says"));
            }
            Starts.Add(start);
            (shift, end) = (start - header, start + old.Length);
        }
    }

    private int Place(int index, Hunk hunk, ReadOnlyMemory<byte>[] old, int expected, int from)
    {
        if (old.Length == 0)
        {
            // Only in an empty file is there no doubt where lines without context belong: their number is that of the author's file.
            if (lines.Count == 0)
            {
                return 0;
            }
            Fail(index, hunk, PatchFailureKind.HunkMismatch, expected, -1, "it adds lines without context, and nothing but a line number says where they belong");
            return -1;
        }
        if (expected >= from && StandsAt(old, expected))
        {
            return expected;
        }
        var matches = _search.Value.All(old);
        var usable = matches.Where(m => m >= from).ToList();
        switch (usable.Count)
        {
            case 1:
                return usable[0];
            case > 1:
                var places = string.Join(", ", usable.Take(4).Select(m => m + 1)) + (usable.Count > 4 ? " …" : "");
                Fail(index, hunk, PatchFailureKind.HunkAmbiguous, expected, usable.MinBy(m => Math.Abs(m - expected)),
                    $"its lines are not at line {expected + 1}, but match at {usable.Count} other places (lines {places})");
                return -1;
            default:
                FailToMatch(index, hunk, old, expected, matches);
                return -1;
        }
    }

    private bool StandsAt(ReadOnlyMemory<byte>[] run, int start)
    {
        if (start > lines.Count - run.Length)
        {
            return false;
        }
        for (var i = 0; i < run.Length; i++)
        {
            if (!lines[start + i].Span.SequenceEqual(run[i].Span))
            {
                return false;
            }
        }
        return true;
    }

    private void FailToMatch(int index, Hunk hunk, ReadOnlyMemory<byte>[] old, int expected, List<int> tooEarly)
    {
        var applied = _search.Value.All([.. hunk.NewLines.Select(l => l.Text)]);
        if (applied.Count > 0)
        {
            var place = applied.MinBy(m => Math.Abs(m - expected));
            Fail(index, hunk, PatchFailureKind.AlreadyApplied, expected, place, $"it is already applied: the file has the lines it would make at line {place + 1}");
        }
        else if (tooEarly.Count > 0)
        {
            Fail(index, hunk, PatchFailureKind.HunkMismatch, expected, tooEarly[^1],
                $"its lines match only at line {tooEarly[^1] + 1}, above the end of the hunk before it");
        }
        else
        {
            FailNearest(index, hunk, old, expected);
        }
    }

    private void FailNearest(int index, Hunk hunk, ReadOnlyMemory<byte>[] old, int expected)
    {
        var nearest = _search.Value.Nearest(old, expected);
        if (nearest < 0)
        {
            Fail(index, hunk, PatchFailureKind.HunkMismatch, expected, -1, "none of its lines is in the file");
            return;
        }
        var oldLines = hunk.OldLines.ToArray();
        bool Same(int i) => nearest + i < lines.Count && lines[nearest + i].Span.SequenceEqual(old[i].Span);
        var equal = Enumerable.Range(0, old.Length).Count(Same);
        var differs = Enumerable.Range(0, old.Length).First(i => !Same(i));
        var (wanted, found) = (Shown(old[differs]), nearest + differs < lines.Count ? Shown(lines[nearest + differs]) : "(end of file)");
        var blanks = wanted.Where(c => !char.IsWhiteSpace(c)).SequenceEqual(found.Where(c => !char.IsWhiteSpace(c))) ? ", there only in white space" : "";
        var place = nearest == expected ? $"at line {nearest + 1}" : $"nearest at line {nearest + 1}, {Distance(nearest - expected)} expected";
        Fail(index, hunk, PatchFailureKind.HunkMismatch, expected, nearest,
            $"{equal} of its {old.Length} lines match {place}; the first difference is at line {nearest + differs + 1}{blanks}",
            failure => failure with
            {
                DifferingPatchLine = oldLines[differs].PatchLine,
                DifferingLine = nearest + differs + 1,
                Expected = wanted,
                Found = found,
            });
    }

    private void Fail(int index, Hunk hunk, PatchFailureKind kind, int expected, int nearest, string what, Func<PatchFailure, PatchFailure>? more = null)
    {
        var advice = kind switch
        {
            PatchFailureKind.AlreadyApplied => "leave the hunk out: this kernel's source has the change",
            PatchFailureKind.HunkAmbiguous => "make the patch again on this kernel's source, or with more context (diff -U10)",
            _ when hunk.OldLines.Any() => "make the patch again on this kernel's source: context that differs is never guessed",
            _ => "make the patch with context: git diff, without -U0",
        };
        var verb = kind == PatchFailureKind.AlreadyApplied ? "is not needed" : "does not apply";
        var failure = new PatchFailure(kind, file.PatchName, hunk.PatchLine, path,
            $"hunk {index + 1} of {file.Hunks.Count} for {path} {verb}: {what}", advice)
        {
            Hunk = index + 1,
            HunkCount = file.Hunks.Count,
            ExpectedLine = expected + 1,
            NearestLine = nearest + 1,
        };
        Failures.Add(more is null ? failure : more(failure));
    }

    private static string Distance(int lines) => $"{Math.Abs(lines)} line{(Math.Abs(lines) == 1 ? "" : "s")} {(lines > 0 ? "below" : "above")}";

    private static string Shown(ReadOnlyMemory<byte> line)
    {
        var text = Encoding.UTF8.GetString(line.Span[..Math.Min(line.Length, LongestShownLine)]);
        return text.EndsWith('\n') ? text[..^1].Replace("\r", "\\r") : line.Length > LongestShownLine ? text + "…" : text + " (no newline)";
    }
}
