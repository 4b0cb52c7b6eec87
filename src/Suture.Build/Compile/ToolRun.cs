using System.Diagnostics;
using System.Text;

namespace Suture.Build.Compile;

/// <summary>How a run of the compiler, or of another of the kernel's build tools, ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Errors">What it wrote to standard error, cut at a bound.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Milliseconds">How long it took.</param>
internal sealed record ToolResult(int ExitCode, string Errors, byte[] Output, long Milliseconds);

/// <summary>Runs one program of the kernel's build, bounded in time and output, in an environment that cannot change what it makes.</summary>
internal static class ToolRun
{
    private const int MostErrors = 1 << 20;
    private const int MostOutput = 256 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Builds run side by side, each with as many compilers as there are cores: all together must not take the machine's memory. No tool starts another here, so who
    /// holds a place always gives it back.
    /// </summary>
    private static readonly SemaphoreSlim Places = new(MostAtOnce);

    /// <summary>Programs that run at a time, in all builds of this process.</summary>
    internal static int MostAtOnce => 2 * Environment.ProcessorCount;

    /// <summary>Waits for a place and runs it.</summary>
    /// <exception cref="IOException">It cannot be run, was killed, took too long, or had no room or memory (<see cref="MachineFault"/>): that says nothing about what it was given.</exception>
    public static async Task<ToolResult> Async(IReadOnlyList<string> command, string directory, string temporary, CancellationToken ct)
    {
        await Places.WaitAsync(ct);
        try
        {
            return await RunAsync(command, directory, temporary, ct);
        }
        finally
        {
            Places.Release();
        }
    }

    private static async Task<ToolResult> RunAsync(IReadOnlyList<string> command, string directory, string temporary, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command[0])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }
        // gcc takes include paths and its own parts' places from the environment (CPATH, GCC_EXEC_PREFIX …).
        var path = start.Environment["PATH"];
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        start.Environment["LC_ALL"] = "C";
        // Debian's objtool is a front for one program per architecture.
        start.Environment["SRCARCH"] = "x86";
        start.Environment["TMPDIR"] = temporary;

        var watch = Stopwatch.StartNew();
        using var process = Start(start);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Longest);
        try
        {
            process.StandardInput.Close();
            var errors = ReadAsync(process.StandardError.BaseStream, MostErrors, limit.Token);
            var output = ReadAsync(process.StandardOutput.BaseStream, MostOutput, limit.Token);
            await Task.WhenAll(errors, output, process.WaitForExitAsync(limit.Token));
            var result = new ToolResult(process.ExitCode, Encoding.UTF8.GetString(await errors), await output, watch.ElapsedMilliseconds);
            return MachineFault.Of(result.ExitCode, result.Errors) is { } cause
                ? throw new IOException($"{command[0]} had no memory, room or processes, or was killed ({cause}); see to it and run the same again")
                : result;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IOException($"{command[0]} was stopped after {Longest.TotalMinutes} minutes; run the same again when the machine is less busy");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new IOException($"{start.FileName} did not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"{start.FileName} cannot be run: {e.Message}", e);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int most, CancellationToken ct)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = await stream.ReadAsync(buffer, ct)) > 0;)
        {
            kept.Write(buffer, 0, (int)Math.Min(read, most - kept.Length));
        }
        return kept.ToArray();
    }
}
