namespace Suture.Lab.Protocol;

/// <summary>What the guest is to read from memory while a livepatch is applied.</summary>
internal sealed record GuestMemoryPlan
{
    /// <summary>Name of the event that tells where <see cref="Anchor"/> is.</summary>
    public const string Anchored = "anchor";

    /// <summary>Begins the name of the event that tells of a module which is not loaded.</summary>
    public const string Missing = "missing";

    /// <summary>Whether a module that is not loaded is no fault: then what it has to do with is left out.</summary>
    public bool ModulesMayMiss { get; init; }

    /// <summary>A symbol of the kernel image that tells how far the kernel moved itself at boot.</summary>
    public required string Anchor { get; init; }

    /// <summary>Where that symbol is linked.</summary>
    public required ulong AnchorLinked { get; init; }

    /// <summary>Modules, beside the livepatch, whose sections' addresses are needed.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>What to read.</summary>
    public required IReadOnlyList<GuestCode> Code { get; init; }
}

/// <summary>A range of memory.</summary>
/// <param name="Module">The module it belongs to; empty for the kernel image.</param>
/// <param name="Section">The module's section; empty for the kernel image.</param>
/// <param name="Offset">Offset in the section, or link address in the kernel image.</param>
/// <param name="Length">Bytes.</param>
internal sealed record GuestCode(string Module, string Section, ulong Offset, int Length);
