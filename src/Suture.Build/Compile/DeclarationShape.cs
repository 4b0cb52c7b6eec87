namespace Suture.Build.Compile;

/// <summary>What a declaration is, as far as it matters to <see cref="LiveCode"/>.</summary>
internal enum DeclarationKind
{
    /// <summary>Anything that counts in any case.</summary>
    Other,
    /// <summary>A function that the compiler drops when nothing mentions it: static inline, GNU extern inline, a prototype.</summary>
    Function,
    /// <summary>A struct, union or enum, and no variable or function of it.</summary>
    Type,
    /// <summary>A typedef of one name.</summary>
    Typedef,
    /// <summary>A variable that is defined elsewhere.</summary>
    External,
}

/// <summary>Follows the tokens of one declaration outside braces and tells what it is.</summary>
internal struct DeclarationShape
{
    private bool _static;
    private bool _extern;
    private bool _inline;
    private bool _gnuInline;
    private bool _typedef;
    private bool _isQualified;
    private bool _other;
    private bool _sawKeyword;
    private bool _sawParameters;
    private bool _sawBrackets;
    private bool _sawBody;
    private bool _sawAttribute;
    private bool _lastIsParameters;
    private bool _lastIsBasicType;
    private bool _attribute;
    private bool _isEnum;
    private bool _isType;
    private bool _namesBehindBody;
    private int _words;
    private int _attributeDepth;
    private ulong _lastIdentifier;
    private ulong _parametersOf;

    /// <summary>A pragma stands within: it may change what any code means.</summary>
    public bool HasPragma { get; set; }

    /// <summary>Whether a brace was opened right behind parameters: the body of a function.</summary>
    public bool IsFunctionBody { get; private set; }

    /// <summary>Whether braces that were opened are those of an enum that the declaration begins with.</summary>
    public readonly bool HasEnumBody => _isEnum && _sawBody && !IsFunctionBody;

    /// <summary>Whether an attribute stands outside the braces: an enum's may say of which type its constants are.</summary>
    public readonly bool HasAttribute => _sawAttribute;

    /// <summary>What it is, when it was seen to the end.</summary>
    public readonly DeclarationKind Kind =>
        HasPragma || _other ? DeclarationKind.Other
        : _sawParameters ? (IsDroppedFunction ? DeclarationKind.Function : DeclarationKind.Other)
        : _typedef ? (Name != 0 ? DeclarationKind.Typedef : DeclarationKind.Other)
        : _isType && !_isQualified && _words <= 1 && !_namesBehindBody ? DeclarationKind.Type
        : _extern && !_static && !_inline && Name != 0 ? DeclarationKind.External
        : DeclarationKind.Other;

    /// <summary>Hash of the name: of the function, the tag, what the typedef or the variable is called; 0 for a type without a tag.</summary>
    public readonly ulong Name => _sawParameters ? _parametersOf : _lastIdentifier;

    private readonly bool IsDroppedFunction =>
        !_typedef && !_sawBrackets && _parametersOf != 0 && (IsFunctionBody ? _inline && (_static || (_extern && _gnuInline)) : _lastIsParameters && !_sawBody);

    /// <summary>Takes the next token outside braces; <paramref name="parentheses"/> is the depth before it.</summary>
    public void See(TokenKind kind, ReadOnlySpan<byte> token, ulong hash, int parentheses)
    {
        if (kind == TokenKind.Identifier)
        {
            SeeWord(token, hash, parentheses);
        }
        if (_attribute || _attributeDepth > 0)
        {
            SkipAttribute(token);
            return;
        }
        if (parentheses > 0)
        {
            // The closing one of the outermost pair ends the parameters.
            _lastIsParameters = _sawParameters && parentheses == 1 && token[0] == ')';
            return;
        }
        switch (token[0])
        {
            case (byte)'(' when kind == TokenKind.Punctuator:
                // Without a type and a name before it, the parentheses are around a variable's name.
                _other |= _sawParameters || _words < 2 || _lastIsBasicType;
                (_parametersOf, _sawParameters) = (_sawParameters ? _parametersOf : _lastIdentifier, true);
                break;
            case (byte)'{' when kind == TokenKind.Punctuator:
                IsFunctionBody = _lastIsParameters;
                // Braces of neither a function nor a type: a body behind declarations of its parameters, say.
                _other |= _sawBody || !(_lastIsParameters || _sawKeyword);
                _sawBody = true;
                break;
            case (byte)';' or (byte)'}' when kind == TokenKind.Punctuator:
                break;
            case (byte)'[' when kind == TokenKind.Punctuator:
                _sawBrackets = true;
                break;
            default:
                // A string here is asm at file scope or a symbol's name; '=' an initialiser; ',' several declarators.
                _other |= kind == TokenKind.String || token[0] is (byte)'=' or (byte)',' or (byte)':';
                _isType &= kind == TokenKind.Identifier;
                _lastIsParameters = false;
                break;
        }
    }

    private void SeeWord(ReadOnlySpan<byte> word, ulong hash, int parentheses)
    {
        if (word.SequenceEqual("__attribute__"u8) || word.SequenceEqual("__attribute"u8))
        {
            (_attribute, _sawAttribute) = (true, true);
        }
        else if (_attributeDepth > 0)
        {
            _gnuInline |= word.SequenceEqual("__gnu_inline__"u8) || word.SequenceEqual("gnu_inline"u8);
            // These keep a function that nothing mentions, or make another symbol of it.
            _other |= Is(word, "used"u8, "__used__"u8) || Is(word, "constructor"u8, "__constructor__"u8)
                || Is(word, "destructor"u8, "__destructor__"u8) || Is(word, "alias"u8, "__alias__"u8)
                || Is(word, "weakref"u8, "__weakref__"u8) || Is(word, "ifunc"u8, "__ifunc__"u8) || Is(word, "retain"u8, "__retain__"u8);
        }
        else if (parentheses == 0 && !_sawBrackets)
        {
            _other |= word.SequenceEqual("asm"u8) || Is(word, "__asm"u8, "__asm__"u8)
                || Is(word, "_Static_assert"u8, "_Alignas"u8) || Is(word, "typeof"u8, "__typeof__"u8);
            if (!IsQualifier(word))
            {
                SeeName(word, hash);
            }
        }
    }

    private bool IsQualifier(ReadOnlySpan<byte> word)
    {
        if (word.SequenceEqual("__extension__"u8))
        {
            return true;
        }
        var (isStatic, isExtern, isTypedef) = (word.SequenceEqual("static"u8), word.SequenceEqual("extern"u8), word.SequenceEqual("typedef"u8));
        var isInline = word.SequenceEqual("inline"u8) || Is(word, "__inline"u8, "__inline__"u8);
        var isOther = Is(word, "const"u8, "volatile"u8) || Is(word, "register"u8, "_Noreturn"u8);
        (_static, _extern, _typedef, _inline) = (_static || isStatic, _extern || isExtern, _typedef || isTypedef, _inline || isInline);
        _isQualified |= isStatic || isExtern || isTypedef || isInline || isOther;
        return isStatic || isExtern || isTypedef || isInline || isOther;
    }

    /// <summary>The first word says whether it is a type; behind that nothing but a tag, before the braces, may come for it to be no more.</summary>
    private void SeeName(ReadOnlySpan<byte> word, ulong hash)
    {
        if (word.SequenceEqual("enum"u8) || Is(word, "struct"u8, "union"u8))
        {
            _isType |= _lastIdentifier == 0 && !_sawKeyword;
            _isEnum |= _isType && !_sawKeyword && word[0] == 'e';
            _sawKeyword = true;
            return;
        }
        _words++;
        _namesBehindBody |= _sawBody;
        _lastIdentifier = hash;
        _lastIsBasicType = Is(word, "void"u8, "char"u8) || Is(word, "short"u8, "int"u8) || Is(word, "long"u8, "_Bool"u8)
            || Is(word, "float"u8, "double"u8) || Is(word, "signed"u8, "unsigned"u8) || word.SequenceEqual("__int128"u8);
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => word.SequenceEqual(a) || word.SequenceEqual(b);

    /// <summary>An attribute's parentheses are none of the declarator's.</summary>
    private void SkipAttribute(ReadOnlySpan<byte> token)
    {
        if (token[0] == '(')
        {
            (_attribute, _attributeDepth) = (false, _attributeDepth + 1);
        }
        else if (token[0] == ')')
        {
            _attributeDepth--;
        }
    }
}
