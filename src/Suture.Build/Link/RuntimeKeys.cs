using System.Security.Cryptography;
using Suture.Build.Compile;
using Suture.Build.Trees;
using Suture.Diff;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>
/// Units whose replaced functions have static branches on keys of a module are compiled once more, original and patched,
/// with branches that read the key when they run (runtime-keys.h): the kernel wires static branches up when the livepatch
/// loads, and the module may load later.
/// </summary>
internal static class RuntimeKeys
{
    /// <summary>Whether what <paramref name="diff"/> puts into the livepatch branches on a key that lies outside vmlinux and the livepatch.</summary>
    public static bool AreNeeded(DiffResult diff, string owner, Func<string, bool> isInVmlinux) => owner != "vmlinux"
        && diff.Included.SelectMany(e => e.Entries).Where(e => e.Section.Name == "__jump_table").SelectMany(e => e.References)
            .Any(r => r.Target is { Kind: ElementKind.Data, Change: not Change.New } || (r.External is { } key && !isInVmlinux(key.Name)));

    /// <summary>
    /// Compiles the units of <paramref name="diffs"/> in that way and compares them again. A unit for which this would replace fewer functions
    /// than they say (the compiler inlined otherwise) is left out of the result.
    /// </summary>
    public static async Task<Dictionary<CompileUnit, (CompiledUnit Unit, DiffResult Diff)>> CompileAsync(
        KernelBuild kernel, CompilePlan plan, IReadOnlyDictionary<CompileUnit, DiffResult> diffs, IReadOnlyDictionary<string, int> entrySizes,
        string work, ShadowPool? shadows, CancellationToken cancellation)
    {
        var made = new Dictionary<CompileUnit, (CompiledUnit, DiffResult)>();
        var part = plan with { Units = [.. plan.Units.Where(u => diffs.ContainsKey(u.Unit)).Select(u => u with { Reason = UnitReason.Source })] };
        var outcome = await BuildPairs.RunAsync(part, Path.Combine(work, "runtime-keys"),
            options: new CompileOptions { ExtraArguments = ["-include", await HeaderAsync(kernel, cancellation)], Shadows = shadows }, ct: cancellation);
        if (outcome is not PairsBuilt built)
        {
            var why = (outcome as PatchedDoesNotCompile)?.Units[0].Text ?? (outcome as OriginalDoesNotCompile)?.Units[0].Text ?? "";
            throw new KernelException($"{part.Units[0].Unit.TreePath} does not compile with static keys that are read at run time:\n{why.Trim()}",
                "this kernel's asm/jump_label.h is of a kind that Suture does not know; please report it", KernelFault.Broken);
        }
        foreach (var unit in built.Units)
        {
            var diff = Differ.Run(unit.ReadOriginal(), unit.ReadPatched(), entrySizes, exactLines: true);
            var replaced = diff.Replaced.Select(f => f.Twin!.Name).ToHashSet(StringComparer.Ordinal);
            if (diff.Verdict == Verdict.Patchable && diffs[unit.Unit].Replaced.All(f => replaced.Contains(f.Twin!.Name)))
            {
                made[unit.Unit] = (unit, diff);
            }
        }
        return made;
    }

    /// <summary>The header, in the kernel's work directory, where its name is the same for every build.</summary>
    private static async Task<string> HeaderAsync(KernelBuild kernel, CancellationToken cancellation)
    {
        var text = EmbeddedFile.Read("runtime-keys.h");
        var path = Path.Combine(kernel.WorkDirectory, $"runtime-keys-{Convert.ToHexStringLower(SHA256.HashData(text))[..12]}.h");
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
