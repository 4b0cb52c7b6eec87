using System.Text;

namespace Suture.Build.Trees;

/// <summary>What one source file asks to be included, read as text without regard to #if.</summary>
/// <param name="Includes">Names in quotes or angle brackets.</param>
/// <param name="Macros">Names of macros that an #include names instead.</param>
/// <param name="Defines">Macros defined as a quoted or bracketed name.</param>
internal sealed record IncludeScan(
    IReadOnlyList<(string Name, bool Quoted)> Includes,
    IReadOnlyList<string> Macros,
    IReadOnlyList<(string Macro, string Name, bool Quoted)> Defines)
{
    /// <summary>Scans a file's text.</summary>
    public static IncludeScan Of(ReadOnlySpan<byte> text)
    {
        var includes = new List<(string, bool)>();
        var macros = new List<string>();
        var defines = new List<(string, string, bool)>();
        for (var rest = text; ;)
        {
            // Rare enough a character that this is most of the speed of the scan.
            var hash = rest.IndexOf((byte)'#');
            if (hash < 0)
            {
                return new IncludeScan(includes, macros, defines);
            }
            rest = rest[(hash + 1)..];
            var directive = rest.TrimStart(" \t"u8);
            if (directive.StartsWith("include"u8))
            {
                var operand = Operand(directive["include"u8.Length..]);
                if (Literal(operand) is { } name)
                {
                    includes.Add(name);
                }
                else if (Identifier(operand) is { Length: > 0 } macro)
                {
                    macros.Add(macro);
                }
            }
            else if (directive.StartsWith("define"u8))
            {
                Define(Operand(directive["define"u8.Length..]), includes, defines);
            }
        }
    }

    private static void Define(ReadOnlySpan<byte> operand, List<(string, bool)> includes, List<(string, string, bool)> defines)
    {
        var macro = Identifier(operand);
        var value = operand[macro.Length..].TrimStart(" \t"u8);
        if (macro == "TRACE_INCLUDE_FILE")
        {
            // trace/define_trace.h includes this name with ".h", next to the definer or in trace/events.
            var name = Identifier(value);
            includes.Add(($"{name}.h", true));
            includes.Add(($"trace/events/{name}.h", false));
        }
        else if (Literal(value) is { } literal)
        {
            defines.Add((macro, literal.Name, literal.Quoted));
        }
    }

    private static ReadOnlySpan<byte> Operand(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        return (end < 0 ? text : text[..end]).TrimStart(" \t"u8);
    }

    private static (string Name, bool Quoted)? Literal(ReadOnlySpan<byte> operand)
    {
        if (operand.Length < 3 || operand[0] is not ((byte)'"' or (byte)'<'))
        {
            return null;
        }
        var quoted = operand[0] == '"';
        var end = operand[1..].IndexOf(quoted ? (byte)'"' : (byte)'>');
        return end > 0 ? (Encoding.UTF8.GetString(operand[1..(end + 1)]), quoted) : null;
    }

    private static string Identifier(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit((char)text[length]) || text[length] == '_'))
        {
            length++;
        }
        return Encoding.ASCII.GetString(text[..length]);
    }
}
