using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>
/// The functions of an assembly file that C code can name and whose code a change touches, by the kernel's macros (Documentation/core-api/asm-annotations.rst): who names one of them
/// may rely on what it does from now on. A change outside of all of them, in a macro or a local function say, may be in any.
/// </summary>
internal static partial class AssemblyItems
{
    /// <summary>The functions that <paramref name="hunks"/> change, in the order of the file.</summary>
    /// <param name="hunks">What differs in the file.</param>
    /// <param name="before">Lines of the older file.</param>
    /// <param name="after">Lines of the newer one.</param>
    public static IReadOnlyList<SourceItem> Of(IReadOnlyList<DiffHunk> hunks, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var (old, now) = (new Functions(before), new Functions(after));
        var touched = new List<SourceItem>();
        var shift = 0;
        foreach (var hunk in hunks)
        {
            var (oldAt, nowAt) = (hunk.OldStart - 1, hunk.OldStart - 1 + shift);
            foreach (var line in hunk.Lines)
            {
                if (line[0] is '-' or '+' && !SourceWords.IsBlank(line[1..]))
                {
                    var (functions, at) = line[0] == '-' ? (old, oldAt) : (now, nowAt);
                    touched.AddRange(functions.At(at) is { Count: > 0 } here ? here : [.. old.All, .. now.All]);
                }
                oldAt += line[0] is ' ' or '-' ? 1 : 0;
                nowAt += line[0] is ' ' or '+' ? 1 : 0;
            }
            shift += hunk.NewCount - hunk.OldCount;
        }
        return [.. touched.DistinctBy(i => i.Name).OrderBy(i => i.Line)];
    }

    /// <summary>The functions of one version of the file.</summary>
    private sealed class Functions
    {
        private readonly List<Region> _regions = [];

        public Functions(IReadOnlyList<string> lines)
        {
            var global = lines.SelectMany(l => Global().Matches(l)).SelectMany(m => m.Groups[1].Captures.Select(c => c.Value)).ToHashSet(StringComparer.Ordinal);
            Region? open = null;
            for (var i = 0; i < lines.Count; i++)
            {
                if (Start().Match(lines[i]) is { Success: true } start)
                {
                    Open(start.Groups[2].Value, isGlobal: !start.Groups[1].Value.Contains("LOCAL", StringComparison.Ordinal), isMacro: true);
                }
                else if (End().IsMatch(lines[i]))
                {
                    open?.LastLine = i;
                    open = null;
                }
                else if (Inner().Match(lines[i]) is { Success: true } inner && open is not null)
                {
                    Add(inner.Groups[1].Value, isGlobal: inner.Groups[2].Value.Contains("GLOBAL", StringComparison.Ordinal));
                }
                else if (Label().Match(lines[i]) is { Success: true } label && global.Contains(label.Groups[1].Value))
                {
                    if (open is { IsMacro: true })
                    {
                        Add(label.Groups[1].Value, isGlobal: true);
                    }
                    else
                    {
                        Open(label.Groups[1].Value, isGlobal: true, isMacro: false);
                    }
                }

                void Open(string name, bool isGlobal, bool isMacro)
                {
                    open?.LastLine = i - 1;
                    _regions.Add(open = new Region(i, isMacro) { LastLine = int.MaxValue });
                    Add(name, isGlobal);
                }

                void Add(string name, bool isGlobal)
                {
                    if (isGlobal)
                    {
                        open!.Items.Add(new SourceItem(i, name, IsCallable: true, IsLocal: false));
                    }
                }
            }
            // Of an alias of an alias the first one comes first.
            foreach (var alias in lines.Select((l, i) => (Match: Alias().Match(l), Line: i)).Where(a => a.Match.Success))
            {
                _regions.Find(r => r.Items.Exists(item => item.Name == alias.Match.Groups[2].Value))?.Items
                    .Add(new SourceItem(alias.Line, alias.Match.Groups[1].Value, IsCallable: true, IsLocal: false));
            }
        }

        /// <summary>All that others can name.</summary>
        public IEnumerable<SourceItem> All => _regions.SelectMany(r => r.Items);

        /// <summary>What the function around a line is called, all its names; none outside of functions that others can name.</summary>
        public IReadOnlyList<SourceItem> At(int line) => _regions.Find(r => r.FirstLine <= line && line <= r.LastLine)?.Items ?? [];
    }

    /// <summary>Lines of one function, and the names that others know for them.</summary>
    private sealed class Region(int firstLine, bool isMacro)
    {
        public int FirstLine => firstLine;

        /// <summary>Whether it has an end of its own: labels in it are places in it.</summary>
        public bool IsMacro => isMacro;

        public int LastLine { get; set; }

        public List<SourceItem> Items { get; } = [];
    }

    [GeneratedRegex(@"^\s*(SYM_(?:TYPED_)?(?:FUNC|CODE)_START\w*|ENTRY|WEAK)\s*\(\s*(\w+)\s*\)")]
    private static partial Regex Start();

    [GeneratedRegex(@"^\s*(?:SYM_(?:FUNC|CODE)_END\w*|END|ENDPROC)\s*\(")]
    private static partial Regex End();

    [GeneratedRegex(@"^\s*SYM_INNER_LABEL\w*\s*\(\s*(\w+)\s*,\s*(\w+)")]
    private static partial Regex Inner();

    [GeneratedRegex(@"^\s*SYM_FUNC_ALIAS(?:_WEAK|_MEMFUNC)?\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")]
    private static partial Regex Alias();

    [GeneratedRegex(@"^\s*\.(?:globa?l|weak)\s+(\w+)(?:\s*,\s*(?<1>\w+))*")]
    private static partial Regex Global();

    [GeneratedRegex(@"^\s*(\w+):")]
    private static partial Regex Label();
}
