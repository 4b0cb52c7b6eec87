using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>What code may do with the data of a section once the kernel is up.</summary>
internal enum SectionUse
{
    /// <summary>Read it.</summary>
    Read,
    /// <summary>Read it; it was written while the kernel booted or the module was loaded (<c>__ro_after_init</c>).</summary>
    ReadAfterInit,
    /// <summary>Read and write it.</summary>
    Write,
    /// <summary>Reach it through a CPU's own base.</summary>
    PerCpu,
}

/// <summary>Tells the use of a section.</summary>
internal static class SectionUses
{
    /// <summary>That of <paramref name="section"/>, by its name and flags.</summary>
    public static SectionUse Of(Section section) =>
        section.Name.StartsWith(".data..percpu", StringComparison.Ordinal) || section.Name.StartsWith(".data.percpu", StringComparison.Ordinal) ? SectionUse.PerCpu
        : section.Name.StartsWith(".data..ro_after_init", StringComparison.Ordinal) ? SectionUse.ReadAfterInit
        : (section.Flags & SectionFlags.Write) != 0 && !section.Name.StartsWith(".data.rel.ro", StringComparison.Ordinal) ? SectionUse.Write
        : SectionUse.Read;

    /// <summary>Whether data that lies where only <paramref name="running"/> is possible serves code that was compiled for <paramref name="wanted"/>.</summary>
    public static bool Serves(this SectionUse running, SectionUse wanted) =>
        (running == SectionUse.PerCpu) == (wanted == SectionUse.PerCpu) && running >= wanted;
}
