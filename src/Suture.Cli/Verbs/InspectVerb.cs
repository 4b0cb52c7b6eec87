using System.CommandLine;
using Suture.Build;
using Suture.Cli.Reports;
using Suture.Elf;

namespace Suture.Cli.Verbs;

/// <summary>suture inspect MODULE.ko [--check [--kernel RELEASE|running|DIR [--patch PATCH]...]] [--json]</summary>
internal static class InspectVerb
{
    public static Command Create()
    {
        var module = new Argument<FileInfo>("MODULE.ko") { Description = "livepatch module" }.AcceptExistingOnly();
        var check = new Option<bool>("--check") { Description = "verify the module against what the compiler wrote; exit 0 or 8" };
        var kernel = new Option<string?>("--kernel")
        {
            Description = "with --check: verify it against this kernel too",
            HelpName = "RELEASE|running|DIR",
        };
        var patches = new Option<FileInfo[]>("--patch")
        {
            Description = "with --check --kernel: do not believe the module's own record; compile this patch again. In order, if several",
            HelpName = "PATCH",
        }.AcceptExistingOnly();
        var json = new Option<bool>("--json") { Description = "print one JSON document" };
        var command = new Command("inspect", "show what a livepatch module would do, or verify it") { module, check, kernel, patches, json };
        command.Validators.Add(result =>
        {
            var kernelGiven = result.GetValue(kernel) is not null;
            var patchGiven = result.GetValue(patches) is { Length: > 0 };
            if ((kernelGiven || patchGiven) && !result.GetValue(check))
            {
                result.AddError("--kernel and --patch go with --check");
            }
            else if (patchGiven && !kernelGiven)
            {
                result.AddError("--patch needs --kernel: the patch is compiled for it");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(module).FullName;
            if (parsed.GetValue(check))
            {
                return (int)await ModuleVerification.RunAsync(path, parsed.GetValue(kernel), parsed.GetValue(patches) ?? [], parsed.GetValue(json), cancellation);
            }
            var inspection = ModuleInspection.Read(ElfObject.ReadFile(path));
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
