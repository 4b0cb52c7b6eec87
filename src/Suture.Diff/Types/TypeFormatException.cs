namespace Suture.Diff.Types;

/// <summary>Type information contradicts itself or has a form that is not read. The message names object, section and fault.</summary>
internal sealed class TypeFormatException(string file, string section, string fault) : Exception($"{file}: section {section}: {fault}");
