using System.Text.Json;
using System.Text.Json.Nodes;

namespace Suture.HostTests.Machine;

/// <summary>
/// QEMU's control protocol on its standard input and output: one JSON document a line; one command at a time is
/// enough here. https://www.qemu.org/docs/master/interop/qmp-spec.html
/// </summary>
internal sealed class QmpChannel(StreamWriter commands, StreamReader answers)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Takes the greeting; needed before anything else.</summary>
    public async Task OpenAsync()
    {
        _ = await ReadAsync();
        await RunAsync("qmp_capabilities");
    }

    /// <summary>Runs a command and returns what it gave.</summary>
    /// <exception cref="InvalidOperationException">QEMU refused it.</exception>
    public async Task<JsonElement> RunAsync(string command, JsonObject? arguments = null)
    {
        var line = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            line["arguments"] = arguments;
        }
        await commands.WriteAsync(line.ToJsonString() + "\n");
        await commands.FlushAsync();
        while (true)
        {
            var answer = await ReadAsync();
            if (answer.TryGetProperty("return", out var value))
            {
                return value;
            }
            if (answer.TryGetProperty("error", out var error))
            {
                throw new InvalidOperationException($"QEMU refused {line.ToJsonString()}: {error.GetProperty("desc").GetString()}");
            }
            // An event; nothing here waits for one.
        }
    }

    private async Task<JsonElement> ReadAsync()
    {
        var line = await answers.ReadLineAsync().WaitAsync(Limit) ?? throw new MachineEndedException("QEMU ended");
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}
