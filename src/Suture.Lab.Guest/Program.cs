using System.Text.Json;
using Suture.Lab.Guest;
using Suture.Lab.Protocol;

// The lab's guest: /init hands over to it as process 1 of a kernel that lives for one verdict. It reads the
// plan, carries it out, and tells the host about every step on the second serial port.
using var port = new EventPort(new FileStream(GuestPlan.EventPort, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
try
{
    using var file = File.OpenRead(GuestPlan.Path);
    var plan = JsonSerializer.Deserialize(file, ProtocolJson.Default.GuestPlan)
        ?? throw new InvalidDataException($"{GuestPlan.Path} is empty");
    port.Send(new GuestEvent { Kind = GuestEventKind.Boot, Detail = File.ReadAllText("/proc/sys/kernel/osrelease").Trim() });
    var workload = plan.Workload is { } program ? Workload.Start(program) : null;
    // What a failed trial leaves behind is not known: the host tries the rest in another boot.
    for (var number = 0; number < plan.Trials.Count && new Trial(plan, number, port, workload).Run(); number++)
    {
    }
    if (workload is not null)
    {
        port.Send(workload.Report());
    }
    // A timer, work item or RCU callback of an unloaded livepatch strikes a little later.
    Thread.Sleep(2_000);
    File.WriteAllText("/dev/kmsg", GuestPlan.LogEnd + "\n");
    port.Send(new GuestEvent { Kind = GuestEventKind.Done });
}
catch (Exception e)
{
    port.Send(new GuestEvent { Kind = GuestEventKind.Fault, Detail = e.ToString() });
}
// Process 1 must not end, or the kernel panics and muddies its log. The host ends the machine.
Thread.Sleep(Timeout.Infinite);
