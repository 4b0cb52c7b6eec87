namespace Suture.Diff.Types.Dwarf;

/// <summary>The form of an entry: its tag, whether entries follow within it, and its attributes.</summary>
internal sealed record DwarfAbbreviation(DwarfTag Tag, bool HasChildren, (DwarfAttribute Attribute, DwarfForm Form, long Implicit)[] Attributes);

/// <summary>One table of .debug_abbrev (DWARF 5, 7.5.3), by code.</summary>
internal static class DwarfAbbreviations
{
    private const int MaxAttributes = 64;

    public static Dictionary<ulong, DwarfAbbreviation> Read(TypeBytes bytes, ulong offset)
    {
        bytes.At = 0;
        bytes.Skip(offset);
        var table = new Dictionary<ulong, DwarfAbbreviation>();
        while (bytes.Uleb() is not 0 and var code)
        {
            var tag = (DwarfTag)bytes.Uleb();
            var hasChildren = bytes.U8() != 0;
            var attributes = new List<(DwarfAttribute, DwarfForm, long)>();
            while (true)
            {
                var (attribute, form) = ((DwarfAttribute)bytes.Uleb(), (DwarfForm)bytes.Uleb());
                var value = form == DwarfForm.ImplicitConst ? bytes.Sleb() : 0;
                if (attribute == 0 && form == 0)
                {
                    break;
                }
                if (attributes.Count == MaxAttributes)
                {
                    throw bytes.Fault($"abbreviation {code} has more than {MaxAttributes} attributes");
                }
                attributes.Add((attribute, form, value));
            }
            table[code] = new DwarfAbbreviation(tag, hasChildren, [.. attributes]);
        }
        return table;
    }
}
