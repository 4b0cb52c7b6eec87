namespace Suture.Lab.Machine;

/// <summary>
/// Remembers what <see cref="KvmCheck"/> found, because a KVM that hangs costs the whole bound each time: that it works until this machine
/// boots again, that it does not for an hour, for the machine may have been busy or the user not yet in the right group. A file in the cache,
/// named by the boot id; losing it costs nothing.
/// </summary>
internal sealed class KvmMemory(string? path)
{
    private const string Works = "works\n";
    private const string Broken = "broken: ";
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    private static readonly TimeSpan FaultLife = TimeSpan.FromHours(1);

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

    /// <summary>What was found: why KVM does not work, "" when it does, and when it was tried; null when it is not known, or no longer.</summary>
    public (string Fault, DateTime Tried)? Recall()
    {
        try
        {
            if (path is null || !File.Exists(path))
            {
                return null;
            }
            var (text, tried) = (File.ReadAllText(path), File.GetLastWriteTime(path));
            // A file that says neither is half written; one from later was written before somebody set the clock.
            return text == Works ? ("", tried)
                : text.StartsWith(Broken, StringComparison.Ordinal) && text.EndsWith('\n') && DateTime.Now - tried is var age && age >= TimeSpan.Zero && age < FaultLife
                    ? (text[Broken.Length..^1], tried) : null;
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
