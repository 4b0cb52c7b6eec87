using System.ComponentModel;
using System.Diagnostics;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>Runs one of the kernel's or the system's programs to its end, within a time.</summary>
internal static class Tool
{
    /// <summary>What a program left behind.</summary>
    public readonly record struct Result(int ExitCode, string Output, string Error);

    /// <summary>Runs <paramref name="program"/> in <paramref name="directory"/>; kills it when cancelled or after <paramref name="limit"/>.</summary>
    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/>.</exception>
    public static async Task<Result> RunAsync(
        string program, IEnumerable<string> arguments, string directory, TimeSpan limit, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            // SRCARCH: Debian's objtool is a front for one program per architecture.
            Environment = { ["LC_ALL"] = "C", ["SRCARCH"] = "x86" },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(limit);
        using var process = Start(start);
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timer.Token);
            var error = process.StandardError.ReadToEndAsync(timer.Token);
            await process.WaitForExitAsync(timer.Token);
            return new Result(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            throw new TimeoutException($"{Path.GetFileName(program)} did not finish within {limit.TotalSeconds:0} s");
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new KernelException($"{start.FileName} cannot be run: {e.Message}",
                "install it, or fetch the kernel again with: suture kernel get", KernelFault.Tool, e);
        }
    }
}
