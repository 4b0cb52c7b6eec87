namespace Suture.Verify;

/// <summary>One translation unit of the patch, as the compiler wrote it.</summary>
public sealed record UnitPair
{
    /// <summary>Source file in the tree, for messages.</summary>
    public required string Unit { get; init; }

    /// <summary>"vmlinux" or the module that the unit belongs to; empty for the part that all livepatches have in common.</summary>
    public required string Owner { get; init; }

    /// <summary>Reads the object of the original source; null for what has none.</summary>
    public Func<byte[]>? Original { get; init; }

    /// <summary>Reads the object of the patched source.</summary>
    public required Func<byte[]> Patched { get; init; }

    /// <summary>What the engine says it replaces: symbol in the patched object → symbol in the original.</summary>
    public IReadOnlyDictionary<string, string> Replaced { get; init; } = new Dictionary<string, string>();

    /// <summary>Symbols of the patched object that the engine says it brings along.</summary>
    public IReadOnlySet<string> Included { get; init; } = new HashSet<string>();

    /// <summary>Functions of the patched object that differ, so the engine says, in line numbers only: these need not be replaced.</summary>
    public IReadOnlySet<string> LinesMoved { get; init; } = new HashSet<string>();

    /// <summary>Symbols of the patched object that go along although no code refers to them: callbacks, data of states.</summary>
    public IReadOnlySet<string> Roots { get; init; } = new HashSet<string>();

    /// <summary>Functions that the livepatch core calls, by position among a klp_object's callbacks (pre_patch, post_patch, pre_unpatch, post_unpatch).</summary>
    public IReadOnlyList<(int Kind, string Function)> Callbacks { get; init; } = [];

    /// <summary>System states that the unit declares, with their data.</summary>
    public IReadOnlyList<(ulong Id, uint Version, string? Data)> States { get; init; } = [];

    /// <summary>Symbols whose change is left out on purpose.</summary>
    public IReadOnlySet<string> LeftOut { get; init; } = new HashSet<string>();
}

/// <summary>What is to be expected of a module, besides its units.</summary>
public sealed record ModuleTerms
{
    /// <summary>Module name.</summary>
    public required string Module { get; init; }

    /// <summary>Whether it takes the place of all other livepatches.</summary>
    public required bool Replace { get; init; }

    /// <summary>Layout of the klp structures.</summary>
    public required PatchLayout Layout { get; init; }

    /// <summary>Where struct module has the name, and how long it may be, in bytes.</summary>
    public required (int Offset, int Length) NameField { get; init; }

    /// <summary>Bytes per entry of the tables whose entries vary by kernel.</summary>
    public required IReadOnlyDictionary<string, int> EntrySizes { get; init; }

    /// <summary>Tables that the kernel's objtool adds: they must list every such site.</summary>
    public required IReadOnlySet<string> Generated { get; init; }

    /// <summary>Tables that the kernel's objtool may add, whether it does is not known: they may list such sites.</summary>
    public IReadOnlySet<string> Possible { get; init; } = new HashSet<string>();

    /// <summary>Whether the kernel checks the versions of symbols (CONFIG_MODVERSIONS).</summary>
    public required bool HasVersions { get; init; }

    /// <summary>Strings that .modinfo must hold.</summary>
    public required IReadOnlyList<string> Info { get; init; }

    /// <summary>The module as objtool left it.</summary>
    public required byte[] Processed { get; init; }
}

/// <summary>An expectation, and where the engine's own account already contradicts it.</summary>
/// <param name="Manifest">What the module must hold.</param>
/// <param name="Omissions">What changed and the engine does not mention, in words.</param>
public sealed record ExpectationResult(Manifest Manifest, IReadOnlyList<string> Omissions);
