using System.CommandLine;

namespace Suture.Cli.Verbs;

/// <summary>suture inspect MODULE.ko [--json]</summary>
internal static class InspectVerb
{
    public static Command Create()
    {
        var module = new Argument<FileInfo>("MODULE.ko") { Description = "livepatch module" };
        var command = new Command("inspect", "show what a livepatch module would do") { module };
        command.SetAction(_ => 1);
        return command;
    }
}
