using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Suture.Elf;
using Suture.Module;

namespace Suture.Build;

/// <summary>
/// What a livepatch module says about itself. The klp structures are recognised by their relocations, so that
/// no kernel headers are needed: in suture_patch's data, a name pointer followed by a function pointer is a klp_func.
/// </summary>
public sealed class ModuleInspection
{
    /// <summary>A function the module replaces.</summary>
    public sealed record Function(string Object, string Name, int SymPos, string NewFunction, int Size);

    /// <summary>A symbol that the livepatch core must find.</summary>
    public sealed record LivepatchSymbol(string Object, string Name, int SymPos);

    private ModuleInspection()
    {
    }

    /// <summary>Module name.</summary>
    public string? Name { get; private init; }

    /// <summary>Whether .modinfo says livepatch=Y.</summary>
    public bool IsLivepatch { get; private init; }

    /// <summary>Kernel release and build options it is for.</summary>
    public string? Vermagic { get; private init; }

    /// <summary>Whether it replaces all other livepatches; null when not made by Suture.</summary>
    public bool? Replace { get; private init; }

    /// <summary>What it replaces; empty when not made by Suture.</summary>
    public required IReadOnlyList<Function> Functions { get; init; }

    /// <summary>Unexported symbols it uses.</summary>
    public required IReadOnlyList<LivepatchSymbol> LivepatchSymbols { get; init; }

    /// <summary>Exported symbols it uses.</summary>
    public required IReadOnlyList<string> ExportedSymbols { get; init; }

    /// <summary>Whether a module signature is appended.</summary>
    public bool IsSigned { get; private init; }

    /// <summary>Bytes of code.</summary>
    public long TextBytes { get; private init; }

    /// <summary>What it says about itself to hosts; null when it has no note that can be read.</summary>
    public LivepatchNote? Note { get; private init; }

    /// <summary>Reads <paramref name="module"/>.</summary>
    public static ModuleInspection Read(ElfObject module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var info = ModuleInfo.Read(module);
        return new ModuleInspection
        {
            Name = info.Get("name"),
            IsLivepatch = info.Get("livepatch") is "Y" or "y",
            Vermagic = info.Get("vermagic"),
            Replace = info.Get("suture.replace") switch { "Y" => true, "N" => false, _ => null },
            Functions = ReadFunctions(module),
            LivepatchSymbols = [.. module.Symbols.Where(s => s.Place == SymbolPlace.Livepatch).Select(s => ParseSymbol(s.Name)).OfType<LivepatchSymbol>()],
            ExportedSymbols = [.. module.Symbols.Where(s => s.IsUndefined && s.Name.Length > 0).Select(s => s.Name).Order(StringComparer.Ordinal)],
            IsSigned = module.Trailer.EndsWith("~Module signature appended~\n"u8),
            Note = LivepatchNote.FromJson(NoteSection.Description(module.FindSection(NoteSection.Name)?.Data), out _),
            TextBytes = module.Sections.Where(s => s.IsCode).Sum(s => (long)s.Size),
        };
    }

    /// <summary>Takes a <c>.klp.sym.OBJECT.NAME,POSITION</c> apart; null when it is not of that form.</summary>
    public static LivepatchSymbol? ParseSymbol(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        const string prefix = ".klp.sym.";
        var dot = name.StartsWith(prefix, StringComparison.Ordinal) ? name.IndexOf('.', prefix.Length) : -1;
        var comma = name.LastIndexOf(',');
        return dot > 0 && comma > dot && int.TryParse(name.AsSpan(comma + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? new LivepatchSymbol(name[prefix.Length..dot], name[(dot + 1)..comma], position)
            : null;
    }

    /// <summary>As many as a livepatch may have functions and objects; a file can be made to have any number.</summary>
    private const int MaxFunctions = 100_000;

    private const int MaxObjects = 1000;
    private const int MaxNameBytes = 1024;

    private static List<Function> ReadFunctions(ElfObject module)
    {
        var data = module.FindSection(".data.suture_patch");
        var names = module.FindSection(".rodata.suture_names");
        var functions = new List<Function>();
        if (data is null || names is null)
        {
            return functions;
        }
        // Name pointers alone introduce a klp_object; a name pointer with a function pointer after it is a klp_func.
        var pointers = data.Relocations.OrderBy(r => r.Offset).ToList();
        var objects = new List<(ulong FuncsAt, string Name)>();
        var patch = module.Symbols.Find(s => s.Name == "suture_patch");
        var objectsAt = pointers.Find(r => r.Symbol.Section == data && r.Offset < (patch?.Size ?? 0)).Addend;
        string? pendingObject = null;
        for (var i = 0; i < pointers.Count; i++)
        {
            if (functions.Count > MaxFunctions || objects.Count > MaxObjects)
            {
                throw new ElfFormatException(module.Name, $"section {data.Name}", "describes more functions or objects than any livepatch has");
            }
            var r = pointers[i];
            if (r.Symbol.Section == names)
            {
                var name = ReadName(names, r.Addend);
                if (i + 1 < pointers.Count && pointers[i + 1].Symbol.Section is { IsCode: true } && r.Offset + 24 <= (ulong)data.Data.Length)
                {
                    var target = pointers[i + 1].Symbol;
                    var position = (int)BinaryPrimitives.ReadUInt64LittleEndian(data.Data.AsSpan((int)r.Offset + 16));
                    var owner = objects.FindLast(o => o.FuncsAt <= r.Offset).Name ?? "vmlinux";
                    functions.Add(new Function(owner, name, position, target.Name, (int)target.Size));
                }
                else
                {
                    pendingObject = name;
                }
            }
            else if (r.Symbol.Section == data && (long)r.Offset >= objectsAt)
            {
                objects.Add(((ulong)r.Addend, pendingObject ?? "vmlinux"));
                pendingObject = null;
            }
        }
        return functions;
    }

    private static string ReadName(Section names, long offset)
    {
        if (offset < 0 || offset >= names.Data.Length)
        {
            return "";
        }
        var text = names.Data.AsSpan((int)offset, (int)Math.Min(names.Data.Length - offset, MaxNameBytes));
        var end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }
}
