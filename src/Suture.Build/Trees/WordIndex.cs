using System.Collections.Concurrent;

namespace Suture.Build.Trees;

/// <summary>
/// Which files of a kernel's tree may hold which words, by hashes: a hit is to be verified, a miss is sure. Read once a process, for hundreds of
/// builds may ask.
/// </summary>
internal sealed class WordIndex
{
    private static readonly ConcurrentDictionary<(string Tree, int Files), Lazy<WordIndex>> Known = new();

    private readonly (string File, uint[] Words)[] _files;

    private WordIndex((string, uint[])[] files, IReadOnlyList<PastingMacro> pasting) => (_files, Pasting) = (files, pasting);

    /// <summary>The macros of all files that make a word of two.</summary>
    public IReadOnlyList<PastingMacro> Pasting { get; }

    /// <summary>The index of the files of <paramref name="graph"/> in <paramref name="tree"/>.</summary>
    public static WordIndex Of(string tree, IncludeGraph graph, CancellationToken ct) =>
        Known.GetOrAdd((tree, graph.Count), _ => new(() => Read(tree, graph.Files, ct))).Value;

    /// <summary>Files that may hold one of <paramref name="words"/>.</summary>
    public IEnumerable<string> FilesWith(IReadOnlyCollection<string> words)
    {
        var hashes = words.Select(w => Hash(w)).ToArray();
        return _files.Where(f => Array.Exists(hashes, h => Array.BinarySearch(f.Words, h) >= 0)).Select(f => f.File);
    }

    /// <summary>Whether some file may hold <paramref name="word"/>.</summary>
    public bool IsWritten(string word) => Hash(word) is var hash && Array.Exists(_files, f => Array.BinarySearch(f.Words, hash) >= 0);

    /// <summary>Files that may hold one of <paramref name="macros"/> and two words that together are <paramref name="word"/>.</summary>
    public IEnumerable<string> FilesPasting(string word, IReadOnlyCollection<string> macros)
    {
        var halves = Enumerable.Range(1, word.Length - 1).Select(i => (Hash(word.AsSpan(0, i)), Hash(word.AsSpan(i)))).ToArray();
        var hashes = macros.Select(m => Hash(m)).ToArray();
        bool Has(uint[] words, uint hash) => Array.BinarySearch(words, hash) >= 0;
        return _files.Where(f => Array.Exists(hashes, h => Has(f.Words, h)) && Array.Exists(halves, p => Has(f.Words, p.Item1) && Has(f.Words, p.Item2))).Select(f => f.File);
    }

    private static WordIndex Read(string tree, IReadOnlyList<string> files, CancellationToken ct)
    {
        var words = new (string, uint[])[files.Count];
        var pasting = new ConcurrentBag<PastingMacro>();
        Parallel.For(0, files.Count, new ParallelOptions { CancellationToken = ct, MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            var path = Path.Combine(tree, files[i]);
            var text = File.Exists(path) ? File.ReadAllBytes(path) : [];
            words[i] = (files[i], Words(text));
            if (text.AsSpan().IndexOf("##"u8) >= 0)
            {
                PastingMacro.ReadAll(files[i], text).ForEach(pasting.Add);
            }
        });
        return new WordIndex(words, [.. pasting.OrderBy(p => p.File, StringComparer.Ordinal)]);
    }

    private static uint[] Words(ReadOnlySpan<byte> text)
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

    private static uint Hash(ReadOnlySpan<char> word)
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
}
