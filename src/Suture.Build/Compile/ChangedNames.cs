using System.Text;
using Suture.Build.Patches;
using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>
/// Whom a changed header can mean something to, by the names of what changes in it: functions and macros mean nothing to code that mentions neither
/// them nor something that is made of them. Of the hundreds of units that include a header a few are left, or none when all that changes is new. Types are another
/// matter: code depends on them without naming them.
/// </summary>
internal static class ChangedNames
{
    /// <summary>Names to follow at the most; beyond, all that include the header are looked at.</summary>
    private const int MostNames = 2_000;

    /// <summary>
    /// Files in which the change of <paramref name="file"/> may mean something, so that only units that are made of one of them and of the header are concerned; null when
    /// names do not tell.
    /// </summary>
    public static IReadOnlySet<string>? FilesConcernedBy(PatchedFile file, SourceSite site, IncludeGraph graph, CancellationToken ct)
    {
        if (file.IsNew || !IsHeader(file.Path) || Between(file.Original, file.Patched) is not { } changed)
        {
            return null;
        }
        var concerned = new HashSet<string>(StringComparer.Ordinal);
        if (changed.Count == 0)
        {
            return concerned;
        }
        var index = WordIndex.Of(site.Tree, graph, ct);
        var pastingArguments = index.Pasting.Where(m => m.PastesArguments).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        var names = changed.ToHashSet(StringComparer.Ordinal);
        for (IReadOnlyCollection<string> fresh = [.. names]; fresh.Count > 0;)
        {
            var next = new HashSet<string>(StringComparer.Ordinal);
            foreach (var macro in index.Pasting.Where(m => fresh.Any(n => m.MayMake(n, index.IsWritten))))
            {
                if (IsHeader(macro.File))
                {
                    next.Add(macro.Name);
                }
                else
                {
                    concerned.Add(macro.File);
                }
            }
            foreach (var name in fresh)
            {
                concerned.UnionWith(index.FilesPasting(name, pastingArguments));
            }
            foreach (var path in index.FilesWith(fresh).Where(f => !concerned.Contains(f)))
            {
                ct.ThrowIfCancellationRequested();
                var text = path == file.Path ? file.Patched : File.ReadAllBytes(Path.Combine(site.Tree, path));
                if (!Mentions(text, fresh))
                {
                    continue;
                }
                if (!IsHeader(path) || MadeOf(text, fresh) is not { } made)
                {
                    concerned.Add(path);
                }
                else
                {
                    next.UnionWith(made);
                }
            }
            next.ExceptWith(names);
            names.UnionWith(next);
            if (names.Count > MostNames || concerned.Contains(file.Path))
            {
                return null;
            }
            fresh = next;
        }
        return concerned;
    }

    /// <summary>Names of the functions and macros that differ between two texts of a header, and of what is new; null when something else differs, or cannot be told.</summary>
    internal static IReadOnlyCollection<string>? Between(byte[] original, byte[] patched)
    {
        if (HeaderItems.Read(original) is not { } before || HeaderItems.Read(patched) is not { } after)
        {
            return null;
        }
        var (gone, added) = (Without(before, after), Without(after, before));
        // What is in both must be in the same order: a macro may be used before it is defined anew.
        if (!before.Where(i => !gone.Contains(i)).Select(Key).SequenceEqual(after.Where(i => !added.Contains(i)).Select(Key))
            || gone.Any(i => i.Names is null || i.IsType) || added.Any(i => i.Names is null))
        {
            return null;
        }
        var known = gone.SelectMany(i => i.Names!).ToHashSet(StringComparer.Ordinal);
        // A type in place of something else of its name is no new one.
        return added.Any(i => i.IsType && i.Names!.Any(known.Contains)) ? null : [.. known.Concat(added.SelectMany(i => i.Names!)).Distinct()];
    }

    private static (string, string) Key(HeaderItem item) => (item.Text, item.Conditions);

    /// <summary>The items that <paramref name="others"/> lacks; of several alike, those beyond the number it has.</summary>
    private static HashSet<HeaderItem> Without(IReadOnlyList<HeaderItem> items, IReadOnlyList<HeaderItem> others)
    {
        var left = others.CountBy(Key).ToDictionary();
        var without = new HashSet<HeaderItem>(ReferenceEqualityComparer.Instance);
        foreach (var item in items)
        {
            if (left.GetValueOrDefault(Key(item)) is > 0 and var count)
            {
                left[Key(item)] = count - 1;
            }
            else
            {
                without.Add(item);
            }
        }
        return without;
    }

    /// <summary>Names of a header's functions and macros that mention one of <paramref name="names"/>; null when something else in it does.</summary>
    internal static IReadOnlyCollection<string>? MadeOf(byte[] header, IReadOnlyCollection<string> names)
    {
        if (HeaderItems.Read(header) is not { } items)
        {
            return null;
        }
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (Mentions(Encoding.Latin1.GetBytes(item.Conditions), names))
            {
                return null;
            }
            if (!Mentions(Encoding.Latin1.GetBytes(item.Text), names))
            {
                continue;
            }
            if (item.Names is null || item.IsType)
            {
                return null;
            }
            made.UnionWith(item.Names);
        }
        return made;
    }

    private static bool IsHeader(string path) => path.EndsWith(".h", StringComparison.Ordinal);

    private static bool Mentions(byte[] text, IReadOnlyCollection<string> names)
    {
        var words = names.Select(Encoding.Latin1.GetBytes).ToArray();
        // Comments are left out where it matters only: that takes longer than looking.
        return Array.Exists(words, w => HasWord(text, w))
            && Encoding.Latin1.GetBytes(HeaderItems.Plain(Encoding.Latin1.GetString(text))) is var code && Array.Exists(words, w => HasWord(code, w));
    }

    private static bool HasWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        for (var at = 0; text[at..].IndexOf(word) is >= 0 and var next;)
        {
            var (start, end) = (at + next, at + next + word.Length);
            if ((start == 0 || !WordIndex.IsWord(text[start - 1])) && (end == text.Length || !WordIndex.IsWord(text[end])))
            {
                return true;
            }
            at = end;
        }
        return false;
    }
}
