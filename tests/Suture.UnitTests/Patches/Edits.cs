namespace Suture.UnitTests.Patches;

/// <summary>Random texts and random edits of them.</summary>
internal static class Edits
{
    private static readonly string[] Words = ["a", "b", "", "int x;", "-- ", "++", "@@ -1 +1 @@", "\\ x", "end\r", "\t", "--- a/x", "+++ b/x"];

    /// <summary>Two texts that differ, with or without a last newline.</summary>
    public static (byte[] Before, byte[] After) Pair(Random random)
    {
        while (true)
        {
            var lines = Enumerable.Range(0, 1 + random.Next(60)).Select(i => random.Next(3) == 0 ? Words[random.Next(Words.Length)] : $"line {i}").ToList();
            var edited = Of(lines, random);
            var before = Join(lines, random);
            var after = Join(edited, random);
            if (before != after && after.Length > 0)
            {
                return (before.Bytes(), after.Bytes());
            }
        }
    }

    /// <summary>A copy with a few lines inserted, removed or replaced.</summary>
    public static List<string> Of(IReadOnlyList<string> lines, Random random)
    {
        var edited = lines.ToList();
        for (var n = 1 + random.Next(5); n > 0; n--)
        {
            var at = random.Next(edited.Count + 1);
            if (random.Next(2) == 0 && at < edited.Count)
            {
                edited.RemoveRange(at, Math.Min(random.Next(3), edited.Count - at));
            }
            edited.InsertRange(at, Enumerable.Range(0, random.Next(4)).Select(i => random.Next(2) == 0 ? Words[random.Next(Words.Length)] : $"new {n} {i}"));
        }
        return edited;
    }

    private static string Join(List<string> lines, Random random) =>
        string.Join('\n', lines) + (lines.Count > 0 && random.Next(4) > 0 ? "\n" : "");
}
