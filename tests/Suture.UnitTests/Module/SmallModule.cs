using System.Text;
using Suture.Elf;
using Suture.Module;

namespace Suture.UnitTests.Module;

/// <summary>A module file as small as one can be that hosts still take: .modinfo, a little code, the note, the seal.</summary>
internal static class SmallModule
{
    public const string Name = "suture_small";

    public static LivepatchNote Note { get; } = new()
    {
        Module = Name,
        Name = "small",
        Version = "2.1",
        Title = "tcp: häng up in time",
        Cves = ["CVE-2026-12345"],
        Kernel = new NoteKernel("6.1.0-56-cloud-amd64", new string('a', 40), "6.1.192-2"),
        Replace = true,
        Functions = [new("vmlinux", "tcp_close", 2, 32, new string('0', 64), "0+5,a+4"), new("tun", "tun_ioctl", 0)],
        Effective = new NoteEffective("6.1.195-1", 3, 7),
    };

    public static byte[] Sealed(LivepatchNote? note = null, string info = $"license=GPL\0livepatch=Y\0name={Name}\0") =>
        SealedWith(NoteSection.Write(note ?? Note), info);

    public static byte[] Unsealed(byte[]? noteSection, string info = $"license=GPL\0livepatch=Y\0name={Name}\0")
    {
        var elf = new ElfObject(Name);
        elf.Sections.Add(new Section(".text", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.ExecInstr) { Data = new byte[256] });
        elf.Sections.Add(new Section(".modinfo", SectionType.ProgBits, SectionFlags.Alloc) { Data = Encoding.UTF8.GetBytes(info) });
        elf.Symbols.Add(new Symbol("body") { Section = elf.Sections[0], Type = SymbolType.Func, Size = 256 });
        if (noteSection is not null)
        {
            elf.Sections.Add(new Section(NoteSection.Name, SectionType.Note, SectionFlags.Alloc) { Alignment = 4, Data = noteSection });
        }
        return elf.Write();
    }

    public static byte[] SealedWith(byte[] noteSection, string info = $"license=GPL\0livepatch=Y\0name={Name}\0")
    {
        var bytes = Unsealed(noteSection, info);
        LivepatchFile.Seal(bytes, Name);
        return bytes;
    }
}
