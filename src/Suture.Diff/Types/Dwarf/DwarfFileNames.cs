namespace Suture.Diff.Types.Dwarf;

/// <summary>The file names of a unit: from the head of its line table (DWARF 5, 6.2.4; versions 2 to 4 alike among themselves).</summary>
internal static class DwarfFileNames
{
    private const int MaxEntries = 1 << 16;
    private const ulong ContentPath = 1;
    private const ulong ContentDirectory = 2;

    /// <summary>Names by the number that DW_AT_decl_file gives; relative to where the compiler ran, unless it was told absolute ones.</summary>
    public static List<string> Read(DwarfSections sections, ulong offset)
    {
        var bytes = sections.Lines;
        bytes.At = 0;
        bytes.Skip(offset);
        var length = bytes.U32();
        var isWide = length == 0xffffffff;
        if (isWide)
        {
            bytes.Skip(8);
        }
        var version = bytes.U16();
        if (version is < 2 or > 5)
        {
            return [];
        }
        if (version == 5)
        {
            bytes.Skip(2);
        }
        bytes.Word(isWide);
        bytes.Skip(version >= 4 ? 5UL : 4UL);
        var opcodes = bytes.U8();
        bytes.Skip((ulong)Math.Max(0, opcodes - 1));
        return version == 5 ? Version5(sections, bytes, isWide) : UpToVersion4(bytes);
    }

    private static List<string> UpToVersion4(TypeBytes bytes)
    {
        // Directory 0 is where the compiler ran, file 0 none.
        var directories = new List<string> { "" };
        while (bytes.Text() is { Length: > 0 } directory)
        {
            directories.Add(Counted(bytes, directories, directory));
        }
        var files = new List<string> { "" };
        while (bytes.Text() is { Length: > 0 } file)
        {
            var directory = bytes.Uleb();
            bytes.Uleb();
            bytes.Uleb();
            files.Add(Counted(bytes, files, Join(directories, directory, file)));
        }
        return files;
    }

    private static List<string> Version5(DwarfSections sections, TypeBytes bytes, bool isWide)
    {
        // Directory 0 is where the compiler ran, spelled out.
        var directories = Entries(sections, bytes, isWide).ConvertAll(e => e.Path);
        if (directories.Count > 0)
        {
            directories[0] = "";
        }
        return Entries(sections, bytes, isWide).ConvertAll(e => Join(directories, e.Directory, e.Path));
    }

    private static List<(string Path, ulong Directory)> Entries(DwarfSections sections, TypeBytes bytes, bool isWide)
    {
        var format = new (ulong Content, DwarfForm Form)[bytes.U8()];
        for (var i = 0; i < format.Length; i++)
        {
            format[i] = (bytes.Uleb(), (DwarfForm)bytes.Uleb());
        }
        var count = bytes.Uleb();
        if (count > MaxEntries)
        {
            throw bytes.Fault($"{count} file names");
        }
        var entries = new List<(string, ulong)>();
        for (ulong i = 0; i < count; i++)
        {
            var (path, directory) = ("", 0UL);
            foreach (var (content, form) in format)
            {
                ulong number = 0;
                var text = "";
                switch (form)
                {
                    case DwarfForm.Text:
                        text = bytes.Text();
                        break;
                    case DwarfForm.LineTextOffset:
                        text = sections.LineText.TextAt(bytes.Word(isWide));
                        break;
                    case DwarfForm.TextOffset:
                        text = sections.Text.TextAt(bytes.Word(isWide));
                        break;
                    case DwarfForm.UnsignedData:
                        number = bytes.Uleb();
                        break;
                    case DwarfForm.Data1:
                        number = bytes.U8();
                        break;
                    case DwarfForm.Data2:
                        number = bytes.U16();
                        break;
                    case DwarfForm.Data4:
                        number = bytes.U32();
                        break;
                    case DwarfForm.Data8:
                        number = bytes.U64();
                        break;
                    case DwarfForm.Data16:
                        bytes.Skip(16);
                        break;
                    case DwarfForm.Block:
                        bytes.Skip(bytes.Uleb());
                        break;
                    default:
                        throw bytes.Fault($"file names are written in the unknown form 0x{(int)form:x}");
                }
                (path, directory) = content switch
                {
                    ContentPath => (text, directory),
                    ContentDirectory => (path, number),
                    _ => (path, directory),
                };
            }
            entries.Add((path, directory));
        }
        return entries;
    }

    private static string Counted(TypeBytes bytes, List<string> list, string text) =>
        list.Count < MaxEntries ? text : throw bytes.Fault($"more than {MaxEntries} file names");

    private static string Join(List<string> directories, ulong directory, string file)
    {
        var path = file.StartsWith('/') || directory >= (ulong)directories.Count || directories[(int)directory].Length == 0
            ? file
            : $"{directories[(int)directory]}/{file}";
        return path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
    }
}
