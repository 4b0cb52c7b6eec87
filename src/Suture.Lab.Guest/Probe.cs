using System.Diagnostics;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>How one run of the probe ended: exit code, or null when it had to be killed.</summary>
internal sealed record ProbeResult(int? ExitCode, string LastLine);

/// <summary>Runs the probe: any executable whose exit code 0 says that the fix is there.</summary>
internal static class Probe
{
    private const int MaxLines = 200;
    private const int MaxLineLength = 500;

    public static ProbeResult Run(string program, int boundMs, EventPort port)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = "/lab",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var lines = 0;
        var last = "";
        void Line(string? text)
        {
            if (text is { Length: > 0 } && Interlocked.Increment(ref lines) <= MaxLines)
            {
                last = text.Length > MaxLineLength ? text[..MaxLineLength] : text;
                port.Send(new GuestEvent { Kind = GuestEventKind.Line, Detail = last });
            }
        }
        process.OutputDataReceived += (_, e) => Line(e.Data);
        process.ErrorDataReceived += (_, e) => Line(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(boundMs))
        {
            process.Kill(entireProcessTree: true);
            return new ProbeResult(null, last);
        }
        // A child of the probe may hold its output open for ever: give the rest of the output a moment only.
        _ = Task.Run(process.WaitForExit).Wait(500);
        return new ProbeResult(process.ExitCode, last);
    }
}
