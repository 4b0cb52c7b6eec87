using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Suture.Host.State;

/// <summary>What a host knows about its patches. Order is the order in which they were applied, or else installed.</summary>
public sealed record HostState
{
    /// <summary>The format this version writes. A higher one is not read.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Format.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>SHA-256 of this document with this field empty: a file that was cut short or scribbled on is told from a good one.</summary>
    public string Checksum { get; init; } = "";

    /// <summary>Installed patches of every kernel release.</summary>
    public IReadOnlyList<InstalledPatch> Patches { get; init; } = [];

    /// <summary>Those for a kernel release.</summary>
    public IEnumerable<InstalledPatch> For(string release) => Patches.Where(p => p.Release == release);

    /// <summary>The state with <paramref name="changed"/> in the place of the one of its release and name, or at the end.</summary>
    public HostState With(InstalledPatch changed) => Patches.Any(p => Same(p, changed))
        ? this with { Patches = [.. Patches.Select(p => Same(p, changed) ? changed : p)] }
        : this with { Patches = [.. Patches, changed] };

    /// <summary>The state with <paramref name="patch"/> as the last one.</summary>
    public HostState WithLast(InstalledPatch patch) => Without(patch) with { Patches = [.. Without(patch).Patches, patch] };

    /// <summary>
    /// The state with <paramref name="patch"/> in quarantine for <paramref name="reason"/>. What it had replaced is wanted again: without either, every fix of the
    /// older one would be gone.
    /// </summary>
    public HostState WithQuarantined(InstalledPatch patch, string reason)
    {
        ArgumentNullException.ThrowIfNull(patch);
        var state = With(patch with { Quarantine = new Quarantine(DateTimeOffset.UtcNow, reason), Probation = null, UnwatchedBoots = null, AppliedSince = null });
        return state with
        {
            Patches = [.. state.Patches.Select(p => p.Release == patch.Release && p.Wish == PatchWish.Replaced && p.ReplacedBy == patch.Name
                ? p with { Wish = PatchWish.Applied, ReplacedBy = null } : p)],
        };
    }

    /// <summary>The state with <paramref name="patch"/> taken back on purpose: it is not wanted any more, and what it had replaced is not on its account.</summary>
    public HostState WithReverted(InstalledPatch patch)
    {
        ArgumentNullException.ThrowIfNull(patch);
        var state = With(patch with { Wish = PatchWish.Reverted, AppliedSince = null, Probation = null, UnwatchedBoots = null });
        return state with { Patches = [.. state.Patches.Select(p => p.Release == patch.Release && p.ReplacedBy == patch.Name ? p with { ReplacedBy = null } : p)] };
    }

    /// <summary>The state without <paramref name="patch"/>.</summary>
    public HostState Without(InstalledPatch patch) => this with { Patches = [.. Patches.Where(p => !Same(p, patch))] };

    /// <summary>As it is written.</summary>
    public byte[] ToJson()
    {
        var bare = JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = "" }, StateJson.Default.HostState);
        return JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = Convert.ToHexStringLower(SHA256.HashData(bare)) }, StateJson.Default.HostState);
    }

    /// <summary>Reads what was written; null, with the reason, when it is damaged.</summary>
    public static HostState? FromJson(ReadOnlySpan<byte> json, out string fault)
    {
        try
        {
            var state = JsonSerializer.Deserialize(json, StateJson.Default.HostState);
            fault = state is null ? "it is empty"
                : state.Format > CurrentFormat ? $"it is of format {state.Format}, written by a newer Suture"
                : !HasChecksum(json, state.Checksum) ? "its checksum does not fit its content"
                : "";
            return fault.Length == 0 ? state : null;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            fault = e.Message;
            return null;
        }
    }

    /// <summary>Whether the document itself, as it was written, has this checksum: a later version, which may write more fields, can tell too.</summary>
    private static bool HasChecksum(ReadOnlySpan<byte> json, string checksum)
    {
        var quoted = Encoding.UTF8.GetBytes($"\"{checksum}\"");
        var at = checksum.Length == 2 * SHA256.HashSizeInBytes ? json.IndexOf(quoted) : -1;
        return at >= 0 && Convert.ToHexStringLower(SHA256.HashData([.. json[..(at + 1)], .. json[(at + quoted.Length - 1)..]])) == checksum;
    }

    private static bool Same(InstalledPatch a, InstalledPatch b) => a.Release == b.Release && a.Name == b.Name;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(HostState))]
internal sealed partial class StateJson : JsonSerializerContext;
