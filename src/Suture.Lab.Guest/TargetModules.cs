using System.Globalization;
using Suture.Host;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// The modules that a livepatch patches, and those they need: loaded, unloaded once and loaded again before the livepatch, unloaded after it. What could
/// be unloaded before and cannot after has lost a reference to the livepatch.
/// </summary>
internal sealed class TargetModules(GuestTrial trial, LivepatchLoader loader, IModuleSyscalls syscalls, KernelPaths paths)
{
    private const int UnloadPauses = 20;

    private static readonly TimeSpan UnloadPause = TimeSpan.FromMilliseconds(50);

    /// <summary>What could be unloaded, and was not in use, before the livepatch came.</summary>
    private readonly HashSet<string> _free = new(StringComparer.Ordinal);

    /// <summary>Whether the livepatch patches any.</summary>
    public bool Any => trial.Targets.Count > 0;

    /// <summary>Those that are loaded, in their order.</summary>
    public List<GuestModule> Loaded { get; } = [];

    /// <summary>Loads them; one that is required or among <paramref name="loadable"/> must load.</summary>
    public (bool Ok, string Detail) Load(IReadOnlyList<GuestModule> loadable)
    {
        Loaded.Clear();
        var failed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var module in trial.Targets)
        {
            // The kernel would complain of each symbol that is missing, and that is no fault of the livepatch.
            var (ok, detail) = module.Needs.FirstOrDefault(failed.ContainsKey) is { } needed ? (false, $"{module.Name} needs {needed}") : LoadOne(module);
            if (ok)
            {
                Loaded.Add(module);
            }
            else if (module.Required || loadable.Contains(module))
            {
                return (false, detail);
            }
            else
            {
                failed.Add(module.Name, detail);
            }
        }
        if (trial.NeedsOneOf.Count > 0 && !Loaded.Exists(m => trial.NeedsOneOf.Contains(m.Name)))
        {
            return (false, $"none of the patched modules loads here: {string.Join("; ", failed.Values)}");
        }
        var names = string.Join(", ", Loaded.Select(m => m.Name));
        return (true, failed.Count == 0 ? names : $"{names}; {GuestPlan.NotLoaded}{string.Join("; ", failed.Values)}");
    }

    /// <summary>Unloads and loads them once more, without the livepatch: some cannot be unloaded by design.</summary>
    /// <param name="without">In words, whether the livepatch is applied.</param>
    public (bool Ok, string Detail) Reload(string without)
    {
        var kept = UnloadAll();
        foreach (var module in Loaded.Where(m => !kept.Contains(m.Name)))
        {
            if (LoadOne(module) is (false, var detail))
            {
                return (false, $"{without}, and loaded a second time: {detail}");
            }
            _free.Add(module.Name);
        }
        return (true, kept.Count == 0 ? "unloaded and loaded again" : $"cannot be unloaded {without}: {string.Join(", ", kept)}");
    }

    /// <summary>What a probe or workload on the unpatched kernel left in use will be in use later, too. The modules that use one are not meant.</summary>
    public void LivepatchComes() => _free.RemoveWhere(m =>
    {
        var module = Path.Combine(paths.Sys, "module", m);
        try
        {
            return int.Parse(File.ReadAllText(Path.Combine(module, "refcnt")), CultureInfo.InvariantCulture)
                > Directory.GetFileSystemEntries(Path.Combine(module, "holders")).Length;
        }
        catch (Exception e) when (e is IOException or FormatException)
        {
            return true;
        }
    });

    /// <summary>Unloads them, last first; fails when one stays that could go before the livepatch came.</summary>
    public (bool Ok, string Detail) Unload()
    {
        var kept = UnloadAll();
        var stuck = kept.Where(_free.Contains).ToList();
        return stuck.Count > 0
            ? (false, $"still in use, and could be unloaded before the livepatch: {string.Join(", ", stuck)}; the livepatch, or what ran while it was applied, left a reference behind")
            : (true, kept.Count == 0 ? "unloaded" : $"still in use, kept, so that they are never loaded after the livepatch: {string.Join(", ", kept)}");
    }

    private (bool Ok, string Detail) LoadOne(GuestModule module)
    {
        var outcome = loader.LoadPlain(module.File, module.Name);
        return (outcome.Ok, outcome.Detail);
    }

    /// <summary>Names of those that stay. What only just let go of a module may hold it for a moment more; all together are waited for.</summary>
    private List<string> UnloadAll()
    {
        var pauses = UnloadPauses;
        var kept = new List<string>();
        foreach (var module in Loaded.AsEnumerable().Reverse())
        {
            while (syscalls.Unload(module.Name) != 0)
            {
                if (pauses-- <= 0)
                {
                    kept.Add(module.Name);
                    break;
                }
                Thread.Sleep(UnloadPause);
            }
        }
        return kept;
    }
}
