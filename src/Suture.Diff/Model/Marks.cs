using System.Buffers.Binary;
using System.Text;
using Suture.Elf;

namespace Suture.Diff.Model;

/// <summary>When the livepatch core calls a callback; the order is that of struct klp_callbacks.</summary>
public enum CallbackKind
{
    /// <summary>Before the object is patched; may refuse.</summary>
    PrePatch,
    /// <summary>After the object is patched.</summary>
    PostPatch,
    /// <summary>Before the object is unpatched.</summary>
    PreUnpatch,
    /// <summary>After the object is unpatched.</summary>
    PostUnpatch,
}

/// <summary>A function that the livepatch core calls when it patches or unpatches the object that this source is part of.</summary>
/// <param name="Kind">When it is called.</param>
/// <param name="Function">The function; it is the patch's own.</param>
public sealed record Callback(CallbackKind Kind, Element Function);

/// <summary>A klp_state that the patch declares: a change of the system that outlives the code.</summary>
/// <param name="Id">Its number, not 0.</param>
/// <param name="Version">Version of the change; never falls from one livepatch to the next.</param>
/// <param name="Data">What its data pointer starts with; null for NULL.</param>
public sealed record SystemState(ulong Id, uint Version, Element? Data);

/// <summary>
/// What the patch's author tells Suture by the macros of suture/marks.h: records in sections named .suture.*. The marks of kpatch's macros and of the kernel's own are understood, too.
/// </summary>
public sealed class Marks
{
    private const string CallbackPrefix = ".suture.callback.";
    private const string NoCallback = "is not a pointer to a function of this file";

    /// <summary>Bytes of struct suture_state_record: id, version, data.</summary>
    private const int StateSize = 24;

    /// <summary>What the macros of kpatch (kmod/patch/kpatch-macros.h) put an author's wishes in.</summary>
    private const string OfKpatch = ".kpatch.";

    /// <summary>Bytes of struct kpatch_pre_patch_callback and its kin.</summary>
    private const int CallbackSizeOfKpatch = 16;

    /// <summary>Pointers to callbacks by the macros of Linux 6.19 (include/linux/livepatch_helpers.h); the name of each says what for.</summary>
    private const string OfKernel = ".discard.klp_callback_ptrs";

    private static readonly string[] CallbackNames = ["pre_patch", "post_patch", "pre_unpatch", "post_unpatch"];

    /// <summary>A mark that names functions or data.</summary>
    /// <param name="Kind">"always", "never", "ignore-data" or "ignore-section".</param>
    /// <param name="Name">Name in the source.</param>
    public sealed record Named(string Kind, string Name)
    {
        /// <summary>Whether it speaks of <paramref name="element"/>: compilers' clones and cold parts of a function go by its name.</summary>
        public bool IsFor(Element element)
        {
            ArgumentNullException.ThrowIfNull(element);
            return Kind switch
            {
                "ignore-section" => element.Kind == ElementKind.Data
                    && (element.Section.Name == Name || element.Section.Name.StartsWith(Name + ".", StringComparison.Ordinal)),
                "ignore-data" => element.Kind == ElementKind.Data && element.SourceName == Name,
                _ => element.Kind == ElementKind.Function && element.SourceName == Name,
            };
        }
    }

    private readonly List<Callback> _callbacks = [];
    private readonly List<SystemState> _states = [];
    private readonly List<Named> _names = [];

    /// <summary>Callbacks, by kind.</summary>
    public IReadOnlyList<Callback> Callbacks => _callbacks;

    /// <summary>States, in order of declaration.</summary>
    public IReadOnlyList<SystemState> States => _states;

    /// <summary>Marks on functions and data, in order.</summary>
    public IReadOnlyList<Named> Names => _names;

    /// <summary>Name of a kind as the header and struct klp_callbacks spell it.</summary>
    public static string NameOf(CallbackKind kind) => CallbackNames[(int)kind];

    /// <summary>Whether sections of that name hold marks, which are no part of the code.</summary>
    public static bool IsMarkSection(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(".suture.", StringComparison.Ordinal) || name.StartsWith(OfKpatch, StringComparison.Ordinal) || name == OfKernel;
    }

    /// <summary>Whether the change of <paramref name="element"/>, a function or data, is left out because a mark says so.</summary>
    public bool LeavesOut(Element element)
    {
        ArgumentNullException.ThrowIfNull(element);
        return element.Change == Change.None && _names.Exists(m => m.Kind != "always" && m.IsFor(element));
    }

    /// <summary>Reads the marks of <paramref name="model"/>.</summary>
    /// <exception cref="ElfFormatException">A record is not of the form that the header gives it.</exception>
    public static Marks Read(ObjectModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var marks = new Marks();
        foreach (var section in model.Source.Sections.Where(s => IsMarkSection(s.Name)))
        {
            if (section.Name == ".suture.marks")
            {
                marks.ReadNames(model, section);
            }
            else if (section.Name == ".suture.states")
            {
                marks.ReadStates(model, section);
            }
            else if (section.Name.StartsWith(CallbackPrefix, StringComparison.Ordinal))
            {
                marks.ReadCallback(model, section);
            }
            else if (!marks.ReadOfOthers(model, section))
            {
                throw Unreadable(model, section, "this Suture knows no such mark; the header is of another version");
            }
        }
        marks._callbacks.Sort((a, b) => a.Kind.CompareTo(b.Kind));
        return marks;
    }

    private void ReadNames(ObjectModel model, Section section)
    {
        foreach (var text in Encoding.UTF8.GetString(section.Data).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (text.Split(' ', 2) is not ["always" or "never" or "ignore-data" or "ignore-section", { Length: > 0 } name] words)
            {
                throw Unreadable(model, section, $"'{text}' is no mark");
            }
            _names.Add(new Named(words[0], name));
        }
    }

    private void ReadCallback(ObjectModel model, Section section)
    {
        var kind = Array.IndexOf(CallbackNames, section.Name[CallbackPrefix.Length..]);
        if (kind < 0 || section.Data.Length != 8)
        {
            throw Unreadable(model, section, NoCallback);
        }
        AddCallback(model, section, (CallbackKind)kind, 0);
    }

    /// <summary>What the macros of kpatch and of the kernel itself say, as far as it is known; false for anything else.</summary>
    private bool ReadOfOthers(ObjectModel model, Section section)
    {
        const string callbacks = OfKpatch + "callbacks.";
        switch (section.Name)
        {
            case OfKpatch + "force":
                // Functions whose tasks kpatch's own core need not wait for; the kernel's always waits.
                return true;
            case OfKpatch + "ignore.functions":
                _names.AddRange(Pointers(section).Select(at => new Named("never", Target(model, section, at)!.SourceName)));
                return true;
            case OfKpatch + "ignore.sections":
                _names.AddRange(Pointers(section).Select(at => new Named("ignore-section", Text(model, section, at))));
                return true;
            case OfKernel:
                foreach (var pointer in model.Source.Symbols.Where(s => s.Section == section && s.Type == SymbolType.Object))
                {
                    var kind = Array.FindIndex(CallbackNames, name => pointer.Name.StartsWith($"__klp_{name}_callback", StringComparison.Ordinal));
                    if (kind < 0)
                    {
                        throw Unreadable(model, section, $"'{pointer.Name}' is no callback's name");
                    }
                    AddCallback(model, section, (CallbackKind)kind, (int)pointer.Value);
                }
                return true;
            case var name when name.StartsWith(callbacks, StringComparison.Ordinal):
                var known = Array.IndexOf(CallbackNames, name[callbacks.Length..]);
                // Each record is a pointer to the function and one to an object's name.
                for (var at = 0; known >= 0 && at < section.Data.Length; at += CallbackSizeOfKpatch)
                {
                    AddCallback(model, section, (CallbackKind)known, at);
                }
                return known >= 0;
            case var name when name.StartsWith(OfKpatch + "hooks.", StringComparison.Ordinal):
                throw Unreadable(model, section, "kpatch's load hooks have no counterpart; declare a callback instead");
            default:
                return false;
        }
    }

    private void AddCallback(ObjectModel model, Section section, CallbackKind kind, int at) =>
        _callbacks.Add(Target(model, section, at) is { Kind: ElementKind.Function } function ? new Callback(kind, function) : throw Unreadable(model, section, NoCallback));

    private static IEnumerable<int> Pointers(Section section) => section.Relocations.Where(r => r.Type != RelocationType.None).Select(r => (int)r.Offset);

    /// <summary>The text that the pointer at <paramref name="offset"/> points to.</summary>
    private static string Text(ObjectModel model, Section section, int offset)
    {
        var r = section.Relocations.Find(r => r.Offset == (ulong)offset)!;
        var place = (long)r.Symbol.Value + r.Addend;
        var text = r.Symbol.Section is { } target && place >= 0 && place < target.Data.Length ? target.Data.AsSpan((int)place) : default;
        var end = text.IndexOf((byte)0);
        return end > 0 ? Encoding.UTF8.GetString(text[..end]) : throw Unreadable(model, section, $"the pointer to '{r.Symbol}' leads to no text");
    }

    private void ReadStates(ObjectModel model, Section section)
    {
        if (section.Data.Length % StateSize != 0)
        {
            throw Unreadable(model, section, $"{section.Data.Length} bytes are no number of records of {StateSize}");
        }
        for (var at = 0; at < section.Data.Length; at += StateSize)
        {
            var id = BinaryPrimitives.ReadUInt64LittleEndian(section.Data.AsSpan(at));
            var version = BinaryPrimitives.ReadUInt64LittleEndian(section.Data.AsSpan(at + 8));
            if (id == 0 || version > uint.MaxValue)
            {
                throw Unreadable(model, section, $"state {id} of version {version}: the id must not be 0, the version has 32 bits");
            }
            _states.Add(new SystemState(id, (uint)version, Target(model, section, at + 16)));
        }
    }

    /// <summary>The element that the pointer at <paramref name="offset"/> points to; null when there is no pointer.</summary>
    private static Element? Target(ObjectModel model, Section section, int offset)
    {
        var at = section.Relocations.FindIndex(r => r.Offset == (ulong)offset);
        if (at < 0)
        {
            return null;
        }
        var r = section.Relocations[at];
        var place = (long)r.Symbol.Value + r.Addend;
        var element = r.Symbol.Section is { } target ? model.In(target).FirstOrDefault(e => e.EntryPoint == place && e.Symbol is not null) : null;
        return r.Type == RelocationType.Abs64 && element is not null
            ? element
            : throw Unreadable(model, section, $"the pointer to '{r.Symbol}' leads to the start of no function or variable of this file");
    }

    private static ElfFormatException Unreadable(ObjectModel model, Section section, string fault) => new(model.Source.Name, section.Name, fault);
}
