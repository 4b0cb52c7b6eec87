using System.CommandLine;
using System.Text.RegularExpressions;
using Shouldly;
using Suture.Cli;
using Suture.UnitTests.Layering;
using Xunit;

namespace Suture.UnitTests.Package;

/// <summary>Every verb has a page that knows all of its options, and every page is one that man(1) can show.</summary>
public sealed partial class ManPageTests
{
    private static List<Command> Verbs { get; } = [.. CommandTree.Create().Subcommands.Where(c => !c.Hidden)];

    private static Dictionary<string, string> Pages { get; } =
        Repository.Files("packaging/man", "*.scd").ToDictionary(p => Path.GetFileNameWithoutExtension(p), Repository.Read);

    [Fact]
    public void Every_verb_has_its_page() =>
        Verbs.Select(v => $"suture-{v.Name}.1").Except(Pages.Keys).ShouldBeEmpty("write packaging/man/suture-VERB.1.scd");

    [Fact]
    public void The_overview_names_every_verb() =>
        Verbs.Where(v => !Pages["suture.1"].Contains($"*suture-{v.Name}*(1)", StringComparison.Ordinal)).Select(v => v.Name).ShouldBeEmpty();

    [Fact]
    public void Pages_know_every_option_and_verb_below()
    {
        var missing = new List<string>();
        foreach (var verb in Verbs.Where(v => Pages.ContainsKey($"suture-{v.Name}.1")))
        {
            var text = Pages[$"suture-{verb.Name}.1"];
            foreach (var command in verb.Subcommands.Where(c => !c.Hidden).Prepend(verb))
            {
                missing.AddRange(command.Options.Where(o => !o.Hidden).Select(o => $"*{o.Name}*").Append(command == verb ? $"*suture {verb.Name}" : $"*suture {verb.Name} {command.Name}*")
                    .Where(words => !text.Contains(words, StringComparison.Ordinal)).Select(words => $"suture-{verb.Name}.1: {words}"));
            }
        }
        missing.ShouldBeEmpty();
    }

    [Fact]
    public void Pages_name_no_option_that_is_not_there()
    {
        foreach (var verb in Verbs.Where(v => Pages.ContainsKey($"suture-{v.Name}.1")))
        {
            var known = verb.Subcommands.Prepend(verb).SelectMany(c => c.Options).SelectMany(o => o.Aliases.Prepend(o.Name)).ToHashSet(StringComparer.Ordinal);
            var options = Options().Match(Pages[$"suture-{verb.Name}.1"]).Value;
            DefinedOption().Matches(options).Select(m => m.Groups[1].Value).Except(known).ShouldBeEmpty($"suture-{verb.Name}.1");
        }
    }

    [Fact]
    public void Pages_point_to_pages_that_exist() =>
        Pages.SelectMany(p => Reference().Matches(p.Value).Select(m => $"{m.Groups[1].Value}.{m.Groups[2].Value}")).Distinct().Except(Pages.Keys).ShouldBeEmpty();

    [Fact]
    public void Pages_render_without_a_warning()
    {
        Pages.Count.ShouldBeGreaterThan(15);
        var directory = Directory.CreateTempSubdirectory("suture-man");
        try
        {
            foreach (var (name, source) in Pages)
            {
                var (code, roff) = Tool.Run("scdoc", [], input: source);
                code.ShouldBe(0, $"{name}: {roff}");
                var file = Path.Combine(directory.FullName, name);
                File.WriteAllText(file, roff);
                var (_, shown) = Tool.Run("sh", ["-c", "man --warnings -E UTF-8 -l \"$1\" 2>&1 >/dev/null", "sh", file]);
                shown.ShouldBeEmpty(name);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"^# OPTIONS\n.*?(?=^# )", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Options();

    /// <summary>A line that begins with an option in bold defines it.</summary>
    [GeneratedRegex(@"^(?:\*-\w\*, )?\*(--?[\w-]+)\*", RegexOptions.Multiline)]
    private static partial Regex DefinedOption();

    [GeneratedRegex(@"\*(suture[\w.-]*)\*\((\d)\)")]
    private static partial Regex Reference();
}
