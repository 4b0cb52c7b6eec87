using Suture.Build.Link;
using Suture.Build.Patches;
using Suture.Elf;
using Suture.Module;

namespace Suture.Build.Note;

/// <summary>Makes the note that a module carries about itself, and puts it in.</summary>
internal static class ModuleNote
{
    /// <summary>What the module <paramref name="module"/>, linked from <paramref name="units"/>, is to say.</summary>
    public static LivepatchNote Of(BuildRequest request, string module, IReadOnlyList<LinkUnit> units, ShippedCode shipped)
    {
        var headers = request.Patches.Select(p => PatchHeader.Read(p.Bytes)).ToList();
        return new LivepatchNote
        {
            Module = module,
            Name = request.Name,
            Version = request.Version,
            Title = request.Title ?? headers.Select(h => h.Subject).FirstOrDefault(s => s is not null),
            Cves = request.Cves ?? [.. headers.SelectMany(h => h.Cves).Distinct(StringComparer.Ordinal)],
            Kernel = new NoteKernel(request.Kernel.Release, request.Kernel.BuildId, request.Kernel.PackageVersion),
            Replace = request.Replace,
            Effective = request.Effective,
            Functions = [.. units.SelectMany(u => u.Diff.Replaced.Select(f => f.Twin!)
                .Select(original => (Size: original.Size - original.Prefix, Place: u.Match.Resolve(original)!))
                .Select(f => shipped.Describe(u.Owner, f.Place.Name, f.Place.SymPos, f.Size)))],
        };
    }

    /// <summary>The module with <paramref name="note"/>, not yet sealed.</summary>
    public static byte[] Embed(byte[] module, string name, LivepatchNote note)
    {
        var elf = ElfObject.Read(module, name);
        elf.Sections.Add(new Section(NoteSection.Name, SectionType.Note, SectionFlags.Alloc) { Alignment = 4, Data = NoteSection.Write(note) });
        return elf.Write();
    }
}
