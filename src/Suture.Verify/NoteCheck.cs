using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Suture.Verify;

/// <summary>
/// What a module says about itself to hosts (ELF note "Suture" type 1 in <c>.note.suture</c>, JSON), against what it must be: hosts decide by
/// it whether it fits, so it must name the kernel and the functions that the module is really for. With the kernel at hand also the digests
/// of the code that is replaced.
/// </summary>
internal static class NoteCheck
{
    private const string SectionName = ".note.suture";
    private const int MaxCodeBytes = 1 << 20;

    public static void Run(RelocatableFile module, Manifest manifest, IRunningKernel? kernel, CheckReport report, WorkLimit limit)
    {
        var section = module.Find(SectionName);
        if (!report.Expect("note", section is { IsAlloc: true, Type: 7 }, () => $"there is no {SectionName} that the kernel would show"))
        {
            return;
        }
        try
        {
            using var json = JsonDocument.Parse(Description(module.BytesOf(section!)).ToArray());
            Compare(json.RootElement, manifest, kernel, report, limit);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            report.Fault("note", $"{SectionName} cannot be read: {e.Message}");
        }
    }

    /// <summary>The first note of the section: sizes of name and description, type, then both padded to 4 bytes.</summary>
    private static ReadOnlySpan<byte> Description(ReadOnlySpan<byte> notes)
    {
        if (notes.Length < 20 || !notes[12..].StartsWith("Suture\0"u8) || BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]) != 1)
        {
            throw new FormatException("its first note is not the description");
        }
        var size = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
        return size <= notes.Length - 20 ? notes.Slice(20, (int)size) : throw new FormatException("its description reaches past its end");
    }

    private static void Compare(JsonElement note, Manifest manifest, IRunningKernel? kernel, CheckReport report, WorkLimit limit)
    {
        var meant = note.GetProperty("kernel");
        void Same(string what, string said, string wanted) => report.Expect("note", said == wanted, () => $"it says {what} {said}, must say {wanted}");
        Same("module", note.GetProperty("module").GetString()!, manifest.Module);
        Same("kernel", meant.GetProperty("release").GetString()!, manifest.Release);
        Same("build-id", meant.GetProperty("buildId").GetString()!, manifest.BuildId);
        report.Expect("note", note.GetProperty("replace").GetBoolean() == manifest.Replace, () => "it says otherwise than klp_patch whether all other livepatches go");
        var functions = note.GetProperty("functions").EnumerateArray().GroupBy(f => (f.GetProperty("object").GetString(), f.GetProperty("name").GetString()))
            .ToDictionary(g => g.Key, g => g.ToList());
        foreach (var wanted in manifest.Replacements)
        {
            var named = functions.GetValueOrDefault((wanted.Object, wanted.Name), []);
            limit.Spend(1 + named.Count);
            var at = named.FindIndex(f => ModuleWalk.IsPosition(wanted.SymPos, f.GetProperty("sympos").GetInt32()));
            if (!report.Expect("note", at >= 0, () => $"it does not name '{wanted.Name}' of {wanted.Object}, number {wanted.SymPos}"))
            {
                continue;
            }
            if (kernel is not null && named[at].TryGetProperty("digest", out var digest))
            {
                CheckDigest(wanted, named[at], digest.GetString()!, kernel, report, limit);
            }
            named.RemoveAt(at);
        }
        foreach (var extra in functions.Values.SelectMany(f => f))
        {
            report.Fault("note", $"it names '{extra.GetProperty("name").GetString()}' of {extra.GetProperty("object").GetString()}, which is not replaced");
        }
    }

    private static void CheckDigest(Replacement function, JsonElement said, string digest, IRunningKernel kernel, CheckReport report, WorkLimit limit)
    {
        var size = said.GetProperty("size").GetInt32();
        limit.Spend(size is > 0 and <= MaxCodeBytes ? size : 1);
        var code = size is > 0 and <= MaxCodeBytes ? Shipped(function, size, kernel) : null;
        if (!report.Expect("note", code is not null, () => $"the kernel has no {size} bytes of '{function.Name}' of {function.Object}"))
        {
            return;
        }
        foreach (var range in said.GetProperty("mask").GetString()!.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var plus = range.IndexOf('+', StringComparison.Ordinal);
            var (start, length) = (Hex(range[..Math.Max(0, plus)]), Hex(range[(plus + 1)..]));
            if (!report.Expect("note", start <= size && length <= size - start, () => $"the mask of '{function.Name}' reaches past its code"))
            {
                return;
            }
            code.AsSpan(start, length).Clear();
        }
        report.Expect("note", Convert.ToHexStringLower(SHA256.HashData(code!)) == digest, () => $"the digest of '{function.Name}' of {function.Object} is not that of the kernel's code");
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) is >= 0 and var value ? value : throw new FormatException($"mask {digits}");

    private static byte[]? Shipped(Replacement function, int size, IRunningKernel kernel)
    {
        var index = Math.Max(0, function.SymPos - 1);
        if (function.Object == "vmlinux")
        {
            var all = kernel.Find(function.Name);
            return index < all.Count && kernel.TryRead(all[index].Address, size, out var bytes) ? bytes.ToArray() : null;
        }
        var found = RunningPlaces.InModule(function.Object, function.Name, kernel);
        if (index >= found.Count || found[index] is not { Section: { IsZeroed: false } section, Value: var value } || value < 0 || value > section.Size - size)
        {
            return null;
        }
        return kernel.Module(function.Object)!.BytesOf(section).Slice((int)value, size).ToArray();
    }
}
