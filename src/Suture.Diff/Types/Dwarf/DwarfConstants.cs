namespace Suture.Diff.Types.Dwarf;

/// <summary>Kinds of debugging information entries (DWARF 5, 7.5.3), as far as types need them.</summary>
internal enum DwarfTag
{
    Array = 0x01, Class = 0x02, Enumeration = 0x04, FormalParameter = 0x05, LexicalBlock = 0x0b, Member = 0x0d, Pointer = 0x0f, Reference = 0x10,
    CompileUnit = 0x11, Structure = 0x13, Subroutine = 0x15, Typedef = 0x16, Union = 0x17, Variadic = 0x18, InlinedSubroutine = 0x1d,
    Subrange = 0x21, Base = 0x24, Const = 0x26, Enumerator = 0x28, Subprogram = 0x2e, Variable = 0x34, Volatile = 0x35, Restrict = 0x37,
    Unspecified = 0x3b, Atomic = 0x47,
}

/// <summary>Attributes of entries (DWARF 5, 7.5.4; the bit offset of DWARF 2 to 4).</summary>
internal enum DwarfAttribute
{
    Location = 0x02, Name = 0x03, ByteSize = 0x0b, BitOffset = 0x0c, BitSize = 0x0d, StatementList = 0x10, LowPc = 0x11, ConstValue = 0x1c,
    UpperBound = 0x2f, AbstractOrigin = 0x31, Count = 0x37, MemberLocation = 0x38, DeclFile = 0x3a, DeclLine = 0x3b, Declaration = 0x3c,
    Encoding = 0x3e, External = 0x3f, Specification = 0x47, Type = 0x49, Ranges = 0x55, DataBitOffset = 0x6b, StringOffsetsBase = 0x72,
}

/// <summary>How the value of an attribute is written (DWARF 5, 7.5.6).</summary>
internal enum DwarfForm
{
    Address = 0x01, Block2 = 0x03, Block4 = 0x04, Data2 = 0x05, Data4 = 0x06, Data8 = 0x07, Text = 0x08, Block = 0x09, Block1 = 0x0a,
    Data1 = 0x0b, Flag = 0x0c, SignedData = 0x0d, TextOffset = 0x0e, UnsignedData = 0x0f, RefAddress = 0x10, Ref1 = 0x11, Ref2 = 0x12,
    Ref4 = 0x13, Ref8 = 0x14, RefUnsigned = 0x15, Indirect = 0x16, SectionOffset = 0x17, Expression = 0x18, FlagPresent = 0x19,
    TextIndex = 0x1a, AddressIndex = 0x1b, RefSupplement4 = 0x1c, TextSupplement = 0x1d, Data16 = 0x1e, LineTextOffset = 0x1f,
    RefSignature = 0x20, ImplicitConst = 0x21, LocationIndex = 0x22, RangeIndex = 0x23, RefSupplement8 = 0x24, TextIndex1 = 0x25,
    TextIndex2 = 0x26, TextIndex3 = 0x27, TextIndex4 = 0x28, AddressIndex1 = 0x29, AddressIndex2 = 0x2a, AddressIndex3 = 0x2b, AddressIndex4 = 0x2c,
}
