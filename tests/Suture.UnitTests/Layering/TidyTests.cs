using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Suture.UnitTests.Layering;

/// <summary>The house style, as far as a machine can hold it.</summary>
public sealed partial class TidyTests
{
    private const int MaxLines = 500;

    [Fact]
    public void No_source_file_is_long() =>
        Repository.ProductSources.Where(f => f.Text.AsSpan().Count('\n') >= MaxLines).Select(f => f.Path).ShouldBeEmpty($"{MaxLines} lines at most: a file is about one thing");

    [Fact]
    public void Namespaces_are_file_scoped() =>
        Repository.ProductSources.Where(f => BlockNamespace().IsMatch(f.Text)).Select(f => f.Path).ShouldBeEmpty();

    [Fact]
    public void Every_file_is_in_a_namespace() =>
        Repository.ProductSources.Where(f => !f.Path.EndsWith("Program.cs", StringComparison.Ordinal) && !FileNamespace().IsMatch(f.Text))
            .Select(f => f.Path).ShouldBeEmpty();

    [Fact]
    public void Names_say_what_a_thing_is() =>
        Repository.ProductSources.SelectMany(f => TypeDeclaration().Matches(f.Text).Select(m => m.Groups[1].Value).Append(Path.GetFileNameWithoutExtension(f.Path)))
            .Where(n => Nothing().IsMatch(n)).ShouldBeEmpty("Utils, Helper and Manager name nothing");

    [Fact]
    public void No_path_of_one_machine()
    {
        var files = Repository.ProductSources.Concat(new[] { "*.csproj", "*.c", "*.json" }.SelectMany(p => Repository.Files("src", p)).Select(p => (Path: p, Text: Repository.Read(p))));
        files.Where(f => MachinePath().IsMatch(f.Text)).Select(f => $"{f.Path}: {MachinePath().Match(f.Text).Value}").ShouldBeEmpty();
    }

    [Fact]
    public void Every_finding_has_its_page_and_every_page_its_finding()
    {
        var used = Repository.ProductSources.SelectMany(f => Code().Matches(f.Text).Select(m => m.Value)).Distinct().Order(StringComparer.Ordinal);
        var documented = Repository.Files("docs/findings", "SUT*.md").Select(p => Path.GetFileNameWithoutExtension(p));
        documented.ShouldBe(used, "docs/findings/SUTnnnn.md against the codes in src");
    }

    [Fact]
    public void Every_page_names_its_own_code() =>
        Repository.Files("docs/findings", "SUT*.md").Where(p => !Repository.Read(p).Contains(Path.GetFileNameWithoutExtension(p), StringComparison.Ordinal)).ShouldBeEmpty();

    [GeneratedRegex(@"^namespace [\w.]+\s*\{", RegexOptions.Multiline)]
    private static partial Regex BlockNamespace();

    [GeneratedRegex(@"^namespace Suture(\.\w+)+;", RegexOptions.Multiline)]
    private static partial Regex FileNamespace();

    [GeneratedRegex(@"^[^/""\n]*\b(?:class|struct|record|interface|enum)\s+(?:struct\s+|class\s+)?(\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex("(Utils?|Utilit(y|ies)|Helpers?|Manager)$")]
    private static partial Regex Nothing();

    [GeneratedRegex(@"/(home|Users|work|root)/\w+")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\bSUT\d{4}\b")]
    private static partial Regex Code();
}
