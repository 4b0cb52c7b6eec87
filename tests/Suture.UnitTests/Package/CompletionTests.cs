using Shouldly;
using Suture.Cli;
using Suture.Cli.Completion;
using Xunit;

namespace Suture.UnitTests.Package;

/// <summary>The completion scripts, run by the shells that they are for.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-completion").FullName;

    public CompletionTests()
    {
        foreach (var name in (string[])["suture_tun.ko", "two words.ko", "fix.patch", "notes.txt", "old.o"])
        {
            File.WriteAllText(Path.Combine(_directory, name), "");
        }
        Directory.CreateDirectory(Path.Combine(_directory, "folder"));
        foreach (var shell in CompletionScripts.Shells)
        {
            File.WriteAllText(Script(shell), CompletionScripts.For(shell, CommandTree.Create()));
        }
    }

    private static List<string> Verbs { get; } = [.. CommandTree.Create().Subcommands.Where(c => !c.Hidden).Select(c => c.Name)];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void Shells_parse_their_script(string shell) => Tool.Output(shell, "-n", Script(shell)).ShouldBeEmpty();

    [Theory]
    [InlineData("kernel ", "get list command")]
    [InlineData("kernel g", "get")]
    [InlineData("inspect ", "suture_tun.ko|two words.ko|folder")]
    [InlineData("inspect s", "suture_tun.ko")]
    [InlineData("build ", "fix.patch|folder")]
    [InlineData("build --kernel run", "running")]
    [InlineData("build fix.patch --kernel = run", "running")]
    [InlineData("build -o ", "folder")]
    [InlineData("build --name ", "")]
    [InlineData("build --no", "--no-replace")]
    [InlineData("lab run suture_tun.ko --accel ", "auto kvm tcg")]
    [InlineData("lab run --accel k", "kvm")]
    [InlineData("diff ", "old.o|folder")]
    [InlineData("completion ", "bash zsh fish")]
    public void Bash_completes(string line, string expected) =>
        Bash(line.Split(' ')).ShouldBe(expected.Split(expected.Contains('|') ? '|' : ' ', StringSplitOptions.RemoveEmptyEntries), ignoreOrder: true);

    [Fact]
    public void Bash_knows_every_verb() => Bash("").ShouldBe(Verbs, ignoreOrder: true);

    [Fact]
    public void Bash_knows_every_option()
    {
        foreach (var verb in CommandTree.Create().Subcommands)
        {
            Bash(verb.Name, "--").ShouldBe([.. verb.Options.Select(o => o.Name).Where(n => n.StartsWith("--", StringComparison.Ordinal)).Append("--help")], ignoreOrder: true, verb.Name);
        }
    }

    [Fact]
    public void Fish_completes_with_descriptions()
    {
        Fish("suture ").Select(c => c.Split('\t')[0]).ShouldBe(Verbs, ignoreOrder: true);
        Fish("suture kernel g").ShouldBe(["get\tfetch a kernel from the archive and prepare it for builds"]);
        Fish("suture lab run x.ko --accel k").ShouldHaveSingleItem().ShouldStartWith("kvm\t");
        Fish("suture inspect suture").ShouldContain(c => c.StartsWith("suture_tun.ko", StringComparison.Ordinal));
    }

    [Fact]
    public void Zsh_describes_every_verb_and_option()
    {
        var script = File.ReadAllText(Script("zsh"));
        foreach (var verb in CommandTree.Create().Subcommands)
        {
            script.ShouldContain($"'{verb.Name}:{verb.Description!.Replace("'", "'\\''", StringComparison.Ordinal)}'");
            foreach (var option in verb.Options)
            {
                script.ShouldContain($"'*{option.Name}");
            }
        }
    }

    private string Script(string shell) => Path.Combine(_directory, "completion." + shell);

    private IReadOnlyList<string> Bash(params string[] words)
    {
        const string press = """source "$1"; shift; COMP_WORDS=(suture "$@"); COMP_CWORD=$#; _suture; printf '%s\n' "${COMPREPLY[@]}" """;
        var (code, output) = Tool.Run("bash", ["--norc", "-c", press, "bash", Script("bash"), .. words], _directory);
        code.ShouldBe(0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private IReadOnlyList<string> Fish(string line)
    {
        var (code, output) = Tool.Run("fish", ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", Script("fish"), line], _directory);
        code.ShouldBe(0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
