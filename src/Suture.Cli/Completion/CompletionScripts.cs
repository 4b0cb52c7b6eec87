using System.CommandLine;

namespace Suture.Cli.Completion;

/// <summary>Scripts that complete a command line, made from the command tree and thus always in step with it.</summary>
/// <remarks>
/// They are plain data and start no program at a key press, so completion is instant and works while suture itself does not.
/// </remarks>
public static class CompletionScripts
{
    /// <summary>The shells there are scripts for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish"];

    /// <summary>The script for <paramref name="shell"/>, one of <see cref="Shells"/>, that completes <paramref name="root"/> under the name suture.</summary>
    public static string For(string shell, Command root)
    {
        var verbs = CompletedVerb.Flatten(root);
        return shell switch
        {
            "bash" => BashScript.Write(verbs),
            "zsh" => ZshScript.Write(verbs),
            "fish" => FishScript.Write(verbs),
            _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, "no such shell"),
        };
    }
}
