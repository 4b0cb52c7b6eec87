using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// A process that runs during everything and prints a line "NUMBER UPTIME" each time round. It shows that the
/// kernel kept serving: <see cref="WorkloadCount"/>.
/// </summary>
internal sealed class Workload
{
    private const string OutputFile = "/tmp/workload.out";

    private readonly ChildProcess? _process;
    private readonly OutputLines _output = new(OutputFile);
    private readonly WorkloadCount _count = new();

    private Workload(ChildProcess? process) => _process = process;

    public static Workload Start(string program) => new(ChildProcess.Start(program, OutputFile, out _));

    /// <summary>A livepatch is about to be loaded: what was printed so far shows what this machine does without.</summary>
    public void LivepatchComes()
    {
        Read();
        _count.LivepatchComes();
    }

    /// <summary>How it has fared up to now.</summary>
    public GuestEvent Report()
    {
        Read();
        var fault = _process is { IsRunning: true } ? _count.Fault : "the workload ended";
        return new GuestEvent
        {
            Kind = GuestEventKind.Workload,
            Ok = fault is null,
            Iterations = _count.Iterations,
            LongestGapMs = _count.LongestGapMs,
            Detail = fault ?? "running",
        };
    }

    private void Read()
    {
        _output.Read(atEnd: false, _count.Line);
        _count.Until(Environment.TickCount64);
    }
}
