namespace Suture.Diff.Types.Dwarf;

/// <summary>The attributes of one entry that types need. Offsets of other entries count from the start of .debug_info; -1 is none.</summary>
internal struct DwarfEntry
{
    public DwarfTag Tag;
    public bool HasChildren;
    public string Name;
    public long Type, Origin, Specification;
    public long ByteSize, BitSize, BitOffset, DataBitOffset, MemberLocation;
    public long Elements, UpperBound, ConstValue, Encoding;
    public long StatementList, TextOffsetsBase;
    public int File, Line;
    public bool IsDeclaration, IsExternal, IsStatic, HasCode;

    /// <summary>An entry of which nothing is known yet.</summary>
    public static DwarfEntry Of(DwarfAbbreviation form) => new()
    {
        Tag = form.Tag,
        HasChildren = form.HasChildren,
        Name = "",
        Type = -1,
        Origin = -1,
        Specification = -1,
        ByteSize = -1,
        BitSize = -1,
        BitOffset = -1,
        DataBitOffset = -1,
        MemberLocation = -1,
        Elements = -1,
        UpperBound = -1,
        StatementList = -1,
        TextOffsetsBase = -1,
        File = -1,
    };
}
