using System.Globalization;
using Spectre.Console;
using Suture.Host;
using Suture.Host.Operations;
using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Cli.Reports;

/// <summary>What the host verbs show to people.</summary>
internal static class HostScreen
{
    private const int MaxFrames = 12;

    /// <summary>The end of an operation: its result on stdout, what went wrong on stderr.</summary>
    public static ExitCode Show(HostOutcome outcome, bool json)
    {
        if (json)
        {
            Terminal.Json(OutcomeReport.From(outcome), HostJson.Default.OutcomeReport);
        }
        foreach (var note in outcome.Notes)
        {
            Terminal.Note($"suture: {note}");
        }
        if (outcome.Result is HostResult.Done or HostResult.Nothing)
        {
            if (!json)
            {
                Console.Out.WriteLine(outcome.Message + (outcome.TransitionMs > 0 ? $" (transition {Duration(outcome.TransitionMs)})" : ""));
            }
        }
        else
        {
            Terminal.Error(outcome.Message, outcome.Advice);
            Blockers(Console.Error, outcome.Blockers, outcome.Targets);
        }
        return outcome switch
        {
            { Result: HostResult.Done } => ExitCode.Done,
            { Result: HostResult.Nothing } => ExitCode.Nothing,
            { Result: HostResult.Refused, Kind: RefusalKind.KernelMismatch } => ExitCode.KernelMismatch,
            { Result: HostResult.Refused, Kind: RefusalKind.Verification } => ExitCode.VerificationFailed,
            { Result: HostResult.Refused or HostResult.Stalled } => ExitCode.HostRefused,
            { Result: HostResult.Unhealthy } => ExitCode.Unhealthy,
            { Result: HostResult.Interrupted } => ExitCode.Interrupted,
            _ => ExitCode.HostRefused,
        };
    }

    /// <summary>Tasks that hold up a transition, their stacks with the functions of the patch marked.</summary>
    public static void Blockers(TextWriter output, IReadOnlyList<BlockingTask> tasks, IReadOnlyList<string> targets)
    {
        foreach (var task in tasks)
        {
            output.WriteLine($"  pid {task.Pid}{(task.Tid == task.Pid ? "" : $" thread {task.Tid}")}  {task.Command}  {task.State}");
            foreach (var frame in task.Stack.Take(MaxFrames))
            {
                output.WriteLine(targets.Contains(frame) ? $"   -> {frame}   (replaced by the patch: the task must leave it)" : $"      {frame}");
            }
        }
    }

    /// <summary>The status, on one screen.</summary>
    public static void Show(SutureHost host, HostStatus status)
    {
        var (word, colour) = status.Condition switch
        {
            HostCondition.UpToDate => ("up to date", Color.Green),
            HostCondition.NothingApplied => ("nothing applied", Color.Yellow),
            HostCondition.UpdatePending => ("an update is pending", Color.Yellow),
            HostCondition.Unsupported => ("this kernel takes no livepatches", Color.Red),
            _ => ("in transition", Color.Yellow),
        };
        Terminal.Out.Write(new Text(word, new Style(colour, decoration: Decoration.Bold)));
        Console.Out.WriteLine($"\nkernel {host.Running.Release} ({host.Running.Version})\n");
        Show(status.Patches);
        foreach (var patch in status.Patches.Where(p => p.Explanation.Length > 0))
        {
            Console.Out.WriteLine($"{patch.Patch.Name}: {patch.Explanation}");
        }
        foreach (var foreign in status.Foreign)
        {
            Console.Out.WriteLine($"{foreign}: a livepatch that Suture did not apply");
        }
        foreach (var warning in status.Warnings)
        {
            Terminal.Out.Write(new Text("warning: ", new Style(Color.Yellow)));
            Console.Out.WriteLine(warning);
        }
        if (status.Blockers.Count > 0)
        {
            Console.Out.WriteLine("the transition waits for:");
            Blockers(Console.Out, status.Blockers, status.Targets);
        }
    }

    /// <summary>A table of patches.</summary>
    public static void Show(IReadOnlyList<PatchStatus> patches)
    {
        if (patches.Count == 0)
        {
            Console.Out.WriteLine("no patch is installed for this kernel");
            return;
        }
        Show(patches.Select(p => (p.Patch, Words.Of(p.Condition))), withRelease: false);
    }

    /// <summary>A table of patches with the word for how each stands.</summary>
    public static void Show(IEnumerable<(InstalledPatch Patch, string Word)> patches, bool withRelease)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("PATCH", "VERSION", "STATE", "SINCE", "FIXES");
        if (withRelease)
        {
            table.AddColumn("KERNEL");
        }
        foreach (var (p, word) in patches)
        {
            var state = Words.Of(p.Marks) is { Count: > 0 } marks ? $"{word}, {string.Join(", ", marks)}" : word;
            var cells = new List<Text>
            {
                new(p.Name), new(p.Version), new(state, new Style(Colour(word))), new(Time(p.AppliedSince)),
                new(p.Cves.Count > 0 ? string.Join(" ", p.Cves) : p.Title ?? ""),
            };
            if (withRelease)
            {
                cells.Add(new Text(p.Release));
            }
            table.AddRow(cells);
        }
        Terminal.Out.Write(table);
    }

    /// <summary>The history, newest last.</summary>
    public static void Show(IReadOnlyList<HistoryLine> lines)
    {
        var table = new Table().Border(TableBorder.None).AddColumns("WHEN", "WHO", "WHAT", "PATCH", "OUTCOME", "TOOK", "DETAIL");
        foreach (var l in lines)
        {
            table.AddRow(new Text(Time(l.At)), new Text(l.Who ?? ""), new Text(l.Verb), new Text(l.Patch is null ? "" : $"{l.Patch} {l.Version}".Trim()),
                new Text(l.Outcome == History.Begun ? "under way" : l.Outcome, new Style(l.Outcome is "done" ? Color.Green : l.Outcome is "refused" or "begun" ? Color.Yellow : Color.Red)),
                new Text(l.DurationMs is { } ms ? Duration(ms) : ""), new Text(l.Detail ?? ""));
        }
        Terminal.Out.Write(table);
    }

    /// <summary>The doctor's list.</summary>
    public static void Show(IReadOnlyList<FitnessCheck> checks)
    {
        foreach (var check in checks)
        {
            Terminal.Out.Write(new Text($"{Words.Of(check.Grade),-5}", new Style(check.Grade switch { FitnessGrade.Ok => Color.Green, FitnessGrade.Warn => Color.Yellow, _ => Color.Red })));
            Console.Out.WriteLine($"{check.Name,-14}{check.Detail}{(check.Remedy.Length > 0 ? $"\n{"",19}{check.Remedy}" : "")}");
        }
    }

    private static Color Colour(string word) => word switch
    {
        "applied" => Color.Green,
        "quarantined" or "missing" or "unwanted" => Color.Red,
        "in-transition" or "installed" => Color.Yellow,
        _ => Color.Default,
    };

    private static string Time(DateTimeOffset? at) => at?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "-";

    private static string Duration(long ms) => ms < 1000 ? $"{ms} ms" : $"{(ms / 1000.0).ToString("0.0", CultureInfo.InvariantCulture)} s";
}
