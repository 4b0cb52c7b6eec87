using System.Diagnostics;
using System.Text;
using Shouldly;
using Suture.CatchUp.Difference;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Commits come as they are, however git is configured.</summary>
public sealed class GitMailsTests : IDisposable
{
    private readonly string _repository = Directory.CreateTempSubdirectory("suture-git").FullName;

    public void Dispose() => Directory.Delete(_repository, recursive: true);

    [Fact]
    public async Task Settings_of_the_repository_change_nothing()
    {
        Git("init", "-q");
        Commit("one\n", "first");
        Commit("two\n", "second: fix\n\n(cherry picked from commit 0123456789abcdef)");
        var plain = await ReadAsync();
        foreach (var (name, value) in ((string, string)[])[("format.coverLetter", "true"), ("format.attach", "boundary"), ("format.useAutoBase", "true"), ("format.signOff", "true"), ("format.noprefix", "true"), ("diff.noprefix", "true"),
            ("diff.mnemonicPrefix", "true"), ("diff.context", "1"), ("diff.algorithm", "patience"), ("color.ui", "always"), ("color.diff", "always"), ("format.subjectPrefix", "OTHER"), ("diff.external", "false"), ("diff.orderFile", "/nowhere"), ("format.pretty", "oneline")])
        {
            Git("config", name, value);
        }
        (await ReadAsync()).ShouldBe(plain);
        var change = MailDifference.FromMailbox("m", Encoding.Latin1.GetBytes(plain)).Changes.ShouldHaveSingleItem();
        (change.Title, string.Join(' ', change.Files)).ShouldBe(("second: fix", "a.c"));
        change.Commit.Names.ShouldContain("0123456789abcdef");
    }

    private async Task<string> ReadAsync()
    {
        var (exitCode, mails, errors) = await GitMails.ReadAsync(_repository, "HEAD~1..HEAD", TestContext.Current.CancellationToken);
        exitCode.ShouldBe(0, errors);
        return Encoding.Latin1.GetString(mails);
    }

    private void Commit(string text, string message)
    {
        File.WriteAllText(Path.Combine(_repository, "a.c"), $"1\n2\n3\n4\n{text}6\n7\n8\n9\n");
        Git("add", "a.c");
        Git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", message);
    }

    private void Git(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("git", ["-C", _repository, .. arguments]))!;
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
    }
}
