using Suture.Host.Operations;
using Suture.Kernel;

namespace Suture.Cli.Reports;

/// <summary>Shows a host operation's progress on the progress line.</summary>
internal sealed class HostProgressLine(Terminal.ProgressLine line) : IProgress<HostProgress>
{
    private readonly bool _isLive = !Console.IsErrorRedirected;

    public void Report(HostProgress value) =>
        // Where lines are not rewritten, a countdown would fill the log.
        line.Report(new ProgressReport(_isLive && value.Left is { } left ? $"{value.Stage}: {left} {value.Unit} left" : value.Stage));
}
