namespace Suture.Kernel;

/// <summary>The description of one package in Debian's control format: "Field: value" lines, an empty line between packages.</summary>
internal sealed class ControlStanza
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A field's value, "" when it is not there.</summary>
    public string this[string field] => _fields.GetValueOrDefault(field, "");

    /// <summary>Reads all stanzas of <paramref name="text"/>; continuation lines are joined.</summary>
    public static List<ControlStanza> Parse(string text)
    {
        var stanzas = new List<ControlStanza>();
        ControlStanza? current = null;
        var last = "";
        foreach (var line in text.Split('\n'))
        {
            if (line.Length == 0)
            {
                current = null;
                continue;
            }
            if (current is null)
            {
                stanzas.Add(current = new());
            }
            var colon = line.IndexOf(':');
            if (line[0] is ' ' or '\t')
            {
                current._fields[last] = current[last] + line;
            }
            else if (colon > 0)
            {
                current._fields[last = line[..colon]] = line[(colon + 1)..].Trim();
            }
        }
        return stanzas;
    }
}
