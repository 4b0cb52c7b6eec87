using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;
using Suture.Host.State;

namespace Suture.Cli.Verbs;

/// <summary>suture pin|hold|exclude NAME [--undo] [--json]</summary>
internal static class MarkVerb
{
    public static Command Pin() => Create("pin", PatchMarks.Pinned, "keep a patch applied: no other may replace it");

    public static Command Hold() => Create("hold", PatchMarks.Held, "let nothing automatic apply a patch: neither boot nor agent");

    public static Command Exclude() => Create("exclude", PatchMarks.Excluded, "never apply a patch on this host");

    private static Command Create(string verb, PatchMarks mark, string description)
    {
        var name = new Argument<string>("NAME") { Description = "an installed patch" };
        var undo = new Option<bool>("--undo") { Description = "take that back" };
        var json = HostOptions.Json();
        var command = new Command(verb, description) { name, undo, json };
        command.SetAction((parsed, cancellation) => Task.FromResult((int)HostScreen.Show(
            new StateChanges(SutureHost.This()).Mark(parsed.GetRequiredValue(name), mark, !parsed.GetValue(undo), cancellation), parsed.GetValue(json))));
        return command;
    }
}
