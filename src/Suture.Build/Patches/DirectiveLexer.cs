namespace Suture.Build.Patches;

/// <summary>What a line of C does to conditional compilation.</summary>
internal enum Conditional : byte
{
    None,
    If,
    Else,
    EndIf,
}

/// <summary>One line of C as far as putting a directive before it goes.</summary>
/// <param name="IsSafe">Whether a preprocessor directive may stand before the line.</param>
/// <param name="Conditional">What the line does to conditional compilation.</param>
internal readonly record struct LexedLine(bool IsSafe, Conditional Conditional);

/// <summary>
/// The little of C's lexing that tells where a directive may stand: not in a comment, not after a backslash, not
/// between parentheses (a macro's arguments, a declaration half done), not between a name and its parenthesis.
/// </summary>
internal sealed class DirectiveLexer
{
    private readonly List<LexedLine> _lines = [];
    private readonly Stack<(int Before, int Least, bool HasElse)> _conditionals = new();
    private readonly byte[] _text;
    private bool _inComment;
    private bool _inDirective;
    private bool _continues;
    private byte _quote;
    private int _depth;

    private DirectiveLexer(byte[] text) => _text = text;

    /// <summary>All lines of a source file.</summary>
    public static List<LexedLine> Lex(byte[] text)
    {
        var lexer = new DirectiveLexer(text);
        for (var at = 0; at < text.Length;)
        {
            var end = Array.IndexOf(text, (byte)'\n', at);
            end = end < 0 ? text.Length : end;
            lexer.Line(text.AsSpan(at, end - at));
            at = end + 1;
        }
        return lexer._lines;
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        var fresh = !_inComment && !_continues;
        var first = line.TrimStart(" \t\f\v\r"u8);
        var conditional = Conditional.None;
        if (fresh)
        {
            _inDirective = first.StartsWith("#"u8);
            conditional = _inDirective ? Keyword(first[1..].TrimStart(" \t"u8)) : Conditional.None;
        }
        _lines.Add(new LexedLine(fresh && _depth == 0 && !first.StartsWith("("u8), conditional));
        Track(conditional);
        Scan(line);
        _continues = line.TrimEnd("\r"u8).EndsWith("\\"u8);
        // Without a backslash a literal ends with its line, as the apostrophe in an #error does.
        _quote = _continues ? _quote : (byte)0;
        _inDirective &= _continues || _inComment;
    }

    private static Conditional Keyword(ReadOnlySpan<byte> name) =>
        name.StartsWith("if"u8) ? Conditional.If
        : name.StartsWith("el"u8) ? Conditional.Else
        : name.StartsWith("endif"u8) ? Conditional.EndIf
        : Conditional.None;

    /// <summary>
    /// Branches of a conditional may each open the same parenthesis; after them the depth is that of the branch
    /// that compiles, and any branch may be prose under <c>#if 0</c>: the least one is taken.
    /// </summary>
    private void Track(Conditional conditional)
    {
        switch (conditional)
        {
            case Conditional.If:
                _conditionals.Push((_depth, int.MaxValue, false));
                break;
            case Conditional.Else when _conditionals.TryPop(out var open):
                _conditionals.Push((open.Before, Math.Min(open.Least, _depth), true));
                _depth = open.Before;
                break;
            case Conditional.EndIf when _conditionals.TryPop(out var open):
                _depth = open.HasElse ? Math.Min(open.Least, _depth) : open.Before;
                break;
        }
    }

    private void Scan(ReadOnlySpan<byte> line)
    {
        for (var i = _quote == 0 ? 0 : Literal(line, 0) + 1; i < line.Length; i++)
        {
            var next = i + 1 < line.Length ? line[i + 1] : (byte)0;
            if (_inComment)
            {
                if (line[i] == '*' && next == '/')
                {
                    (_inComment, i) = (false, i + 1);
                }
                continue;
            }
            switch (line[i])
            {
                case (byte)'/' when next == '/':
                    return;
                case (byte)'/' when next == '*':
                    (_inComment, i) = (true, i + 1);
                    break;
                case (byte)'"' or (byte)'\'':
                    _quote = line[i];
                    i = Literal(line, i + 1);
                    break;
                case (byte)'(' when !_inDirective:
                    _depth++;
                    break;
                case (byte)')' when !_inDirective:
                    _depth = Math.Max(0, _depth - 1);
                    break;
            }
        }
    }

    /// <summary>Where the literal that is open at <paramref name="start"/> ends: at its quote, or behind the line.</summary>
    private int Literal(ReadOnlySpan<byte> line, int start)
    {
        for (var i = start; i < line.Length; i++)
        {
            if (line[i] == '\\')
            {
                i++;
            }
            else if (line[i] == _quote)
            {
                _quote = 0;
                return i;
            }
        }
        return line.Length;
    }
}
