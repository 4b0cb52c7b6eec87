namespace Suture.Build.Compile;

/// <summary>
/// Names that the braces of a declaration make known at file scope: tags of types that are defined there, and all that stands in an enum's, which
/// takes in the constants. A name too many makes a declaration count more often, and nothing else.
/// </summary>
internal sealed class NamesInBraces
{
    private readonly List<ulong> _names = [];
    private ulong _tag;
    private bool _isBehindKeyword;
    private bool _isEnum;
    private int _parentheses;
    private int _enumBody;

    /// <summary>Takes the next token; <paramref name="braces"/> is the depth before it.</summary>
    public void See(TokenKind kind, ReadOnlySpan<byte> token, ulong hash, int braces)
    {
        if (kind == TokenKind.Identifier)
        {
            if (token.SequenceEqual("enum"u8) || token.SequenceEqual("struct"u8) || token.SequenceEqual("union"u8))
            {
                (_isBehindKeyword, _isEnum, _tag, _parentheses) = (true, token[0] == 'e', 0, 0);
            }
            else if (_enumBody > 0)
            {
                _names.Add(hash);
            }
            else if (_isBehindKeyword && _parentheses == 0 && !token.StartsWith("__attribute"u8))
            {
                _tag = hash;
            }
        }
        else if (kind == TokenKind.Punctuator)
        {
            SeePunctuator(token[0], braces);
        }
    }

    /// <summary>Adds all of them to <paramref name="names"/>.</summary>
    public void AddTo(List<ulong> names) => names.AddRange(_names);

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _names.Clear();
        (_isBehindKeyword, _enumBody) = (false, 0);
    }

    private void SeePunctuator(byte token, int braces)
    {
        switch (token)
        {
            case (byte)'(':
                _parentheses++;
                break;
            case (byte)')':
                // Those of an attribute may stand before the tag; the end of others', as sizeof's, is that of what was said of the type.
                _isBehindKeyword &= --_parentheses >= 0;
                break;
            case (byte)';':
                _isBehindKeyword = false;
                break;
            case (byte)'{':
                if (_isBehindKeyword && _tag != 0)
                {
                    _names.Add(_tag);
                }
                _enumBody = _isBehindKeyword && _isEnum && _enumBody == 0 ? braces + 1 : _enumBody;
                _isBehindKeyword = false;
                break;
            case (byte)'}' when _enumBody == braces:
                _enumBody = 0;
                break;
        }
    }
}
