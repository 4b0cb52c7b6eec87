namespace Suture.Build.Compile;

/// <summary>One declaration at file scope of a preprocessed unit.</summary>
/// <param name="Hash">Of its tokens, white space and line markers apart.</param>
/// <param name="DroppableName">Hash of the name, when the declaration counts only if something mentions that.</param>
/// <param name="Mentions">Hashes of all its identifiers, and of words in its strings (asm and attributes name symbols there).</param>
internal sealed record Declaration(ulong Hash, ulong? DroppableName, IReadOnlyCollection<ulong> Mentions);

/// <summary>Cuts preprocessed C into declarations at file scope. What it does not understand it does not call droppable.</summary>
internal ref struct DeclarationReader
{
    private PreprocessedTokens _tokens;
    private readonly List<Declaration> _declarations = [];
    private ulong _hash = TokenHash.Start;
    private HashSet<ulong> _mentions = [];
    private DeclarationShape _shape;
    private int _braces;
    private int _parentheses;

    private DeclarationReader(ReadOnlySpan<byte> text) => _tokens = new PreprocessedTokens(text);

    /// <summary>All declarations, in order.</summary>
    public static List<Declaration> Read(ReadOnlySpan<byte> text)
    {
        var reader = new DeclarationReader(text);
        while (reader._tokens.Next())
        {
            reader.Take();
        }
        reader.Finish(isWhole: false);
        return reader._declarations;
    }

    private void Take()
    {
        var token = _tokens.Text;
        _hash = TokenHash.Add(_hash, _tokens.Hash);
        switch (_tokens.Kind)
        {
            case TokenKind.Identifier:
                _mentions.Add(_tokens.Hash);
                break;
            case TokenKind.String:
                MentionWords(token);
                break;
            case TokenKind.Pragma:
                _shape.HasPragma = true;
                break;
        }
        var atTop = _braces == 0;
        if (atTop)
        {
            _shape.See(_tokens.Kind, token, _tokens.Hash, _parentheses);
        }
        if (_tokens.Kind != TokenKind.Punctuator)
        {
            return;
        }
        switch (token[0])
        {
            case (byte)'(':
                _parentheses++;
                break;
            case (byte)')':
                _parentheses--;
                break;
            case (byte)'{':
                _braces++;
                break;
            case (byte)'}':
                _braces--;
                if (_braces == 0 && _parentheses == 0 && _shape.IsFunctionBody)
                {
                    Finish(isWhole: true);
                }
                break;
            case (byte)';' when _braces == 0 && _parentheses == 0:
                Finish(isWhole: true);
                break;
        }
    }

    private void Finish(bool isWhole)
    {
        if (_mentions.Count > 0 || _hash != TokenHash.Start)
        {
            _declarations.Add(new Declaration(_hash, isWhole ? _shape.DroppableName : null, _mentions));
        }
        (_hash, _mentions, _shape, _braces, _parentheses) = (TokenHash.Start, [], default, 0, 0);
    }

    private readonly void MentionWords(ReadOnlySpan<byte> literal)
    {
        for (var i = 0; i < literal.Length;)
        {
            var start = i;
            while (i < literal.Length && PreprocessedTokens.IsWord(literal[i]))
            {
                i++;
            }
            if (i > start)
            {
                _mentions.Add(TokenHash.Of(literal[start..i]));
            }
            i += i == start ? 1 : 0;
        }
    }
}
