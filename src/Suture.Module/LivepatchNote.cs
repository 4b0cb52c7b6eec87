using System.Text.Json;
using System.Text.Json.Serialization;

namespace Suture.Module;

/// <summary>
/// What a livepatch module says about itself: for which kernel it is, what it replaces and what was there when it was built, what it
/// fixes. It lies in the module as an ELF note (<see cref="NoteSection"/>), so that a host can read it from the file before it loads
/// the module, and from /sys/module/NAME/notes afterwards.
/// </summary>
public sealed record LivepatchNote
{
    /// <summary>The format this version of Suture writes. A reader refuses higher ones.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Format of the note.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the kernel module, as in /proc/modules.</summary>
    public required string Module { get; init; }

    /// <summary>Name of the patch, as its author gave it: the module's without "suture_".</summary>
    public required string Name { get; init; }

    /// <summary>Version of the patch, as its author gave it.</summary>
    public required string Version { get; init; }

    /// <summary>What it is about, in one line.</summary>
    public string? Title { get; init; }

    /// <summary>CVE identifiers of what it fixes.</summary>
    public IReadOnlyList<string> Cves { get; init; } = [];

    /// <summary>The one kernel build that it is for.</summary>
    public required NoteKernel Kernel { get; init; }

    /// <summary>Whether applying it takes every other livepatch off (klp_patch.replace).</summary>
    public required bool Replace { get; init; }

    /// <summary>The functions it replaces.</summary>
    public required IReadOnlyList<NoteFunction> Functions { get; init; }

    /// <summary>The later kernel whose fixes it carries; null for a patch of its own.</summary>
    public NoteEffective? Effective { get; init; }

    /// <summary>As JSON, UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, NoteJson.Default.LivepatchNote);

    /// <summary>Reads JSON; null, with the reason in <paramref name="fault"/>, when it is not a note that this version understands.</summary>
    public static LivepatchNote? FromJson(ReadOnlySpan<byte> json, out string fault)
    {
        try
        {
            var note = JsonSerializer.Deserialize(json, NoteJson.Default.LivepatchNote);
            fault = note is null ? "it is empty"
                : note.Format > CurrentFormat ? $"it is of format {note.Format}, this version of Suture knows {CurrentFormat}: install a newer one"
                : NoteRules.Fault(note);
            return fault.Length == 0 ? note : null;
        }
        catch (JsonException e)
        {
            fault = e.Message;
            return null;
        }
    }
}

/// <summary>A kernel build.</summary>
/// <param name="Release">As uname -r says.</param>
/// <param name="BuildId">GNU build-id in lower-case hexadecimal, as in /sys/kernel/notes.</param>
/// <param name="Version">Version of the distribution's package, when it is known.</param>
public sealed record NoteKernel(string Release, string BuildId, string? Version = null);

/// <summary>A function that the livepatch replaces.</summary>
/// <param name="Object">vmlinux or the name of a module.</param>
/// <param name="Name">Symbol.</param>
/// <param name="Sympos">Which of the symbols of that name in the object's kallsyms, from 1; 0 when there is one.</param>
/// <param name="Size">Bytes of the original code that <paramref name="Digest"/> covers, from the symbol on; 0 without a digest.</param>
/// <param name="Digest">SHA-256 of these bytes with the masked ones zeroed, in lower-case hexadecimal; null when the shipped code could not be read.</param>
/// <param name="Mask">The bytes that the running kernel may have changed, see <see cref="CodeMask"/>.</param>
public sealed record NoteFunction(string Object, string Name, int Sympos, int Size = 0, string? Digest = null, string Mask = "")
{
    /// <inheritdoc/>
    public override string ToString() => (Object == "vmlinux" ? Name : $"{Object}:{Name}") + (Sympos > 1 ? $",{Sympos}" : "");
}

/// <summary>Whose fixes a cumulative livepatch carries.</summary>
/// <param name="Version">Version of the later kernel package, and which part of it where not all was looked at: "6.1.192-2 in fs/".</param>
/// <param name="Fixes">How many of its fixes are in.</param>
/// <param name="Total">How many it has that concern this kernel.</param>
public sealed record NoteEffective(string Version, int Fixes, int Total);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(LivepatchNote))]
internal sealed partial class NoteJson : JsonSerializerContext;
