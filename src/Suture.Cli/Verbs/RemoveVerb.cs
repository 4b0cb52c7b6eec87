using System.CommandLine;
using Suture.Cli.Reports;
using Suture.Host;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture remove NAME [--json]</summary>
internal static class RemoveVerb
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "an installed patch that is not applied" };
        var json = HostOptions.Json();
        var command = new Command("remove", "delete an installed patch that is not applied") { name, json };
        command.SetAction((parsed, cancellation) => Task.FromResult((int)HostScreen.Show(
            new StateChanges(SutureHost.This()).Remove(parsed.GetRequiredValue(name), cancellation), parsed.GetValue(json))));
        return command;
    }
}
