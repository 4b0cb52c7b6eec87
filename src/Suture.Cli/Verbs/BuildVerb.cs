using System.CommandLine;
using System.Text.RegularExpressions;
using Suture.Build;
using Suture.Cli.Reports;
using Suture.Kernel;
using Suture.Module;

namespace Suture.Cli.Verbs;

/// <summary>suture build PATCH... --kernel RELEASE|running|DIR [--name N] [--title TEXT] [--cve ID]... [--patch-version V] [-o DIR] [--no-replace | --replaces MODULE.ko|NAME...] [--module-source DIR [--module FILE.ko]] [--json]</summary>
internal static partial class BuildVerb
{
    /// <summary>MODULE_NAME_LEN of the kernel is 56 with its terminator; "suture_" takes seven.</summary>
    private const int MaxNameLength = 48;

    public static Command Create()
    {
        var patches = new Argument<FileInfo[]>("PATCH")
        {
            Description = "patch files: unified diff, git format-patch or mbox; applied in order",
            Arity = ArgumentArity.OneOrMore,
        }.AcceptExistingOnly();
        var kernel = new Option<string>("--kernel")
        {
            Description = "kernel to patch: a release, 'running', or a kernel directory",
            HelpName = "RELEASE|running|DIR",
            Required = true,
        };
        var name = new Option<string?>("--name") { Description = "name of the livepatch (default: the first patch's file name)", HelpName = "N" };
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } given && !NamePattern().IsMatch(given))
            {
                result.AddError($"--name '{given}': use 1 to {MaxNameLength} of a-z, 0-9 and _");
            }
        });
        var output = new Option<DirectoryInfo>("--output", "-o")
        {
            Description = "directory for the module (default: here)",
            HelpName = "DIR",
            DefaultValueFactory = _ => new DirectoryInfo("."),
        };
        var title = new Option<string?>("--title") { Description = "what it is about, in one line (default: the subject of the patch's mail)", HelpName = "TEXT" };
        title.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } given && !NoteRules.IsPrintable(given, NoteRules.MaxTitle))
            {
                result.AddError($"--title: use one printable line of 1 to {NoteRules.MaxTitle} characters");
            }
        });
        var cve = new Option<string[]>("--cve") { Description = "a CVE that it fixes (may be repeated; default: those that the patch's words name)", HelpName = "CVE-YYYY-NNNN" };
        cve.Validators.Add(result =>
        {
            foreach (var given in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (!NoteRules.IsCve(given.ToUpperInvariant()))
                {
                    result.AddError($"--cve '{given}': give an identifier such as CVE-2026-12345");
                }
            }
        });
        var version = new Option<string>("--patch-version") { Description = "version of the livepatch (default: 1)", HelpName = "V", DefaultValueFactory = _ => "1" };
        version.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } given && !NoteRules.IsVersion(given))
            {
                result.AddError($"--patch-version '{given}': use 1 to {NoteRules.MaxVersion} letters, digits and . _ + ~ : -, the first a letter or digit");
            }
        });
        var noReplace = new Option<bool>("--no-replace") { Description = "leave other livepatches applied instead of replacing them (not cumulative)" };
        var replaces = new Option<string[]>("--replaces")
        {
            Description = "an older livepatch that this one replaces (may be repeated): say what is added, kept, changed and dropped",
            HelpName = "MODULE.ko|NAME",
        };
        var moduleSource = new Option<DirectoryInfo>("--module-source")
        {
            Description = "patch a module that is not in the kernel's tree: the directory with its source and makefile",
            HelpName = "DIR",
        };
        moduleSource.AcceptExistingOnly();
        var moduleFile = new Option<FileInfo>("--module") { Description = "that module's built file, as it is loaded (default: found in DIR)", HelpName = "FILE.ko" };
        moduleFile.AcceptExistingOnly();
        var json = new Option<bool>("--json") { Description = "print one JSON document" };
        var command = new Command("build", "make a livepatch module from source patches") { patches, kernel, name, title, cve, version, output, noReplace, replaces, moduleSource, moduleFile, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(noReplace) && result.GetValue(replaces) is { Length: > 0 })
            {
                result.AddError("--no-replace and --replaces exclude each other");
            }
            if (result.GetValue(moduleFile) is not null && result.GetValue(moduleSource) is null)
            {
                result.AddError("--module goes with --module-source");
            }
            foreach (var older in result.GetValue(replaces) ?? [])
            {
                if (!File.Exists(OlderModule(older, result.GetRequiredValue(output))))
                {
                    result.AddError($"--replaces {older}: there is no such file, and no {OlderModule(older, result.GetRequiredValue(output))}");
                }
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var files = parsed.GetRequiredValue(patches);
            BuildResult result;
            using (var progress = Terminal.Progress())
            {
                var target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
                result = await LivepatchBuilder.RunAsync(new BuildRequest
                {
                    Kernel = target,
                    Patches = [.. files.Select(f => (f.ToString(), File.ReadAllBytes(f.FullName)))],
                    Name = parsed.GetValue(name) ?? NameFrom(files[0]),
                    Version = parsed.GetRequiredValue(version),
                    Title = parsed.GetValue(title),
                    Cves = parsed.GetValue(cve) is { Length: > 0 } cves ? [.. cves.Select(c => c.ToUpperInvariant()).Distinct()] : null,
                    Replace = !parsed.GetValue(noReplace),
                    ModuleSource = parsed.GetValue(moduleSource)?.FullName,
                    ModuleFile = parsed.GetValue(moduleFile)?.FullName,
                    Replaces = [.. (parsed.GetValue(replaces) ?? []).Select(o => OlderModule(o, parsed.GetRequiredValue(output)))],
                }, progress, cancellation);
                progress.Report(new ProgressReport("writing the module"));
                var path = Path.Combine(parsed.GetRequiredValue(output).ToString(), result.ModuleName + ".ko");
                if (result.Module is { } module)
                {
                    AtomicFile.Write(path, module);
                }
                Report(parsed.GetValue(json), result, target, path, progress);
            }
            return (int)(result.Status switch
            {
                BuildStatus.Built => ExitCode.Done,
                BuildStatus.NothingChanged => ExitCode.Nothing,
                BuildStatus.DoesNotApply => ExitCode.PatchDoesNotApply,
                BuildStatus.DoesNotCompile => ExitCode.DoesNotCompile,
                BuildStatus.KernelMismatch => ExitCode.KernelMismatch,
                BuildStatus.VerificationFailed => ExitCode.VerificationFailed,
                _ => ExitCode.Refused,
            });
        });
        return command;
    }

    private static void Report(bool json, BuildResult result, KernelBuild kernel, string path, Terminal.ProgressLine progress)
    {
        progress.Dispose();
        if (json)
        {
            Terminal.Json(BuildReport.From(result, kernel, path), JsonContracts.Default.BuildReport);
        }
        else
        {
            BuildReport.Print(result, kernel, path);
        }
    }

    /// <summary>A file, or the name of a livepatch that was built into the same directory.</summary>
    private static string OlderModule(string given, DirectoryInfo output) =>
        File.Exists(given) ? given : Path.Combine(output.ToString(), $"suture_{given}.ko");

    private static string NameFrom(FileInfo patch)
    {
        // 0001-fix-the-thing.patch and fix.the.thing.diff both make sense as fix_the_thing.
        var stem = LeadingNumber().Replace(Path.GetFileNameWithoutExtension(patch.Name).ToLowerInvariant(), "");
        var name = NotAllowed().Replace(stem, "_").Trim('_');
        return name.Length == 0 ? "patch" : name[..Math.Min(name.Length, MaxNameLength)];
    }

    [GeneratedRegex("^[a-z0-9_]{1,48}$")]
    private static partial Regex NamePattern();

    [GeneratedRegex("^[0-9]{4}-")]
    private static partial Regex LeadingNumber();

    [GeneratedRegex("[^a-z0-9_]+")]
    private static partial Regex NotAllowed();
}
