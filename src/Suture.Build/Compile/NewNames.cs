using System.Text;
using Suture.Build.Patches;
using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>
/// Headers that a patch only adds new names to: functions, macros, types that no file of the kernel mentions. No unit but those
/// the patch changes can mean anything by them, so that none of the hundreds that include the header needs to be looked at.
/// </summary>
internal static class NewNames
{
    /// <summary>Whether the change of <paramref name="file"/> adds names that none of <paramref name="graph"/>'s files has, and nothing else.</summary>
    public static bool IsAllThatChanges(PatchedFile file, SourceSite site, IncludeGraph graph, CancellationToken ct)
    {
        if (file.IsNew || !file.Path.EndsWith(".h", StringComparison.Ordinal) || Added(file.Original, file.Patched) is not { } names)
        {
            return false;
        }
        return names.Count == 0 || !IsMentioned(names, site.Tree, graph.Files, ct);
    }

    /// <summary>What the patched text declares beyond the original one; null when anything else differs, or cannot be told.</summary>
    internal static IReadOnlyCollection<string>? Added(byte[] original, byte[] patched)
    {
        if (HeaderItems.Read(original) is not { } before || HeaderItems.Read(patched) is not { } after)
        {
            return null;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        var at = 0;
        foreach (var item in after)
        {
            if (at < before.Count && before[at].Text == item.Text && before[at].Conditions == item.Conditions)
            {
                at++;
            }
            else if (item.Names is null)
            {
                return null;
            }
            else
            {
                names.UnionWith(item.Names);
            }
        }
        return at == before.Count ? names : null;
    }

    private static bool IsMentioned(IReadOnlyCollection<string> names, string tree, IEnumerable<string> files, CancellationToken ct)
    {
        var words = names.Select(Encoding.Latin1.GetBytes).ToArray();
        var result = Parallel.ForEach(files, new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount }, (file, state) =>
        {
            var path = Path.Combine(tree, file);
            var text = File.Exists(path) ? File.ReadAllBytes(path) : [];
            // Comments are left out where it matters only: that takes longer than looking.
            if (Array.Exists(words, w => HasWord(text, w)) && HeaderItems.Plain(Encoding.Latin1.GetString(text)) is var plain
                && Encoding.Latin1.GetBytes(plain) is var code && Array.Exists(words, w => HasWord(code, w)))
            {
                state.Stop();
            }
        });
        return !result.IsCompleted;
    }

    private static bool HasWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        for (var at = 0; text[at..].IndexOf(word) is >= 0 and var next;)
        {
            var (start, end) = (at + next, at + next + word.Length);
            if ((start == 0 || !PreprocessedTokens.IsWord(text[start - 1])) && (end == text.Length || !PreprocessedTokens.IsWord(text[end])))
            {
                return true;
            }
            at = end;
        }
        return false;
    }
}
