using System.Buffers.Binary;
using System.Text;
using Suture.Elf;
using static Suture.Build.Link.ModuleTemplate;

namespace Suture.Build.Link;

/// <summary>
/// Lays out the klp_patch, klp_object and klp_func structures that tell the livepatch core what to replace
/// (include/linux/livepatch.h), as data with relocations.
/// </summary>
internal static class PatchDescription
{
    /// <summary>One function to redirect.</summary>
    public readonly record struct Replacement(string Object, string Name, int SymPos, Symbol NewFunction);

    /// <summary>
    /// An object that defines suture_patch. Its references to <paramref name="thisModule"/> and to the
    /// new functions are to symbols of other objects; <see cref="ObjectMerger"/> binds them.
    /// </summary>
    public static ElfObject Build(ModuleTemplate template, IReadOnlyList<Replacement> replacements, bool replace, Symbol thisModule)
    {
        var result = new ElfObject("suture_patch");
        var names = new Section(".rodata.suture_names", SectionType.ProgBits, SectionFlags.Alloc);
        var data = new Section(".data.suture_patch", SectionType.ProgBits, SectionFlags.Alloc | SectionFlags.Write) { Alignment = 8 };
        result.Sections.AddRange([names, data]);
        var nameBase = result.SectionSymbol(names);
        var dataBase = result.SectionSymbol(data);

        var objects = replacements.GroupBy(r => r.Object, StringComparer.Ordinal)
            .OrderBy(g => g.Key == "vmlinux" ? 0 : 1).ThenBy(g => g.Key, StringComparer.Ordinal).ToList();
        var objectsAt = Align8(template[Field.PatchSize]);
        // Both arrays end with an all-zero element.
        var funcsAt = objectsAt + Align8((objects.Count + 1) * template[Field.ObjectSize]);
        var size = funcsAt + objects.Sum(g => Align8((g.Count() + 1) * template[Field.FuncSize]));
        data.Data = new byte[size];
        result.Symbols.Add(new Symbol("suture_patch") { Section = data, Type = SymbolType.Object, Size = (ulong)template[Field.PatchSize], Binding = SymbolBinding.Global });

        Point(data, template[Field.PatchMod], thisModule, 0);
        Point(data, template[Field.PatchObjs], dataBase, objectsAt);
        data.Data[template[Field.PatchReplace]] = replace ? (byte)1 : (byte)0;
        var at = funcsAt;
        for (var i = 0; i < objects.Count; i++)
        {
            var entry = objectsAt + i * template[Field.ObjectSize];
            if (objects[i].Key != "vmlinux")
            {
                Point(data, entry + template[Field.ObjectName], nameBase, AddName(names, objects[i].Key));
            }
            Point(data, entry + template[Field.ObjectFuncs], dataBase, at);
            var func = at;
            foreach (var replacement in objects[i])
            {
                Point(data, func + template[Field.FuncOldName], nameBase, AddName(names, replacement.Name));
                Point(data, func + template[Field.FuncNewFunc], replacement.NewFunction, 0);
                BinaryPrimitives.WriteUInt64LittleEndian(data.Data.AsSpan(func + template[Field.FuncOldSymPos]), (ulong)replacement.SymPos);
                func += template[Field.FuncSize];
            }
            at += Align8((objects[i].Count() + 1) * template[Field.FuncSize]);
        }
        return result;
    }

    private static void Point(Section section, int offset, Symbol symbol, int addend) =>
        section.Relocations.Add(new Relocation((ulong)offset, RelocationType.Abs64, symbol, addend));

    private static int AddName(Section names, string name)
    {
        var offset = names.Data.Length;
        names.Data = [.. names.Data, .. Encoding.ASCII.GetBytes(name), 0];
        return offset;
    }

    private static int Align8(int value) => (value + 7) & ~7;
}
