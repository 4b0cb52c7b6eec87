using System.Buffers.Binary;
using System.Text;
using Suture.Build.Link;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;
using static Suture.Build.Link.ModuleTemplate;

namespace Suture.Build.Replace;

/// <summary>
/// What a finished livepatch module does, read from the klp structures in it. Their layout is that of the kernel it was
/// built for, so that kernel's template must be at hand.
/// </summary>
internal sealed class LivepatchContents
{
    /// <summary>Objects, functions or states of one livepatch: far beyond any real one; keeps damaged files finite.</summary>
    private const int Most = 100_000;

    private static readonly Field[] CallbackFields = [Field.ObjectPrePatch, Field.ObjectPostPatch, Field.ObjectPreUnpatch, Field.ObjectPostUnpatch];

    private readonly string _file;
    private readonly ModuleTemplate _template;
    private readonly Section _data;
    private readonly Dictionary<ulong, Relocation> _pointers;

    private LivepatchContents(string file, string name, ModuleTemplate template, Section data)
    {
        (_file, Name, _template, _data) = (file, name, template, data);
        _pointers = data.Relocations.ToDictionary(r => r.Offset);
    }

    /// <summary>One function that it replaces: vmlinux or module, name, position among those of the name, and the new code.</summary>
    public readonly record struct Function(string Object, string Name, int SymPos, Symbol NewFunction);

    /// <summary>Module name.</summary>
    public string Name { get; }

    /// <summary>What it replaces.</summary>
    public List<Function> Functions { get; } = [];

    /// <summary>Its callbacks by object.</summary>
    public List<(string Object, CallbackKind Kind)> Callbacks { get; } = [];

    /// <summary>States that it declares: id and version.</summary>
    public List<(ulong Id, uint Version)> States { get; } = [];

    /// <summary>Reads <paramref name="module"/>, built for <paramref name="kernel"/>.</summary>
    /// <exception cref="KernelException">It is for another kernel, or no livepatch of Suture's.</exception>
    /// <exception cref="ElfFormatException">It is damaged.</exception>
    public static LivepatchContents Read(ElfObject module, KernelBuild kernel, ModuleTemplate template)
    {
        var info = ModuleInfo.Read(module);
        var patch = module.Symbols.Find(s => s.Name == "suture_patch");
        if (info.Get("livepatch") != "Y" || patch?.Section is not { Type: SectionType.ProgBits } data)
        {
            throw new KernelException($"{module.Name} is no livepatch that Suture made: there is no suture_patch in it",
                "name modules that suture build wrote", KernelFault.Broken);
        }
        var release = info.Release ?? "unknown";
        if (release != kernel.Release)
        {
            throw new KernelException($"{module.Name} was built for kernel {release}, not for {kernel.Release}: the one cannot replace the other",
                $"name the livepatch that is applied on {kernel.Release}", KernelFault.Mismatch);
        }
        var contents = new LivepatchContents(module.Name, info.Get("name") ?? Path.GetFileNameWithoutExtension(module.Name), template, data);
        contents.Read(patch.Value);
        return contents;
    }

    private void Read(ulong patch)
    {
        var at = Follow(patch, Field.PatchObjs) ?? throw Damaged(patch, "klp_patch has no objects");
        for (var i = 0; Follow(at, Field.ObjectFuncs) is { } functions; i++, at += (ulong)_template[Field.ObjectSize])
        {
            var name = Text(at, Field.ObjectName) ?? "vmlinux";
            ReadFunctions(name, functions);
            for (var kind = 0; kind < CallbackFields.Length; kind++)
            {
                if (_pointers.TryGetValue(at + (ulong)_template[CallbackFields[kind]], out var callback) && callback.Symbol.Name != ModuleTemplate.Forget)
                {
                    Callbacks.Add((name, (CallbackKind)kind));
                }
            }
            Bound(i, at);
        }
        if (Follow(patch, Field.PatchStates) is { } states)
        {
            ReadStates(states);
        }
    }

    private void ReadFunctions(string owner, ulong at)
    {
        for (var i = 0; Text(at, Field.FuncOldName) is { } name; i++, at += (ulong)_template[Field.FuncSize])
        {
            var replacement = _pointers.TryGetValue(at + (ulong)_template[Field.FuncNewFunc], out var pointer)
                ? pointer.Symbol : throw Damaged(at, $"klp_func for '{name}' has no new function");
            Functions.Add(new Function(owner, name, (int)Number(at, Field.FuncOldSymPos, 8), replacement));
            Bound(i, at);
        }
    }

    private void ReadStates(ulong at)
    {
        for (var i = 0; Number(at, Field.StateId, 8) is not 0 and var id; i++, at += (ulong)_template[Field.StateSize])
        {
            States.Add((id, (uint)Number(at, Field.StateVersion, 4)));
            Bound(i, at);
        }
    }

    /// <summary>Where the pointer in a field leads within the same section; null when it is NULL.</summary>
    private ulong? Follow(ulong at, Field field)
    {
        if (!_pointers.TryGetValue(at + (ulong)_template[field], out var pointer))
        {
            return null;
        }
        var target = pointer.Symbol.Value + (ulong)pointer.Addend;
        return pointer.Symbol.Section == _data && target < _data.Size ? target : throw Damaged(at, $"{field} leads out of the section");
    }

    private string? Text(ulong at, Field field)
    {
        if (!_pointers.TryGetValue(at + (ulong)_template[field], out var pointer))
        {
            return null;
        }
        var start = pointer.Symbol.Value + (ulong)pointer.Addend;
        if (pointer.Symbol.Section is not { Type: SectionType.ProgBits } section || start >= section.Size)
        {
            throw Damaged(at, $"{field} leads to no text");
        }
        var text = section.Data.AsSpan((int)start);
        var end = text.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(text[..end]) : throw Damaged(at, $"{field} leads to text without an end");
    }

    private ulong Number(ulong at, Field field, int width)
    {
        var start = at + (ulong)_template[field];
        if (start + (ulong)width > _data.Size)
        {
            throw Damaged(at, $"{field} lies outside the section");
        }
        return width == 4
            ? BinaryPrimitives.ReadUInt32LittleEndian(_data.Data.AsSpan((int)start))
            : BinaryPrimitives.ReadUInt64LittleEndian(_data.Data.AsSpan((int)start));
    }

    private void Bound(int count, ulong at)
    {
        if (count > Most)
        {
            throw Damaged(at, "a list has no end");
        }
    }

    private ElfFormatException Damaged(ulong at, string fault) => new(_file, $"{_data.Name}+0x{at:x}", fault);
}
