using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Suture.HostTests.Machine;

/// <summary>The host's end of eng/debian/agent, which says what the frames are. One per QEMU process.</summary>
internal sealed class GuestAgent : IAsyncDisposable
{
    private const int HeaderBytes = 9;
    private const int MaxFrameBytes = 1 << 20;
    private const int InputChunkBytes = 64 << 10;

    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<uint, GuestCommand> _commands = new();
    private readonly TaskCompletionSource<string> _hello = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _receiving;
    private uint _lastNumber;
    private string? _gone;

    /// <summary>Speaks on a connection that QEMU made.</summary>
    public GuestAgent(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _receiving = ReceiveAsync();
    }

    /// <summary>The boot id, once the guest has come so far.</summary>
    public Task<string> Hello => _hello.Task;

    /// <summary>Runs <paramref name="script"/> with bash, as root.</summary>
    public async Task<GuestCommand> StartAsync(string script, ReadOnlyMemory<byte> input)
    {
        var number = Interlocked.Increment(ref _lastNumber);
        var command = new GuestCommand(this, number, script);
        _commands[number] = command;
        if (_gone is { } why)
        {
            command.Lose(why);
            return command;
        }
        await SendAsync('R', number, Encoding.UTF8.GetBytes(script));
        for (var start = 0; start < input.Length; start += InputChunkBytes)
        {
            await SendAsync('I', number, input.Slice(start, Math.Min(InputChunkBytes, input.Length - start)));
        }
        await SendAsync('I', number, default);
        return command;
    }

    /// <summary>Sends a frame; one to a machine that is gone goes nowhere.</summary>
    internal async Task SendAsync(char type, uint number, ReadOnlyMemory<byte> bytes)
    {
        var frame = new byte[HeaderBytes + bytes.Length];
        frame[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), number);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(5), (uint)bytes.Length);
        bytes.CopyTo(frame.AsMemory(HeaderBytes));
        await _sending.WaitAsync();
        try
        {
            await _stream.WriteAsync(frame);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The receiving side sees the same and tells all who wait.
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        var header = new byte[HeaderBytes];
        try
        {
            while (true)
            {
                await _stream.ReadExactlyAsync(header);
                var type = (char)header[0];
                var number = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(1));
                var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(5));
                if (length > MaxFrameBytes)
                {
                    throw new InvalidDataException($"the agent sent a frame of {length} bytes");
                }
                var bytes = new byte[length];
                await _stream.ReadExactlyAsync(bytes);
                if (type == 'H')
                {
                    _hello.TrySetResult(Encoding.ASCII.GetString(bytes));
                }
                else if (_commands.TryGetValue(number, out var command) && command.Take(type, bytes))
                {
                    _commands.TryRemove(number, out _);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            End("the machine ended");
        }
        catch (InvalidDataException e)
        {
            End(e.Message);
        }
    }

    private void End(string why)
    {
        _gone = why;
        _hello.TrySetException(new MachineEndedException($"{why} before its agent came up"));
        _ = _hello.Task.Exception;
        foreach (var command in _commands.Values)
        {
            command.Lose(why);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _receiving;
        _sending.Dispose();
    }
}
