using Suture.Host.Preflight;
using Suture.Host.State;

namespace Suture.Host.Operations;

/// <summary>One thing that was compared.</summary>
/// <param name="Patch">Name of the patch.</param>
/// <param name="Check">What was compared.</param>
/// <param name="Ok">Whether it agrees.</param>
/// <param name="Detail">What was found.</param>
public sealed record Comparison(string Patch, string Check, bool Ok, string Detail);

/// <summary>Is what is loaded what was installed? Compares the store's file, the module in the kernel and the functions the kernel says are replaced.</summary>
public sealed class Verification(SutureHost host)
{
    /// <summary>Compares the patch <paramref name="given"/>, or all of the running kernel's.</summary>
    public IReadOnlyList<Comparison> Run(string? given)
    {
        var patches = host.State.Load().State.For(host.Running.Release).Where(p => given is null || p.IsNamed(given));
        return [.. patches.SelectMany(Compare)];
    }

    private IEnumerable<Comparison> Compare(InstalledPatch patch)
    {
        var path = host.Paths.Patch(patch.Release, patch.Name);
        var (module, refusal) = OpenedModule.Open(path, host.Owner);
        using (module)
        {
            if (module is null)
            {
                yield return new Comparison(patch.Name, "file", false, refusal!.Message);
                yield break;
            }
            var digest = module.Sha256;
            yield return digest == patch.Sha256
                ? new Comparison(patch.Name, "file", true, $"sha256 {digest[..16]}…, as installed")
                : new Comparison(patch.Name, "file", false, $"{path} is not what was installed (sha256 {digest[..16]}…, not {patch.Sha256[..16]}…)");
            if (host.Sysfs.Enabled(patch.Module) is not true)
            {
                yield return new Comparison(patch.Name, "kernel", patch.Wish != PatchWish.Applied || patch.Quarantine is not null,
                    patch.Wish == PatchWish.Applied ? "it is to be applied, and the kernel does not run it" : "not applied, as it should be");
                yield break;
            }
            yield return Loaded(patch, module);
            yield return Functions(patch, module);
        }
    }

    private Comparison Loaded(InstalledPatch patch, OpenedModule module)
    {
        var note = $"{host.Kernel.Sys}/module/{patch.Module}/notes/{Module.NoteSection.Name}";
        try
        {
            return File.ReadAllBytes(note).AsSpan().SequenceEqual(module.Content.NoteBytes.Span)
                ? new Comparison(patch.Name, "module", true, "the module in the kernel carries this file's seal")
                : new Comparison(patch.Name, "module", false, $"the module in the kernel is another one than the installed file ({note} differs)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Comparison(patch.Name, "module", false, $"{note} cannot be read: {e.Message}");
        }
    }

    private Comparison Functions(InstalledPatch patch, OpenedModule module)
    {
        var wanted = module.Note.Functions.Select(f => (f.Object, f.Name, Math.Max(f.Sympos, 1))).ToHashSet();
        var there = host.Sysfs.Functions(patch.Module).ToHashSet();
        var unpatched = host.Sysfs.Objects(patch.Module)
            .Where(o => (o == "vmlinux" || host.Modules.Contains(o)) && host.Sysfs.Patched(patch.Module, o) == false).ToList();
        return !wanted.SetEquals(there) ? new Comparison(patch.Name, "functions", false, $"the kernel replaces {string.Join(", ", there.Select(f => f.Name))}; the file says {string.Join(", ", wanted.Select(f => f.Name))}")
            : unpatched.Count > 0 ? new Comparison(patch.Name, "functions", false, $"{string.Join(", ", unpatched)}: loaded, and not patched")
            : new Comparison(patch.Name, "functions", true, $"{wanted.Count} replaced");
    }
}
