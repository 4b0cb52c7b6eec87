using System.Globalization;
using Suture.Elf;

namespace Suture.Campaigns.Fuzz;

/// <summary>
/// Well-formed pairs of objects that are made to be expensive: thousands of things of one name, where an engine that compares each
/// with each takes minutes.
/// </summary>
internal static class HostileObjects
{
    private const int Many = 30_000;

    private static readonly (string Name, Func<bool, ElfObject> Make)[] Kinds =
    [
        ("functions of one name but for their number, all different", patched => Functions(patched, i => $"f.constprop.{i}")),
        ("functions of exactly one name", patched => Functions(patched, _ => "f")),
        ("cold parts without a parent", patched => Functions(patched, i => $"f{i}.cold")),
        ("static locals of one name, used by one function", StaticLocals),
        ("one function that refers to one place many times", References),
    ];

    /// <summary>How many there are.</summary>
    public static int Count => Kinds.Length;

    /// <summary>What number <paramref name="kind"/> is.</summary>
    public static string NameOf(int kind) => Kinds[kind].Name;

    /// <summary>Pair number <paramref name="kind"/>.</summary>
    public static (byte[] Original, byte[] Patched) Make(int kind) => (Kinds[kind].Make(false).Write(), Kinds[kind].Make(true).Write());

    private static ElfObject Functions(bool patched, Func<int, string> name)
    {
        const int size = 8;
        var text = Text(Many * size);
        var elf = new ElfObject("hostile");
        elf.Sections.Add(text);
        for (var i = 0; i < Many; i++)
        {
            // No two alike, neither in one object nor between the two.
            BitConverter.TryWriteBytes(text.Data.AsSpan(i * size), (patched ? 0x4000_0000 : 0) + i);
            elf.Symbols.Add(new Symbol(name(i)) { Section = text, Value = (ulong)(i * size), Size = size, Type = SymbolType.Func });
        }
        return elf;
    }

    private static ElfObject StaticLocals(bool patched)
    {
        var (text, data) = (Text(Many * 8), new Section(".data", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.Write) { Data = new byte[Many * 8] });
        var elf = new ElfObject("hostile");
        elf.Sections.AddRange([text, data]);
        elf.Symbols.Add(new Symbol("user") { Section = text, Size = text.Size, Type = SymbolType.Func, Binding = SymbolBinding.Global });
        for (var i = 0; i < Many; i++)
        {
            var number = (patched ? Many - i : i).ToString(CultureInfo.InvariantCulture);
            var local = new Symbol("counter." + number) { Section = data, Value = (ulong)(i * 8), Size = 8, Type = SymbolType.Object };
            elf.Symbols.Add(local);
            text.Relocations.Add(new Relocation((ulong)(i * 8), RelocationType.Abs64, local, 0));
        }
        return elf;
    }

    private static ElfObject References(bool patched)
    {
        var (text, data) = (Text(Many * 8), new Section(".rodata", SectionType.ProgBits, SectionFlags.Alloc) { Data = new byte[Many] });
        data.Data[0] = (byte)(patched ? 1 : 0);
        var elf = new ElfObject("hostile");
        elf.Sections.AddRange([text, data]);
        elf.Symbols.Add(new Symbol("user") { Section = text, Size = text.Size, Type = SymbolType.Func, Binding = SymbolBinding.Global });
        var section = new Symbol("") { Section = data, Type = SymbolType.Section };
        elf.Symbols.Add(section);
        for (var i = 0; i < Many; i++)
        {
            text.Relocations.Add(new Relocation((ulong)(i * 8), RelocationType.Abs64, section, i));
        }
        return elf;
    }

    private static Section Text(int size) =>
        new(".text", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.ExecInstr) { Data = new byte[size], Alignment = 16 };
}
