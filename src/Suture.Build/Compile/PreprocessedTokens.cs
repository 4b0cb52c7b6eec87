namespace Suture.Build.Compile;

/// <summary>Kinds of tokens that matter to <see cref="DeclarationReader"/>.</summary>
internal enum TokenKind
{
    Identifier,
    Number,
    String,
    Punctuator,
    Pragma,
}

/// <summary>Tokens of preprocessed C: no comments, no directives but line markers (skipped) and pragmas (one token each).</summary>
internal ref struct PreprocessedTokens(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;
    private bool _lineStart = true;

    /// <summary>Kind of the current token.</summary>
    public TokenKind Kind { get; private set; }

    /// <summary>Bytes of the current token.</summary>
    public ReadOnlySpan<byte> Text { get; private set; }

    /// <summary>Hash of <see cref="Text"/>.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Goes to the next token; false at the end.</summary>
    public bool Next()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '\n')
            {
                (_at, _lineStart) = (_at + 1, true);
            }
            else if (c is (byte)' ' or (byte)'\t' or (byte)'\f' or (byte)'\v' or (byte)'\r')
            {
                _at++;
            }
            else if (c == '#' && _lineStart)
            {
                var end = _text[_at..].IndexOf((byte)'\n');
                end = end < 0 ? _text.Length : _at + end;
                var line = _text[_at..end];
                _at = end;
                if (line.StartsWith("#pragma"u8))
                {
                    return Give(TokenKind.Pragma, line);
                }
            }
            else
            {
                _lineStart = false;
                return Read(c);
            }
        }
        return false;
    }

    /// <summary>Whether a byte can be in an identifier; bytes above ASCII are taken for letters, as gcc does.</summary>
    public static bool IsWord(byte c) => char.IsAsciiLetterOrDigit((char)c) || c is (byte)'_' or (byte)'$' or >= 0x80;

    private bool Read(byte c)
    {
        var start = _at;
        if (char.IsAsciiDigit((char)c))
        {
            while (_at < _text.Length && (IsWord(_text[_at]) || _text[_at] == '.'))
            {
                _at++;
            }
            return Give(TokenKind.Number, _text[start.._at]);
        }
        if (IsWord(c))
        {
            while (_at < _text.Length && IsWord(_text[_at]))
            {
                _at++;
            }
            return Give(TokenKind.Identifier, _text[start.._at]);
        }
        if (c is (byte)'"' or (byte)'\'')
        {
            for (_at++; _at < _text.Length && _text[_at] != c && _text[_at] != '\n'; _at++)
            {
                _at += _text[_at] == '\\' ? 1 : 0;
            }
            _at = Math.Min(_at + 1, _text.Length);
            return Give(TokenKind.String, _text[start.._at]);
        }
        // Operators byte by byte, as cutting "+=" in two always cuts it the same way; doubled ones are kept whole,
        // as "a - -b" and "a --b" both are C.
        _at++;
        if (_at < _text.Length && _text[_at] == c && c is (byte)'+' or (byte)'-' or (byte)'&' or (byte)'|' or (byte)'<' or (byte)'>')
        {
            _at++;
        }
        return Give(TokenKind.Punctuator, _text[start.._at]);
    }

    private bool Give(TokenKind kind, ReadOnlySpan<byte> token)
    {
        Kind = kind;
        Text = token;
        Hash = TokenHash.Of(token);
        return true;
    }
}
