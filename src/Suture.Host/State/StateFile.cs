using System.Security.Cryptography;
using Suture.Host.Interfaces;
using Suture.Module;

namespace Suture.Host.State;

/// <summary>
/// The state on disk, twice: should the file be damaged, its copy says the same; an older state would bring back what was reverted since, or take
/// markers for those of a crash. What both lost is found again from the module files in the store. A damaged file is kept aside, never deleted.
/// </summary>
public sealed class StateFile(HostPaths paths)
{
    private const int MaxBytes = 16 << 20;
    private string Copy => paths.StateFile + "~";

    /// <summary>Reads the state. <see cref="Loaded.Warnings"/> say what was found damaged.</summary>
    /// <exception cref="UnauthorizedAccessException">Its directory is not for this user.</exception>
    public Loaded Load()
    {
        DurableFile.MustBeReadable(paths.State);
        var warnings = new List<string>();
        if (Read(paths.StateFile, warnings) is { } present)
        {
            return Adopt(present, warnings);
        }
        var copy = Read(Copy, warnings);
        if (copy is not null)
        {
            warnings.Add($"the state is taken from its copy, {Copy}");
        }
        return Adopt(copy ?? new HostState(), warnings);
    }

    /// <summary>Writes the state where that cannot be a reason to stop; what stood in the way, which the journal has too, or null.</summary>
    public string? TrySave(HostState state)
    {
        try
        {
            Save(state);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var fault = $"{paths.StateFile} cannot be written ({e.Message})";
            Journal.Warning(fault);
            return fault;
        }
    }

    /// <summary>Writes the state; when it throws, the old one stays.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public void Save(HostState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        DurableFile.MakeDirectory(paths.State);
        DurableFile.Write(paths.StateFile, state.ToJson(), () =>
        {
            FaultPoint.Reached("state.written");
            PutDamagedAside();
        });
        FaultPoint.Reached("state.renamed");
        KeepCopy(state);
        FaultPoint.Reached("state.kept");
    }

    /// <summary>
    /// Room for the next <see cref="Save"/>, taken now: what the kernel is to be told to do must be possible to write down afterwards. It is given free when this is disposed of.
    /// </summary>
    /// <exception cref="IOException">There is none.</exception>
    public IDisposable Reserve()
    {
        DurableFile.MakeDirectory(paths.State);
        return DurableFile.Reserve(Path.Combine(paths.State, "room"), (File.Exists(paths.StateFile) ? 4 * new FileInfo(paths.StateFile).Length : 0) + (64 << 10));
    }

    private void PutDamagedAside()
    {
        if (File.Exists(paths.StateFile) && Read(paths.StateFile, []) is null)
        {
            File.Move(paths.StateFile, $"{paths.StateFile}.damaged-{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}", overwrite: true);
        }
    }

    /// <summary>The state is saved by now: that there is no room for its copy too is no reason to say otherwise, but a copy of an older state must not stay.</summary>
    private void KeepCopy(HostState state)
    {
        try
        {
            DurableFile.Write(Copy, state.ToJson());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Journal.Warning($"{Copy} cannot be written: {e.Message}");
            try
            {
                File.Delete(Copy);
            }
            catch (Exception also) when (also is IOException or UnauthorizedAccessException)
            {
                // The disk takes nothing at all; the state itself is in order.
            }
        }
    }

    private static HostState? Read(string path, List<string> warnings)
    {
        byte[] bytes;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return null;
            }
            if (file.Length > MaxBytes)
            {
                warnings.Add($"{path} is damaged: {file.Length} bytes are more than any state");
                return null;
            }
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"{path} cannot be read: {e.Message}");
            return null;
        }
        if (HostState.FromJson(bytes, out var fault) is { } state)
        {
            return state;
        }
        warnings.Add($"{path} is damaged: {fault}");
        return null;
    }

    /// <summary>Module files that the state does not list: an installation was cut short, or the state is an older one.</summary>
    private Loaded Adopt(HostState state, List<string> warnings)
    {
        var root = Path.Combine(paths.State, "patches");
        try
        {
            foreach (var directory in (Directory.Exists(root) ? Directory.GetDirectories(root) : []).Order(StringComparer.Ordinal))
            {
                var release = Path.GetFileName(directory);
                foreach (var file in Directory.GetFiles(directory, "*.ko").Order(StringComparer.Ordinal))
                {
                    var name = Path.GetFileNameWithoutExtension(file);
                    if (state.Patches.Any(p => p.Release == release && p.Name == name) || Describe(file, warnings) is not { } found)
                    {
                        continue;
                    }
                    if (found.Name == name && found.Release == release)
                    {
                        state = state.With(found);
                    }
                    else
                    {
                        warnings.Add($"{file} holds the patch {found.Name} for {found.Release}; it is ignored");
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"{root} cannot be read: {e.Message}");
        }
        return new Loaded(state, warnings);
    }

    private static InstalledPatch? Describe(string file, List<string> warnings)
    {
        try
        {
            var bytes = File.ReadAllBytes(file);
            return Describe(LivepatchFile.Read(bytes, file).Note, bytes, File.GetLastWriteTimeUtc(file));
        }
        catch (ModuleFileException e)
        {
            warnings.Add($"{e.Message}; it is ignored");
            return null;
        }
    }

    /// <summary>The record of a module file that was just put into the store.</summary>
    internal static InstalledPatch Describe(LivepatchNote note, ReadOnlySpan<byte> file, DateTimeOffset installed) => new()
    {
        Release = note.Kernel.Release,
        Name = note.Name,
        Module = note.Module,
        Version = note.Version,
        Title = note.Title,
        Cves = note.Cves,
        Replace = note.Replace,
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(file)),
        Installed = installed,
        Wish = PatchWish.Installed,
    };

    /// <summary>The state and what was wrong with its files.</summary>
    /// <param name="State">The state.</param>
    /// <param name="Warnings">One sentence each; empty when all is in order.</param>
    public sealed record Loaded(HostState State, IReadOnlyList<string> Warnings);
}
