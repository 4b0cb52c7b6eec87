namespace Suture.Elf;

/// <summary>The bytes are not the ELF file they claim to be. The message names file, place and fault.</summary>
public sealed class ElfFormatException : Exception
{
    /// <summary>Creates the exception: <paramref name="file"/> names the input, <paramref name="place"/> the header, section or offset.</summary>
    public ElfFormatException(string file, string place, string fault)
        : base($"{file}: {place}: {fault}")
    {
        File = file;
        Place = place;
    }

    /// <summary>Name of the input.</summary>
    public string File { get; }

    /// <summary>Header, section or file offset at fault.</summary>
    public string Place { get; }
}
