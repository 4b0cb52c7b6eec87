using System.Globalization;

namespace Suture.Lab.Guest;

/// <summary>
/// A program that works the kernel for some seconds. It is told how many by its argument and the phase by SUTURE_PHASE; lines
/// "NAME NUMBER" that it prints are what it measured, more being better.
/// </summary>
internal sealed class LoadProgram
{
    private readonly LoadOutput _said;
    private readonly OutputLines _output;
    private readonly ChildProcess? _process;
    private readonly int _errno;

    private LoadProgram(string program, int seconds, string phase, EventPort port)
    {
        var file = $"/tmp/load-{phase}.out";
        File.Delete(file);
        (_said, _output) = (new LoadOutput(phase, port), new OutputLines(file));
        _process = ChildProcess.Start(program, file, out _errno, seconds.ToString(CultureInfo.InvariantCulture), $"SUTURE_PHASE={phase}");
    }

    /// <summary>
    /// Sets it to work, behind whatever else runs: a machine with one processor would otherwise still load the livepatch when the load has ended.
    /// </summary>
    public static LoadProgram Start(string program, int seconds, string phase, EventPort port)
    {
        var load = new LoadProgram(program, seconds, phase, port);
        load._process?.StandBack();
        return load;
    }

    /// <summary>Whether it is at work.</summary>
    public bool IsRunning => _process is { IsRunning: true };

    /// <summary>Waits for its end, and tells how it went.</summary>
    public (bool Ok, string Detail) Finish(TimeSpan bound)
    {
        if (_process is null)
        {
            return (false, $"the workload cannot be run (errno {_errno})");
        }
        var exitCode = _process.WaitForExit((int)bound.TotalMilliseconds, () => _output.Read(atEnd: false, _said.Line));
        _output.Read(atEnd: true, _said.Line);
        return exitCode switch
        {
            null => (false, $"the workload did not end within {bound.TotalSeconds:F0} s: {_said.Last}"),
            0 => (true, _said.Counts),
            _ => (false, $"the workload failed (exit {exitCode}): {_said.Last}"),
        };
    }
}
