using System.Diagnostics;

namespace Suture.Lab;

/// <summary>Runs a short-lived program of this machine to its end, within a bound.</summary>
internal static class ExternalProgram
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Its standard output as bytes.</summary>
    /// <exception cref="LabInputException">It is not installed, fails, or does not end within <paramref name="bound"/>, 60 s unless said.</exception>
    public static async Task<byte[]> OutputAsync(string program, IReadOnlyList<string> arguments, string package, CancellationToken cancel, TimeSpan? bound = null)
    {
        var limit = bound ?? Bound;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        stop.CancelAfter(limit);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start, program, package);
        try
        {
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(stop.Token);
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, stop.Token);
            await process.WaitForExitAsync(stop.Token);
            return process.ExitCode == 0
                ? output.ToArray()
                : throw new LabInputException(LabInputFault.Unusable,
                    $"{program} {string.Join(' ', arguments)} failed: {(await errors).Trim()}", "see its message");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LabInputException(LabInputFault.Missing, $"{program} {string.Join(' ', arguments)} did not end within {limit.TotalSeconds:0.#} s",
                "this host is too busy, or a file lies on a disk that does not answer: try again");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Insists on a program that is started through another, which would name it less clearly.</summary>
    /// <exception cref="LabInputException">It is not on the PATH.</exception>
    public static void MustExist(string program, string package)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (!path.Any(d => File.Exists(Path.Combine(d, program))))
        {
            throw new LabInputException(LabInputFault.Missing, $"{program} is not installed", $"apt install {package}");
        }
    }

    /// <summary>Starts a program; a missing one is named with the Debian package that has it.</summary>
    public static Process Start(ProcessStartInfo start, string program, string package)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new LabInputException(LabInputFault.Missing, $"{program} cannot be run: {e.Message}", $"apt install {package}");
        }
    }
}
