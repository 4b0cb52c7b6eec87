namespace Suture.FixtureTests;

/// <summary>
/// One C file that holds both sides of a patch (<c>#ifdef PATCHED</c>) and, in comments at its top, what the
/// engine must say of it. The directives, each one line:
/// <code>
/// // flags: -fjump-tables            more compiler flags, after the kernel's own
/// // kernel: 6.12                    compile as that kernel does; 6.1 when absent
/// // expect: verdict patchable       or unchanged, refused
/// // expect: changed f g             exactly these functions changed; none when absent
/// // expect: new h                   exactly these functions are new
/// // expect: data-changed d          exactly this data changed
/// // expect: data-new d              exactly this data is new
/// // expect: included f f.cold       exactly these functions are in the output; when absent, the changed and the new
/// // expect: included-data d         exactly this data is in the output; when absent, the new
/// // expect: not-included baz        in the patched object, and not in the output
/// // expect: undefined counter.1     an undefined symbol of the output, that is: the running kernel's own
/// // expect: defined helper          a symbol that the output defines
/// // expect: call install handler  install calls or jumps to the output's own handler
/// // expect: call-original f g      f calls or jumps to the running kernel's g
/// // expect: entries __ex_table 1    so many entries of a special section are in the output
/// // expect: finding SUT0203 ops error   exactly these findings, each with symbol (- for none) and severity
/// // expect: review SUT0801 f         exactly these hints for a human's look; not checked when absent
/// </code>
/// </summary>
internal sealed record Fixture(string Name, string Path, string Kernel, IReadOnlyList<string> Flags, IReadOnlyList<Fixture.Expectation> Expectations)
{
    /// <summary>One <c>expect:</c> line: its word and what follows it.</summary>
    public sealed record Expectation(string Word, IReadOnlyList<string> Values)
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Word} {string.Join(' ', Values)}";
    }

    /// <summary>Where the fixtures are.</summary>
    public static string Directory { get; } = System.IO.Path.Combine(RepositoryRoot.Path, "tests", "Suture.FixtureTests", "fixtures");

    private static readonly HashSet<string> Words = new(StringComparer.Ordinal)
    {
        "verdict", "changed", "new", "data-changed", "data-new", "included", "included-data", "not-included",
        "undefined", "defined", "call", "call-original", "entries", "finding", "review",
    };

    /// <summary>Reads the directives of <c>fixtures/NAME.c</c>; an unknown one is an error, so that none is ignored by mistake.</summary>
    public static Fixture Load(string name)
    {
        var path = System.IO.Path.Combine(Directory, name + ".c");
        var kernel = "6.1";
        var flags = new List<string>();
        var expectations = new List<Expectation>();
        foreach (var line in File.ReadLines(path).Where(l => l.StartsWith("// ", StringComparison.Ordinal)))
        {
            var words = line[3..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["flags:", .. var rest]:
                    flags.AddRange(rest);
                    break;
                case ["kernel:", "6.1" or "6.12"]:
                    kernel = words[1];
                    break;
                case ["expect:", var word, .. { Length: > 0 } values] when Words.Contains(word):
                    expectations.Add(new Expectation(word, values));
                    break;
                case [var other, ..] when other.EndsWith(':'):
                    throw new FormatException($"{path}: unknown directive '{line}'");
                default:
                    break;
            }
        }
        return expectations.Exists(e => e.Word == "verdict")
            ? new Fixture(name, path, kernel, flags, expectations)
            : throw new FormatException($"{path}: no '// expect: verdict' line");
    }

    /// <summary>Whether some line has this word.</summary>
    public bool Has(string word) => Expectations.Any(e => e.Word == word);

    /// <summary>All values of the lines with this word.</summary>
    public IEnumerable<string> Values(string word) => Expectations.Where(e => e.Word == word).SelectMany(e => e.Values);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
