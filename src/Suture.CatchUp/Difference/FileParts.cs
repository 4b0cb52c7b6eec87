namespace Suture.CatchUp.Difference;

/// <summary>
/// Parts of what differs in one file that have nothing to do with each other: hunks belong together when they lie in the same
/// function, when the one's function calls the other's, or, in source files, when the same name comes or goes in both that is not a local one. In headers most things
/// stand for themselves, and the compiler tells what is missing.
/// </summary>
internal static class FileParts
{
    /// <summary>Name of the part of a header that includes further ones.</summary>
    public const string IncludesOnly = "include";

    /// <summary>The parts of <paramref name="whole"/> in the order of the file; itself when it is all one.</summary>
    /// <param name="whole">What differs in the file.</param>
    /// <param name="before">Lines of the older file.</param>
    /// <param name="after">Lines of the newer one.</param>
    public static IReadOnlyList<Change> Of(Change whole, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var shift = 0;
        var pieces = new List<Piece>();
        foreach (var hunk in whole.Hunks!)
        {
            pieces.Add(Piece.Of(hunk, before, after, shift, byWords: !whole.IsHeader));
            shift += hunk.Lines.Count(l => l[0] == '+') - hunk.Lines.Count(l => l[0] == '-');
        }
        // A header that is included may be wanted by any part of a source file. In a header it is a part of its own: hundreds of units would get it.
        var shared = pieces.Where(p => p.IsIncludesOnly && !whole.IsHeader).ToList();
        var groups = Join([.. pieces.Where(p => !shared.Contains(p) && !p.IsBlank)], byWords: !whole.IsHeader);
        return groups.Count < 2
            ? [Part(whole.Id, whole.Files[0], pieces, whole.Hunks!)]
            : [.. groups.Select((g, i) => Part($"{whole.Id}#{(g[0].IsIncludesOnly ? IncludesOnly : g.SelectMany(p => p.Items).FirstOrDefault()?.Name ?? $"{i + 1}")}", whole.Files[0], g,
                [.. shared.Concat(g).Select(p => p.Hunk)]))];
    }

    private static Change Part(string id, string path, IEnumerable<Piece> pieces, IReadOnlyList<DiffHunk> hunks)
    {
        const int mostInTitle = 5;
        var items = pieces.SelectMany(p => p.Items).DistinctBy(i => i.Name).ToList();
        var title = items.Count == 0 ? path : $"{path}: {string.Join(", ", items.Take(mostInTitle).Select(i => i.Name))}{(items.Count > mostInTitle ? ", …" : "")}";
        return new Change(id, title, DiffHunk.Write(path, hunks), [path], [])
        {
            Hunks = hunks,
            Items = items,
            Data = DataUses.Of(pieces.Select(p => p.Hunk), pieces.SelectMany(p => p.Declarations), path.EndsWith(".h", StringComparison.Ordinal)),
        };
    }

    private static List<List<Piece>> Join(List<Piece> pieces, bool byWords)
    {
        var groups = new List<List<Piece>>();
        foreach (var piece in pieces)
        {
            var related = groups.FindAll(g => g.Exists(p => piece.BelongsWith(p, byWords)));
            groups.RemoveAll(related.Contains);
            groups.Add([.. related.SelectMany(g => g), piece]);
        }
        return [.. groups.OrderBy(g => g.Min(p => p.Hunk.OldStart))];
    }

    private sealed record Piece(DiffHunk Hunk, IReadOnlyList<SourceItem> Items, HashSet<string> Words, HashSet<string> Mentions, bool IsIncludesOnly, bool IsBlank)
    {
        /// <summary>Changed lines that stand in the definition of a type.</summary>
        public required IReadOnlyList<string> Declarations { get; init; }

        public static Piece Of(DiffHunk hunk, IReadOnlyList<string> before, IReadOnlyList<string> after, int shift, bool byWords)
        {
            var changed = hunk.Lines.Where(l => l[0] is '+' or '-').ToList();
            var items = ItemsOf(hunk, before, after, shift).ToList();
            // Who calls a function relies on what it does, also where the call itself does not change.
            var callables = items.Where(i => i.Item.IsCallable).Select(i => (i.In, i.Item)).Distinct().ToList();
            var bodies = callables.SelectMany(i => SourceWords.OfBody(i.In, i.Item));
            var locals = (byWords ? callables : []).SelectMany(i => SourceWords.LocalsOf(i.In, i.Item)).ToHashSet(StringComparer.Ordinal);
            var code = changed.FindAll(l => !SourceWords.IsBlank(l[1..]));
            return new Piece(hunk, [.. items.Select(i => i.Item).DistinctBy(i => i.Name)], SourceWords.Changed(hunk.Lines, locals),
                [.. code.SelectMany(l => SourceWords.Of(l[1..])), .. bodies],
                IsIncludesOnly: code.Count > 0 && code.TrueForAll(l => l.StartsWith("+#include", StringComparison.Ordinal)), IsBlank: code.Count == 0)
            {
                Declarations = [.. items.Where(i => SourceWords.BeginsType(i.In[i.Item.Line])).Select(i => i.Line[1..])],
            };
        }

        public bool BelongsWith(Piece other, bool byWords) =>
            Items.Any(i => other.Items.Any(o => o.Name == i.Name) || other.Mentions.Contains(i.Name))
            || other.Items.Any(i => Mentions.Contains(i.Name))
            || (byWords && Words.Overlaps(other.Words))
            || (IsIncludesOnly && other.IsIncludesOnly);

        private static IEnumerable<(IReadOnlyList<string> In, SourceItem Item, string Line)> ItemsOf(DiffHunk hunk, IReadOnlyList<string> before, IReadOnlyList<string> after, int shift)
        {
            var (old, now) = (hunk.OldStart - 1, hunk.OldStart - 1 + shift);
            foreach (var line in hunk.Lines)
            {
                if (line[0] is '-' or '+' && !SourceWords.IsBlank(line[1..])
                    && (line[0] == '-' ? SourceWords.ItemAt(before, old) : SourceWords.ItemAt(after, now)) is { } item)
                {
                    yield return (line[0] == '-' ? before : after, item, line);
                }
                old += line[0] is ' ' or '-' ? 1 : 0;
                now += line[0] is ' ' or '+' ? 1 : 0;
            }
        }
    }
}
