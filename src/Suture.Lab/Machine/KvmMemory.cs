namespace Suture.Lab.Machine;

/// <summary>
/// Remembers what <see cref="KvmCheck"/> found until this machine boots again, because a KVM that hangs costs the whole
/// bound each time. A file in the cache, named by the boot id; losing it costs nothing.
/// </summary>
internal sealed class KvmMemory(string? path)
{
    private const string Works = "works\n";
    private const string Broken = "broken: ";
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>The memory of this boot; forgetful when there is no boot id to be had.</summary>
    public static KvmMemory ForThisBoot()
    {
        if (!File.Exists(BootId))
        {
            return new KvmMemory(null);
        }
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } told
            ? told
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new KvmMemory(Path.Combine(cache, "suture", $"kvm-{File.ReadAllText(BootId).Trim()}"));
    }

    /// <summary>Why KVM does not work, "" when it does, null when it is not known.</summary>
    public string? Recall()
    {
        try
        {
            // A file that says neither is half written.
            var text = path is not null && File.Exists(path) ? File.ReadAllText(path) : "";
            return text == Works ? "" : text.StartsWith(Broken, StringComparison.Ordinal) && text.EndsWith('\n') ? text[Broken.Length..^1] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps the answer.</summary>
    public void Remember(string fault)
    {
        if (path is null)
        {
            return;
        }
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, fault.Length == 0 ? Works : $"{Broken}{fault}\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is found out again next time.
        }
    }
}
