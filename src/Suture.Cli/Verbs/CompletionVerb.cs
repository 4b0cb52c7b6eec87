using System.CommandLine;
using Suture.Cli.Completion;

namespace Suture.Cli.Verbs;

/// <summary>suture completion bash|zsh|fish: the shell's completion script for suture, on stdout.</summary>
internal static class CompletionVerb
{
    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong([.. CompletionScripts.Shells]);
        var command = new Command("completion", "print a script that completes suture's command line in a shell") { shell };
        command.SetAction(parsed =>
        {
            Console.Out.Write(CompletionScripts.For(parsed.GetRequiredValue(shell), parsed.RootCommandResult.Command));
            return (int)ExitCode.Done;
        });
        return command;
    }
}
