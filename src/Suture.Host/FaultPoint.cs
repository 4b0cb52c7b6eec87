using Suture.Host.Interfaces;

namespace Suture.Host;

/// <summary>
/// The steps between which a host operation may be killed, and the means to kill it there: SUTURE_FAULT=STEP ends the process as kill -9
/// would, SUTURE_FAULT=STEP:pause stops it until the file SUTURE_FAULT_GO names exists. Tests walk through <see cref="Steps"/>.
/// </summary>
public static class FaultPoint
{
    /// <summary>Every step, in the order in which operations reach them.</summary>
    public static IReadOnlyList<string> Steps { get; } =
    [
        "apply.read", "apply.checked", "apply.begun", "apply.copied", "apply.listed", "apply.installed", "apply.marked", "apply.loaded", "apply.transitioned",
        "apply.recorded", "apply.unloaded", "apply.watched", "apply.cleared", "apply.finished",
        "revert.begun", "revert.unwanted", "revert.disabled", "revert.unloaded", "revert.finished",
        "boot.begun", "boot.marked", "boot.loaded", "boot.transitioned", "boot.recorded", "boot.watched", "boot.cleared",
        "state.written", "state.kept", "state.renamed", "history.torn",
    ];

    /// <summary>Called at a step in tests that run in process.</summary>
    public static AsyncLocal<Action<string>?> Observer { get; } = new();

    /// <summary>The operation has come to <paramref name="step"/>.</summary>
    public static void Reached(string step)
    {
        Observer.Value?.Invoke(step);
        if (Environment.GetEnvironmentVariable("SUTURE_FAULT") is not { Length: > 0 } wanted || !wanted.StartsWith(step, StringComparison.Ordinal))
        {
            return;
        }
        if (wanted == step)
        {
            Posix.KillSelf();
        }
        else if (wanted == step + ":pause" && Environment.GetEnvironmentVariable("SUTURE_FAULT_GO") is { Length: > 0 } go)
        {
            File.WriteAllText(go + ".reached", step);
            while (!File.Exists(go))
            {
                Thread.Sleep(20);
            }
        }
    }
}
