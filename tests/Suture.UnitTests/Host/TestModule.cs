using System.Text;
using Suture.Elf;
using Suture.Module;

namespace Suture.UnitTests.Host;

/// <summary>Module files as <c>suture build</c> makes them, without code: what a host reads of them is all there.</summary>
internal static class TestModule
{
    public static byte[] Bytes(string name, string version = "1", bool replace = true, string release = FakeKernel.Release, string buildId = FakeKernel.BuildId, params string[] functions)
    {
        var note = new LivepatchNote
        {
            Module = "suture_" + name,
            Name = name,
            Version = version,
            Title = $"fix of {name}",
            Cves = ["CVE-2026-0001"],
            Kernel = new NoteKernel(release, buildId, "6.1.190-1"),
            Replace = replace,
            Functions = [.. (functions.Length == 0 ? ["cmdline_proc_show"] : functions).Select(f => new NoteFunction("vmlinux", f, 0))],
        };
        var file = new ElfObject(name);
        file.Sections.Add(new Section(".modinfo", SectionType.ProgBits, SectionFlags.Alloc)
        {
            Data = Encoding.UTF8.GetBytes($"license=GPL\0livepatch=Y\0name=suture_{name}\0vermagic={release} SMP\0"),
        });
        file.Sections.Add(new Section(NoteSection.Name, SectionType.Note, SectionFlags.Alloc) { Alignment = 4, Data = NoteSection.Write(note) });
        var bytes = file.Write();
        var section = ElfObject.Read(bytes, name).FindSection(NoteSection.Name)!.Data;
        ModuleSeal.Write(bytes, bytes.AsSpan().IndexOf(section) + NoteSection.SealOffset(section)!.Value);
        return bytes;
    }
}
