using System.CommandLine;
using Suture.Host;
using Suture.Host.Agent;
using Suture.Host.Operations;

namespace Suture.Cli.Verbs;

/// <summary>suture boot, suture agent: what the units run.</summary>
internal static class ServiceVerbs
{
    public static Command Boot()
    {
        var command = new Command("boot", "apply installed patches early at boot (suture-boot.service runs it)");
        command.SetAction(async (_, cancellation) =>
        {
            var boot = new BootOperation(SutureHost.This());
            var outcome = await boot.RunAsync(cancellation);
            foreach (var line in boot.Story)
            {
                Terminal.Note(line);
            }
            Terminal.Note(outcome.Message);
            // That a patch was not applied is told by status; a failed unit would only make the boot look broken.
            return (int)ExitCode.Done;
        });
        return command;
    }

    public static Command Agent()
    {
        var command = new Command("agent", "keep the installed patches applied, and publish metrics (suture-agent.service runs it)");
        command.SetAction(async (_, cancellation) =>
        {
            await new HostAgent(SutureHost.This(), []).RunAsync(cancellation);
            return (int)ExitCode.Done;
        });
        return command;
    }
}
