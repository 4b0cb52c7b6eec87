namespace Suture.Build.Patches;

/// <summary>
/// Reads what people call a patch: a unified diff, output of <c>git diff</c>, a mail of <c>git format-patch</c> or
/// a mailbox of several. All that is not a diff is commentary and skipped.
/// </summary>
internal sealed class PatchReader(PatchCursor at)
{
    private readonly List<FilePatch> _files = [];
    private readonly List<string> _onlyIn = [];
    private FilePatch? _current;
    private bool _inHeaders;
    private int _hunks;
    private int _hunkLinesLeft = PatchLimits.HunkLines;

    public static (IReadOnlyList<FilePatch> Files, IReadOnlyList<string> OnlyIn) Read(string name, byte[] bytes) =>
        new PatchReader(new PatchCursor(name, bytes)).Read();

    private (IReadOnlyList<FilePatch> Files, IReadOnlyList<string> OnlyIn) Read()
    {
        while (at.HasLine)
        {
            if (at.StartsWith("@@ -"u8))
            {
                ReadHunk();
                continue;
            }
            ReadHeader();
            at.Advance();
        }
        if (_files.Count == 0)
        {
            throw new PatchFormatException(at.Name, 0, "no diff in it: a unified diff (diff -u, git diff, git format-patch) is needed");
        }
        return (_files, _onlyIn);
    }

    private void ReadHunk()
    {
        if (_current is null || (_current.OldName is null && _current.NewName is null))
        {
            throw at.Fault("a hunk without the --- and +++ lines that name its file");
        }
        if (++_hunks > PatchLimits.Hunks)
        {
            throw at.Fault($"more than {PatchLimits.Hunks} hunks");
        }
        _inHeaders = false;
        var line = at.Line;
        var hunk = HunkReader.Read(at, ref _hunkLinesLeft);
        if (_current.HunkList is [.., var last] && hunk.OldIndex(hunk.OldLines.Count()) < last.OldIndex(last.OldLines.Count()) + last.OldLines.Count())
        {
            throw new PatchFormatException(at.Name, line, "the hunk begins before the end of the one above it");
        }
        _current.HunkList.Add(hunk);
    }

    private void ReadHeader()
    {
        if (at.StartsWith("diff --git "u8))
        {
            Begin(isGit: true);
            if (PatchNames.FromGitLine(at, at.Text["diff --git "u8.Length..]) is { } names)
            {
                (_current!.OldName, _current.NewName) = names;
            }
        }
        else if (at.StartsWith("--- "u8) && at.Peek().StartsWith("+++ "u8))
        {
            ReadNames();
        }
        else if (at.StartsWith("diff "u8) || at.StartsWith("From "u8))
        {
            (_current, _inHeaders) = (null, false);
        }
        else if (at.StartsWith("Only in "u8))
        {
            _onlyIn.Add(PatchNames.Whole(at, at.Text["Only in "u8.Length..]));
        }
        else if (at.StartsWith("Binary files "u8) && at.Text.EndsWith(" differ"u8))
        {
            (_current ?? Begin(isGit: false)).IsBinary = true;
        }
        else if (_inHeaders)
        {
            ReadExtended(_current!);
        }
        else if (_current is null)
        {
            RefuseForeign();
        }
    }

    private void ReadNames()
    {
        if (_current is null || _current.HunkList.Count > 0 || !_current.IsGit)
        {
            Begin(isGit: false);
        }
        var old = PatchNames.FromHeader(at, at.Text["--- "u8.Length..]);
        at.Advance();
        var @new = PatchNames.FromHeader(at, at.Text["+++ "u8.Length..]);
        if (old is null && @new is null)
        {
            throw at.Fault("both names are /dev/null");
        }
        (_current!.OldName, _current.NewName) = (old, @new);
        _current.Change = (old, @new, _current.Change) switch
        {
            (null, _, _) => FileChange.Create,
            (_, null, _) => FileChange.Delete,
            var (_, _, change) => change,
        };
    }

    /// <summary>git's lines between <c>diff --git</c> and <c>---</c>, see "GENERATING PATCH TEXT WITH -P" in git-diff(1).</summary>
    private void ReadExtended(FilePatch file)
    {
        if (at.StartsWith("new file mode "u8))
        {
            (file.Change, file.OldName) = (FileChange.Create, null);
        }
        else if (at.StartsWith("deleted file mode "u8))
        {
            (file.Change, file.NewName) = (FileChange.Delete, null);
        }
        else if (at.StartsWith("rename from "u8) || at.StartsWith("copy from "u8))
        {
            file.Change = at.StartsWith("copy"u8) ? FileChange.Copy : FileChange.Rename;
            file.OldName = "a/" + PatchNames.Whole(at, at.Text[at.Text.IndexOf("from "u8)..][5..]);
        }
        else if (at.StartsWith("rename to "u8) || at.StartsWith("copy to "u8))
        {
            file.NewName = "b/" + PatchNames.Whole(at, at.Text[at.Text.IndexOf("to "u8)..][3..]);
        }
        else if (at.StartsWith("new mode "u8))
        {
            file.ChangesMode = true;
        }
        else if (at.StartsWith("GIT binary patch"u8))
        {
            file.IsBinary = true;
            _inHeaders = false;
        }
        if (at.Text.EndsWith(" 120000"u8) || at.Text.EndsWith(" 160000"u8))
        {
            file.IsSpecial = true;
        }
    }

    private FilePatch Begin(bool isGit)
    {
        if (_files.Count >= PatchLimits.Files)
        {
            throw at.Fault($"more than {PatchLimits.Files} files");
        }
        _current = new FilePatch { PatchName = at.Name, PatchLine = at.Line, IsGit = isGit };
        _files.Add(_current);
        _inHeaders = isGit;
        return _current;
    }

    private void RefuseForeign()
    {
        if (at.StartsWith("*** "u8) && at.Peek().StartsWith("--- "u8))
        {
            throw at.Fault("a context diff: make a unified one (diff -u)");
        }
        var encoding = "content-transfer-encoding:"u8;
        if (at.Text.Length > encoding.Length && System.Text.Ascii.EqualsIgnoreCase(at.Text[..encoding.Length], encoding))
        {
            var value = at.Text[encoding.Length..].Trim((byte)' ');
            if (System.Text.Ascii.EqualsIgnoreCase(value, "base64"u8) || System.Text.Ascii.EqualsIgnoreCase(value, "quoted-printable"u8))
            {
                throw at.Fault("the mail's text is encoded: save the patch as plain text (b4 am, or git am and git format-patch)");
            }
        }
    }
}
