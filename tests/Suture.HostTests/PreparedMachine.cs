using System.Diagnostics;
using System.Runtime.CompilerServices;
using Suture.HostTests;
using Suture.HostTests.Machine;
using Xunit;

[assembly: AssemblyFixture(typeof(PreparedMachine))]

namespace Suture.HostTests;

/// <summary>
/// The systems that tests start from: booted once a run, saved bare, and saved again with Suture's package installed; each test resumes one of
/// them on a disk of its own in a second or two.
/// </summary>
public sealed class PreparedMachine : IAsyncLifetime
{
    private SavedMachine? _bare;
    private SavedMachine? _ready;

    /// <summary>A machine with Suture installed, and the modules of <see cref="TestModules"/>.</summary>
    /// <param name="name">Names its console log; the test's name unless told.</param>
    internal Task<DebianMachine> ResumeAsync([CallerMemberName] string name = "") => DebianMachine.ResumeAsync(_ready!, name);

    /// <summary>A machine without Suture; its package and the modules are in /payload.</summary>
    /// <param name="name">Names its console log; the test's name unless told.</param>
    internal Task<DebianMachine> ResumeBareAsync([CallerMemberName] string name = "") => DebianMachine.ResumeAsync(_bare!, name);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var clock = Stopwatch.StartNew();
        var package = (await HostProgram.OutputAsync(Path.Combine(Repository.Root, "eng/package"))).Trim().Split('\n')[^1];
        var payload = Directory.CreateTempSubdirectory("suture-payload-");
        File.Copy(package, Path.Combine(payload.FullName, "suture.deb"));
        await TestModules.MakeAsync((await DebianSystem.GetAsync()).Release, payload.FullName);
        var made = clock.Elapsed;
        await using (var machine = await DebianMachine.BootAsync("prepared", payloadDirectory: payload.FullName, saveable: true))
        {
            payload.Delete(recursive: true);
            var state = await machine.WaitUntilUpAsync();
            if (state != "running")
            {
                throw new InvalidOperationException($"the system is {state}:\n{await machine.SucceedAsync("systemctl --failed --no-pager")}");
            }
            _bare = await machine.SaveAsync();
        }
        var up = clock.Elapsed;
        await using (var machine = await DebianMachine.ResumeAsync(_bare, "installed", saveable: true))
        {
            await machine.SucceedAsync($"apt-get install -y /payload/suture.deb && install -d -m 0755 {GuestSuture.Modules} && install -m 0644 /payload/*.ko {GuestSuture.Modules}", TimeSpan.FromMinutes(4));
            _ready = await machine.SaveAsync();
        }
        Console.Error.WriteLine($"prepared machine: modules after {made.TotalSeconds:0.0} s, up after {up.TotalSeconds:0.0} s, installed after {clock.Elapsed.TotalSeconds:0.0} s");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _ready?.Dispose();
        _bare?.Dispose();
        return ValueTask.CompletedTask;
    }
}
