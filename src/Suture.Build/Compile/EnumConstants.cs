using System.Globalization;

namespace Suture.Build.Compile;

/// <summary>
/// The constants of an enum at file scope, each as a declaration of its own: one more at the end changes the value of none. A constant is what
/// its last initialiser says and how far behind that it stands. What has another initialiser than a small number counts for all constants: where one does not fit an int,
/// the others' type may be another too.
/// </summary>
internal sealed class EnumConstants
{
    private readonly List<(ulong Name, ulong Hash)> _constants = [];
    private readonly List<ulong> _mentions = [];
    private ulong _name;
    private ulong _initialiser = TokenHash.Start;
    private ulong _irregular = TokenHash.Start;
    private int _distance;
    private int _length;
    private int _depth;
    private bool _isInitialised;
    private bool _isSmall = true;
    private bool _isOdd;

    /// <summary>Takes the next token within the enum's braces; the closing one may be among them.</summary>
    public void See(TokenKind kind, ReadOnlySpan<byte> token, ulong hash)
    {
        if (kind == TokenKind.Punctuator && _depth == 0 && token[0] is (byte)',' or (byte)'}')
        {
            Finish();
        }
        else if (_isInitialised)
        {
            _depth += kind != TokenKind.Punctuator ? 0 : token[0] == '(' ? 1 : token[0] == ')' ? -1 : 0;
            _initialiser = TokenHash.Add(_initialiser, hash);
            _isSmall = ++_length == 1 && kind == TokenKind.Number && IsSmall(token);
            _isOdd |= kind is not (TokenKind.Number or TokenKind.Identifier or TokenKind.Punctuator) || token[0] is (byte)'{' or (byte)'}';
            if (kind == TokenKind.Identifier)
            {
                _mentions.Add(hash);
            }
        }
        else if (_name == 0 && kind == TokenKind.Identifier)
        {
            _name = hash;
        }
        else if (_name != 0 && token[0] == '=')
        {
            (_isInitialised, _length, _initialiser, _distance) = (true, 0, TokenHash.Start, 0);
        }
        else
        {
            // An attribute, say.
            _isOdd = true;
        }
    }

    /// <summary>Identifiers of all initialisers.</summary>
    public IReadOnlyList<ulong> Mentions => _mentions;

    /// <summary>Name and hash of each; null when something in the enum was not understood.</summary>
    public IEnumerable<(ulong Name, ulong Hash)>? Read() =>
        _isOdd || _name != 0 ? null : _constants.Select(c => (c.Name, TokenHash.Add(c.Hash, _irregular)));

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _constants.Clear();
        _mentions.Clear();
        (_name, _initialiser, _irregular, _distance, _length, _depth) = (0, TokenHash.Start, TokenHash.Start, 0, 0, 0);
        (_isInitialised, _isSmall, _isOdd) = (false, true, false);
    }

    private void Finish()
    {
        if (_name == 0)
        {
            return;
        }
        var hash = TokenHash.Add(TokenHash.Add(_name, _initialiser), (ulong)_distance);
        _irregular = _isSmall ? _irregular : TokenHash.Add(_irregular, hash);
        _constants.Add((_name, hash));
        _distance++;
        (_name, _isInitialised) = (0, false);
    }

    /// <summary>So small that what counts on from it fits an int.</summary>
    private static bool IsSmall(ReadOnlySpan<byte> number) =>
        (number.StartsWith("0x"u8) ? uint.TryParse(number[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            : uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out value)) && value <= 0x3fff_ffff;
}
