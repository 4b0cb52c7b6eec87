using System.Text.Json.Nodes;

namespace Suture.HostTests.Machine;

/// <summary>
/// A machine stopped in the middle: disk, memory and the state of its devices. The memory is a file that every machine resumed from it
/// maps for itself (copy on write), so that resuming copies nothing; QEMU's name for leaving memory out of the saved
/// state is x-ignore-shared.
/// </summary>
internal sealed class SavedMachine(DebianSystem system, bool kvm, string directory, string? payload) : IDisposable
{
    /// <summary>File of the memory.</summary>
    public const string MemoryName = "memory";

    /// <summary>File of the devices' state.</summary>
    public const string StateName = "state";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Kernel and initramfs, for when a resumed machine boots anew.</summary>
    public DebianSystem System => system;

    /// <summary>Whether it was virtualised; it cannot change sides.</summary>
    public bool Kvm => kvm;

    /// <summary>Its disk, to put overlays on.</summary>
    public string Disk => Path.Combine(directory, "disk.qcow2");

    /// <summary>Its memory.</summary>
    public string MemoryFile => Path.Combine(directory, MemoryName);

    /// <summary>State of its devices.</summary>
    public string StateFile => Path.Combine(directory, StateName);

    /// <summary>Its second disk.</summary>
    public string? Payload => payload;

    /// <summary>What both sides switch on before state moves.</summary>
    internal static JsonObject Capabilities() =>
        new() { ["capabilities"] = new JsonArray(new JsonObject { ["capability"] = "x-ignore-shared", ["state"] = true }) };

    /// <summary>Waits until the state is out, or in.</summary>
    internal static async Task MigratedAsync(QmpChannel qmp)
    {
        for (var deadline = DateTime.UtcNow + Limit; DateTime.UtcNow < deadline; await Task.Delay(20))
        {
            var answer = await qmp.RunAsync("query-migrate");
            var status = answer.TryGetProperty("status", out var value) ? value.GetString() : "none";
            if (status == "completed")
            {
                return;
            }
            if (status is "failed" or "cancelled")
            {
                throw new InvalidOperationException($"QEMU could not move the machine's state: {answer}");
            }
        }
        throw new TimeoutException($"QEMU did not move the machine's state within {Limit}");
    }

    /// <summary>Deletes it; machines resumed from it must be gone.</summary>
    public void Dispose() => Directory.Delete(directory, recursive: true);
}
