namespace Suture.Elf;

/// <summary>Section types (sh_type), ELF specification "Sections".</summary>
public enum SectionType : uint
{
    /// <summary>SHT_NULL: the reserved entry 0.</summary>
    Null = 0,
    /// <summary>SHT_PROGBITS: bytes whose meaning the program decides.</summary>
    ProgBits = 1,
    /// <summary>SHT_SYMTAB: the symbol table.</summary>
    SymTab = 2,
    /// <summary>SHT_STRTAB: a string table.</summary>
    StrTab = 3,
    /// <summary>SHT_RELA: relocations with addends.</summary>
    Rela = 4,
    /// <summary>SHT_NOTE: notes.</summary>
    Note = 7,
    /// <summary>SHT_NOBITS: occupies memory, not the file.</summary>
    NoBits = 8,
    /// <summary>SHT_REL: relocations without addends (never on x86-64).</summary>
    Rel = 9,
    /// <summary>SHT_INIT_ARRAY: pointers to constructors.</summary>
    InitArray = 14,
    /// <summary>SHT_GROUP: a section group (COMDAT).</summary>
    Group = 17,
    /// <summary>SHT_SYMTAB_SHNDX: section indices that do not fit 16 bits.</summary>
    SymTabShndx = 18,
}

/// <summary>Section flags (sh_flags), ELF specification "Sections" and the kernel's livepatch ELF format.</summary>
[Flags]
public enum SectionFlags : ulong
{
    /// <summary>No flag.</summary>
    None = 0,
    /// <summary>SHF_WRITE.</summary>
    Write = 0x1,
    /// <summary>SHF_ALLOC: occupies memory at run time.</summary>
    Alloc = 0x2,
    /// <summary>SHF_EXECINSTR: holds instructions.</summary>
    ExecInstr = 0x4,
    /// <summary>SHF_MERGE: entries may be merged.</summary>
    Merge = 0x10,
    /// <summary>SHF_STRINGS: entries are zero-terminated strings.</summary>
    Strings = 0x20,
    /// <summary>SHF_INFO_LINK: sh_info is a section index.</summary>
    InfoLink = 0x40,
    /// <summary>SHF_LINK_ORDER: ordered as the section in sh_link.</summary>
    LinkOrder = 0x80,
    /// <summary>SHF_GROUP: member of a group.</summary>
    Group = 0x200,
    /// <summary>SHF_COMPRESSED: begins with a header that says how its contents are compressed.</summary>
    Compressed = 0x800,
    /// <summary>SHF_RELA_LIVEPATCH: relocations that the livepatch core applies (Documentation/livepatch/module-elf-format.rst).</summary>
    RelaLivepatch = 0x00100000,
}

/// <summary>Symbol bindings (upper half of st_info).</summary>
public enum SymbolBinding : byte
{
    /// <summary>STB_LOCAL.</summary>
    Local = 0,
    /// <summary>STB_GLOBAL.</summary>
    Global = 1,
    /// <summary>STB_WEAK.</summary>
    Weak = 2,
}

/// <summary>Symbol types (lower half of st_info).</summary>
public enum SymbolType : byte
{
    /// <summary>STT_NOTYPE.</summary>
    NoType = 0,
    /// <summary>STT_OBJECT: data.</summary>
    Object = 1,
    /// <summary>STT_FUNC: code.</summary>
    Func = 2,
    /// <summary>STT_SECTION: stands for its section.</summary>
    Section = 3,
    /// <summary>STT_FILE: name of the source file.</summary>
    File = 4,
    /// <summary>STT_COMMON: uninitialised common block.</summary>
    Common = 5,
    /// <summary>STT_TLS: thread-local.</summary>
    Tls = 6,
}

/// <summary>Where a symbol lives when it is in no section (reserved st_shndx values).</summary>
public enum SymbolPlace : ushort
{
    /// <summary>SHN_UNDEF: defined elsewhere; also the value while <see cref="Symbol.Section"/> is set.</summary>
    Undefined = 0,
    /// <summary>SHN_LIVEPATCH: resolved by the livepatch core.</summary>
    Livepatch = 0xff20,
    /// <summary>SHN_ABS: an absolute value.</summary>
    Absolute = 0xfff1,
    /// <summary>SHN_COMMON: a common block; value is its alignment.</summary>
    Common = 0xfff2,
}

/// <summary>Relocation types of x86-64 (System V ABI, AMD64 supplement, table 4.9).</summary>
public static class RelocationType
{
    /// <summary>R_X86_64_NONE.</summary>
    public const uint None = 0;
    /// <summary>R_X86_64_64: S + A, 8 bytes.</summary>
    public const uint Abs64 = 1;
    /// <summary>R_X86_64_PC32: S + A - P, 4 bytes.</summary>
    public const uint Pc32 = 2;
    /// <summary>R_X86_64_PLT32: L + A - P, 4 bytes; in the kernel the same as PC32, used for branches.</summary>
    public const uint Plt32 = 4;
    /// <summary>R_X86_64_32: S + A, 4 bytes, zero-extended.</summary>
    public const uint Abs32 = 10;
    /// <summary>R_X86_64_32S: S + A, 4 bytes, sign-extended.</summary>
    public const uint Abs32S = 11;
    /// <summary>R_X86_64_PC64: S + A - P, 8 bytes.</summary>
    public const uint Pc64 = 24;

    /// <summary>Bytes that a relocation of this type writes, 0 for none, -1 for a type the kernel does not know.</summary>
    public static int Width(uint type) => type switch
    {
        None => 0,
        Abs64 or Pc64 => 8,
        Pc32 or Plt32 or Abs32 or Abs32S => 4,
        _ => -1,
    };

    /// <summary>Whether the value is relative to the place it is written to.</summary>
    public static bool IsPcRelative(uint type) => type is Pc32 or Plt32 or Pc64;
}
