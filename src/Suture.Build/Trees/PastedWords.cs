using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Suture.Build.Compile;

namespace Suture.Build.Trees;

/// <summary>
/// Words that are nowhere written in one piece: calls of macros with <c>##</c> put them together of what they give and of what the macros add. Known
/// are the parameters that a macro pastes, itself or by way of the macros that it hands them to.
/// </summary>
internal sealed partial class PastedWords
{
    /// <summary>Characters of a word at the most; and names for a name, one behind the other.</summary>
    private const int LongestWord = 200, MostAliases = 5;

    private readonly Dictionary<string, Macro> _macros = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, List<HashSet<string>>> _calls = new(StringComparer.Ordinal);
    private readonly HashSet<Handing> _handings = [];
    private Queue<Handing> _toFollow = [];
    private readonly MacroFiles _files;

    /// <summary>Files with a call that pastes a word, by the word: there are a hundred thousand calls, and what begins with none of their words is made by none of them.</summary>
    private readonly ILookup<string, string> _filesByPart;

    /// <param name="tree">Root of the files.</param>
    /// <param name="files">Which of them say something about macros.</param>
    /// <param name="filesWith">Files that may hold one of some words.</param>
    public PastedWords(string tree, MacroFiles files, Func<IReadOnlyCollection<string>, IEnumerable<string>> filesWith)
    {
        _files = files;
        var texts = new ConcurrentDictionary<string, string[]>(StringComparer.Ordinal);
        string[] Lines(string file) => texts.GetOrAdd(file, f => MacroText.WithoutLiterals(HeaderItems.Plain(Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(tree, f))))).Split('\n'));
        var macros = new ConcurrentDictionary<string, MacroText[]>(StringComparer.Ordinal);
        MacroText[] Macros(string file) => macros.GetOrAdd(file, f => [.. Lines(f).Select(MacroText.Read).OfType<MacroText>()]);
        var onAll = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount };

        IReadOnlySet<string> fresh = files.Pasting.SelectMany(f => Macros(f).Where(m => Pastes(m, f)).Select(m => m.Name)).ToHashSet(StringComparer.Ordinal);
        while (fresh.Count > 0)
        {
            var changed = fresh.ToHashSet(StringComparer.Ordinal);
            while (fresh.Count > 0)
            {
                var defining = filesWith(fresh).ToList();
                Parallel.ForEach(defining, onAll, f => Macros(f));
                fresh = defining.SelectMany(f => Macros(f).Where(m => HandsOver(m, f)).Select(m => m.Name)).ToHashSet(StringComparer.Ordinal);
                changed.UnionWith(fresh);
            }
            Parallel.ForEach(filesWith(changed), onAll, f => _calls[f] = CallsIn(Lines(f)));
            fresh = HandOn(Macros);
        }
        _filesByPart = _calls.SelectMany(c => c.Value.SelectMany(parts => parts).Distinct(StringComparer.Ordinal), (c, part) => (File: c.Key, Part: part))
            .ToLookup(c => c.Part, c => c.File, StringComparer.Ordinal);
    }

    /// <summary>Files with a call that may make one of <paramref name="words"/>.</summary>
    public IEnumerable<string> FilesMaking(IReadOnlyCollection<string> words) =>
        [.. words.SelectMany(w => FilesBeginning(w).Where(f => IsAnyMadeOf([w], _calls[f]))).Distinct(StringComparer.Ordinal)];

    /// <summary>Files with a call that may make the beginning of <paramref name="word"/>; all for those of which <see cref="IsMadeOf"/> says more than their parts do.</summary>
    private IEnumerable<string> FilesBeginning(string word) => word.Length is 0 or > LongestWord || char.IsAsciiDigit(word[0]) ? _calls.Keys
        : Enumerable.Range(1, word.Length).SelectMany(length => _filesByPart[word[..length]]).Distinct(StringComparer.Ordinal);

    /// <summary>Whether a call in <paramref name="plain"/>, a text without comments, may make one of <paramref name="words"/>.</summary>
    public bool MayMake(string plain, IReadOnlyCollection<string> words) => IsAnyMadeOf(words, CallsIn(MacroText.WithoutLiterals(plain).Split('\n')));

    /// <summary>Macros that other macros call, to which they are given, and that may make one of <paramref name="words"/> then; with the files that define them.</summary>
    public IEnumerable<(string Name, IReadOnlySet<string> Files)> HandedOnMaking(IReadOnlyCollection<string> words) =>
        _macros.Where(m => IsAnyMadeOf(words, m.Value.HandedCalls)).Select(m => (m.Key, (IReadOnlySet<string>)m.Value.Files));

    private Macro Of(string name, string file)
    {
        var macro = _macros.TryGetValue(name, out var known) ? known : _macros[name] = new Macro();
        macro.Files.Add(file);
        return macro;
    }

    private bool Pastes(MacroText text, string file)
    {
        var parameters = text.ParameterNames();
        var pasted = text.Chains().Where(c => c.Any(parameters.Contains)).SelectMany(c => c).ToHashSet(StringComparer.Ordinal);
        return pasted.Count > 0 && Of(text.Name, file).Learn(text.IndicesOf(pasted), pasted.Except(parameters));
    }

    /// <summary>Whether a macro hands parameters to be pasted, or words with them, that were not known; so does one that is another name for one that does.</summary>
    private bool HandsOver(MacroText text, string file)
    {
        if (text.Parameters.Length == 0 && _macros.TryGetValue(text.Body.Trim(), out var same))
        {
            return Of(text.Name, file).Learn(same.Parameters, same.Own);
        }
        var isNew = false;
        foreach (var words in Calls(text.Body))
        {
            isNew |= text.IndicesOf(words) is { Count: > 0 } indices && Of(text.Name, file).Learn(indices, words.Except(text.ParameterNames()));
        }
        return isNew;
    }

    /// <summary>
    /// Looks into the macros that are given macros to call. Those whose name is itself put together are not found.
    /// </summary>
    /// <returns>Those that hand them words of their callers.</returns>
    private HashSet<string> HandOn(Func<string, IEnumerable<MacroText>> macrosOf)
    {
        var learned = new HashSet<string>(StringComparer.Ordinal);
        // All of them again: what they add to their arguments may have become more.
        foreach (var macro in _macros.Values)
        {
            macro.HandedCalls.Clear();
        }
        _toFollow = new Queue<Handing>(_handings);
        while (_toFollow.TryDequeue(out var handing))
        {
            var handed = _macros[handing.Macro];
            var calls = from file in _files.FunctionLike[handing.To]
                        from text in macrosOf(file)
                        where text.Name == handing.To
                        let parameter = text.ParameterAt(handing.Index)
                        where parameter is not null
                        from words in Calls(text.Body, parameter, handed, handing.Macro)
                        select (file, text, words);
            foreach (var (file, text, words) in calls)
            {
                if (text.IndicesOf(words) is not { Count: > 0 } indices)
                {
                    handed.HandedCalls.Add(words);
                }
                else if (Of(text.Name, file).Learn(indices, words.Except(text.ParameterNames())))
                {
                    learned.Add(text.Name);
                }
            }
        }
        return learned;
    }

    /// <summary>The words of which each call makes one. Those of a macro that hands over what it is given are not among them: they are its callers'.</summary>
    private List<HashSet<string>> CallsIn(string[] lines)
    {
        var calls = new List<HashSet<string>>();
        var code = new StringBuilder();
        foreach (var line in lines)
        {
            if (MacroText.Read(line) is { } macro)
            {
                var parameters = macro.ParameterNames();
                calls.AddRange(Calls(macro.Body).Concat(macro.Chains().Select(c => c.ToHashSet(StringComparer.Ordinal))).Where(words => !words.Overlaps(parameters)));
            }
            else if (!AboutMacros().IsMatch(line))
            {
                code.Append(line).Append('\n');
            }
        }
        return [.. calls, .. Calls(code.ToString())];
    }

    /// <summary>For each call in <paramref name="text"/> the words that it gives to be pasted and that are pasted to them.</summary>
    private IEnumerable<HashSet<string>> Calls(string text) => MacroText.Words().Matches(text).Where(m => _macros.ContainsKey(m.Value))
        .SelectMany(m => Calls(text, m, _macros[m.Value], m.Value)).ToList();

    /// <summary>The same for calls of <paramref name="parameter"/>, which stands for a macro.</summary>
    private List<HashSet<string>> Calls(string text, string parameter, Macro macro, string name) =>
        [.. MacroText.Words().Matches(text).Where(m => m.Value == parameter).SelectMany(m => Calls(text, m, macro, name))];

    private IEnumerable<HashSet<string>> Calls(string text, System.Text.RegularExpressions.Match at, Macro macro, string name)
    {
        if (MacroText.ArgumentsAt(text, at.Index + at.Length) is not { } arguments)
        {
            if (MacroText.CallAround(text, at.Index) is var (to, index) && _files.FunctionLike.Contains(to))
            {
                var handing = new Handing(name, to, index);
                lock (_handings)
                {
                    if (_handings.Add(handing))
                    {
                        _toFollow.Enqueue(handing);
                    }
                }
            }
            yield break;
        }
        var words = arguments.Index().Where(a => macro.Parameters.Contains(a.Index)).SelectMany(a => MacroText.Words().Matches(a.Item)).Select(w => w.Value).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < MostAliases; i++)
        {
            words.UnionWith(words.ToArray().SelectMany(w => _files.Aliases[w]));
        }
        words.UnionWith([.. words.Where(_macros.ContainsKey).SelectMany(w => _macros[w].Own), .. macro.Own]);
        yield return words;
    }

    private static bool IsAnyMadeOf(IReadOnlyCollection<string> words, List<HashSet<string>> calls) => calls.Exists(parts => words.Any(w => IsMadeOf(w, parts)));

    /// <summary>Whether <paramref name="word"/> may be made of <paramref name="parts"/>; numbers may be counters.</summary>
    private static bool IsMadeOf(string word, HashSet<string> parts)
    {
        if (word.Length > LongestWord)
        {
            return true;
        }
        Span<bool> isMade = stackalloc bool[word.Length + 1];
        isMade[0] = true;
        for (var at = 0; at < word.Length; at++)
        {
            if (!isMade[at])
            {
                continue;
            }
            isMade[at + 1] |= char.IsAsciiDigit(word[at]);
            foreach (var part in parts)
            {
                if (word.AsSpan(at).StartsWith(part, StringComparison.Ordinal))
                {
                    isMade[at + part.Length] = true;
                }
            }
        }
        return isMade[^1];
    }

    [GeneratedRegex(@"^\s*#\s*(?:ifdef|ifndef|undef)\b")]
    private static partial Regex AboutMacros();

    /// <summary>What is known of the macros of one name.</summary>
    private sealed class Macro
    {
        /// <summary>Which parameters are pasted, from 0.</summary>
        public HashSet<int> Parameters { get; } = [];

        /// <summary>Words that are pasted to them.</summary>
        public HashSet<string> Own { get; } = new(StringComparer.Ordinal);

        /// <summary>Where it is defined.</summary>
        public HashSet<string> Files { get; } = new(StringComparer.Ordinal);

        /// <summary>The words of calls by macros that it is given to.</summary>
        public List<HashSet<string>> HandedCalls { get; } = [];

        /// <summary>Takes in what a definition pastes; false when all was known.</summary>
        public bool Learn(IEnumerable<int> parameters, IEnumerable<string> own)
        {
            var before = Parameters.Count + Own.Count;
            Parameters.UnionWith(parameters);
            Own.UnionWith(own);
            return Parameters.Count + Own.Count > before;
        }
    }

    /// <summary>A macro that is given to another as the argument at <paramref name="Index"/>, to be called there.</summary>
    private sealed record Handing(string Macro, string To, int Index);
}

/// <summary>What is seen of macros at first sight of all files.</summary>
/// <param name="Pasting">Files in which <c>##</c> occurs.</param>
/// <param name="Aliases">Names that are defined as another name.</param>
/// <param name="FunctionLike">Files that define a macro with parameters, by its name.</param>
internal sealed record MacroFiles(IReadOnlyList<string> Pasting, ILookup<string, string> Aliases, ILookup<string, string> FunctionLike);
