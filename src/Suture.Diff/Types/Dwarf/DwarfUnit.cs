namespace Suture.Diff.Types.Dwarf;

/// <summary>One unit of .debug_info (DWARF 5, 7.5.1; versions 2 to 4): decodes its entries one after the other.</summary>
internal sealed class DwarfUnit
{
    /// <summary>DW_OP_addr, DW_OP_addrx, DW_OP_GNU_addr_index: the variable is at a fixed address.</summary>
    private static readonly byte[] AddressOperations = [0x03, 0xa1, 0xfb];

    private const byte PlusConstant = 0x23;
    private const long Elsewhere = long.MaxValue;

    private readonly DwarfSections _sections;
    private readonly TypeBytes _bytes;
    private readonly int _start;
    private readonly int _version;
    private readonly bool _isWide;
    private readonly int _addressSize;
    private readonly Dictionary<ulong, DwarfAbbreviation> _abbreviations = [];
    private ulong _textOffsetsBase = 8;

    /// <summary>Reads the header of the unit where <see cref="DwarfSections.Info"/> stands.</summary>
    public DwarfUnit(DwarfSections sections)
    {
        (_sections, _bytes) = (sections, sections.Info);
        _start = _bytes.At;
        ulong length = _bytes.U32();
        if (length == 0xffffffff)
        {
            (_isWide, length) = (true, _bytes.U64());
        }
        if (length > (ulong)(_bytes.Length - _bytes.At))
        {
            throw _bytes.Fault($"the unit at 0x{_start:x} claims {length} bytes, more than there are; it may be truncated");
        }
        End = _bytes.At + (int)length;
        _version = _bytes.U16();
        IsRead = _version is >= 2 and <= 5;
        if (!IsRead)
        {
            return;
        }
        ulong abbreviations;
        if (_version == 5)
        {
            // Compile and partial units; what is in units of types is referred to by signature.
            IsRead = _bytes.U8() is 1 or 3;
            _addressSize = _bytes.U8();
            abbreviations = _bytes.Word(_isWide);
        }
        else
        {
            abbreviations = _bytes.Word(_isWide);
            _addressSize = _bytes.U8();
        }
        _abbreviations = IsRead ? sections.AbbreviationsAt(abbreviations) : [];
    }

    /// <summary>Offset behind its last entry.</summary>
    public int End { get; }

    /// <summary>Whether it is of a version and kind that is understood.</summary>
    public bool IsRead { get; }

    /// <summary>Decodes the entry where the section stands; false at the mark that ends a run of children.</summary>
    public bool Next(out DwarfEntry entry)
    {
        var at = _bytes.At;
        var code = _bytes.Uleb();
        if (code == 0)
        {
            entry = default;
            return false;
        }
        if (!_abbreviations.TryGetValue(code, out var form))
        {
            throw _bytes.Fault($"the entry at 0x{at:x} has the unknown abbreviation {code}");
        }
        entry = DwarfEntry.Of(form);
        foreach (var (attribute, written, constant) in form.Attributes)
        {
            Take(ref entry, attribute, written, constant);
        }
        if (entry.TextOffsetsBase >= 0)
        {
            _textOffsetsBase = (ulong)entry.TextOffsetsBase;
        }
        return true;
    }

    private void Take(ref DwarfEntry entry, DwarfAttribute attribute, DwarfForm form, long constant)
    {
        if (form == DwarfForm.Indirect)
        {
            form = (DwarfForm)_bytes.Uleb();
            constant = form == DwarfForm.ImplicitConst ? _bytes.Sleb() : 0;
        }
        var isName = attribute == DwarfAttribute.Name && entry.Tag is not (DwarfTag.CompileUnit or DwarfTag.LexicalBlock);
        if (Text(form, isName) is { } text)
        {
            entry.Name = isName ? text : entry.Name;
            return;
        }
        if (Expression(form) is { } expression)
        {
            var end = _bytes.At + expression;
            if (expression > 0 && attribute is DwarfAttribute.Location or DwarfAttribute.MemberLocation)
            {
                var operation = _bytes.U8();
                entry.IsStatic |= attribute == DwarfAttribute.Location && AddressOperations.Contains(operation);
                if (attribute == DwarfAttribute.MemberLocation && operation == PlusConstant)
                {
                    entry.MemberLocation = (long)_bytes.Uleb();
                }
            }
            _bytes.At = 0;
            _bytes.Skip((ulong)end);
            return;
        }
        var value = Number(form, constant);
        switch (attribute)
        {
            case DwarfAttribute.Type:
                entry.Type = value;
                break;
            case DwarfAttribute.AbstractOrigin:
                entry.Origin = value;
                break;
            case DwarfAttribute.Specification:
                entry.Specification = value;
                break;
            case DwarfAttribute.ByteSize:
                entry.ByteSize = value;
                break;
            case DwarfAttribute.BitSize:
                entry.BitSize = value;
                break;
            case DwarfAttribute.BitOffset:
                entry.BitOffset = value;
                break;
            case DwarfAttribute.DataBitOffset:
                entry.DataBitOffset = value;
                break;
            case DwarfAttribute.MemberLocation:
                entry.MemberLocation = value;
                break;
            case DwarfAttribute.Count:
                entry.Elements = value;
                break;
            case DwarfAttribute.UpperBound when !IsReference(form):
                entry.UpperBound = value;
                break;
            case DwarfAttribute.ConstValue:
                entry.ConstValue = value;
                break;
            case DwarfAttribute.Encoding:
                entry.Encoding = value;
                break;
            case DwarfAttribute.StatementList:
                entry.StatementList = value;
                break;
            case DwarfAttribute.StringOffsetsBase:
                entry.TextOffsetsBase = value;
                break;
            case DwarfAttribute.DeclFile:
                entry.File = (int)Math.Clamp(value, 0, int.MaxValue);
                break;
            case DwarfAttribute.DeclLine:
                entry.Line = (int)Math.Clamp(value, 0, int.MaxValue);
                break;
            case DwarfAttribute.Declaration:
                entry.IsDeclaration = value != 0;
                break;
            case DwarfAttribute.External:
                entry.IsExternal = value != 0;
                break;
            case DwarfAttribute.LowPc or DwarfAttribute.Ranges:
                entry.HasCode = true;
                break;
        }
    }

    /// <summary>Text of a form that holds text, empty unless <paramref name="wanted"/>; null for other forms.</summary>
    private string? Text(DwarfForm form, bool wanted)
    {
        switch (form)
        {
            case DwarfForm.Text when wanted:
                return _bytes.Text();
            case DwarfForm.Text:
                _bytes.SkipText();
                return "";
            case DwarfForm.TextOffset or DwarfForm.LineTextOffset:
                var offset = _bytes.Word(_isWide);
                return !wanted ? "" : form == DwarfForm.TextOffset ? _sections.Text.TextAt(offset) : _sections.LineText.TextAt(offset);
            case DwarfForm.TextIndex:
                return Indexed(_bytes.Uleb(), wanted);
            case DwarfForm.TextIndex1:
                return Indexed(_bytes.U8(), wanted);
            case DwarfForm.TextIndex2:
                return Indexed(_bytes.U16(), wanted);
            case DwarfForm.TextIndex3:
                return Indexed(_bytes.U16() | (ulong)_bytes.U8() << 16, wanted);
            case DwarfForm.TextIndex4:
                return Indexed(_bytes.U32(), wanted);
            default:
                return null;
        }
    }

    private string Indexed(ulong index, bool wanted)
    {
        if (!wanted)
        {
            return "";
        }
        var offsets = _sections.TextOffsets;
        offsets.At = 0;
        offsets.Skip(unchecked(_textOffsetsBase + Math.Min(index, uint.MaxValue) * (_isWide ? 8UL : 4UL)));
        return _sections.Text.TextAt(offsets.Word(_isWide));
    }

    /// <summary>Length of a block or expression that follows; null for other forms.</summary>
    private int? Expression(DwarfForm form)
    {
        ulong? length = form switch
        {
            DwarfForm.Block1 => _bytes.U8(),
            DwarfForm.Block2 => _bytes.U16(),
            DwarfForm.Block4 => _bytes.U32(),
            DwarfForm.Block or DwarfForm.Expression => _bytes.Uleb(),
            DwarfForm.Data16 => 16,
            _ => null,
        };
        return length is null ? null
            : length <= (ulong)(_bytes.Length - _bytes.At) ? (int)length
            : throw _bytes.Fault($"a block of {length} bytes at 0x{_bytes.At:x} reaches past its end");
    }

    private long Number(DwarfForm form, long constant) => form switch
    {
        DwarfForm.Address => (long)_bytes.Word(_addressSize == 8),
        DwarfForm.Data1 or DwarfForm.Flag or DwarfForm.AddressIndex1 => _bytes.U8(),
        DwarfForm.Data2 or DwarfForm.AddressIndex2 => _bytes.U16(),
        DwarfForm.AddressIndex3 => _bytes.U16() | _bytes.U8() << 16,
        DwarfForm.Data4 or DwarfForm.AddressIndex4 or DwarfForm.RefSupplement4 => _bytes.U32(),
        DwarfForm.Data8 => (long)_bytes.U64(),
        DwarfForm.SignedData => _bytes.Sleb(),
        DwarfForm.UnsignedData or DwarfForm.AddressIndex or DwarfForm.LocationIndex or DwarfForm.RangeIndex => (long)_bytes.Uleb(),
        DwarfForm.Ref1 => _start + _bytes.U8(),
        DwarfForm.Ref2 => _start + _bytes.U16(),
        DwarfForm.Ref4 => _start + (long)_bytes.U32(),
        DwarfForm.Ref8 => _start + (long)_bytes.U64(),
        DwarfForm.RefUnsigned => _start + (long)_bytes.Uleb(),
        // Version 2 wrote it as wide as an address.
        DwarfForm.RefAddress => (long)_bytes.Word(_version == 2 ? _addressSize == 8 : _isWide),
        DwarfForm.SectionOffset or DwarfForm.TextSupplement => (long)_bytes.Word(_isWide),
        DwarfForm.FlagPresent => 1,
        DwarfForm.ImplicitConst => constant,
        // Somewhere this reader does not look: an offset where no entry is.
        DwarfForm.RefSignature or DwarfForm.RefSupplement8 => (long)(_bytes.U64() & 0) + Elsewhere,
        _ => throw _bytes.Fault($"unknown form 0x{(int)form:x} at 0x{_bytes.At:x}"),
    };

    private static bool IsReference(DwarfForm form) => form is DwarfForm.Ref1 or DwarfForm.Ref2 or DwarfForm.Ref4 or DwarfForm.Ref8 or DwarfForm.RefUnsigned;
}
