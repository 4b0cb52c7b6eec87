using System.Buffers.Binary;
using System.Text;
using Suture.Build.Match;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build;

/// <summary>
/// Reads a finished module as the kernel's loader and livepatch core will, and says what they would object
/// to. Works from the bytes alone and shares nothing with the code that made them.
/// </summary>
public sealed class LoaderCheck(KernelBuild kernel, Func<string, ITargetImage> imageOf)
{
    /// <summary>KSYM_NAME_LEN in the kernels supported, with room for the longest prefix.</summary>
    private const int MaxSymbolName = 512;

    private readonly List<string> _faults = [];

    /// <summary>Everything wrong with <paramref name="bytes"/>; empty when it would load.</summary>
    public IReadOnlyList<string> Run(byte[] bytes, string name)
    {
        _faults.Clear();
        var module = ElfObject.Read(bytes, name);
        CheckInfo(module);
        CheckSections(module);
        CheckSymbols(module);
        foreach (var section in module.Sections)
        {
            CheckRelocations(section);
        }
        return _faults;
    }

    private void CheckInfo(ElfObject module)
    {
        var info = ModuleInfo.Read(module);
        if (info.Get("vermagic") is not { } vermagic || !vermagic.StartsWith(kernel.Release + " ", StringComparison.Ordinal))
        {
            _faults.Add($"vermagic is '{info.Get("vermagic")}', the kernel is {kernel.Release}");
        }
        if (info.Get("livepatch") != "Y")
        {
            _faults.Add(".modinfo lacks livepatch=Y");
        }
        if (info.Get("license") is not "GPL")
        {
            _faults.Add("livepatch symbols are for GPL modules only");
        }
    }

    private void CheckSections(ElfObject module)
    {
        if (module.FindSection(".gnu.linkonce.this_module") is null)
        {
            _faults.Add("section .gnu.linkonce.this_module is missing");
        }
        foreach (var section in module.Sections)
        {
            if ((section.Flags & (SectionFlags.Write | SectionFlags.ExecInstr)) == (SectionFlags.Write | SectionFlags.ExecInstr))
            {
                _faults.Add($"section {section.Name} is both writable and executable");
            }
        }
        // Two sections of one name would collide in /sys/module/NAME/sections.
        foreach (var group in module.Sections.Where(s => s.IsAlloc && s.Size > 0 && s.Type != SectionType.Rela).GroupBy(s => s.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            _faults.Add($"section {group.Key} occurs {group.Count()} times");
        }
    }

    private void CheckSymbols(ElfObject module)
    {
        var versions = ReadVersions(module);
        foreach (var symbol in module.Symbols)
        {
            if (Encoding.UTF8.GetByteCount(symbol.Name) >= MaxSymbolName)
            {
                _faults.Add($"symbol name '{symbol.Name[..40]}…' is too long");
            }
            if (symbol.IsUndefined && symbol.Name.Length > 0)
            {
                CheckExported(symbol.Name, versions);
            }
            else if (symbol.Place == SymbolPlace.Common)
            {
                _faults.Add($"'{symbol.Name}' is a common symbol, which the loader rejects");
            }
            else if (symbol.Place == SymbolPlace.Livepatch)
            {
                CheckLivepatchSymbol(symbol.Name);
            }
        }
    }

    private void CheckExported(string name, Dictionary<string, uint> versions)
    {
        if (!kernel.Exports.TryGet(name, out var export) || export.Module != "vmlinux")
        {
            _faults.Add($"unknown symbol {name}: vmlinux does not export it");
        }
        else if (kernel.Config.IsSet("CONFIG_MODVERSIONS") && versions.TryGetValue(name, out var crc) && crc != export.Crc)
        {
            _faults.Add($"disagrees about version of symbol {name}");
        }
    }

    private static Dictionary<string, uint> ReadVersions(ElfObject module)
    {
        var versions = new Dictionary<string, uint>(StringComparer.Ordinal);
        var data = module.FindSection("__versions")?.Data ?? [];
        for (var at = 0; at + 64 <= data.Length; at += 64)
        {
            var text = data.AsSpan(at + 8, 56);
            versions[Encoding.ASCII.GetString(text[..Math.Max(0, text.IndexOf((byte)0))])] = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at));
        }
        return versions;
    }

    private void CheckLivepatchSymbol(string symbol)
    {
        if (ModuleInspection.ParseSymbol(symbol) is not var (owner, name, position))
        {
            _faults.Add($"'{symbol}' is not of the form .klp.sym.OBJECT.NAME,POSITION");
            return;
        }
        var count = owner == "vmlinux" ? kernel.Symbols.Find(name).Count : CountIn(owner, name);
        if (count == 0)
        {
            _faults.Add($"{owner} has no symbol '{name}'");
        }
        else if (position == 0 ? count != 1 : position > count)
        {
            _faults.Add($"position {position} of '{name}' is wrong: {owner} has {count} of that name");
        }
    }

    private int CountIn(string module, string name) => kernel.Modules.Find(module) is null
        ? 0
        : _counts.TryGetValue((module, name), out var known)
            ? known
            : _counts[(module, name)] = imageOf(module) is ModuleImage image ? image.Count(name) : 0;

    private readonly Dictionary<(string, string), int> _counts = [];

    private void CheckRelocations(Section section)
    {
        var target = section.Target ?? section;
        var livepatch = section.Type == SectionType.Rela;
        var owner = "";
        if (livepatch)
        {
            owner = section.Name.Split('.') is ["", "klp", "rela", var o, ..] ? o : "";
            if (owner.Length == 0 || section.Name != $".klp.rela.{owner}.{target.Name}")
            {
                _faults.Add($"section {section.Name} is not named .klp.rela.OBJECT.{target.Name}");
            }
        }
        foreach (var r in section.Relocations)
        {
            var width = RelocationType.Width(r.Type);
            if (width < 0)
            {
                _faults.Add($"{target.Name}+0x{r.Offset:x}: relocation type {r.Type} is unknown to the loader");
                continue;
            }
            if (r.Offset + (ulong)width > target.Size
                || (target.IsAlloc && target.Type != SectionType.NoBits && target.Data.AsSpan((int)r.Offset, width).ContainsAnyExcept((byte)0)))
            {
                _faults.Add($"{target.Name}+0x{r.Offset:x}: the relocated field is not zero or not inside the section");
            }
            if (livepatch != (r.Symbol.Place == SymbolPlace.Livepatch && r.Symbol.Section is null))
            {
                _faults.Add($"{target.Name}+0x{r.Offset:x}: '{r.Symbol}' is in the wrong kind of relocation section");
            }
            else if (livepatch && owner != "vmlinux" && ModuleInspection.ParseSymbol(r.Symbol.Name)?.Object == "vmlinux")
            {
                _faults.Add($"{section.Name}: refers to vmlinux symbol '{r.Symbol.Name}', which only .klp.rela.vmlinux sections may");
            }
        }
    }
}
