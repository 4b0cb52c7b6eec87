namespace Suture.FixtureTests;

/// <summary>
/// One C file that holds both sides of a patch (<c>#ifdef PATCHED</c>), compiled by one compiler in the way of one kernel;
/// and, in comments at its top, what the engine must say of it. The directives, each one line:
/// <code>
/// // compiler: gcc                 gcc or clang; both when absent
/// // kernel: 6.1 6.12              compile as these kernels do; 6.1 when absent
/// // detached: f.isra.0            functions that are not what runs under their names
/// // always: f                     functions to replace even where nothing changed
/// // flags: -fjump-tables          more compiler flags, after the kernel's own
/// // expect: verdict patchable     or unchanged, refused
/// // expect: changed f g           exactly these functions changed; none when absent
/// // expect: new h                 exactly these functions are new
/// // expect: data-changed d        exactly this data changed
/// // expect: data-new d            exactly this data is new
/// // expect: included f f.cold     exactly these functions are in the output; when absent, the changed and the new
/// // expect: included-data d       exactly this data is in the output; when absent, the new
/// // expect: not-included baz      in the patched object, and not in the output
/// // expect: undefined counter.1   an undefined symbol of the output, that is: the running kernel's own
/// // expect: weak hook             an undefined symbol of the output that nobody need define
/// // expect: defined helper        a symbol that the output defines
/// // expect: call install handler  install calls or jumps to the output's own handler
/// // expect: call-original f g     f calls or jumps to the running kernel's g
/// // expect: entries __ex_table 1  so many entries of a special section are in the output
/// // expect: bytes .modinfo 12     so many bytes of a section are in the output
/// // expect: leads __bug_table+4 .rodata.str1.1+4   where the relocation there leads in the output, addend included
/// // expect: prefix f 16          f stands behind so many bytes of padding in the output
/// // expect: callback pre_patch f  exactly these callbacks are declared
/// // expect: state 7 1 data        exactly these states, by id, version and data if any
/// // expect: finding SUT0203 ops error   exactly these findings, each with symbol (- for none) and severity
/// // expect: review SUT0801 f note  exactly these hints for a human's look; not checked when absent
/// // needs: section __ex_table     what must go wrong when the engine does not know the section by its name
/// // needs: symbol .constprop.     what must go wrong when the engine does not know this part of symbol names
/// </code>
/// <c>flags</c> and <c>expect</c> may be for one compiler or kernel only: <c>// expect clang: data-new f.count</c>.
/// </summary>
internal sealed record Fixture(
    string Name, string Path, string Compiler, string Kernel, IReadOnlyList<string> Flags,
    IReadOnlyList<Fixture.Expectation> Expectations, IReadOnlyList<Fixture.Need> Needs, IReadOnlySet<string> Detached, IReadOnlySet<string> Always)
{
    /// <summary>One <c>expect:</c> line: its word and what follows it.</summary>
    public sealed record Expectation(string Word, IReadOnlyList<string> Values)
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Word} {string.Join(' ', Values)}";
    }

    /// <summary>One <c>needs:</c> line: whether a section or a part of symbol names, and its text.</summary>
    public sealed record Need(bool IsSection, string Text);

    /// <summary>Where the fixtures are.</summary>
    public static string Directory { get; } = System.IO.Path.Combine(RepositoryRoot.Path, "tests", "Suture.FixtureTests", "fixtures");

    private static readonly string[] Compilers = ["gcc", "clang"];
    private static readonly string[] Kernels = ["6.1", "6.12"];

    /// <summary>All fixtures, each for its compilers and kernels: "NAME COMPILER KERNEL".</summary>
    public static IReadOnlyList<string> All { get; } = [.. System.IO.Directory.GetFiles(Directory, "*.c").Order(StringComparer.Ordinal).SelectMany(Variants)];

    private static readonly HashSet<string> Words = new(StringComparer.Ordinal)
    {
        "verdict", "changed", "new", "data-changed", "data-new", "included", "included-data", "not-included",
        "undefined", "weak", "defined", "call", "call-original", "entries", "bytes", "leads", "prefix", "callback", "state", "finding", "review",
    };

    /// <summary>Reads the directives of the fixture that <paramref name="id"/> names as <see cref="All"/> does; an unknown one is an error, so that none is ignored by mistake.</summary>
    public static Fixture Load(string id)
    {
        var parts = id.Split(' ');
        var path = System.IO.Path.Combine(Directory, parts[0] + ".c");
        return Read(path, parts[1], parts[2]);
    }

    private static IEnumerable<string> Variants(string path)
    {
        var compilers = Choice(path, "compiler:", Compilers, Compilers);
        var kernels = Choice(path, "kernel:", Kernels, ["6.1"]);
        return compilers.SelectMany(c => kernels.Select(k => $"{System.IO.Path.GetFileNameWithoutExtension(path)} {c} {k}"));
    }

    private static string[] Choice(string path, string directive, string[] known, string[] otherwise)
    {
        var words = Directives(path).Where(d => d[0] == directive).SelectMany(d => d[1..]).ToArray();
        return words.Except(known).FirstOrDefault() is { } wrong ? throw new FormatException($"{path}: {directive} {wrong}?")
            : words.Length > 0 ? words : otherwise;
    }

    private static IEnumerable<string[]> Directives(string path) => File.ReadLines(path)
        .Where(l => l.StartsWith("// ", StringComparison.Ordinal)).Select(l => l[3..].Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static Fixture Read(string path, string compiler, string kernel)
    {
        var flags = new List<string>();
        var expectations = new List<Expectation>();
        var needs = new List<Need>();
        var (detached, always) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var line in Directives(path))
        {
            // "expect clang: x" is "expect: x" for that compiler alone.
            var words = line;
            if (line is ["flags" or "expect", var variant, ..] && variant.EndsWith(':'))
            {
                var only = variant[..^1];
                if (!Compilers.Contains(only) && !Kernels.Contains(only))
                {
                    throw new FormatException($"{path}: neither a compiler nor a kernel: '{only}'");
                }
                if (only != compiler && only != kernel)
                {
                    continue;
                }
                words = [line[0] + ":", .. line[2..]];
            }
            switch (words)
            {
                case ["flags:", .. var rest]:
                    flags.AddRange(rest);
                    break;
                case ["detached:", .. var rest]:
                    detached.UnionWith(rest);
                    break;
                case ["always:", .. var rest]:
                    always.UnionWith(rest);
                    break;
                case ["compiler:" or "kernel:", ..]:
                    break;
                case ["needs:", "section" or "symbol", var text]:
                    needs.Add(new Need(words[1] == "section", text));
                    break;
                case ["expect:", var word, .. { Length: > 0 } values] when Words.Contains(word):
                    expectations.Add(new Expectation(word, values));
                    break;
                case [var other, ..] when other.EndsWith(':'):
                    throw new FormatException($"{path}: unknown directive '{string.Join(' ', line)}'");
                default:
                    break;
            }
        }
        return expectations.Exists(e => e.Word == "verdict")
            ? new Fixture(System.IO.Path.GetFileNameWithoutExtension(path), path, compiler, kernel, flags, expectations, needs, detached, always)
            : throw new FormatException($"{path}: no '// expect: verdict' line");
    }

    /// <summary>Whether some line has this word.</summary>
    public bool Has(string word) => Expectations.Any(e => e.Word == word);

    /// <summary>All values of the lines with this word.</summary>
    public IEnumerable<string> Values(string word) => Expectations.Where(e => e.Word == word).SelectMany(e => e.Values);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Compiler} {Kernel}";
}
