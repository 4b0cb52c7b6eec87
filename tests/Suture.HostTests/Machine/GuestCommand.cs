using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace Suture.HostTests.Machine;

/// <summary>A command that runs in the guest, while others may too.</summary>
internal sealed class GuestCommand(GuestAgent agent, uint number, string script)
{
    /// <summary>Bound on each of the two outputs.</summary>
    private const int MaxOutputBytes = 256 << 20;

    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TaskCompletionSource<CommandResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its result. Fails with <see cref="MachineEndedException"/> when the machine ends before it.</summary>
    public Task<CommandResult> Completion => _completion.Task;

    /// <summary>Standard output up to now.</summary>
    public string OutputSoFar
    {
        get
        {
            lock (_output)
            {
                return Encoding.UTF8.GetString(_output.GetBuffer(), 0, (int)_output.Length);
            }
        }
    }

    /// <summary>Sends SIGKILL to the command and all it started in its process group.</summary>
    public Task KillAsync() => agent.SendAsync('K', number, default);

    /// <summary>The result; after <paramref name="limit"/> the command is killed.</summary>
    public async Task<CommandResult> WithinAsync(TimeSpan limit)
    {
        if (await Task.WhenAny(Completion, Task.Delay(limit)) == Completion)
        {
            return await Completion;
        }
        await KillAsync();
        var patience = TimeSpan.FromSeconds(30);
        if (await Task.WhenAny(Completion, Task.Delay(patience)) != Completion)
        {
            throw new TimeoutException($"the machine does not even end a killed command any more ({limit} and {patience} given): {script}\n{OutputSoFar}");
        }
        return await Completion with { TimedOut = true };
    }

    /// <summary>Takes a frame of the agent's. True when it was the last.</summary>
    internal bool Take(char type, ReadOnlySpan<byte> bytes)
    {
        switch (type)
        {
            case 'O' or 'E':
                var stream = type == 'O' ? _output : _error;
                lock (_output)
                {
                    if (stream.Length + bytes.Length > MaxOutputBytes)
                    {
                        throw new InvalidDataException($"more than {MaxOutputBytes} bytes of output from: {script}");
                    }
                    stream.Write(bytes);
                }
                return false;
            case 'X':
                var status = BinaryPrimitives.ReadUInt32BigEndian(bytes);
                var signal = (int)(status & 0x7f);
                _completion.TrySetResult(new CommandResult(script, signal != 0 ? 128 + signal : (int)(status >> 8) & 0xff,
                    _output.ToArray(), _error.ToArray(), _clock.Elapsed));
                return true;
            default:
                throw new InvalidDataException($"the agent sent a frame of type '{type}'");
        }
    }

    /// <summary>The machine is gone, and this with it.</summary>
    internal void Lose(string why)
    {
        _completion.TrySetException(new MachineEndedException($"{why} while this ran: {script}\n{OutputSoFar}"));
        // Nobody need be waiting for a load that a power cut ends.
        _ = _completion.Task.Exception;
    }
}
