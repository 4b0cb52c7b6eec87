using System.Buffers.Binary;
using Shouldly;
using Suture.Elf;
using Suture.Kernel;
using Suture.Lab;
using Suture.Lab.Memory;
using Suture.Lab.Protocol;
using Suture.UnitTests.Verify;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Lab;

/// <summary>Memory as a kernel leaves it passes; a byte or a reference that is otherwise, or a function that was not hooked, does not.</summary>
public sealed class MemoryCheckTests
{
    private const ulong Linked = 0xffffffff81000000;
    private const ulong Slide = 0x1200000;
    private const ulong ModuleAt = 0xffffffffc0000000;

    /// <summary>Where the per-CPU variables of the module drv begin.</summary>
    private const ulong PerCpuAt = 0x33000;

    private const string First = "extern int calls, misses; void sink(int); int first(int a) { calls++; misses++; sink(a); return a + 1; }";

    private static readonly CompiledPair Pair = new(First, First.Replace("a + 1", "a + 2", StringComparison.Ordinal));

    private static readonly Manifest Expected = Pair.Expect(["first"]).Manifest;

    private static readonly SystemMap Symbols = SystemMap.Create(
        [new(Linked, 'T', "_stext"), new(Linked + 0x100, 'T', "first"), new(Linked + 0x200, 'T', "sink"), new(Linked + 0x300, 'T', "__fentry__")]);

    /// <summary>The patched object with the record in it stands for a module: all that matters is code with relocations.</summary>
    private static readonly PatchCode Code = PatchCode.Open(WithManifest(), "suture_test.ko",
        new LabKernel("6.1.0-test", "", Modules()) { Symbols = () => Symbols }, out _)!;

    private static ModuleSet Modules()
    {
        var directory = Directory.CreateTempSubdirectory("suture-drv").FullName;
        const string variables = "__attribute__((section(\".data..percpu\"))) int calls = 1, misses = 1;";
        File.WriteAllBytes(Path.Combine(directory, "drv.ko"), new CompiledPair(variables, variables).Original);
        return ModuleSet.Scan(directory);
    }

    private static byte[] WithManifest()
    {
        var elf = ElfObject.Read(Pair.Patched, "module");
        elf.Sections.Add(new Section(Manifest.SectionName, SectionType.ProgBits, 0) { Data = Expected.ToBytes() });
        foreach (var variable in elf.Symbols.Where(s => s.Name is "calls" or "misses"))
        {
            (variable.Name, variable.Place) = ($".klp.sym.drv.{variable.Name},0", Suture.Elf.SymbolPlace.Livepatch);
        }
        // The tracer's table, as the kernel's build makes it.
        var first = elf.Symbols.Find(s => s.Name == "first")!;
        var table = new Section("__mcount_loc", SectionType.ProgBits, SectionFlags.Alloc) { Data = new byte[8], Alignment = 8 };
        table.Relocations.Add(new Relocation(0, RelocationType.Abs64, first, 0));
        elf.Sections.Add(table);
        return elf.Write();
    }

    /// <summary>What a guest would send, after <paramref name="change"/> to its memory.</summary>
    private static (bool Ok, string Detail) Judge(Action<byte[]> change, byte entryOpcode = 0xe8, string missing = "none")
    {
        var memory = new MemoryImage();
        void Send(string name, ulong address, ReadOnlySpan<byte> bytes) => memory.Take(new GuestEvent
        {
            Kind = GuestEventKind.Memory,
            Name = name,
            Detail = $"{address:x} {Convert.ToHexString(bytes)}",
        });
        Send(GuestMemoryPlan.Anchored, Linked + Slide, []);
        Send($"{GuestMemoryPlan.Missing} {missing}", 0, []);
        foreach (var section in Code.CodeSections)
        {
            var at = ModuleAt + (ulong)section.Index * 0x1000;
            var bytes = Code.Module.BytesOf(section).ToArray();
            foreach (var r in Code.Module.RelocationsOf(section).Where(r => Code.OwnerOf(r.Symbol) != missing))
            {
                var symbol = r.Symbol.Name.StartsWith(".klp.sym.drv.", StringComparison.Ordinal)
                    ? PerCpuAt + Code.PerCpuOffset(r.Symbol)!.Value : Symbols.Find(r.Symbol.Name)[0].Address + Slide;
                var value = symbol + (ulong)r.Addend - at - (ulong)r.Offset;
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)r.Offset), (uint)value);
            }
            // ftrace makes the tracer's call a no-op when it loads a module.
            if (section.Name == ".text.first")
            {
                ((ReadOnlySpan<byte>)[0x0f, 0x1f, 0x44, 0x00, 0x00]).CopyTo(bytes);
                change(bytes);
            }
            Send($"suture_test {section.Name}", at, []);
            Send($"suture_test {section.Name} 0", at, bytes);
        }
        var entry = Code.EntryOf(Expected.Replacements[0])!;
        Send($"{entry.Module} {entry.Section} {entry.Offset}", entry.Offset + Slide, [entryOpcode, .. new byte[PatchCode.EntryBytes - 1]]);
        return new MemoryCheck(Code, memory).Run();
    }

    [Fact]
    public void What_the_kernel_makes_of_it_passes()
    {
        var (ok, detail) = Judge(_ => { });
        ok.ShouldBeTrue(detail);
        detail.ShouldContain("1 __mcount_loc");
        detail.ShouldContain("1 functions call the tracer");
    }

    [Fact]
    public void Another_byte_does_not()
    {
        var (ok, detail) = Judge(bytes => bytes[^2] ^= 4);
        ok.ShouldBeFalse();
        detail.ShouldContain("first+0x");
    }

    [Fact]
    public void A_reference_that_leads_elsewhere_does_not()
    {
        var call = Code.Module.RelocationsOf(Code.Module.Find(".text.first")!).Single(r => r.Symbol.Name == "sink");
        var (ok, detail) = Judge(bytes => bytes[call.Offset] += 16);
        ok.ShouldBeFalse(detail);
    }

    [Fact]
    public void Per_cpu_variables_of_a_module_may_be_anywhere_but_together()
    {
        var references = Code.Module.RelocationsOf(Code.Module.Find(".text.first")!).Where(r => Code.PerCpuOffset(r.Symbol) is not null).ToList();
        references.Count.ShouldBe(2);
        Judge(bytes => references.ForEach(r => bytes[r.Offset] += 8)).Ok.ShouldBeTrue();
        var (ok, detail) = Judge(bytes => bytes[references[1].Offset] += 8);
        ok.ShouldBeFalse();
        detail.ShouldContain("cannot be told");
        Judge(bytes => references.ForEach(r => bytes[r.Offset + 3] ^= 0x80)).Ok.ShouldBeFalse("no offset of a per-CPU variable");
    }

    [Fact]
    public void A_function_that_does_not_call_the_tracer_does_not()
    {
        var (ok, detail) = Judge(_ => { }, entryOpcode: 0x90);
        ok.ShouldBeFalse();
        detail.ShouldContain("'first'");
        detail.ShouldContain("tracer");
    }

    [Fact]
    public void What_belongs_to_an_object_that_is_not_loaded_is_left_out()
    {
        var (ok, detail) = Judge(_ => { }, entryOpcode: 0x90, missing: "vmlinux");
        ok.ShouldBeTrue(detail);
        detail.ShouldContain("0 functions call the tracer; not loaded: vmlinux");
        Judge(bytes => bytes[^2] ^= 4, entryOpcode: 0x90, missing: "vmlinux").Ok.ShouldBeFalse();
    }

    [Fact]
    public void What_cannot_be_compared_says_why()
    {
        var kernel = new LabKernel("6.1.0-test", "", Modules()) { Symbols = () => Symbols };
        PatchCode.Open(Pair.Patched, "other.ko", kernel, out var why).ShouldBeNull();
        why.ShouldContain("no record");
        PatchCode.Open(WithManifest(), "suture_test.ko", kernel with { Symbols = () => null }, out why).ShouldBeNull();
        why.ShouldContain("6.1.0-test");
        PatchCode.Open(WithManifest(), "suture_test.ko", kernel with { Symbols = () => SystemMap.Create([]) }, out why).ShouldBeNull();
        why.ShouldContain("_stext");
    }

    [Fact]
    public void What_is_no_code_is_passed_over_and_of_too_much_nothing_is_kept()
    {
        var memory = new MemoryImage();
        memory.Take(new GuestEvent { Kind = GuestEventKind.Memory, Name = "m .text 0", Detail = "1000 zz" });
        memory.Read("m", ".text", 0, 1).ShouldBeNull();
        var chunk = "1000 " + new string('0', 2 << 20);
        for (var i = 0; i < 65; i++)
        {
            memory.Take(new GuestEvent { Kind = GuestEventKind.Memory, Name = $"m .text {(long)i << 20}", Detail = chunk });
        }
        memory.Read("m", ".text", 62 << 20, 1 << 20).ShouldNotBeNull();
        memory.Read("m", ".text", 64 << 20, 1 << 20).ShouldBeNull();
    }

    [Fact]
    public void Silence_does_not() => new MemoryCheck(Code, new MemoryImage()).Run().Ok.ShouldBeFalse();
}
