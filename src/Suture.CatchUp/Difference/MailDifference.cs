using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Patches;
using Suture.Kernel;

namespace Suture.CatchUp.Difference;

/// <summary>A series of commits, as mails: from a mailbox, or as git writes them.</summary>
public static partial class MailDifference
{
    /// <summary>The mails of a mailbox file, in its order. A commit that is there twice counts once.</summary>
    /// <exception cref="PatchFormatException">One of them is no patch, or two call themselves the same commit and are not.</exception>
    public static SourceDifference FromMailbox(string path, byte[] mailbox)
    {
        var changes = new OrderedDictionary<string, Change>(StringComparer.Ordinal);
        foreach (var change in Split(mailbox).Select((mail, i) => ReadMail(path, mail, i)))
        {
            if (!changes.TryAdd(change.Id, change) && !changes[change.Id].Patch.AsSpan().TrimEnd("\r\n"u8).SequenceEqual(change.Patch.AsSpan().TrimEnd("\r\n"u8)))
            {
                throw new PatchFormatException(path, 0, $"two mails call themselves commit {change.Id} and differ; leave one of them out");
            }
        }
        return changes.Count > 0 ? new SourceDifference(Path.GetFileName(path), [.. changes.Values], null, [], 0)
            : throw new PatchFormatException(path, 0, "there is no mail in it; make it with: git format-patch --stdout RANGE");
    }

    /// <summary>The commits of a range, merges left out.</summary>
    /// <exception cref="KernelException">git does not know the repository or the range.</exception>
    public static async Task<SourceDifference> FromGitAsync(string repository, string range, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(range);
        var (exitCode, mails, errors) = await GitMails.ReadAsync(repository, range, cancellation);
        return exitCode == 0 && mails.Length > 0 ? FromMailbox(range, mails) with { To = range }
            : throw new KernelException($"git finds no commits for '{range}' in {repository}: {errors.Trim()}",
                "give a range such as v6.1.190..v6.1.192 of a repository that has both", KernelFault.NotFound);
    }

    private static IEnumerable<byte[]> Split(byte[] mailbox)
    {
        // Latin-1 keeps every byte.
        var text = Encoding.Latin1.GetString(mailbox);
        var starts = MailStart().Matches(text).Select(m => m.Index).ToList();
        for (var i = 0; i < starts.Count; i++)
        {
            yield return Encoding.Latin1.GetBytes(text[starts[i]..(i + 1 < starts.Count ? starts[i + 1] : text.Length)]);
        }
    }

    private static Change ReadMail(string path, byte[] mail, int number)
    {
        var header = PatchHeader.Read(mail);
        var text = Encoding.Latin1.GetString(mail);
        var commit = MailStart().Match(text).Groups[1].Value;
        var id = Commit().IsMatch(commit) ? commit[..12].ToLowerInvariant() : $"mail-{number + 1}";
        var files = PatchSet.Parse([($"{path}:{id}", mail)]).FilePatches.Select(f => (Name: WithoutPrefix(f.NewName ?? f.OldName ?? ""), Patch: f)).ToList();
        var (words, title) = (CommitWords.Read(text), header.Subject ?? id);
        var cves = CommitCves.Read(title, CommitWords.Of(text), isRevert: words.Reverts.Count > 0 || title.StartsWith("Revert \"", StringComparison.Ordinal));
        return new Change(id, title, mail, [.. files.Select(f => f.Name).Distinct()], cves.Own)
        {
            Commit = words,
            OtherCves = cves.Others,
            Touched = [.. files.SelectMany(f => CommitItem.Of(f.Patch, f.Name)).Distinct()],
        };
    }

    private static string WithoutPrefix(string name) => name.StartsWith("a/", StringComparison.Ordinal) || name.StartsWith("b/", StringComparison.Ordinal) ? name[2..] : name;

    // Not the zeros of git format-patch --zero-commit, nor another mailbox's address.
    [GeneratedRegex("^(?!0+$)[0-9a-f]{12,64}$", RegexOptions.IgnoreCase)]
    private static partial Regex Commit();

    // As git writes it: the commit, then a date that is no date. Other mailboxes have an address there.
    [GeneratedRegex(@"^From (\S+) +\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}\r?$", RegexOptions.Multiline)]
    private static partial Regex MailStart();
}
