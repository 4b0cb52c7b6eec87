using System.Security.Cryptography;
using Suture.Build.Compile;
using Suture.Build.Match;
using Suture.Build.Trees;
using Suture.Diff;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>
/// Units whose replaced functions would need their code written to by the kernel in a way that no livepatch gets are compiled once
/// more, original and patched, so that they read memory when they run: branches on static keys of a module, which the kernel wires
/// up when the livepatch loads though the module may load later (runtime-keys.h), and constants that the boot fills in, in the
/// kernel's own image only (runtime-constants.h).
/// </summary>
internal static class RuntimeReads
{
    /// <summary>Code of the engine's finding that the output holds a constant which the boot fills in.</summary>
    public const string BootConstant = "SUT0210";

    /// <summary>The header to compile with, or null when what <paramref name="diff"/> puts into the livepatch needs none.</summary>
    public static string? HeaderFor(DiffResult diff, string owner, Func<string, bool> isInVmlinux) =>
        diff.Findings.Any(f => f.Code == BootConstant) ? "runtime-constants.h"
        : owner != "vmlinux" && HasLateKeys(diff, isInVmlinux) ? "runtime-keys.h"
        : null;

    /// <summary>Whether it branches on a key that lies outside vmlinux and the livepatch.</summary>
    private static bool HasLateKeys(DiffResult diff, Func<string, bool> isInVmlinux) =>
        diff.Included.SelectMany(e => e.Entries).Where(e => e.Section.Name == "__jump_table").SelectMany(e => e.References)
            .Any(r => r.Target is { Kind: ElementKind.Data, Change: not Change.New } || (r.External is { } key && !isInVmlinux(key.Name)));

    /// <summary>
    /// Compiles the units of <paramref name="diffs"/> with <paramref name="header"/> and compares them again. A unit in which code that runs
    /// would still lead to what they replace, for the compiler inlined otherwise, is left out of the result.
    /// </summary>
    public static async Task<Dictionary<CompileUnit, (CompiledUnit Unit, DiffResult Diff)>> CompileAsync(
        KernelBuild kernel, CompilePlan plan, string header, IReadOnlyDictionary<CompileUnit, DiffResult> diffs, IReadOnlyDictionary<string, int> entrySizes,
        Func<string, ITargetImage> imageOf, string work, ShadowPool? shadows, CancellationToken cancellation)
    {
        var made = new Dictionary<CompileUnit, (CompiledUnit, DiffResult)>();
        var part = plan with { Units = [.. plan.Units.Where(u => diffs.ContainsKey(u.Unit)).Select(u => u with { Reason = UnitReason.Source })] };
        var outcome = await BuildPairs.RunAsync(part, Path.Combine(work, Path.GetFileNameWithoutExtension(header)),
            options: new CompileOptions { ExtraArguments = ["-include", await FileAsync(kernel, header, cancellation)], Shadows = shadows }, ct: cancellation);
        if (outcome is not PairsBuilt built)
        {
            var why = (outcome as PatchedDoesNotCompile)?.Units[0].Text ?? (outcome as OriginalDoesNotCompile)?.Units[0].Text ?? "";
            throw new KernelException($"{part.Units[0].Unit.TreePath} does not compile so that it reads at run time what the kernel would write into its code ({header}):\n{why.Trim()}",
                "this kernel's asm/jump_label.h or asm/runtime-const.h is of a kind that Suture does not know; please report it", KernelFault.Broken);
        }
        foreach (var unit in built.Units)
        {
            var (usual, image) = (diffs[unit.Unit], imageOf(unit.Unit.Owner));
            DiffResult Compare(OtherwiseCompiled? otherwise) => Differ.Run(unit.ReadOriginal(), unit.ReadPatched(), entrySizes, exactLines: true, otherwise: otherwise);
            var diff = Compare(null);
            if (diff.Verdict == Verdict.Patchable && (UsesClones(diff) || !Replaced(diff).IsSupersetOf(Replaced(usual))))
            {
                diff = Compare(new OtherwiseCompiled(OtherClones(diff.Original, image), Replaced(usual)));
            }
            if (diff.Verdict == Verdict.Patchable && TakesThePlaceOf(diff, usual, unit.Unit.Owner))
            {
                made[unit.Unit] = (unit, diff);
            }
        }
        return made;
    }

    private static HashSet<string> Replaced(DiffResult diff) => diff.Replaced.Select(f => f.Twin!.Name).ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// Whether nothing that runs leads to what <paramref name="usual"/> replaces any more once <paramref name="diff"/> is applied. A module's code for loading and unloading is
    /// yet to run.
    /// </summary>
    private static bool TakesThePlaceOf(DiffResult diff, DiffResult usual, string owner)
    {
        var replaced = Replaced(diff);
        var left = usual.Replaced.Select(f => f.Twin!).Where(f => !replaced.Contains(f.Name)).ToList();
        if (left.Count == 0)
        {
            return true;
        }
        var users = new ElementUsers(usual.Original);
        var seen = new HashSet<Element>(left, ReferenceEqualityComparer.Instance);
        var work = new Queue<Element>(left);
        while (work.TryDequeue(out var function))
        {
            if (function.IsGlobal)
            {
                return false;
            }
            foreach (var user in users.Of(function).Where(u => u.Kind != ElementKind.Entry && (owner != "vmlinux" || !SpecialSections.IsInit(u.Section))))
            {
                if (user.Kind != ElementKind.Function || ElementUsers.TakesAddress(user, function))
                {
                    return false;
                }
                var caller = user.Parent ?? user;
                if (!replaced.Contains(caller.Name) && seen.Add(caller))
                {
                    work.Enqueue(caller);
                }
            }
        }
        return true;
    }

    private static bool UsesClones(DiffResult diff) => diff.Replaced.Select(f => f.Twin!).Concat(diff.Externals.Values.OfType<Element>()).Any(IsClone);

    /// <summary>Whether the compiler made it for certain arguments (f.isra.0, f.constprop.0).</summary>
    private static bool IsClone(Element e) => e is { Kind: ElementKind.Function, Parent: null } && e.Name != e.SourceName;

    /// <summary>Clones that are not byte for byte the ones of these names that run: compiled in another way they may take other arguments.</summary>
    private static HashSet<string> OtherClones(ObjectModel original, ITargetImage image)
    {
        var match = image.Match(original, asShipped: false);
        return original.Functions.Where(f => IsClone(f) && match.Functions[f].State != MatchState.Identical).Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The header, in the kernel's work directory, where its name is the same for every build.</summary>
    private static async Task<string> FileAsync(KernelBuild kernel, string header, CancellationToken cancellation)
    {
        var text = EmbeddedFile.Read(header);
        var path = Path.Combine(kernel.WorkDirectory, $"{Path.GetFileNameWithoutExtension(header)}-{Convert.ToHexStringLower(SHA256.HashData(text))[..12]}.h");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(kernel.WorkDirectory);
            var beside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():n}";
            await File.WriteAllBytesAsync(beside, text, cancellation);
            File.Move(beside, path, overwrite: true);
        }
        return path;
    }
}
