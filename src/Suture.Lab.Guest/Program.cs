using System.Text.Json;
using Suture.Lab.Guest;
using Suture.Lab.Protocol;

// The lab's guest: /init hands over to it as process 1 of a kernel that lives for one verdict. It reads the
// plan, carries it out, and tells the host about every step on the second serial port.
using var port = new EventPort(File.OpenHandle(GuestPlan.EventPort, FileMode.Open, FileAccess.Write));
try
{
    using var file = File.OpenRead(GuestPlan.Path);
    var plan = JsonSerializer.Deserialize(file, ProtocolJson.Default.GuestPlan)
        ?? throw new InvalidDataException($"{GuestPlan.Path} is empty");
    port.Send(new GuestEvent { Kind = GuestEventKind.Boot, Detail = Environment.OSVersion.Version.ToString() });
    using var workload = plan.Workload is { } program ? Workload.Start(program, port) : null;
    new Trial(plan, port).Run();
    workload?.Report();
    port.Send(new GuestEvent { Kind = GuestEventKind.Done });
}
catch (Exception e)
{
    port.Send(new GuestEvent { Kind = GuestEventKind.Fault, Detail = e.ToString() });
}
// Process 1 must not end, or the kernel panics and muddies its log. The host ends the machine.
Thread.Sleep(Timeout.Infinite);
