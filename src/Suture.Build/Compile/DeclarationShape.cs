namespace Suture.Build.Compile;

/// <summary>
/// Follows the tokens of one declaration outside braces and tells whether it is a function definition, and whether
/// the compiler drops it when its name is not mentioned: static inline functions, GNU extern inline ones, prototypes.
/// </summary>
internal struct DeclarationShape
{
    private bool _static;
    private bool _extern;
    private bool _inline;
    private bool _gnuInline;
    private bool _other;
    private bool _sawParameters;
    private bool _lastIsParameters;
    private bool _attribute;
    private int _attributeDepth;
    private ulong _lastIdentifier;
    private ulong _name;

    /// <summary>A pragma stands within: it may change what any code means.</summary>
    public bool HasPragma { get; set; }

    /// <summary>Whether a brace was opened right behind parameters: the body of a function.</summary>
    public bool IsFunctionBody { get; private set; }

    /// <summary>Hash of the name, when the declaration counts only if that is mentioned.</summary>
    public readonly ulong? DroppableName =>
        HasPragma || _other || !_sawParameters || _name == 0 ? null
        : IsFunctionBody ? (_inline && (_static || (_extern && _gnuInline)) ? _name : null)
        : _lastIsParameters ? _name : null;

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
                _other |= _sawParameters;
                (_name, _sawParameters) = (_sawParameters ? _name : _lastIdentifier, true);
                break;
            case (byte)'{' when kind == TokenKind.Punctuator:
                IsFunctionBody = _lastIsParameters;
                break;
            case (byte)';' or (byte)'}' when kind == TokenKind.Punctuator:
                break;
            default:
                // A string here is asm at file scope or a symbol's name; '=' an initialiser; ',' several declarators.
                _other |= kind == TokenKind.String || token[0] is (byte)'=' or (byte)',' or (byte)'[';
                _lastIsParameters = false;
                break;
        }
    }

    private void SeeWord(ReadOnlySpan<byte> word, ulong hash, int parentheses)
    {
        if (word.SequenceEqual("__attribute__"u8) || word.SequenceEqual("__attribute"u8))
        {
            _attribute = true;
        }
        else if (_attributeDepth > 0)
        {
            _gnuInline |= word.SequenceEqual("__gnu_inline__"u8) || word.SequenceEqual("gnu_inline"u8);
            // These keep a function that nothing mentions, or make another symbol of it.
            _other |= Is(word, "used"u8, "__used__"u8) || Is(word, "constructor"u8, "__constructor__"u8)
                || Is(word, "destructor"u8, "__destructor__"u8) || Is(word, "alias"u8, "__alias__"u8)
                || Is(word, "weakref"u8, "__weakref__"u8) || Is(word, "ifunc"u8, "__ifunc__"u8) || Is(word, "retain"u8, "__retain__"u8);
        }
        else if (parentheses == 0)
        {
            _static |= word.SequenceEqual("static"u8);
            _extern |= word.SequenceEqual("extern"u8);
            _inline |= word.SequenceEqual("inline"u8) || Is(word, "__inline"u8, "__inline__"u8);
            _other |= word.SequenceEqual("typedef"u8) || word.SequenceEqual("asm"u8) || Is(word, "__asm"u8, "__asm__"u8)
                || Is(word, "_Static_assert"u8, "_Alignas"u8) || Is(word, "typeof"u8, "__typeof__"u8);
            _lastIdentifier = hash;
        }
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
