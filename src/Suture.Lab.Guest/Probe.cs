using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>How one run of the probe ended.</summary>
/// <param name="ExitCode">Exit code, or null when it had to be killed.</param>
/// <param name="LastLine">The last line that it printed.</param>
internal sealed record ProbeResult(int? ExitCode, string LastLine);

/// <summary>Runs the probe: any executable whose exit code 0 says that the fix is there.</summary>
internal static class Probe
{
    /// <summary>Lines that are passed on; the serial line is slow, and nobody reads more.</summary>
    private const int MaxLines = 200;

    private const string OutputFile = "/tmp/probe.out";

    public static ProbeResult Run(string program, int boundMs, EventPort port)
    {
        File.Delete(OutputFile);
        if (ChildProcess.Start(program, OutputFile, out var errno) is not { } process)
        {
            return new ProbeResult(127, $"it cannot be run (errno {errno})");
        }
        var output = new OutputLines(OutputFile);
        var lines = 0;
        var last = "";
        void Line(string text)
        {
            last = text;
            if (++lines <= MaxLines)
            {
                port.Send(new GuestEvent { Kind = GuestEventKind.Line, Detail = text });
            }
        }
        var exitCode = process.WaitForExit(boundMs, () => output.Read(atEnd: false, Line));
        output.Read(atEnd: true, Line);
        return new ProbeResult(exitCode, last);
    }
}
