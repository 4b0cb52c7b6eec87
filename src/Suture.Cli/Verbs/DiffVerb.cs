using System.CommandLine;
using System.Globalization;
using Suture.Cli.Reports;
using Suture.Diff;
using Suture.Elf;

namespace Suture.Cli.Verbs;

/// <summary>suture diff ORIGINAL.o PATCHED.o [-o OUT.o] [--entry-size NAME=BYTES]... [--json]</summary>
internal static class DiffVerb
{
    private static readonly string[] SizeNames = ["bug", "alt", "ex", "jump", "orc", "para", "static_call", "printk_index"];

    public static Command Create()
    {
        var original = new Argument<FileInfo>("ORIGINAL.o") { Description = "object compiled from the original source" }.AcceptExistingOnly();
        var patched = new Argument<FileInfo>("PATCHED.o") { Description = "object compiled from the patched source" }.AcceptExistingOnly();
        var output = new Option<FileInfo?>("--output", "-o") { Description = "write the object for the livepatch here", HelpName = "OUT.o" };
        var sizes = new Option<string[]>("--entry-size")
        {
            Description = $"size in bytes of a special-section entry ({string.Join(", ", SizeNames)}); inferred when not given",
            HelpName = "NAME=BYTES",
        };
        sizes.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (!TryParseSize(token.Value, out _, out _))
                {
                    result.AddError($"--entry-size {token.Value}: give NAME=BYTES with NAME one of {string.Join(", ", SizeNames)}");
                }
            }
        });
        var json = new Option<bool>("--json") { Description = "print one JSON document" };
        var command = new Command("diff", "compare two objects and extract what a livepatch needs") { original, patched, output, sizes, json };
        command.SetAction(parsed =>
        {
            var entrySizes = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var text in parsed.GetValue(sizes) ?? [])
            {
                TryParseSize(text, out var name, out var bytes);
                entrySizes[name] = bytes;
            }
            var result = Differ.Run(
                ElfObject.ReadFile(parsed.GetRequiredValue(original).FullName),
                ElfObject.ReadFile(parsed.GetRequiredValue(patched).FullName), entrySizes);
            if (result.Output is { } livepatch && parsed.GetValue(output) is { } file)
            {
                AtomicFile.Write(file.FullName, livepatch.Write());
            }
            if (parsed.GetValue(json))
            {
                Terminal.Json(DiffReport.From(result), JsonContracts.Default.DiffReport);
            }
            else
            {
                DiffReport.Print(result);
            }
            return (int)(result.Verdict switch
            {
                Verdict.Patchable => ExitCode.Done,
                Verdict.Unchanged => ExitCode.Nothing,
                _ => ExitCode.Refused,
            });
        });
        return command;
    }

    private static bool TryParseSize(string text, out string name, out int bytes)
    {
        var parts = text.Split('=', 2);
        name = parts[0];
        bytes = 0;
        return parts.Length == 2 && SizeNames.Contains(name)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes is > 0 and <= 256;
    }
}
