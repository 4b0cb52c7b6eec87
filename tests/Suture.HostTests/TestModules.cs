using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using Suture.Elf;
using Suture.HostTests.Machine;
using Suture.Module;

namespace Suture.HostTests;

/// <summary>Livepatches for the guest's kernel, made by <c>suture build</c> from patches/ as a user would, and spoilt copies of them.</summary>
internal static class TestModules
{
    private static readonly string Suture = Path.Combine(Repository.Root, "artifacts/bin/suture");

    /// <summary>Name of the module; its patch, in patches/ unless it is a path; options of the build.</summary>
    private static readonly (string Name, string Patch, string[] Options)[] Wanted =
    [
        ("v1", "v1", []),
        ("v2", "v2", ["--patch-version", "2"]),
        ("guide", "v1", []),
        ("pipe", "pipe", []),
        ("loop", "loop", []),
        ("panic", "panic", []),
        ("warn", "warn", []),
        ("cycle", "examples/b-version-counter/fix.patch", []),
        ("alone_a", "v1", ["--no-replace"]),
        ("alone_b", "v2", ["--no-replace"]),
    ];

    /// <summary>Offsets in a real module whose damage the reader that hosts use did not see; every 64th byte was tried. The machine tries <see cref="Flips"/> of them.</summary>
    public static ConcurrentBag<int> UnseenFlips { get; } = [];

    /// <summary>Writes them all to <paramref name="directory"/>.</summary>
    public static async Task MakeAsync(string release, string directory)
    {
        await HostProgram.OutputAsync(Suture, "kernel", "get", release);
        foreach (var (name, patch, options) in Wanted)
        {
            await HostProgram.OutputAsync(Suture,
                ["build", Path.Combine(Repository.Root, patch.Contains('/') ? patch : $"tests/Suture.HostTests/patches/{patch}.patch"), "--kernel", release, "--name", name, "-o", directory, .. options]);
        }
        var whole = await File.ReadAllBytesAsync(Path.Combine(directory, "suture_v1.ko"));
        await WriteAsync("release", Sealed(whole, release, Other(release)));
        await WriteAsync("buildid", Sealed(whole, LivepatchFile.Read(whole, "v1").Note.Kernel.BuildId, new string('0', 40)));
        await WriteAsync("truncated", whole[..(whole.Length * 2 / 3)]);
        await WriteAsync("plain", new ElfObject("plain") { Sections = { new Section(".modinfo", SectionType.ProgBits, SectionFlags.Alloc) { Data = "license=GPL\0name=plain\0"u8.ToArray() } } }.Write());
        await WriteAsync("signed", await SignedAsync(whole));
        var code = LivepatchFile.Read(whole, "v1").Note.Functions[0].Digest!;
        await WriteAsync("code", Sealed(whole, code, new string(code[0] == '0' ? '1' : '0', 1) + code[1..]));
        Parallel.For(0, (whole.Length + 63) / 64, i =>
        {
            var flipped = whole.ToArray();
            flipped[i * 64] ^= (byte)(1 << (i % 8));
            if (IsTaken(flipped))
            {
                UnseenFlips.Add(i * 64);
            }
        });
        for (var i = 0; i < Flips; i++)
        {
            var flipped = whole.ToArray();
            flipped[(long)whole.Length * i / Flips / 64 * 64] ^= (byte)(1 << (i % 8));
            await WriteAsync($"flip{i}", flipped);
        }

        Task WriteAsync(string name, byte[] bytes) => File.WriteAllBytesAsync(Path.Combine(directory, $"spoilt_{name}.ko"), bytes);
    }

    /// <summary>How many modules with one bit flipped there are; every 64th byte is tried without a machine, in the unit tests.</summary>
    public const int Flips = 8;

    /// <summary>6.1.0-56-… to 6.1.0-57-…: of the same length.</summary>
    private static string Other(string release) => release.Replace("6.1.", "6.2.", StringComparison.Ordinal);

    /// <summary>The module with a text of its note exchanged for one of the same length, and sealed again: only what it says is wrong.</summary>
    private static bool IsTaken(byte[] module)
    {
        try
        {
            LivepatchFile.Read(module, "flipped");
            return true;
        }
        catch (ModuleFileException)
        {
            return false;
        }
    }

    /// <summary>The module with the signature of a key of its own: CMS behind it, then struct module_signature and its magic (Documentation/admin-guide/module-signing.rst).</summary>
    private static async Task<byte[]> SignedAsync(byte[] module)
    {
        var scratch = Directory.CreateTempSubdirectory("suture-sign-").FullName;
        string At(string name) => Path.Combine(scratch, name);
        await File.WriteAllBytesAsync(At("module"), module);
        await HostProgram.OutputAsync("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=nobody", "-keyout", At("key"), "-out", At("certificate"));
        await HostProgram.OutputAsync("openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256", "-outform", "DER", "-signer", At("certificate"), "-inkey", At("key"), "-in", At("module"), "-out", At("signature"));
        var signature = await File.ReadAllBytesAsync(At("signature"));
        Directory.Delete(scratch, recursive: true);
        var trailer = new byte[12];
        trailer[2] = 2; // PKEY_ID_PKCS7
        BinaryPrimitives.WriteInt32BigEndian(trailer.AsSpan(8), signature.Length);
        return [.. module, .. signature, .. trailer, .. "~Module signature appended~\n"u8];
    }

    private static byte[] Sealed(byte[] module, string text, string other)
    {
        var bytes = module.ToArray();
        var note = LivepatchFile.Read(module, "module").NoteBytes.Span;
        var at = module.AsSpan().IndexOf(note);
        var section = Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(note).Replace(text, other, StringComparison.Ordinal));
        section.CopyTo(bytes.AsSpan(at));
        ModuleSeal.Write(bytes, at + NoteSection.SealOffset(section)!.Value);
        return bytes;
    }
}
