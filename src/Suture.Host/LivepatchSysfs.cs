using System.Globalization;

namespace Suture.Host;

/// <summary>
/// The livepatch core's sysfs directories (Documentation/ABI/testing/sysfs-kernel-livepatch). A directory may
/// vanish between any two calls, when the kernel finished an unpatch transition; that reads as "not there".
/// </summary>
public sealed class LivepatchSysfs(KernelPaths paths)
{
    private string Attribute(string patch, string name) => Path.Combine(paths.Livepatches, patch, name);

    /// <summary>Names of the livepatches the kernel knows, enabled or in transition.</summary>
    public IReadOnlyList<string> Names() => Directory.Exists(paths.Livepatches)
        ? [.. Directory.EnumerateDirectories(paths.Livepatches).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Whether the kernel knows the livepatch.</summary>
    public bool Exists(string patch) => Directory.Exists(Path.Combine(paths.Livepatches, patch));

    /// <summary>Whether it is enabled, also while that is still in transition; null when it is not there.</summary>
    public bool? Enabled(string patch) => ReadFlag(Attribute(patch, "enabled"));

    /// <summary>Whether tasks are still moving to or from it; null when it is not there.</summary>
    public bool? InTransition(string patch) => ReadFlag(Attribute(patch, "transition"));

    /// <summary>
    /// Writes <c>enabled</c>. The opposite of its present value starts the opposite transition, also while the first
    /// one is under way. Gives null when it worked, else what went wrong.
    /// </summary>
    public string? SetEnabled(string patch, bool enabled)
    {
        try
        {
            File.WriteAllText(Attribute(patch, "enabled"), enabled ? "1" : "0");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot write {(enabled ? 1 : 0)} to {Attribute(patch, "enabled")}: {e.Message}";
        }
    }

    /// <summary>Objects (vmlinux or modules) that the livepatch names; empty when it is not there.</summary>
    public IReadOnlyList<string> Objects(string patch)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(Path.Combine(paths.Livepatches, patch))
                .Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Functions that the livepatch replaces, with their symbol position counted from 1; empty when it is not there.</summary>
    public IReadOnlyList<(string Object, string Name, int Sympos)> Functions(string patch)
    {
        try
        {
            return [.. Objects(patch).SelectMany(o => Directory.EnumerateDirectories(Path.Combine(paths.Livepatches, patch, o))
                .Select(d => Path.GetFileName(d)!.Split(','))
                .Where(w => w.Length == 2 && int.TryParse(w[1], out _))
                .Select(w => (o, w[0], int.Parse(w[1], CultureInfo.InvariantCulture))))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Whether the object is patched now: null when the kernel does not tell (before 6.1) or the object is not the livepatch's.</summary>
    public bool? Patched(string patch, string @object) => ReadFlag(Path.Combine(paths.Livepatches, patch, @object, "patched"));

    private static bool? ReadFlag(string path)
    {
        try
        {
            return File.ReadAllText(path).AsSpan().Trim() is "1";
        }
        catch (IOException)
        {
            // Gone, or going: an attribute of a removed directory reads as ENODEV.
            return null;
        }
    }
}
