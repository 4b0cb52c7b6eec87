using System.Diagnostics;
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

    /// <summary>What QEMU may take to end once its output has; only its memory is still to go.</summary>
    private static readonly TimeSpan EndBound = TimeSpan.FromSeconds(5);

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

    /// <summary>Starts <paramref name="qemu"/> with <paramref name="arguments"/>; it is killed after <paramref name="lifetime"/> at the latest.</summary>
    public static VirtualMachine Start(IReadOnlyList<string> arguments, TimeSpan lifetime, string qemu = QemuCommand.Program)
    {
        ExternalProgram.MustExist(qemu, QemuCommand.Package);
        return new VirtualMachine(ExternalProgram.Start(QemuCommand.Bounded(lifetime, qemu, arguments), "timeout", "coreutils"));
    }

    /// <summary>All that QEMU itself said, once its output has ended: what it says on standard error may arrive after that.</summary>
    public async Task<string> LastErrorsAsync()
    {
        await WaitForEndAsync();
        lock (_errors)
        {
            return _errors.ToString().Trim();
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
        await WaitForEndAsync();
        _process.Dispose();
    }

    private async Task WaitForEndAsync()
    {
        using var bound = new CancellationTokenSource(EndBound);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            // In uninterruptible sleep (a hanging KVM): nothing more can be done, and nobody waits for it.
        }
    }
}
