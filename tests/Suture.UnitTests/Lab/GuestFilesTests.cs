using System.Text;
using Shouldly;
using Suture.Elf;
using Suture.Lab;
using Suture.Lab.Guest;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class GuestFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Write(string name, byte[] content)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private string Module(string info, params string[] symbols)
    {
        var elf = new ElfObject("test");
        elf.Sections.Add(new Section(".modinfo", SectionType.ProgBits, SectionFlags.Alloc) { Data = Encoding.UTF8.GetBytes(info) });
        elf.Symbols.AddRange(symbols.Select(s => new Symbol(s) { Place = SymbolPlace.Livepatch, Binding = SymbolBinding.Global }));
        return Write("suture-fix.ko", elf.Write());
    }

    [Fact]
    public void Ldd_output_gives_paths()
    {
        const string Ldd = "\tlinux-vdso.so.1 (0x00007fd8e711b000)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007fd8e621e000)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007fd8e711d000)\n";

        SharedLibraries.Parse(Ldd).ShouldBe(["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]);
        Should.Throw<LabInputException>(() => SharedLibraries.Parse("\tlibfoo.so => not found\n")).Message.ShouldContain("libfoo.so");
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_named()
    {
        var fault = await Should.ThrowAsync<LabInputException>(() =>
            ExternalProgram.OutputAsync("sleep", ["600"], "coreutils", TestContext.Current.CancellationToken, TimeSpan.FromMilliseconds(200)));

        fault.Message.ShouldContain("sleep 600 did not end within 0.2 s");
    }

    [Fact]
    public async Task A_dynamic_program_names_its_libraries() =>
        (await SharedLibraries.OfAsync(Environment.ProcessPath!, TestContext.Current.CancellationToken)).ShouldContain(p => p.Contains("libc.so"));

    [Fact]
    public void A_probe_may_be_a_shell_script_or_a_program()
    {
        ProbeProgram.Needs(Write("a", "#!/bin/sh\nexit 0\n"u8.ToArray())).ShouldBeEmpty();
        ProbeProgram.Needs(Write("b", "#! /usr/bin/env sh\n"u8.ToArray())).ShouldBeEmpty();
        ProbeProgram.Needs(Write("c", "#!/bin/cat -A\n"u8.ToArray())).ShouldBe(["/bin/cat"]);
        var program = Write("d", [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]);
        ProbeProgram.Needs(program).ShouldBe([program]);
    }

    [Theory]
    [InlineData("exit 0\n", "neither")]
    [InlineData("", "neither")]
    [InlineData("#!/usr/bin/env python3\n", "interpreter")]
    [InlineData("#!/opt/none\n", "interpreter")]
    [InlineData("#!\n", "interpreter")]
    public void Other_probes_are_refused(string content, string word) =>
        Should.Throw<LabInputException>(() => ProbeProgram.Needs(Write("p", Encoding.UTF8.GetBytes(content)))).Message.ShouldContain(word);

    [Fact]
    public async Task Files_of_one_name_in_the_guest_are_refused()
    {
        var (first, second) = (Write("first", [1]), Write("second", [2]));
        using var archive = new CpioWriter(new MemoryStream());
        archive.File("/bin/busybox", [0]);
        Task Add(params LabFile[] files) => Initramfs.AddFilesAsync(archive, files, TestContext.Current.CancellationToken);

        await Add(new(first, "/lab/data"), new(first, "/lab/data"));
        archive.Has("/lab/data").ShouldBeTrue();
        var clash = (await Should.ThrowAsync<LabInputException>(() => Add(new(first, "/lab/x"), new(second, "/lab/x")))).Message;
        clash.ShouldContain(first);
        clash.ShouldContain(second);
        (await Should.ThrowAsync<LabInputException>(() => Add(new LabFile(second, "/usr/bin/busybox")))).Message.ShouldContain("/bin/busybox");
        (await Should.ThrowAsync<LabInputException>(() => Add(new LabFile(second, "/bin")))).Message.ShouldContain("/bin in the guest");
    }

    [Fact]
    public void A_module_tells_what_it_is()
    {
        var facts = ModuleFacts.Read(Module("livepatch=Y\0name=suture_fix\0suture.objects=vmlinux,xfs\0vermagic=6.1.0-56-cloud-amd64 SMP preempt\0"));

        facts.Name.ShouldBe("suture_fix");
        facts.Release.ShouldBe("6.1.0-56-cloud-amd64");
        facts.IsLivepatch.ShouldBeTrue();
        facts.Objects.ShouldBe(["vmlinux", "xfs"]);
        facts.TargetModules.ShouldBe(["xfs"]);
    }

    [Fact]
    public void Without_the_note_its_livepatch_symbols_tell_its_objects() =>
        ModuleFacts.Read(Module("livepatch=Y\0vermagic=6.1 SMP\0", ".klp.sym.vmlinux.printk,0", ".klp.sym.xfs.xfs_log,1", ".klp.sym.xfs.xfs_iget,0"))
            .Objects.ShouldBe(["vmlinux", "xfs"]);

    [Fact]
    public void What_is_no_module_is_refused()
    {
        Should.Throw<ElfFormatException>(() => ModuleFacts.Read(Module("license=GPL\0"))).Message.ShouldContain("vermagic");
        Should.Throw<ElfFormatException>(() => ModuleFacts.Read(Write("x.ko", [1, 2, 3])));
        Should.Throw<LabInputException>(() => LabRunner.CheckModule(Module("vermagic=6.1 SMP\0"), "6.1")).Fault.ShouldBe(LabInputFault.Unusable);
        Should.Throw<LabInputException>(() => LabRunner.CheckModule(Module("livepatch=Y\0vermagic=6.1 SMP\0"), "6.12")).Fault.ShouldBe(LabInputFault.WrongKernel);
    }

    [Fact]
    public void A_kernel_image_tells_its_release()
    {
        var image = new byte[0x1000];
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        image[0x20f] = 0x01;
        "6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org) #1"u8.CopyTo(image.AsSpan(0x300));

        LabKernel.ReleaseOf(Write("vmlinuz", image)).ShouldBe("6.1.0-56-cloud-amd64");
        LabKernel.ReleaseOf(Write("other", new byte[0x1000])).ShouldBeNull();
        LabKernel.ReleaseOf(Write("short", image[..0x20c])).ShouldBeNull();
    }
}
