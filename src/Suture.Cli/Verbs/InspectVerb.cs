using System.CommandLine;
using Suture.Build;
using Suture.Cli.Reports;
using Suture.Elf;

namespace Suture.Cli.Verbs;

/// <summary>suture inspect MODULE.ko [--json]</summary>
internal static class InspectVerb
{
    public static Command Create()
    {
        var module = new Argument<FileInfo>("MODULE.ko") { Description = "livepatch module" }.AcceptExistingOnly();
        var json = new Option<bool>("--json") { Description = "print one JSON document" };
        var command = new Command("inspect", "show what a livepatch module would do") { module, json };
        command.SetAction(parsed =>
        {
            var inspection = ModuleInspection.Read(ElfObject.ReadFile(parsed.GetRequiredValue(module).FullName));
            if (parsed.GetValue(json))
            {
                Terminal.Json(InspectReport.From(inspection), JsonContracts.Default.InspectReport);
            }
            else
            {
                InspectReport.Print(inspection);
            }
            return (int)(inspection.IsLivepatch ? ExitCode.Done : ExitCode.Refused);
        });
        return command;
    }
}
