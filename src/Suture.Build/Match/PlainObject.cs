using Suture.Build.Compile;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Match;

/// <summary>A unit compiled exactly as the kernel's build compiles it, all functions in one section.</summary>
internal static class PlainObject
{
    /// <summary>Compiles it, or finds what an earlier build made.</summary>
    /// <exception cref="KernelException">It does not compile. It did with a section for each function, so that is no answer to whether it is what runs.</exception>
    public static async Task<ObjectModel?> CompileAsync(SourceSite site, CompileUnit unit, string work, CancellationToken cancellation)
    {
        var compiler = new UnitCompiler(site, work, ["-fno-function-sections", "-fno-data-sections"]);
        var compiled = await compiler.OriginalAsync(unit, cancellation);
        return compiled.Object is null
            ? throw new KernelException($"the unpatched {unit.Source} does not compile as the kernel's build does it, and does with a section for each function:\n{compiled.Errors.Trim()}",
                "see whether the machine has memory, room and processes left, and try again", KernelFault.Tool)
            : ObjectModel.Build(ElfObject.Read(await File.ReadAllBytesAsync(compiled.Object, cancellation), unit.Object));
    }
}
