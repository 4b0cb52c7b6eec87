using Suture.Host;
using Suture.Host.Interfaces;
using Suture.Host.Memory;
using Suture.Module;

namespace Suture.Lab.Guest;

/// <summary>Compares the functions that a livepatch replaces, in this kernel's memory, with what its file says it was built against.</summary>
internal static class TargetCode
{
    public static (bool Ok, string Detail) Check(string file)
    {
        LivepatchNote note;
        try
        {
            note = LivepatchFile.Read(File.ReadAllBytes(file), Path.GetFileName(file)).Note;
        }
        catch (ModuleFileException e)
        {
            // Another builder's livepatch says nothing that could be compared.
            return (e.Fault == ModuleFault.NotOurs, e.Message);
        }
        var kernel = new RunningKernel(new KernelPaths());
        if (note.Kernel.BuildId != kernel.BuildId)
        {
            return (false, $"built for another build of {note.Kernel.Release}: build-id {note.Kernel.BuildId}, this kernel's is {kernel.BuildId}; hosts refuse it");
        }
        if (note.Functions.Count == 0)
        {
            return (true, "it replaces no function");
        }
        var found = new RunningCode(new KernelPaths()).Check(note);
        var counts = string.Join(", ", found.CountBy(f => f.State).OrderBy(c => c.Key).Select(c => $"{c.Value} {Words(c.Key)}"));
        var bad = found.Where(f => f.State is CodeState.Different or CodeState.Unreadable).Take(5)
            .Select(f => $"{f.Function}{(f.Detail.Length > 0 ? $" ({f.Detail})" : "")}").ToList();
        return (bad.Count == 0, $"{counts}{(bad.Count > 0 ? ": " + string.Join(", ", bad) : "")}");
    }

    private static string Words(CodeState state) => state switch
    {
        CodeState.Identical => "as it was built against",
        CodeState.Different => "not what it was built against",
        CodeState.NotLoaded => "not loaded",
        CodeState.Unreadable => "cannot be told",
        _ => "without digest",
    };
}
