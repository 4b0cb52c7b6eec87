using Suture.Host.Preflight;

namespace Suture.Host.Operations;

/// <summary>What kernel this host effectively runs: the one that was booted, and the fixes that applied patches carry.</summary>
/// <param name="Base">The distribution's version of the booted kernel, or its release when the patches do not say.</param>
/// <param name="Effective">The same with what was added: "6.1.190-1 + 12 of 14 fixes of 6.1.192-1", "6.1.190-1 + tcp_fix 1".</param>
/// <param name="Fixes">A line for each applied patch: name, version, title, CVEs.</param>
/// <param name="Cves">CVEs that are fixed by them.</param>
public sealed record EffectiveVersion(string Base, string Effective, IReadOnlyList<string> Fixes, IReadOnlyList<string> Cves)
{
    /// <summary>Reads it from the installed files of the patches that the kernel runs now.</summary>
    public static EffectiveVersion Of(SutureHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        string? booted = null;
        var (added, fixes, cves) = (new List<string>(), new List<string>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var patch in HostStatus.Read(host).Patches.Where(p => p.Condition is PatchCondition.Applied or PatchCondition.Unwanted).Select(p => p.Patch))
        {
            var (module, _) = OpenedModule.Open(host.Paths.Patch(patch.Release, patch.Name), host.Owner);
            using (module)
            {
                booted ??= module?.Note.Kernel.Version;
                added.Add(module?.Note.Effective is { } later ? $"{later.Fixes} of {later.Total} fixes of {later.Version}" : $"{patch.Name} {patch.Version}");
            }
            fixes.Add($"{patch.Name} {patch.Version}{(patch.Title is { } title ? $": {title}" : "")}{(patch.Cves.Count > 0 ? $" ({string.Join(", ", patch.Cves)})" : "")}");
            cves.UnionWith(patch.Cves);
        }
        var version = booted ?? host.Running.Release;
        return new EffectiveVersion(version, string.Join(" + ", added.Prepend(version)), fixes, [.. cves]);
    }
}
