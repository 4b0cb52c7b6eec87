using System.Text;

namespace Suture.Lab.Guest;

/// <summary>The shared libraries of a program, as the dynamic linker of this machine (ldd) resolves them.</summary>
internal static class SharedLibraries
{
    /// <summary>Absolute paths that the program needs under exactly these names; none for a static program.</summary>
    public static async Task<IReadOnlyList<string>> OfAsync(string program, CancellationToken cancel) =>
        NeedsInterpreter(program) ? await NeedsAsync(program, cancel) : [];

    /// <summary>The library that the guest program opens when it first hashes something, with what it needs itself.</summary>
    public static async Task<IReadOnlyList<string>> OfHashingAsync(CancellationToken cancel)
    {
        const string name = "libssl.so.3";
        foreach (var directory in (string[])["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib"])
        {
            if (Path.Combine(directory, name) is var path && File.Exists(path))
            {
                return [path, .. await NeedsAsync(path, cancel)];
            }
        }
        throw new LabInputException(LabInputFault.Missing, $"{name} is not installed", "apt install libssl3");
    }

    private static async Task<IReadOnlyList<string>> NeedsAsync(string file, CancellationToken cancel) =>
        Parse(Encoding.UTF8.GetString(await ExternalProgram.OutputAsync("ldd", [file], "libc-bin", cancel)));

    /// <summary>
    /// Paths in ldd's output: "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" and "/lib64/ld-linux-x86-64.so.2 (0x…)".
    /// The kernel's own vdso has no path.
    /// </summary>
    public static IReadOnlyList<string> Parse(string ldd)
    {
        var paths = new List<string>();
        foreach (var line in ldd.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Contains("=> not found", StringComparison.Ordinal))
            {
                throw new LabInputException(LabInputFault.Missing, $"a shared library is missing: {line}", "install the package that has it");
            }
            var path = (line.IndexOf("=> ", StringComparison.Ordinal) is >= 0 and var at ? line[(at + 3)..] : line).Split(' ')[0];
            if (path.StartsWith('/'))
            {
                paths.Add(path);
            }
        }
        return paths;
    }

    /// <summary>Whether an ELF program names a dynamic linker (program header PT_INTERP = 3); ldd fails on those that do not.</summary>
    private static bool NeedsInterpreter(string program)
    {
        var bytes = new byte[4096];
        int count;
        using (var file = File.OpenRead(program))
        {
            count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        if (count < 64 || bytes[4] != 2)
        {
            return false;
        }
        var table = BitConverter.ToUInt64(bytes, 32);
        var entries = BitConverter.ToUInt16(bytes, 56);
        for (var i = 0UL; i < entries && table + (i + 1) * 56 <= (ulong)count; i++)
        {
            if (BitConverter.ToUInt32(bytes, (int)(table + i * 56)) == 3)
            {
                return true;
            }
        }
        return false;
    }
}
