using System.Text;
using System.Text.RegularExpressions;

namespace Suture.Build.Compile;

/// <summary>One thing at file scope of a header, as it is written: a declaration, a definition or a directive that is no conditional.</summary>
/// <param name="Text">Its tokens; comments and white space apart.</param>
/// <param name="Conditions">The conditionals it stands in, outermost first.</param>
/// <param name="Names">What it declares, when it means nothing to code that mentions none of these; null when it may, or is not understood.</param>
/// <param name="Blocks">Which conditionals of the header these are: two of one text are two.</param>
internal sealed record HeaderItem(string Text, string Conditions, IReadOnlyList<string>? Names, IReadOnlyList<int> Blocks);

/// <summary>Cuts a header, not preprocessed, into <see cref="HeaderItem"/>s.</summary>
internal sealed partial class HeaderItems
{
    // Words before parentheses that are no declarator. Others of the kind are taken for names, which are not new then.
    private static readonly string[] Annotations =
        ["__printf", "__scanf", "__acquires", "__releases", "__must_hold", "__aligned", "__alloc_size", "__nonnull", "__counted_by"];

    // What stands beside a struct's name or behind its braces and is neither a name nor a variable.
    private static readonly string[] LayoutWords = ["__packed", "__randomize_layout", "__no_randomize_layout", "____cacheline_aligned", "____cacheline_aligned_in_smp"];

    /// <summary>Words from "enum" to its brace at the most: attributes and a name.</summary>
    private const int MostWordsOfEnum = 4;

    private readonly List<HeaderItem> _items = [];
    private readonly Stack<string> _conditions = new();
    private readonly Stack<int> _blocks = new();
    private readonly List<string> _definedWithin = [];
    private int _lastBlock;
    private bool _undefinesWithin;
    private readonly List<string> _tokens = [];
    private readonly List<string> _top = [];
    private readonly List<string> _enumerators = [];
    private int _parentheses;
    private int _braces;
    private int _conditionsWithin;
    private bool _isBody;
    private bool _hasEnumWithin;
    private bool _hasMadeEnumerators;

    /// <summary>All items in order; null when the header cannot be cut so.</summary>
    public static IReadOnlyList<HeaderItem>? Read(byte[] header)
    {
        var reader = new HeaderItems();
        foreach (var line in Lines(header))
        {
            if (line.StartsWith('#') ? !reader.Directive(line) : !reader.Code(line))
            {
                return null;
            }
        }
        return reader._tokens.Count == 0 && reader._conditions.Count == 0 ? reader._items : null;
    }

    /// <summary>The lines that are not empty, without comments; lines that are continued as one.</summary>
    public static IEnumerable<string> Lines(byte[] header) =>
        Plain(Encoding.Latin1.GetString(header)).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The text without comments and continued lines.</summary>
    public static string Plain(string text)
    {
        text = text.Replace("\r", "", StringComparison.Ordinal).Replace("\\\n", " ", StringComparison.Ordinal);
        return CommentOrLiteral().Replace(text, m => m.Value[0] == '/' ? " " : m.Value);
    }

    private bool Directive(string line)
    {
        var keyword = Keyword().Match(line).Groups[1].Value;
        if (_tokens.Count > 0)
        {
            // Within an item only conditionals that begin and end there can be followed.
            _conditionsWithin += keyword is "if" or "ifdef" or "ifndef" ? 1 : keyword == "endif" ? -1 : 0;
            _undefinesWithin |= keyword == "undef";
            if (Defined().Match(line) is { Success: true } within)
            {
                _definedWithin.Add(within.Groups[1].Value);
            }
            _tokens.Add(line);
            return _conditionsWithin > 0 || (_conditionsWithin == 0 && keyword == "endif") || (keyword is "define" or "undef" && _conditionsWithin >= 0);
        }
        switch (keyword)
        {
            case "if" or "ifdef" or "ifndef":
                _conditions.Push(line);
                _blocks.Push(++_lastBlock);
                return true;
            case "elif" or "else":
                if (_conditions.TryPop(out var open))
                {
                    _conditions.Push($"{open} {line}");
                    _blocks.Pop();
                    _blocks.Push(++_lastBlock);
                    return true;
                }
                return false;
            case "endif":
                return _conditions.TryPop(out _) && _blocks.TryPop(out _);
            default:
                Add(line, Defined().Match(line) is { Success: true } define ? [define.Groups[1].Value] : null);
                return true;
        }
    }

    private bool Code(string line)
    {
        foreach (System.Text.RegularExpressions.Match match in Token().Matches(line))
        {
            var token = match.Value;
            var isTop = _parentheses == 0 && _braces == 0;
            _tokens.Add(token);
            if (isTop)
            {
                _top.Add(token);
            }
            else if (_braces == 1 && _parentheses == 0 && IsWord(token) && (_tokens[^2] is "{" or "," || _tokens[^2][0] == '#'))
            {
                _enumerators.Add(token);
            }
            _hasMadeEnumerators |= _braces == 1 && _parentheses == 0 && (IsWord(token) ? _tokens[^2] == ")" : token == "(" && _enumerators.Count > 0 && _tokens[^2] == _enumerators[^1]);
            _hasEnumWithin |= !isTop && token == "{" && _tokens.SkipLast(1).Reverse().TakeWhile(IsWord).Take(MostWordsOfEnum).Contains("enum");
            switch (token)
            {
                case "(":
                    _parentheses++;
                    break;
                case ")":
                    _parentheses--;
                    break;
                case "{":
                    _isBody |= isTop && _top.Contains("(") && !_top.Contains("=") && _top[0] is not ("struct" or "union" or "enum" or "typedef") | _tokens[^2] == ")";
                    _braces++;
                    break;
                case "}":
                    _braces--;
                    break;
            }
            if (_parentheses < 0 || _braces < 0)
            {
                return false;
            }
            if (_parentheses == 0 && _braces == 0 && (token == ";" || (token == "}" && _isBody)))
            {
                if (_conditionsWithin != 0)
                {
                    return false;
                }
                Add(string.Join(' ', _tokens), _undefinesWithin || Names() is not { } names ? null : [.. names, .. _definedWithin]);
            }
        }
        return true;
    }

    private void Add(string text, IReadOnlyList<string>? names)
    {
        _items.Add(new HeaderItem(text, string.Join('\n', _conditions.Reverse()), names, [.. _blocks.Reverse()]));
        _tokens.Clear();
        _top.Clear();
        _enumerators.Clear();
        _definedWithin.Clear();
        _undefinesWithin = false;
        (_isBody, _hasEnumWithin, _hasMadeEnumerators, _conditionsWithin) = (false, false, false, 0);
    }

    /// <summary>Whether it declares a struct, union, enum or typedef. A function that gives a struct begins alike; an attribute may stand behind what is between braces.</summary>
    private bool IsType() => _top.Count > 0 && (_top[0] == "typedef" || (_top[0] is "struct" or "union" or "enum" && !_top.TakeWhile(t => t != "{").Contains("(")));

    /// <summary>What the item that ends here declares.</summary>
    private IReadOnlyList<string>? Names()
    {
        var isType = IsType() && _top[0] != "typedef";
        if (isType && _top is [_, not "{", ";"])
        {
            // That there is such a type changes nothing for who knows it already.
            return [];
        }
        // A string, asm or an attribute may make a symbol or a section; a nested enum has names of its own.
        if (_hasEnumWithin || _top.Exists(t => t is "=" or "," or "asm" or "__asm__" or "__attribute__" or "__used" || t[0] == '"'))
        {
            return null;
        }
        if (isType)
        {
            var plain = _top.Where(t => !LayoutWords.Contains(t)).ToArray();
            return _top[0] == "enum" ? _hasMadeEnumerators ? null : plain is [_, var name, "{", ";"] ? [name, .. _enumerators] : plain is [_, "{", ";"] ? [.. _enumerators] : null
                : plain is [_, var tag, "{", ";"] ? [tag, .. TagsWithin()] : null;
        }
        if (_top[0] == "typedef")
        {
            return _top.Contains("enum") && _top.Contains("{") ? null : _top.Contains("(") ? FunctionType()
                : _top.TakeWhile(t => t is not (";" or "[")).Last() is var name && IsWord(name) && !LayoutWords.Contains(name) ? [name, .. TagsWithin()] : null;
        }
        if (!_isBody && _top.Contains("{"))
        {
            return null;
        }
        if (_top.Contains("(") && !IsArray())
        {
            var at = Enumerable.Range(0, _top.Count - 1).FirstOrDefault(i => _top[i + 1] == "(" && IsWord(_top[i]) && !Annotations.Contains(_top[i]), -1);
            // Without a type before it, it is no function but a macro that makes something; with more parentheses behind it, one that makes its name.
            return at < 0 || _top.Take(at).All(IsSpecifier) || MayBeAttribute(at) || (_isBody && !_top.Contains("static"))
                || Enumerable.Range(at + 2, _top.Count - at - 2).Any(i => _top[i] == "(" && !Annotations.Contains(_top[i - 1])) ? null : [_top[at]];
        }
        // An attribute may stand behind a variable.
        return _top[0] == "extern" && _top.Zip(_top.Skip(1)).FirstOrDefault(t => t.Second is ";" or "[").First is { } variable && IsWord(variable)
            && !variable.StartsWith("__", StringComparison.Ordinal) ? [variable] : null;
    }

    /// <summary>Whether it declares an array, whose dimensions may hold parentheses.</summary>
    private bool IsArray() => !_isBody && _top.IndexOf("[") is >= 0 and var bracket && bracket < _top.IndexOf("(");

    /// <summary>Whether what has parentheses may be an attribute behind a variable's name: by its letters a macro, or of the compiler's own, and before it stands what is no type.</summary>
    private bool MayBeAttribute(int at) => !_isBody && _top[0] == "extern" && at >= 3 && IsWord(_top[at - 1]) && _top[at - 2] is not ("struct" or "union" or "enum")
        && _top[at - 1] is not ("void" or "bool" or "char" or "short" or "int" or "long" or "signed" or "unsigned") && !_top[at - 1].EndsWith("_t", StringComparison.Ordinal)
        && (!_top[at].Any(char.IsLower) || _top[at].StartsWith("__", StringComparison.Ordinal));

    /// <summary>The name of a typedef of a function, or of a pointer to one.</summary>
    private string[]? FunctionType()
    {
        var at = _tokens.IndexOf("(");
        return _tokens.Contains("{") ? null
            : _tokens[at + 1] == "*" && IsWord(_tokens[at + 2]) && _tokens[at + 3] == ")" && _tokens[at + 4] == "(" ? [_tokens[at + 2]]
            : _top is [_, _, .., var name, "(", ";"] && IsWord(name) && !Annotations.Contains(name) && !name.StartsWith("__", StringComparison.Ordinal) ? [name] : null;
    }

    /// <summary>Structs and unions that are declared within the item, by themselves or by struct_group_tagged(), __struct_group().</summary>
    private IEnumerable<string> TagsWithin()
    {
        for (var i = 1; i < _tokens.Count - 2; i++)
        {
            if (_tokens[i] is "struct" or "union" && _tokens.Skip(i + 1).SkipWhile(LayoutWords.Contains).Take(2).ToArray() is [var tag, "{"] && IsWord(tag))
            {
                yield return tag;
            }
            else if (_tokens[i] is "struct_group_tagged" or "__struct_group" && _tokens[i + 1] == "(" && IsWord(_tokens[i + 2]))
            {
                yield return _tokens[i + 2];
            }
        }
    }

    private static bool IsSpecifier(string token) => token is "static" or "extern" or "inline" or "const" or "volatile" or "noinline" or "(" or ")"
        || (token.StartsWith("__", StringComparison.Ordinal) && !IsNumber(token));

    /// <summary>Whether it is one of the types of numbers that headers for user space use.</summary>
    private static bool IsNumber(string token) => token is "__poll_t" or "__u8" or "__u16" or "__u32" or "__u64" or "__s8" or "__s16" or "__s32" or "__s64"
        or "__be16" or "__be32" or "__be64" or "__le16" or "__le32" or "__le64" or "__sum16" or "__wsum";

    private static bool IsWord(string token) => char.IsLetter(token[0]) || token[0] == '_';

    [GeneratedRegex(@"/\*.*?\*/|//[^\n]*|""(?:\\.|[^""\\\n])*""|'(?:\\.|[^'\\\n])*'", RegexOptions.Singleline)]
    private static partial Regex CommentOrLiteral();

    [GeneratedRegex(@"^#\s*(\w*)")]
    private static partial Regex Keyword();

    [GeneratedRegex(@"^#\s*define\s+(\w+)")]
    private static partial Regex Defined();

    [GeneratedRegex(@"[A-Za-z_$][\w$]*|[0-9][\w.]*|""(?:\\.|[^""\\])*""|'(?:\\.|[^'\\])*'|\S")]
    private static partial Regex Token();
}
