using System.Text;

namespace Suture.HostTests.Machine;

/// <summary>What a command in the guest gave.</summary>
/// <param name="Script">The command, for messages.</param>
/// <param name="ExitCode">As a shell says it: 128 + N when signal N ended it.</param>
/// <param name="OutputBytes">Standard output, byte for byte.</param>
/// <param name="ErrorBytes">Standard error, byte for byte.</param>
/// <param name="Duration">Seen from the host.</param>
/// <param name="TimedOut">It did not end within its limit and was killed.</param>
internal sealed record CommandResult(string Script, int ExitCode, byte[] OutputBytes, byte[] ErrorBytes, TimeSpan Duration, bool TimedOut = false)
{
    /// <summary>Standard output as text.</summary>
    public string Output => Encoding.UTF8.GetString(OutputBytes);

    /// <summary>Standard error as text.</summary>
    public string Error => Encoding.UTF8.GetString(ErrorBytes);

    /// <summary>Everything, for messages of failed tests.</summary>
    public override string ToString() =>
        $"$ {Script}\n{(TimedOut ? "killed, for it took too long: " : "")}exit {ExitCode} after {Duration.TotalSeconds:0.0} s\n{Output}\n{Error}";
}
