using Suture.Kernel;

using Suture.Build.Patches;
using Suture.Elf;

namespace Suture.Build.Compile;

/// <summary>A unit compiled from the original and from the patched source.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Reason">Why it was compiled.</param>
/// <param name="OriginalObject">Object of the original source; may be shared with other builds: read it only.</param>
/// <param name="PatchedObject">Object of the patched source.</param>
/// <param name="AreEqual">Whether both are the same, byte for byte: the patch does nothing here.</param>
/// <param name="OriginalMs">Compile time of the original in milliseconds, 0 when an earlier build had made it.</param>
/// <param name="PatchedMs">Compile time of the patched source in milliseconds.</param>
public sealed record CompiledUnit(
    CompileUnit Unit, UnitReason Reason, string OriginalObject, string PatchedObject, bool AreEqual, long OriginalMs, long PatchedMs)
{
    /// <summary>Reads <see cref="OriginalObject"/>.</summary>
    public ElfObject ReadOriginal() => ElfObject.Read(File.ReadAllBytes(OriginalObject), Unit.Object);

    /// <summary>Reads <see cref="PatchedObject"/>.</summary>
    public ElfObject ReadPatched() => ElfObject.Read(File.ReadAllBytes(PatchedObject), Unit.Object + " (patched)");
}

/// <summary>One message of the compiler.</summary>
/// <param name="File">File as the compiler spells it.</param>
/// <param name="Line">Line of the (patched) file, from 1.</param>
/// <param name="Column">Column, from 1; 0 when not given.</param>
/// <param name="Severity">"error", "fatal error", "warning" or "note".</param>
/// <param name="Message">The compiler's own words.</param>
/// <param name="Patch">When a patch added the line: its name.</param>
/// <param name="PatchLine">When a patch added the line: its line there, from 1; else 0.</param>
public sealed record CompilerMessage(string File, int Line, int Column, string Severity, string Message, string? Patch, int PatchLine)
{
    /// <summary>Whether it is why the unit does not compile.</summary>
    public bool IsError => Severity.EndsWith("error", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Patch is null ? $"{File}:{Line}: {Severity}: {Message}" : $"{Patch}:{PatchLine}: {Severity}: {Message} ({File}:{Line})";
}

/// <summary>What the compiler said of a unit that it refused.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Messages">Its messages, in order, mapped to lines of the patch.</param>
/// <param name="Text">All it wrote, as it wrote it.</param>
public sealed record UnitErrors(CompileUnit Unit, IReadOnlyList<CompilerMessage> Messages, string Text);

/// <summary>Where the time went, in milliseconds.</summary>
/// <param name="ShadowMs">Making the shadow tree.</param>
/// <param name="PruneMs">Finding out which units use what changed in headers.</param>
/// <param name="CompileMs">Compiling.</param>
public sealed record CompileTimings(long ShadowMs, long PruneMs, long CompileMs);

/// <summary>How building the pairs ended.</summary>
public abstract record CompileOutcome;

/// <summary>All units concerned are compiled.</summary>
/// <param name="Units">Pairs of objects, in the order of the compile database.</param>
/// <param name="Candidates">Units that include something that changed.</param>
/// <param name="Timings">Where the time went.</param>
public sealed record PairsBuilt(IReadOnlyList<CompiledUnit> Units, int Candidates, CompileTimings Timings) : CompileOutcome;

/// <summary>The patch does not apply: exit code 5.</summary>
/// <param name="Failures">All reasons.</param>
public sealed record PatchDoesNotApply(IReadOnlyList<PatchFailure> Failures) : CompileOutcome;

/// <summary>The patched source does not compile: exit code 6.</summary>
/// <param name="Units">Units that the compiler refused.</param>
public sealed record PatchedDoesNotCompile(IReadOnlyList<UnitErrors> Units) : CompileOutcome;

/// <summary>The unpatched source does not compile: the prepared tree or the compiler is not fit.</summary>
/// <param name="Units">Units that the compiler refused.</param>
public sealed record OriginalDoesNotCompile(IReadOnlyList<UnitErrors> Units) : CompileOutcome;
