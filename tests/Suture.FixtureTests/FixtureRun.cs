using System.Collections.Concurrent;
using Suture.Diff;
using Suture.Elf;

namespace Suture.FixtureTests;

/// <summary>A fixture compiled twice by the real compiler, both objects read, and the engine's answer.</summary>
internal sealed record FixtureRun(Fixture Fixture, ElfObject Original, ElfObject Patched, string PatchedPath, DiffResult Result)
{
    private static readonly ConcurrentDictionary<string, Lazy<FixtureRun>> Known = new(StringComparer.Ordinal);
    private static readonly string Scratch = MakeScratch();

    /// <summary>Compiles and compares the fixture, once however many tests ask.</summary>
    public static FixtureRun Of(Fixture fixture) => Known.GetOrAdd(fixture.ToString(), _ => new Lazy<FixtureRun>(() => Make(fixture))).Value;

    /// <summary>A path for a file of this run.</summary>
    public string File(string suffix) => PathFor(Fixture, suffix);

    /// <summary>The engine's answer when it does not know that what runs was compiled otherwise.</summary>
    public FixtureRun AsWhatRuns() => this with { Result = Differ.Run(Original, Patched) };

    /// <summary>The engine's answer when it cannot know something by its name: sections and symbols of both objects are renamed.</summary>
    public FixtureRun Without(Fixture.Need need)
    {
        var (before, after) = (ElfObject.ReadFile(File(".original.o")), ElfObject.ReadFile(PatchedPath));
        foreach (var source in new[] { before, after })
        {
            foreach (var section in source.Sections.Where(s => need.IsSection && s.Name == need.Text))
            {
                section.Name = ".unheard_of" + section.Name;
            }
            foreach (var symbol in source.Symbols.Where(s => !need.IsSection))
            {
                symbol.Name = symbol.Name.Replace(need.Text, need.Text.Replace('.', '_').Replace("__", "_x_", StringComparison.Ordinal), StringComparison.Ordinal);
            }
        }
        return this with { Result = Differ.Run(before, after) };
    }

    private static string PathFor(Fixture fixture, string suffix) => Path.Combine(Scratch, $"{fixture.Name}.{fixture.Compiler}.{fixture.Kernel}{suffix}");

    private static FixtureRun Make(Fixture fixture)
    {
        var original = PathFor(fixture, ".original.o");
        var patched = PathFor(fixture, ".patched.o");
        Compiler.Compile(fixture, original, []);
        Compiler.Compile(fixture, patched, ["-DPATCHED"]);
        var (before, after) = (ElfObject.ReadFile(original), ElfObject.ReadFile(patched));
        return new FixtureRun(fixture, before, after, patched, Differ.Run(before, after, otherwise: new OtherwiseCompiled(fixture.Detached, fixture.Always)));
    }

    private static string MakeScratch()
    {
        var directory = Directory.CreateTempSubdirectory("suture-fixtures").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        return directory;
    }
}
