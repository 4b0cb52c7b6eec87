using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Suture.HostTests;
using Suture.HostTests.Machine;
using Xunit;

[assembly: AssemblyFixture(typeof(PreparedMachine))]

namespace Suture.HostTests;

/// <summary>
/// The system that tests start from: booted, made ready and saved once a run; each test resumes it on a disk of its own in a second or two.
/// </summary>
public sealed class PreparedMachine : IAsyncLifetime
{
    private SavedMachine? _saved;

    /// <summary>A machine as <see cref="MakeReadyAsync"/> left it.</summary>
    /// <param name="name">Names its console log; the test's name unless told.</param>
    internal Task<DebianMachine> ResumeAsync([CallerMemberName] string name = "") => DebianMachine.ResumeAsync(_saved!, name);

    /// <summary>Bytes of /payload/proof.</summary>
    internal byte[] Proof { get; } = RandomNumberGenerator.GetBytes(1_000_000);

    /// <summary>What the guest finds in /payload: packages, modules.</summary>
    private Task FillPayloadAsync(string directory) => File.WriteAllBytesAsync(Path.Combine(directory, "proof"), Proof);

    /// <summary>What every test wants done in the guest: packages installed.</summary>
    private static Task MakeReadyAsync(DebianMachine machine) => machine.SucceedAsync("sysctl -q kernel.printk=8");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var clock = Stopwatch.StartNew();
        var payload = Directory.CreateTempSubdirectory("suture-payload-");
        await FillPayloadAsync(payload.FullName);
        await using var machine = await DebianMachine.BootAsync("prepared", payloadDirectory: payload.FullName, saveable: true);
        payload.Delete(recursive: true);
        var state = await machine.WaitUntilUpAsync();
        if (state != "running")
        {
            throw new InvalidOperationException($"the system is {state}:\n{await machine.SucceedAsync("systemctl --failed --no-pager")}");
        }
        var up = clock.Elapsed;
        await MakeReadyAsync(machine);
        var ready = clock.Elapsed;
        _saved = await machine.SaveAsync();
        Console.Error.WriteLine($"prepared machine: up after {up.TotalSeconds:0.0} s, ready after {ready.TotalSeconds:0.0} s, saved after {clock.Elapsed.TotalSeconds:0.0} s");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _saved?.Dispose();
        return ValueTask.CompletedTask;
    }
}
