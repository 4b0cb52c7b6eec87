using System.Text;

namespace Suture.Kernel;

/// <summary>Splits the first simple command of a shell line into words, undoing quotes, as far as kbuild's recipes use them.</summary>
internal static class ShellWords
{
    /// <summary>The words from <paramref name="start"/> up to the first unquoted operator (; &amp; | &lt; &gt; and parentheses).</summary>
    public static List<string> Read(string line, int start)
    {
        var words = new List<string>(128);
        var word = new StringBuilder();
        var inWord = false;
        for (var i = start; i < line.Length; i++)
        {
            var c = line[i];
            switch (c)
            {
                case ' ' or '\t':
                    if (inWord)
                    {
                        words.Add(word.ToString());
                        word.Clear();
                        inWord = false;
                    }
                    break;
                case ';' or '&' or '|' or '<' or '>' or '(' or ')':
                    i = line.Length;
                    break;
                case '\'':
                    inWord = true;
                    var close = line.IndexOf('\'', i + 1);
                    close = close < 0 ? line.Length : close;
                    word.Append(line, i + 1, close - i - 1);
                    i = close;
                    break;
                case '"':
                    inWord = true;
                    for (i++; i < line.Length && line[i] != '"'; i++)
                    {
                        if (line[i] == '\\' && i + 1 < line.Length && line[i + 1] is '"' or '\\' or '$' or '`')
                        {
                            i++;
                        }
                        word.Append(line[i]);
                    }
                    break;
                case '\\' when i + 1 < line.Length:
                    inWord = true;
                    word.Append(line[++i]);
                    break;
                default:
                    inWord = true;
                    word.Append(c);
                    break;
            }
        }
        if (inWord)
        {
            words.Add(word.ToString());
        }
        return words;
    }
}
