using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Patches;
using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>
/// Whom a changed header can mean something to, by the names of what changes in it: types, functions and macros mean nothing to code that mentions neither
/// them nor something that is made of them, as a function that returns a pointer to a type is. Of the hundreds of units that include a header a few are left, or none when all that changes is new.
/// </summary>
internal static partial class ChangedNames
{
    /// <summary>Names to follow at the most; beyond, all that include the header are looked at.</summary>
    private const int MostNames = 2_000;

    /// <summary>So many names are looked for one after the other.</summary>
    private const int FewNames = 10;

    private static readonly ConcurrentDictionary<(string Tree, int Files, string Path, string Change), IReadOnlySet<string>?> Known = new();

    /// <summary>
    /// Files in which the change of <paramref name="file"/> may mean something, so that only units that are made of one of them and of the header are concerned; null when
    /// names do not tell.
    /// </summary>
    public static IReadOnlySet<string>? FilesConcernedBy(PatchedFile file, SourceSite site, IncludeGraph graph, CancellationToken ct)
    {
        // Hundreds of builds may change a header alike.
        var key = (site.Tree, graph.Count, file.Path, Convert.ToHexString(SHA256.HashData([.. SHA256.HashData(file.Original), .. SHA256.HashData(file.Patched)])));
        if (!Known.TryGetValue(key, out var concerned))
        {
            Known[key] = concerned = Search(file, site, graph, ct);
        }
        return concerned;
    }

    private static IReadOnlySet<string>? Search(PatchedFile file, SourceSite site, IncludeGraph graph, CancellationToken ct)
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
        var index = WordIndex.Of(site.Tree, graph);
        var names = changed.ToHashSet(StringComparer.Ordinal);
        for (IReadOnlyCollection<string> fresh = [.. names]; fresh.Count > 0;)
        {
            var next = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (name, files) in index.Pasted.HandedOnMaking(fresh))
            {
                next.Add(name);
                concerned.UnionWith(files.Where(f => !IsHeader(f)));
            }
            Follow(index.Pasted.FilesMaking(fresh), text => index.Pasted.MayMake(text, fresh), inComments: false);
            Follow(index.FilesWith(fresh), text => Mentions(text, fresh), inComments: true);
            next.ExceptWith(names);
            names.UnionWith(next);
            if (names.Count > MostNames || concerned.Contains(file.Path))
            {
                return null;
            }
            fresh = next;

            void Follow(IEnumerable<string> files, Func<string, bool> means, bool inComments)
            {
                foreach (var path in files.Where(f => !concerned.Contains(f)))
                {
                    ct.ThrowIfCancellationRequested();
                    var text = path == file.Path ? file.Patched : File.ReadAllBytes(Path.Combine(site.Tree, path));
                    // Comments are left out where it matters only: that takes longer than looking for words.
                    var written = Encoding.Latin1.GetString(text);
                    if ((inComments && !means(written)) || !means(HeaderItems.Plain(written)))
                    {
                        continue;
                    }
                    if (!IsHeader(path) || MadeOf(text, means) is not { } made)
                    {
                        concerned.Add(path);
                    }
                    else
                    {
                        next.UnionWith(made);
                    }
                }
            }
        }
        return concerned;
    }

    /// <summary>Names of the types, functions and macros that differ between two texts of a header, and of what is new; null when something else differs, or cannot be told.</summary>
    internal static IReadOnlyCollection<string>? Between(byte[] original, byte[] patched)
    {
        if (HeaderItems.Lines(original).SequenceEqual(HeaderItems.Lines(patched)))
        {
            return [];
        }
        if (HeaderItems.Read(original) is not { } before || HeaderItems.Read(patched) is not { } after)
        {
            return null;
        }
        var (gone, added) = (Without(before, after), Without(after, before));
        // What is in both must be in the same order: a macro may be used before it is defined anew.
        if (!before.Where(i => !gone.Contains(i)).Select(Key).SequenceEqual(after.Where(i => !added.Contains(i)).Select(Key))
            || gone.Concat(added).Any(i => i.Names is null))
        {
            return null;
        }
        if (!HaveSameBlocks([.. before.Where(i => !gone.Contains(i))], [.. after.Where(i => !added.Contains(i))]))
        {
            return null;
        }
        return [.. gone.Concat(added).SelectMany(i => i.Names!).Distinct()];
    }

    /// <summary>Whether neighbours share their conditionals in both: one block cut in two may read the same and say something else.</summary>
    private static bool HaveSameBlocks(List<HeaderItem> before, List<HeaderItem> after)
    {
        static IEnumerable<int> Shared(List<HeaderItem> items) => items.Zip(items.Skip(1), (a, b) => a.Blocks.Zip(b.Blocks).TakeWhile(p => p.First == p.Second).Count());
        return Shared(before).SequenceEqual(Shared(after));
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

    /// <summary>Names of a header's types, functions and macros for which <paramref name="means"/> says so; null when something else in it does, or it cannot be told what.</summary>
    private static HashSet<string>? MadeOf(byte[] header, Func<string, bool> means)
    {
        if (HeaderItems.Read(header) is not { } items)
        {
            return null;
        }
        var made = new HashSet<string>(StringComparer.Ordinal);
        var isToldByNames = false;
        foreach (var item in items)
        {
            if (means(item.Conditions))
            {
                return null;
            }
            if (!means(item.Text))
            {
                continue;
            }
            isToldByNames = true;
            if (Include().IsMatch(item.Text))
            {
                // The path of another header may have the word; what that declares is found there.
                continue;
            }
            if (item.Names is null)
            {
                return null;
            }
            made.UnionWith(item.Names);
            // Another name for it: what is written elsewhere is that.
            if (Alias().Match(item.Text) is { Success: true } alias && !IsLanguage(alias.Groups[1].Value))
            {
                made.Add(alias.Groups[1].Value);
            }
        }
        return isToldByNames ? made : null;
    }

    /// <summary>What thousands of files say, and what no function is called.</summary>
    private static bool IsLanguage(string word) => word is "NULL" or "true" or "false" or "void" or "int" or "char" or "short" or "long" or "signed" or "unsigned" or "static" or "inline"
        or "const" or "volatile" or "extern" or "return" or "do" or "if" or "else" or "for" or "while" or "struct" or "union" or "enum";

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"^#\s*include\s*[<""]")]
    private static partial Regex Include();

    [GeneratedRegex(@"^#\s*define\s+\w+\s+([A-Za-z_]\w*)\s*$")]
    private static partial Regex Alias();

    private static bool IsHeader(string path) => path.EndsWith(".h", StringComparison.Ordinal);

    private static bool Mentions(string text, IReadOnlyCollection<string> names) => names.Count > FewNames
        ? AnyIn(text, names as IReadOnlySet<string> ?? names.ToHashSet(StringComparer.Ordinal))
        : names.Any(n => HasWord(text, n));

    private static bool AnyIn(string text, IReadOnlySet<string> names)
    {
        foreach (var word in Word().EnumerateMatches(text))
        {
            if (names.Contains(text.Substring(word.Index, word.Length)))
            {
                return true;
            }
        }
        return false;
    }

    private static bool HasWord(ReadOnlySpan<char> text, ReadOnlySpan<char> word)
    {
        for (var at = 0; text[at..].IndexOf(word) is >= 0 and var next;)
        {
            var (start, end) = (at + next, at + next + word.Length);
            if ((start == 0 || !IsOfWord(text[start - 1])) && (end == text.Length || !IsOfWord(text[end])))
            {
                return true;
            }
            at = end;
        }
        return false;
    }

    private static bool IsOfWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
