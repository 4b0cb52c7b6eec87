namespace Suture.Build.Patches;

/// <summary>The bytes are not a patch that can be read. The message names the patch, the line and the fault.</summary>
public sealed class PatchFormatException : Exception
{
    /// <summary>Creates the exception: <paramref name="file"/> is the patch's name, <paramref name="line"/> the line at fault (1-based; 0: the whole file).</summary>
    public PatchFormatException(string file, int line, string what)
        : base(line > 0 ? $"{file}:{line}: {what}" : $"{file}: {what}")
    {
        File = file;
        Line = line;
        What = what;
    }

    /// <summary>Name of the patch.</summary>
    public string File { get; }

    /// <summary>Line of the patch at fault, from 1; 0 when the whole of it is.</summary>
    public int Line { get; }

    /// <summary>The fault alone.</summary>
    public string What { get; }
}
