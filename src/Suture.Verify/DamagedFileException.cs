namespace Suture.Verify;

/// <summary>A file that is no well-formed relocatable ELF64 file, or whose manifest cannot be read.</summary>
public sealed class DamagedFileException(string file, string place, string problem) : Exception($"{file}: {place}: {problem}");
