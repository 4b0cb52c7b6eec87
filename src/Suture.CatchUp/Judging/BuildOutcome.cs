using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Suture.Build;
using Suture.CatchUp.Difference;
using Suture.Diff;
using Suture.Diff.Findings;
using Suture.Elf;
using Suture.Kernel;
using Suture.Module;
using Suture.Verify;

namespace Suture.CatchUp.Judging;

/// <summary>How the build of some changes ended, without the module.</summary>
/// <param name="Changes">Ids of the changes that were built together.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Findings">What it said.</param>
/// <param name="Functions">Functions replaced and brought along.</param>
/// <param name="Fault">The exception, when the engine itself failed; else null.</param>
internal sealed record BuildOutcome(IReadOnlyList<string> Changes, BuildStatus Status, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Functions, string? Fault = null)
{
    /// <summary>Whether what does not compile is told by the lines of the patch.</summary>
    public bool IsExplained { get; init; } = true;

    /// <summary>
    /// Of what does not compile, digest of the sources that were tried before others (<see cref="BuildRequest.TriedFirst"/>): they decide which errors are told, and what is grown by these.
    /// Null where it does not matter.
    /// </summary>
    public string? TriedFirst { get; init; }

    /// <summary>Whether nothing was built because the kernel that runs has all of it already.</summary>
    public bool IsAlreadyThere { get; init; }

    /// <summary>Whether a <see cref="Fault"/> was one of the machine (<see cref="ChangeBuilds.IsOfTheMachine"/>).</summary>
    [JsonIgnore]
    public bool IsTriedAgain { get; init; }

    /// <summary>The change that is needed and cannot be carried by itself, so that nothing was built; else null.</summary>
    [JsonIgnore]
    public string? Awaits { get; init; }

    /// <summary>
    /// Whether it may well end otherwise another time: a tool failed for the machine's sake, or a compiler died without a word about a line, which says nothing of the source.
    /// </summary>
    [JsonIgnore]
    public bool MayBeOfTheMachine => IsTriedAgain || (Status == BuildStatus.DoesNotCompile && (!Findings.Any(f => f.Severity == Severity.Error)
        || Findings.Any(f => f.Message.StartsWith(BuildFindings.NoMessage, StringComparison.Ordinal))));

    /// <summary>The findings when it failed for want of something that another change may bring; else null.</summary>
    [JsonIgnore]
    public IReadOnlyList<Finding>? Lacking => Fault is null && !MayBeOfTheMachine && GroupGrowth.LacksSomething(Status == BuildStatus.DoesNotCompile, Findings) ? Findings : null;
}

/// <summary>
/// Outcomes by content: the patches with the names that findings call them by, the kernel build with its modules and this very version of the engine. An interrupted run finds what it had done, a later
/// one builds only what is new. Each is a file that is renamed into place when whole; one that cannot be read is built again.
/// </summary>
internal sealed class OutcomeStore(KernelBuild kernel)
{
    private readonly string _directory = Directory.CreateDirectory(Path.Combine(kernel.WorkDirectory, "catch-up")).FullName;

    // A module may be built again, or come from outside the tree, while the kernel stays the same.
    private readonly Lazy<string> _modules = new(() => string.Concat(kernel.Modules.Files.Select(f => new FileInfo(f)).Select(f =>
        string.Create(CultureInfo.InvariantCulture, $"{f.FullName} {f.Length} {f.LastWriteTimeUtc.Ticks}\n"))));

    /// <summary>Key of <paramref name="patches"/>.</summary>
    public string KeyOf(IReadOnlyList<(string Name, byte[] Bytes)> patches)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var type in (Type[])[typeof(LivepatchBuilder), typeof(Differ), typeof(Manifest), typeof(KernelBuild), typeof(ElfObject), typeof(LivepatchFile), typeof(OutcomeStore)])
        {
            // Builds are deterministic: the id changes with the source and with nothing else.
            hash.AppendData(type.Module.ModuleVersionId.ToByteArray());
        }
        hash.AppendData(Encoding.UTF8.GetBytes($"{kernel.Release}\n{kernel.BuildId}\n{_modules.Value}"));
        foreach (var (name, bytes) in patches)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\n{name} {bytes.Length}\n")));
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>What is known under a key; null when nothing is.</summary>
    public BuildOutcome? Find(string key)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(PathOf(key)), OutcomeJson.Default.BuildOutcome);
        }
        catch (Exception e) when (e is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps an outcome.</summary>
    public void Keep(string key, BuildOutcome outcome)
    {
        var beside = $"{PathOf(key)}.{Guid.NewGuid():N}.tmp";
        File.WriteAllBytes(beside, JsonSerializer.SerializeToUtf8Bytes(outcome, OutcomeJson.Default.BuildOutcome));
        File.Move(beside, PathOf(key), overwrite: true);
    }

    private string PathOf(string key) => Path.Combine(_directory, key + ".json");
}

[JsonSerializable(typeof(BuildOutcome))]
internal sealed partial class OutcomeJson : JsonSerializerContext;
