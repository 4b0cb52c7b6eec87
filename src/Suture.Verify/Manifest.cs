using System.Text.Json;
using System.Text.Json.Serialization;

namespace Suture.Verify;

/// <summary>
/// What a livepatch module must contain, told by the objects that the compiler wrote and by the kernel, not by what made
/// the module. It travels in the module, in a section that is not loaded.
/// </summary>
public sealed record Manifest
{
    /// <summary>The section that holds it.</summary>
    public const string SectionName = ".suture.manifest";

    /// <summary>The format that this version writes and reads.</summary>
    public const int CurrentFormat = 2;

    private const int MaxEntryBytes = 256;

    /// <summary>Format number.</summary>
    public required int Format { get; init; }

    /// <summary>Module name.</summary>
    public required string Module { get; init; }

    /// <summary>Release of the kernel it is for.</summary>
    public required string Release { get; init; }

    /// <summary>Build-id of that kernel's image, lower-case hexadecimal.</summary>
    public required string BuildId { get; init; }

    /// <summary>Whether it takes the place of all other livepatches.</summary>
    public required bool Replace { get; init; }

    /// <summary>Layout of the kernel's klp structures.</summary>
    public required PatchLayout Layout { get; init; }

    /// <summary>Bytes per entry of each table section.</summary>
    public required SortedDictionary<string, int> EntrySizes { get; init; }

    /// <summary>The functions to redirect.</summary>
    public required IReadOnlyList<Replacement> Replacements { get; init; }

    /// <summary>What the livepatch core is to call; null when there is nothing.</summary>
    public IReadOnlyList<ExpectedCallback>? Callbacks { get; init; }

    /// <summary>The system states that it declares, by id; null when there are none.</summary>
    public IReadOnlyList<ExpectedState>? States { get; init; }

    /// <summary>What the module must hold.</summary>
    public required IReadOnlyList<ExpectedPiece> Pieces { get; init; }

    /// <summary>What it may refer to in the running kernel.</summary>
    public required IReadOnlyList<RunningSymbol> Running { get; init; }

    /// <summary>Checksums of the exported symbols that it may use (CONFIG_MODVERSIONS); null where the kernel does not check them.</summary>
    public SortedDictionary<string, uint>? Versions { get; init; }

    /// <summary>Strings that .modinfo must hold.</summary>
    public required IReadOnlyList<string> Info { get; init; }

    /// <summary>Entries of the tables that only the kernel's objtool can write, as it wrote them.</summary>
    public required IReadOnlyList<string> Objtool { get; init; }

    /// <summary>As UTF-8 text.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.Manifest);

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="DamagedFileException">It is none, or of another format.</exception>
    public static Manifest Read(ReadOnlySpan<byte> text, string file)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize(text, ManifestJson.Default.Manifest);
            return manifest is not { Format: CurrentFormat } ? throw new DamagedFileException(file, SectionName, $"format {manifest?.Format}; this program knows format {CurrentFormat}")
                : manifest.Fault() is { } fault ? throw new DamagedFileException(file, SectionName, fault)
                : manifest;
        }
        catch (JsonException e)
        {
            throw new DamagedFileException(file, SectionName, $"cannot be read: {e.Message}");
        }
    }

    /// <summary>What stands in it that nobody writes; null when it is as <see cref="ToBytes"/> makes them.</summary>
    private string? Fault()
    {
        // What is required may still be null.
        if (Pieces is not { Count: > 0 } || Running is null || Replacements is null || Layout is null || EntrySizes is null || Objtool is null || Info is null
            || Pieces.Any(p => p is null || p.References is null || p.Entries is null || p.Bytes is null || p.Name is null || p.Section is null || p.Unit is null || p.Owner is null
                || p.Entries.Any(e => e?.References is null || e.Bytes is null || e.Section is null || e.References.Any(r => r is null)) || p.References.Any(r => r is null))
            || Running.Any(r => r?.Names is not { Count: > 0 } names || names.Any(n => n is null) || r.Place is null || r.Object is null) || Replacements.Any(r => r?.Name is null || r.Object is null || r.Place is null) || Objtool.Any(l => l is null) || Info.Any(i => i is null))
        {
            return "something is missing in it";
        }
        bool IsHex(string text) => text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit);
        bool IsWhole(ExpectedPiece p) => p is { Prefix: >= 0 and < 1 << 20, Size: >= 0 and < 1 << 30 } && (p.Bytes.Length == 0 || p.Bytes.Length / 2 == p.Prefix + p.Size);
        bool LeadsSomewhere(ExpectedReference r) => (r.Own is not { } own || (own >= 0 && own < Pieces.Count)) && (r.Running is not { } running || (running >= 0 && running < Running.Count)) && r.At is > -(1 << 30) and < 1 << 30;
        return Pieces.Any(p => Math.Max(p.Name.Length, Math.Max(p.Unit.Length, p.Section.Length)) > RelocatableFile.MaxNameBytes) ? "a name is too long"
            : EntrySizes.Values.Any(s => s is < 1 or > MaxEntryBytes) ? "the size of an entry makes no sense"
            : !Pieces.All(p => IsHex(p.Bytes) && IsWhole(p) && p.Entries.All(e => IsHex(e.Bytes))) ? "the bytes of a piece make no sense"
            : !Pieces.All(p => p.References.All(LeadsSomewhere) && p.Entries.All(e => e.References.Count > 0 && e.References.All(LeadsSomewhere))) ? "a reference leads nowhere"
            : !Replacements.All(r => r.Piece >= 0 && r.Piece < Pieces.Count) ? "a replaced function has no code"
            : !(Callbacks ?? []).All(c => c is { Kind: >= 0 and < 4, Object: not null } && c.Piece >= 0 && c.Piece < Pieces.Count)
                || !(States ?? []).All(s => s is not null && (s.Data is not { } data || (data >= 0 && data < Pieces.Count))) ? "a callback or a state leads nowhere"
            : !Layout.IsSound ? "the layout of the livepatch's structures makes no sense"
            : null;
    }
}

/// <summary>Sizes and offsets in bytes of struct klp_patch, klp_object, klp_func and klp_state (include/linux/livepatch.h).</summary>
public sealed record PatchLayout(
    int PatchSize, int PatchMod, int PatchObjs, int PatchReplace, int ObjectSize, int ObjectName, int ObjectFuncs,
    int FuncSize, int FuncOldName, int FuncNewFunc, int FuncOldSymPos,
    IReadOnlyList<int> Callbacks, int PatchStates, int StateSize, int StateId, int StateVersion, int StateData)
{
    private const int MaxBytes = 4096;

    /// <summary>Whether each field lies within its structure.</summary>
    internal bool IsSound => PatchSize is > 0 and <= MaxBytes && ObjectSize is > 0 and <= MaxBytes && FuncSize is > 0 and <= MaxBytes
        && IsIn(PatchSize, PatchMod, 8) && IsIn(PatchSize, PatchObjs, 8) && IsIn(PatchSize, PatchReplace, 1)
        && IsIn(ObjectSize, ObjectName, 8) && IsIn(ObjectSize, ObjectFuncs, 8)
        && Callbacks is { Count: 4 } && Callbacks.All(c => IsIn(ObjectSize, c, 8)) && StateSize is > 0 and <= MaxBytes
        && IsIn(PatchSize, PatchStates, 8) && IsIn(StateSize, StateId, 8) && IsIn(StateSize, StateVersion, 4) && IsIn(StateSize, StateData, 8)
        && IsIn(FuncSize, FuncOldName, 8) && IsIn(FuncSize, FuncNewFunc, 8) && IsIn(FuncSize, FuncOldSymPos, 8);

    private static bool IsIn(int size, int at, int width) => at >= 0 && at + width <= size;
}

/// <summary>A function of the running kernel that is redirected.</summary>
/// <param name="Object">"vmlinux" or a module name.</param>
/// <param name="Name">Its symbol in the running kernel.</param>
/// <param name="SymPos">Position among the symbols of that name, 0 when it is the only one.</param>
/// <param name="Place">Where matching found it: hexadecimal link address in vmlinux, section and offset in a module; empty when only its name tells.</param>
/// <param name="Piece">Index of the piece that takes its place.</param>
public sealed record Replacement(string Object, string Name, int SymPos, string Place, int Piece);

/// <summary>A function that the livepatch core calls.</summary>
/// <param name="Object">"vmlinux" or a module name.</param>
/// <param name="Kind">Position among a klp_object's callbacks: pre_patch, post_patch, pre_unpatch, post_unpatch.</param>
/// <param name="Piece">Index of the function.</param>
public sealed record ExpectedCallback(string Object, int Kind, int Piece);

/// <summary>A system state.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Version">Its version.</param>
/// <param name="Data">Index of the piece that klp_state.data leads to, or null.</param>
public sealed record ExpectedState(ulong Id, uint Version, int? Data);

/// <summary>What a reference may lead to in the running kernel.</summary>
/// <param name="Object">"vmlinux" or a module name; empty when any will do.</param>
/// <param name="Names">Acceptable names; several where objects cannot tell which of a compiler's numbers is meant.</param>
/// <param name="Local">Whether other objects cannot know it by name: then no export can be meant.</param>
/// <param name="SymPos">Position among the symbols of that name; -1 when it is not known.</param>
/// <param name="Place">As in <see cref="Replacement"/>.</param>
public sealed record RunningSymbol(string Object, IReadOnlyList<string> Names, bool Local, int SymPos, string Place);

/// <summary>Bytes that the module must hold.</summary>
/// <param name="Unit">Source file of the translation unit.</param>
/// <param name="Owner">"vmlinux" or the module that the unit belongs to; empty for the part that all livepatches have in common.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its symbol, empty when anonymous.</param>
/// <param name="Section">The section it was compiled into.</param>
/// <param name="Required">Whether it must be there even if nothing leads to it.</param>
/// <param name="Prefix">Bytes before its entry.</param>
/// <param name="Size">Bytes from its entry on.</param>
/// <param name="Bytes">All bytes, hexadecimal, relocated fields zero; empty for zeroed data.</param>
/// <param name="References">What it refers to.</param>
/// <param name="Entries">Table entries that describe it.</param>
/// <param name="Alignment">Alignment of the section it was compiled into; null in records that do not say.</param>
public sealed record ExpectedPiece(string Unit, string Owner, PieceKind Kind, string Name, string Section, bool Required, int Prefix, int Size, string Bytes,
    IReadOnlyList<ExpectedReference> References, IReadOnlyList<ExpectedEntry> Entries, long? Alignment = null);

/// <summary>A reference that must be there.</summary>
/// <param name="At">Where it is written, from the entry.</param>
/// <param name="Type">Relocation type.</param>
/// <param name="Delta">What is added to the target's place.</param>
/// <param name="Own">The piece it may lead to, or null.</param>
/// <param name="Running">The running symbol (index) it may lead to, or null.</param>
public sealed record ExpectedReference(int At, uint Type, long Delta, int? Own, int? Running);

/// <summary>A table entry that must be there.</summary>
/// <param name="Section">The table.</param>
/// <param name="Bytes">Its bytes, hexadecimal, relocated fields zero; empty where only its references count.</param>
/// <param name="References">Its references, by offset in the entry.</param>
/// <param name="Absent">
/// Whether it must not be there after all: the switch of a module's tracepoint cannot be wired up before the module is loaded. Its
/// branch must then be the no-op of a switch that is off.
/// </param>
/// <param name="Optional">Whether it may as well be missing.</param>
public sealed record ExpectedEntry(string Section, string Bytes, IReadOnlyList<ExpectedReference> References, bool? Absent = null, bool? Optional = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = false, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Manifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
