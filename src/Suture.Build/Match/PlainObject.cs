using Suture.Build.Compile;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>A unit compiled exactly as the kernel's build compiles it, all functions in one section.</summary>
internal static class PlainObject
{
    /// <summary>Compiles it, or finds what an earlier build made; null when it does not compile.</summary>
    public static async Task<ObjectModel?> CompileAsync(SourceSite site, CompileUnit unit, string work, CancellationToken cancellation)
    {
        var compiler = new UnitCompiler(site, work, ["-fno-function-sections", "-fno-data-sections"]);
        var compiled = await compiler.OriginalAsync(unit, cancellation);
        return compiled.Object is null
            ? null
            : ObjectModel.Build(ElfObject.Read(await File.ReadAllBytesAsync(compiled.Object, cancellation), unit.Object));
    }
}
