using System.Diagnostics;
using System.Globalization;

namespace Suture.Campaigns.Fuzz;

/// <summary>A worker under watch: it may take 5 s of processor time for reading or comparing an input and 1 GiB of memory, and is replaced when it dies.</summary>
internal sealed class WorkerProcess(string objects) : IDisposable
{
    public const int SecondsPerStep = 5;

    /// <summary>1 GiB, as the runtime wants it: hexadecimal.</summary>
    private const string HeapLimit = "0x40000000";

    /// <summary>On a busy machine the clock says little; a worker that sleeps this long is stuck nevertheless.</summary>
    private static readonly TimeSpan WallLimit = TimeSpan.FromSeconds(60);

    private Process? _process;

    /// <summary>Gives one input to the worker; its answer, or a fault when it had to be killed or died.</summary>
    public async Task<string> TryAsync(int number, int seed, int mask, CancellationToken cancellation)
    {
        var process = _process ??= Start();
        await process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{number} {seed} {mask}"));
        await process.StandardInput.FlushAsync(cancellation);
        string answer;
        do
        {
            answer = await NextLineAsync(process, cancellation);
        }
        while (answer == FuzzWorker.StepDone);
        return answer;
    }

    private async Task<string> NextLineAsync(Process process, CancellationToken cancellation)
    {
        process.Refresh();
        var before = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        var answer = process.StandardOutput.ReadLineAsync(cancellation).AsTask();
        while (await Task.WhenAny(answer, Task.Delay(TimeSpan.FromSeconds(1), cancellation)) != answer)
        {
            cancellation.ThrowIfCancellationRequested();
            process.Refresh();
            if (clock.Elapsed > WallLimit || (process.TotalProcessorTime - before).TotalSeconds > SecondsPerStep)
            {
                Dispose();
                return $"{FuzzWorker.Fault} TimeOut: not over after {SecondsPerStep} s";
            }
        }
        if (await answer is { } line)
        {
            return line;
        }
        await process.WaitForExitAsync(cancellation);
        var code = process.ExitCode;
        Dispose();
        return $"{FuzzWorker.Fault} Death: the worker ended with exit code {code} (134: stack overflow or memory limit)";
    }

    public void Dispose()
    {
        if (_process is { } process)
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
            process.Dispose();
            _process = null;
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["fuzz-worker", objects]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }
}
