using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Suture.Kernel;

namespace Suture.CatchUp.Difference;

/// <summary>Commits of a repository as git-format-patch(1) writes them, whatever the user and the repository are configured to.</summary>
internal static class GitMails
{
    /// <summary>What may be configured otherwise, of the repository too, and would make other patches or mails of the same commits.</summary>
    private static readonly string[] Form =
    [
        "--stdout", "--no-signature", "--no-renames", "--full-index", "--no-cover-letter", "--no-attach", "--no-base", "--no-notes", "--no-relative", "--no-color", "--no-ext-diff",
        "--no-textconv", "--no-indent-heuristic", "--diff-algorithm=default", "--unified=3", "-O/dev/null", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/", "--subject-prefix=PATCH",
    ];

    /// <summary>What has no option of its own.</summary>
    private static readonly string[] Settings =
    [
        "diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.suppressBlankEmpty=false", "format.signOff=false", "core.quotePath=true",
        "i18n.logOutputEncoding=UTF-8",
    ];

    /// <summary>The commits of a range, merges left out.</summary>
    /// <exception cref="KernelException">git cannot be started.</exception>
    public static async Task<(int ExitCode, byte[] Mails, string Errors)> ReadAsync(string repository, string range, CancellationToken cancellation)
    {
        // The one setting of the user that must hold: whose repositories may be read at all.
        var trusted = new List<string>();
        // Not what the directory's own repository says, wherever this runs.
        foreach (var scope in (string[])["--system", "--global"])
        {
            var (_, safe, _) = await RunAsync(["config", scope, "--includes", "--get-all", "safe.directory"], asConfigured: true, cancellation);
            trusted.AddRange(Encoding.UTF8.GetString(safe).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(d => $"safe.directory={d}"));
        }
        string[] arguments = ["-C", repository, .. Settings.Concat(trusted).SelectMany(s => (string[])["-c", s]), "format-patch", .. Form, "--end-of-options", range];
        return await RunAsync(arguments, asConfigured: false, cancellation);
    }

    private static async Task<(int ExitCode, byte[] Output, string Errors)> RunAsync(string[] arguments, bool asConfigured, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (!asConfigured)
        {
            start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
            start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        }
        using var process = Start(start);
        using var output = new MemoryStream();
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.StandardOutput.BaseStream.CopyToAsync(output, cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, output.ToArray(), await errors);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new KernelException($"git cannot be started: {e.Message}", "install it: apt install git", KernelFault.Broken);
        }
    }
}
