using Suture.Build.Compile;
using Suture.Build.Patches;
using Suture.Build.Trees;
using Suture.Diff;
using Suture.Kernel;

namespace Suture.Campaigns.Coverage;

/// <summary>What the engine says of objects that were compiled without type information: engines that never compare types judge such pairs.</summary>
internal static class WithoutTypes
{
    /// <summary>Whether all changed pairs of <paramref name="patch"/> are patchable so.</summary>
    public static async Task<bool> IsPatchableAsync(KernelBuild kernel, byte[] patch, ShadowPool shadows, CancellationToken cancellation)
    {
        var work = Directory.CreateTempSubdirectory("suture-coverage-");
        try
        {
            var site = new SourceSite(kernel.SourceTree, kernel.WorkDirectory, [.. kernel.Units.All]);
            var plan = CompilePlanner.Plan(site, PatchSet.Parse([("patch", patch)]), cancellation);
            return await BuildPairs.RunAsync(plan, work.FullName, options: new CompileOptions { Shadows = shadows }, ct: cancellation) is PairsBuilt built
                && built.Units.Where(u => !u.AreEqual).All(u => Differ.Run(u.ReadOriginal(), u.ReadPatched(), exactLines: true).Verdict != Verdict.Refused);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }
}
