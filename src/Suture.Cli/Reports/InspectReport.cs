using Spectre.Console;
using Suture.Build;
using Suture.Module;

namespace Suture.Cli.Reports;

/// <summary>What <c>suture inspect --json</c> prints.</summary>
internal sealed record InspectReport(
    string? Name, bool Livepatch, string? Vermagic, string? Release, bool? Replace,
    List<InspectReport.Replacement> Functions, List<InspectReport.Symbol> Symbols, List<string> Exported, bool Signed, long TextBytes, LivepatchNote? Note)
{
    internal sealed record Replacement(string Object, string Name, int Sympos, string NewFunction, int Size);

    internal sealed record Symbol(string Object, string Name, int Sympos);

    public static InspectReport From(ModuleInspection inspection) => new(
        inspection.Name, inspection.IsLivepatch, inspection.Vermagic, inspection.Vermagic?.Split(' ')[0], inspection.Replace,
        [.. inspection.Functions.Select(f => new Replacement(f.Object, f.Name, f.SymPos, f.NewFunction, f.Size))],
        [.. inspection.LivepatchSymbols.Select(s => new Symbol(s.Object, s.Name, s.SymPos))],
        [.. inspection.ExportedSymbols], inspection.IsSigned, inspection.TextBytes, inspection.Note);

    public static void Print(ModuleInspection inspection)
    {
        Console.Out.WriteLine($"module    {inspection.Name}");
        Console.Out.WriteLine($"kernel    {inspection.Vermagic}");
        Console.Out.WriteLine($"livepatch {(inspection.IsLivepatch ? "yes" : "no: this is not a livepatch module")}");
        Console.Out.WriteLine($"replace   {inspection.Replace switch { true => "yes: takes the place of all other livepatches", false => "no: added to other livepatches", null => "unknown" }}");
        Console.Out.WriteLine($"signed    {(inspection.IsSigned ? "yes" : "no")}");
        Console.Out.WriteLine($"code      {inspection.TextBytes} bytes; uses {inspection.ExportedSymbols.Count} exported and {inspection.LivepatchSymbols.Count} unexported symbols");
        PrintNote(inspection.Note);
        var table = new Table().Border(TableBorder.Simple).AddColumns("object", "replaces", "position", "with", "bytes");
        foreach (var f in inspection.Functions)
        {
            table.AddRow(Markup.Escape(f.Object), Markup.Escape(f.Name), f.SymPos == 0 ? "unique" : $"{f.SymPos}", Markup.Escape(f.NewFunction), $"{f.Size}");
        }
        Terminal.Out.Write(table);
    }

    private static void PrintNote(LivepatchNote? note)
    {
        if (note is null)
        {
            Console.Out.WriteLine("note      none: hosts cannot check what it is for");
            return;
        }
        Console.Out.WriteLine($"patch     {note.Name}, version {note.Version}: {note.Title ?? "no title"}");
        Console.Out.WriteLine($"fixes     {(note.Cves.Count > 0 ? string.Join(", ", note.Cves) : "no CVE named")}");
        Console.Out.WriteLine($"for       {note.Kernel.Release}, build-id {note.Kernel.BuildId}{(note.Kernel.Version is { } version ? $" (package {version})" : "")}");
        Console.Out.WriteLine($"digests   {note.Functions.Count(f => f.Digest is not null)} of {note.Functions.Count} functions can be compared with the code in memory");
    }
}
