using System.Diagnostics;
using Suture.Elf;

namespace Suture.UnitTests.Elf;

/// <summary>Real objects: made by gcc when first asked for, and the C library's own.</summary>
internal static class SampleObjects
{
    private const string Source = """
        #define section(n) __attribute__((section(n)))
        int printk(const char *, ...);
        void oops(void) __attribute__((cold));
        extern int elsewhere;
        static int state = 3; static long zeroes[100]; const int table[] = { 1, 2, 3 };
        static __attribute__((noinline)) int helper(int a) { state += a; return a * VARIANT; }
        int (*hook)(int) = helper;
        int __attribute__((weak)) weak_one(int a) { return a + 1; }
        int section(".init.text") setup(void) { return printk("setup %d\n", VARIANT); }
        int work(int a)
        {
            static int count;
            if (__builtin_expect(a < 0, 0)) { oops(); return VARIANT; }
            asm volatile("661: nop\n662: .pushsection .altinstructions,\"a\"\n .long 661b - .\n .long 663f - .\n .word 7\n .byte 1, 5\n .popsection\n"
                         ".pushsection .altinstr_replacement,\"ax\"\n663: call printk\n.popsection");
            asm volatile("1: ud2\n.pushsection __bug_table,\"aw\"\n2: .long 1b - .\n .long 0\n .word 5, 1\n.popsection");
            asm volatile("movl $5, %0" : "=m"(state));
            count += helper(a) + elsewhere + (int)zeroes[a];
            printk("work %d %d\n", count, table[a & 1]);
            return count;
        }
        asm(".section .text.shared,\"axG\",@progbits,shared,comdat\n.weak shared\n.type shared,@function\nshared: ret\n.size shared,.-shared\n.text");
        """;

    private static readonly Lazy<string> Scratch = new(() =>
    {
        var directory = Directory.CreateTempSubdirectory("suture-elf").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        return directory;
    });

    private static readonly Lazy<byte[]> SmallObject = new(() => Compile("small", "-DVARIANT=7"));
    private static readonly Lazy<byte[]> OtherObject = new(() => Compile("other", "-DVARIANT=9"));
    private static readonly Lazy<byte[]> DebugObject = new(() => Compile("debug", "-DVARIANT=7", "-g", "-fasynchronous-unwind-tables"));

    private static readonly Lazy<byte[]> OtherDebugObject = new(() => Compile("other-debug", "-DVARIANT=9", "-g", "-fasynchronous-unwind-tables"));

    /// <summary><see cref="Small"/> with debugging information.</summary>
    public static byte[] Debug => DebugObject.Value;

    /// <summary><see cref="SmallPatched"/> with debugging information.</summary>
    public static byte[] DebugPatched => OtherDebugObject.Value;

    /// <summary>A few kilobytes with every kind of section that a kernel object has.</summary>
    public static byte[] Small => SmallObject.Value;

    /// <summary><see cref="Small"/> after a patch.</summary>
    public static byte[] SmallPatched => OtherObject.Value;

    /// <summary>By name: with and without debug information and unwind tables, and the C library's start-up code.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> All()
    {
        yield return ("small", Small);
        yield return ("debug", DebugObject.Value);
        foreach (var name in new[] { "crt1.o", "Scrt1.o", "crti.o" })
        {
            yield return (name, File.ReadAllBytes(Path.Combine("/usr/lib/x86_64-linux-gnu", name)));
        }
    }

    /// <summary>A new file of this run with these bytes.</summary>
    public static string Save(byte[] bytes)
    {
        var path = Path.Combine(Scratch.Value, $"{Guid.NewGuid():n}.o");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Standard output and standard error of a tool that must succeed.</summary>
    public static (string Output, string Errors) Run(string tool, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? (output, errors.Result)
            : throw new InvalidOperationException($"{tool}: exit {process.ExitCode}: {errors.Result}");
    }

    /// <summary>The whole graph as text: equal text, equal graph.</summary>
    public static string Describe(ElfObject source)
    {
        var sections = source.Sections.Select((s, i) => (s, i)).ToDictionary(p => p.s, p => p.i, ReferenceEqualityComparer.Instance as IEqualityComparer<Section>);
        var symbols = source.Symbols.Select((s, i) => (s, i)).ToDictionary(p => p.s, p => p.i);
        string Number(Section? s) => s is null ? "-" : $"{sections[s]}";
        return string.Join('\n', [
            .. source.Sections.Select(s => $"{s.Name} {s.Type} {s.Flags} {Math.Max(1, s.Alignment)} {s.EntrySize} {s.Size} {Convert.ToHexString(s.Data)}"
                + $" link {Number(s.Link)} target {Number(s.Target)} signature {s.GroupSignature?.Name} members {string.Join(',', s.GroupMembers.Select(Number))}"
                + string.Concat(s.Relocations.Select(r => $"\n  {r.Offset} {r.Type} {symbols.GetValueOrDefault(r.Symbol, -1)} {r.Addend}"))),
            .. source.Symbols.Select(s => $"{s.Name} {Number(s.Section)} {s.Place} {s.Value} {s.Size} {s.Binding} {s.Type} {s.Other}")]);
    }

    private static byte[] Compile(string name, params string[] flags)
    {
        var (source, output) = (Path.Combine(Scratch.Value, name + ".c"), Path.Combine(Scratch.Value, name + ".o"));
        File.WriteAllText(source, Source);
        Run("gcc", [.. flags, "-O2", "-w", "-mcmodel=kernel", "-fno-pie", "-fno-pic", "-pg", "-mfentry", "-mrecord-mcount", "-fcf-protection=none",
            "-ffunction-sections", "-fdata-sections", .. flags.Contains("-g") ? Array.Empty<string>() : ["-fno-asynchronous-unwind-tables"],
            "-c", source, "-o", output]);
        return File.ReadAllBytes(output);
    }
}
