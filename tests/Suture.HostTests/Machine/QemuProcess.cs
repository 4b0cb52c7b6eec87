using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Suture.HostTests.Machine;

/// <summary>
/// One QEMU: from power on (or a saved state) to power off. It runs under coreutils' timeout, so that it ends even
/// when the tests are killed.
/// </summary>
internal sealed class QemuProcess : IAsyncDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(GuestSuture.IsLong ? 90 : 20);

    private readonly Process _process;
    private readonly string _pidFile;
    private readonly StringBuilder _errors = new();

    private QemuProcess(Process process, string pidFile)
    {
        _process = process;
        _pidFile = pidFile;
        Qmp = new QmpChannel(process.StandardInput, process.StandardOutput);
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(e.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Its control channel.</summary>
    public QmpChannel Qmp { get; }

    /// <summary>True once it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>What QEMU itself said, for when it did not start.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString().Trim();
            }
        }
    }

    /// <summary>Starts QEMU.</summary>
    /// <param name="arguments">See <see cref="MachineArguments"/>.</param>
    /// <param name="directory">Where it may keep its process id.</param>
    public static async Task<QemuProcess> StartAsync(IReadOnlyList<string> arguments, string directory)
    {
        var pidFile = Path.Combine(directory, "qemu.pid");
        File.Delete(pidFile);
        var seconds = Lifetime.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("timeout", ["-s", "KILL", seconds, "qemu-system-x86_64", .. arguments, "-qmp", "stdio", "-pidfile", pidFile])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var qemu = new QemuProcess(Process.Start(start)!, pidFile);
        try
        {
            await qemu.Qmp.OpenAsync();
            return qemu;
        }
        catch (Exception e)
        {
            await qemu.DisposeAsync();
            throw new InvalidOperationException($"QEMU did not start: {qemu.Errors}", e);
        }
    }

    /// <summary>Waits for its end; false when it still runs after <paramref name="limit"/>.</summary>
    public async Task<bool> EndsWithinAsync(TimeSpan limit)
    {
        using var bound = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>SIGKILL: nothing is flushed. Returns when it is gone and has let go of its disks.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            // QEMU alone: timeout then reaps it, which is how one knows that it is gone.
            if (File.Exists(_pidFile) && int.TryParse((await File.ReadAllTextAsync(_pidFile)).Trim(), out var pid))
            {
                try
                {
                    Process.GetProcessById(pid).Kill();
                }
                catch (ArgumentException)
                {
                    // It has just ended by itself.
                }
            }
            else
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        if (!await EndsWithinAsync(TimeSpan.FromSeconds(30)))
        {
            throw new TimeoutException("QEMU does not end when killed");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }
}
