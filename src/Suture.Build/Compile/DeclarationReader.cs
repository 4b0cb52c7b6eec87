namespace Suture.Build.Compile;

/// <summary>One declaration at file scope of a preprocessed unit, or one constant of an enum there.</summary>
/// <param name="Hash">Of its tokens, white space and line markers apart.</param>
/// <param name="CountsAnyway">Whether it counts though nothing mentions one of its names.</param>
/// <param name="Names">Of those in <see cref="Declarations.Names"/>, the ones that must be mentioned for it to count, which may be none.</param>
/// <param name="Mentions">Of those in <see cref="Declarations.Mentions"/>, its identifiers and the words in its strings (asm and attributes name symbols there).</param>
internal readonly record struct Declaration(ulong Hash, bool CountsAnyway, Range Names, Range Mentions);

/// <summary>Declarations of a unit, in order, with hashes of names in two lists for all: a unit has a hundred thousand.</summary>
internal sealed record Declarations(List<Declaration> All, List<ulong> Names, List<ulong> Mentions);

/// <summary>Cuts preprocessed C into declarations at file scope. What it does not understand counts in any case.</summary>
internal ref struct DeclarationReader
{
    /// <summary>What a macro leaves that makes all of a declaration itself, or nothing.</summary>
    private static readonly ulong EmptyDeclaration = TokenHash.Add(TokenHash.Start, TokenHash.Of(";"u8));

    private PreprocessedTokens _tokens;
    private readonly Declarations _read = new([], [], []);
    private ulong _hash = TokenHash.Start;
    private int _mentionsStart;
    private DeclarationShape _shape;
    private readonly NamesInBraces _names = new();
    private readonly EnumConstants _constants = new();
    private int _braces;
    private int _parentheses;

    private DeclarationReader(ReadOnlySpan<byte> text) => _tokens = new PreprocessedTokens(text);

    /// <summary>All declarations, in order.</summary>
    public static Declarations Read(ReadOnlySpan<byte> text)
    {
        var reader = new DeclarationReader(text);
        while (reader._tokens.Next())
        {
            reader.Take();
        }
        reader.Finish(isWhole: false);
        return reader._read;
    }

    private void Take()
    {
        var token = _tokens.Text;
        _hash = TokenHash.Add(_hash, _tokens.Hash);
        switch (_tokens.Kind)
        {
            case TokenKind.Identifier:
                _read.Mentions.Add(_tokens.Hash);
                break;
            case TokenKind.String:
                MentionWords(token);
                break;
            case TokenKind.Pragma:
                _shape.HasPragma = true;
                break;
        }
        if (_braces == 0)
        {
            _shape.See(_tokens.Kind, token, _tokens.Hash, _parentheses);
        }
        else if (_shape.HasEnumBody)
        {
            _constants.See(_tokens.Kind, token, _tokens.Hash);
        }
        if (!_shape.IsFunctionBody)
        {
            _names.See(_tokens.Kind, token, _tokens.Hash, _braces);
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
        if (_hash != TokenHash.Start && !(isWhole && _hash == EmptyDeclaration))
        {
            Add(isWhole);
        }
        (_hash, _mentionsStart, _shape, _braces, _parentheses) = (TokenHash.Start, _read.Mentions.Count, default, 0, 0);
        _names.Clear();
        _constants.Clear();
    }

    private readonly void Add(bool isWhole)
    {
        var kind = isWhole ? _shape.Kind : DeclarationKind.Other;
        var (start, mentions) = (_read.Names.Count, _mentionsStart.._read.Mentions.Count);
        if (kind == DeclarationKind.Type && _shape is { HasEnumBody: true, HasAttribute: false } && _constants.Read() is { } constants)
        {
            _read.Mentions.AddRange(_constants.Mentions);
            foreach (var (name, hash) in constants)
            {
                _read.Names.Add(name);
                _read.All.Add(new Declaration(hash, false, (_read.Names.Count - 1).._read.Names.Count, mentions.End.._read.Mentions.Count));
            }
            if (_shape.Name == 0)
            {
                return;
            }
            start = _read.Names.Count;
        }
        else if (kind != DeclarationKind.Other)
        {
            _names.AddTo(_read.Names);
        }
        if (kind != DeclarationKind.Other && _shape.Name != 0)
        {
            _read.Names.Add(_shape.Name);
        }
        _read.All.Add(new Declaration(_hash, kind == DeclarationKind.Other, start.._read.Names.Count, mentions));
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
                _read.Mentions.Add(TokenHash.Of(literal[start..i]));
            }
            i += i == start ? 1 : 0;
        }
    }
}
