using System.Text;

namespace Suture.Build.Compile;

/// <summary>Reads the make rule that gcc's -MD writes: which files a unit was made of.</summary>
internal static class DependencyFile
{
    public static List<string> Read(string path) => Parse(File.ReadAllText(path));

    public static List<string> Parse(string rule)
    {
        var names = new List<string>();
        var name = new StringBuilder();
        var colon = rule.IndexOf(": ", StringComparison.Ordinal);
        for (var i = colon < 0 ? rule.Length : colon + 2; i <= rule.Length; i++)
        {
            var c = i < rule.Length ? rule[i] : '\n';
            if (c == '\\' && i + 1 < rule.Length && rule[i + 1] is ' ' or '#' or '\\')
            {
                name.Append(rule[++i]);
            }
            else if (c == '$' && i + 1 < rule.Length && rule[i + 1] == '$')
            {
                name.Append(rule[++i]);
            }
            else if (c is not (' ' or '\n' or '\r' or '\\'))
            {
                name.Append(c);
            }
            else if (name.Length > 0)
            {
                names.Add(name.ToString());
                name.Clear();
            }
        }
        return names;
    }
}
