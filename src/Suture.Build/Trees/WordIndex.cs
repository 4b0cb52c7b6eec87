using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace Suture.Build.Trees;

/// <summary>
/// Which files of a kernel's tree may hold which words, by hashes: a hit is to be verified, a miss is sure. Read once a process, for hundreds of
/// builds may ask.
/// </summary>
internal sealed partial class WordIndex
{
    private static readonly ConcurrentDictionary<(string Tree, int Files), Lazy<WordIndex>> Known = new();

    private readonly (string File, uint[] Words)[] _files;
    private readonly Lazy<PastedWords> _pasted;

    private WordIndex(string tree, (string, uint[])[] files, MacroFiles macros)
    {
        _files = files;
        _pasted = new(() => new PastedWords(tree, macros, FilesWith));
    }

    /// <summary>The words that are not written in one piece.</summary>
    public PastedWords Pasted => _pasted.Value;

    /// <summary>The index of the files of <paramref name="graph"/> in <paramref name="tree"/>.</summary>
    public static WordIndex Of(string tree, IncludeGraph graph) => Known.GetOrAdd((tree, graph.Count), _ => new(() => Read(tree, graph.Files))).Value;

    /// <summary>Files that may hold one of <paramref name="words"/>.</summary>
    public IEnumerable<string> FilesWith(IReadOnlyCollection<string> words)
    {
        var hashes = words.Select(w => Hash(w)).ToArray();
        return _files.Where(f => Array.Exists(hashes, h => Has(f.Words, h))).Select(f => f.File);
    }

    private static bool Has(uint[] words, uint hash) => Array.BinarySearch(words, hash) >= 0;

    private static WordIndex Read(string tree, IReadOnlyList<string> files)
    {
        var words = new (string, uint[])[files.Count];
        var pasting = new ConcurrentBag<string>();
        var aliases = new ConcurrentBag<(string Name, string Of)>();
        var functionLike = new ConcurrentBag<(string Name, string File)>();
        Parallel.For(0, files.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            var path = Path.Combine(tree, files[i]);
            var text = File.Exists(path) ? File.ReadAllBytes(path) : [];
            words[i] = (files[i], WordsOf(text));
            if (text.AsSpan().IndexOf("##"u8) >= 0)
            {
                pasting.Add(files[i]);
            }
            var plain = Encoding.Latin1.GetString(text);
            foreach (System.Text.RegularExpressions.Match alias in Alias().Matches(plain))
            {
                aliases.Add((alias.Groups[1].Value, alias.Groups[2].Value));
            }
            foreach (System.Text.RegularExpressions.Match macro in FunctionLike().Matches(plain))
            {
                functionLike.Add((macro.Groups[1].Value, files[i]));
            }
        });
        return new WordIndex(tree, words, new MacroFiles([.. pasting.Order(StringComparer.Ordinal)],
            aliases.Distinct().ToLookup(a => a.Name, a => a.Of, StringComparer.Ordinal), functionLike.Distinct().ToLookup(m => m.Name, m => m.File, StringComparer.Ordinal)));
    }

    private static uint[] WordsOf(ReadOnlySpan<byte> text)
    {
        var found = new HashSet<uint>();
        for (var at = 0; at < text.Length;)
        {
            if (!IsWord(text[at]))
            {
                at++;
                continue;
            }
            var hash = Start;
            for (; at < text.Length && IsWord(text[at]); at++)
            {
                hash = (hash ^ text[at]) * Factor;
            }
            found.Add(hash);
        }
        var sorted = found.ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    // FNV-1a.
    private const uint Start = 2_166_136_261;
    private const uint Factor = 16_777_619;

    private static uint Hash(string word)
    {
        var hash = Start;
        foreach (var c in word)
        {
            hash = (hash ^ c) * Factor;
        }
        return hash;
    }

    /// <summary>Whether a byte is of a word: also a digit, for pasted words end in numbers.</summary>
    public static bool IsWord(byte c) => c is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9' or (byte)'_' or (byte)'$';

    [GeneratedRegex(@"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+([A-Za-z_]\w*)[ \t]*(?:/[*/][^\n]*)?$", RegexOptions.Multiline)]
    private static partial Regex Alias();

    [GeneratedRegex(@"^[ \t]*#[ \t]*define[ \t]+(\w+)\(", RegexOptions.Multiline)]
    private static partial Regex FunctionLike();
}
