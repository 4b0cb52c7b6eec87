using System.Diagnostics;
using System.Globalization;
using System.Text;
using Suture.Lab.Protocol;

namespace Suture.Lab.Machine;

/// <summary>
/// One QEMU process and what comes out of it. It runs under coreutils' timeout, so that it ends even when
/// this program is killed; disposing kills it at once.
/// </summary>
internal sealed class VirtualMachine : IAsyncDisposable
{
    private const int MaxErrorChars = 4000;

    private readonly Process _process;
    private readonly EventLines _events;
    private readonly StringBuilder _errors = new();

    private VirtualMachine(Process process)
    {
        _process = process;
        _events = new EventLines(process.StandardOutput.BaseStream);
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
            {
                if (_errors.Length < MaxErrorChars)
                {
                    _errors.AppendLine(e.Data);
                }
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Starts QEMU with <paramref name="arguments"/>; it is killed after <paramref name="lifetime"/> at the latest.</summary>
    public static VirtualMachine Start(IReadOnlyList<string> arguments, TimeSpan lifetime)
    {
        ExternalProgram.MustExist(QemuCommand.Program, QemuCommand.Package);
        var seconds = Math.Ceiling(lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("timeout", ["-s", "KILL", seconds, QemuCommand.Program, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new VirtualMachine(ExternalProgram.Start(start, "timeout", "coreutils"));
    }

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

    /// <summary>What it has had of this machine's processors until now.</summary>
    public ProcessorTime ProcessorTime => ProcessorTime.OfChildren(_process.Id);

    /// <summary>The next event of the guest; null when QEMU has ended.</summary>
    public Task<GuestEvent?> NextAsync(CancellationToken cancel) => _events.NextAsync(cancel);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
        // Killed for good, but its memory may take a moment to go.
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            // In uninterruptible sleep (a hanging KVM): nothing more can be done, and nobody waits for it.
        }
        _process.Dispose();
    }
}
