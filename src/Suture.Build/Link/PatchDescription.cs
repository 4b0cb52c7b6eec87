using System.Buffers.Binary;
using System.Text;
using Suture.Diff.Model;
using Suture.Elf;
using static Suture.Build.Link.ModuleTemplate;

namespace Suture.Build.Link;

/// <summary>
/// Lays out the klp_patch, klp_object, klp_func and klp_state structures that tell the livepatch core what to do
/// (include/linux/livepatch.h), as data with relocations.
/// </summary>
internal sealed class PatchDescription
{
    /// <summary>Fields of struct klp_callbacks, in the order of <see cref="Suture.Diff.Model.CallbackKind"/>.</summary>
    private static readonly Field[] CallbackFields = [Field.ObjectPrePatch, Field.ObjectPostPatch, Field.ObjectPreUnpatch, Field.ObjectPostUnpatch];

    private readonly ModuleTemplate _template;
    private readonly Section _names = new(".rodata.suture_names", SectionType.ProgBits, SectionFlags.Alloc);
    private readonly Section _data = new(".data.suture_patch", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.Write) { Alignment = 8 };

    private PatchDescription(ModuleTemplate template) => _template = template;

    /// <summary>One function to redirect.</summary>
    public readonly record struct Replacement(string Object, string Name, int SymPos, Symbol NewFunction);

    /// <summary>
    /// An object that defines suture_patch. Its references to <paramref name="thisModule"/>, to <paramref name="forget"/> (null where the kernel needs none), to the new functions, callbacks
    /// and states are to symbols of other objects; <see cref="ObjectMerger"/> binds them.
    /// </summary>
    public static ElfObject Build(
        ModuleTemplate template, IReadOnlyList<Replacement> replacements, Declarations declarations, bool replace, Symbol thisModule, Symbol? forget) =>
        new PatchDescription(template).Build(replacements, declarations, replace, thisModule, forget);

    private ElfObject Build(IReadOnlyList<Replacement> replacements, Declarations declarations, bool replace, Symbol thisModule, Symbol? forget)
    {
        var result = new ElfObject("suture_patch");
        result.Sections.AddRange([_names, _data]);
        var nameBase = result.SectionSymbol(_names);
        var dataBase = result.SectionSymbol(_data);
        result.Symbols.Add(new Symbol("suture_patch") { Section = _data, Type = SymbolType.Object, Size = (ulong)_template[Field.PatchSize], Binding = SymbolBinding.Global });

        var objects = ObjectNames(replacements, declarations);
        Allocate(Field.PatchSize, 1);
        // All arrays end with an all-zero element.
        var objectsAt = Allocate(Field.ObjectSize, objects.Count + 1);
        Point(_template[Field.PatchMod], thisModule, 0);
        Point(_template[Field.PatchObjs], dataBase, objectsAt);
        _data.Data[_template[Field.PatchReplace]] = replace ? (byte)1 : (byte)0;
        for (var i = 0; i < objects.Count; i++)
        {
            var entry = objectsAt + i * _template[Field.ObjectSize];
            if (objects[i] != "vmlinux")
            {
                Point(entry + _template[Field.ObjectName], nameBase, AddName(objects[i]));
            }
            // An object with callbacks alone has an empty list, not none: the core insists.
            var functions = replacements.Where(r => r.Object == objects[i]).ToList();
            var at = Allocate(Field.FuncSize, functions.Count + 1);
            Point(entry + _template[Field.ObjectFuncs], dataBase, at);
            foreach (var replacement in functions)
            {
                Point(at + _template[Field.FuncOldName], nameBase, AddName(replacement.Name));
                Point(at + _template[Field.FuncNewFunc], replacement.NewFunction, 0);
                Write64(at + _template[Field.FuncOldSymPos], (ulong)replacement.SymPos);
                at += _template[Field.FuncSize];
            }
            foreach (var callback in declarations.Callbacks.Where(c => c.Object == objects[i]))
            {
                Point(entry + _template[CallbackFields[(int)callback.Kind]], callback.Function, 0);
            }
            if (forget is not null && ForgetAs(objects[i], declarations) is { } kind)
            {
                Point(entry + _template[CallbackFields[(int)kind]], forget, 0);
            }
        }
        if (declarations.States.Count > 0)
        {
            AddStates(declarations.States, dataBase);
        }
        return result;
    }

    /// <summary>As which callback of <paramref name="owner"/> the kernel takes back what it wrote for it: when the code is out of use, else before; null for vmlinux, and when the author has both.</summary>
    public static CallbackKind? ForgetAs(string owner, Declarations declarations)
    {
        bool IsFree(CallbackKind kind) => !declarations.Callbacks.Any(c => c.Object == owner && c.Kind == kind);
        return owner == "vmlinux" ? null : IsFree(CallbackKind.PostUnpatch) ? CallbackKind.PostUnpatch : IsFree(CallbackKind.PreUnpatch) ? CallbackKind.PreUnpatch : null;
    }

    /// <summary>vmlinux first, then the modules by name.</summary>
    public static List<string> ObjectNames(IEnumerable<Replacement> replacements, Declarations declarations) =>
        [.. replacements.Select(r => r.Object).Concat(declarations.Callbacks.Select(c => c.Object)).Distinct()
            .OrderBy(o => o == "vmlinux" ? 0 : 1).ThenBy(o => o, StringComparer.Ordinal)];

    private void AddStates(IReadOnlyList<DeclaredState> states, Symbol dataBase)
    {
        var at = Allocate(Field.StateSize, states.Count + 1);
        Point(_template[Field.PatchStates], dataBase, at);
        foreach (var state in states)
        {
            Write64(at + _template[Field.StateId], state.Id);
            BinaryPrimitives.WriteUInt32LittleEndian(_data.Data.AsSpan(at + _template[Field.StateVersion]), state.Version);
            if (state.Data is { } data)
            {
                Point(at + _template[Field.StateData], data, 0);
            }
            at += _template[Field.StateSize];
        }
    }

    /// <summary>Room for <paramref name="count"/> structures of the size that <paramref name="size"/> gives; where it begins.</summary>
    private int Allocate(Field size, int count)
    {
        var at = _data.Data.Length;
        _data.Data = [.. _data.Data, .. new byte[(count * _template[size] + 7) & ~7]];
        return at;
    }

    private void Point(int offset, Symbol symbol, int addend) =>
        _data.Relocations.Add(new Relocation((ulong)offset, RelocationType.Abs64, symbol, addend));

    private void Write64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_data.Data.AsSpan(offset), value);

    private int AddName(string name)
    {
        var offset = _names.Data.Length;
        _names.Data = [.. _names.Data, .. Encoding.ASCII.GetBytes(name), 0];
        return offset;
    }
}
