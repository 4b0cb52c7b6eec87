using System.Collections.Concurrent;
using Suture.Elf;
using Suture.Kernel;
using Suture.Module;

namespace Suture.Build.Note;

/// <summary>
/// The code of a kernel's functions as it was shipped, and what of it a host must find in memory: a digest, and a mask of the bytes that
/// a running kernel may have changed.
/// </summary>
internal sealed class ShippedCode(KernelBuild kernel, IReadOnlyDictionary<string, int> entrySizes)
{
    private readonly ConcurrentDictionary<string, ElfObject> _modules = new(StringComparer.Ordinal);
    private readonly Lazy<CodePlaces?> _image = new(() => ImageTables.Read(kernel, entrySizes));

    /// <summary>
    /// Describes the function <paramref name="name"/>, number <paramref name="sympos"/> of that name in <paramref name="owner"/>, of
    /// <paramref name="size"/> bytes; without a digest when its code, or what may change in it, cannot be told.
    /// </summary>
    public NoteFunction Describe(string owner, string name, int sympos, int size)
    {
        var function = new NoteFunction(owner, name, sympos);
        var index = Math.Max(0, sympos - 1);
        return owner == "vmlinux" ? InImage(function, index, size) : InModule(function, index, size);
    }

    private NoteFunction InImage(NoteFunction function, int index, int size)
    {
        var found = kernel.Symbols.Find(function.Name);
        return index < found.Count && _image.Value is { } places && kernel.Image.TryRead(found[index].Address, size, out var code)
            ? WithDigest(function, code, places.Within(found[index].Address, size)) : function;
    }

    private NoteFunction InModule(NoteFunction function, int index, int size)
    {
        var module = _modules.GetOrAdd(function.Object, kernel.Modules.ReadObject);
        // Positions count the symbols of loaded sections, in the order of the symbol table.
        var found = module.Symbols.FindAll(s => s.Name == function.Name && s.Section is { IsAlloc: true });
        return index < found.Count && found[index] is { Section: { } section } symbol && (long)symbol.Value + size <= section.Data.Length
            ? WithDigest(function, section.Data.AsSpan((int)symbol.Value, size), ModuleTables.Within(module, section, symbol.Value, size, entrySizes))
            : function;
    }

    private static NoteFunction WithDigest(NoteFunction function, ReadOnlySpan<byte> code, IEnumerable<(int, int)> changeable)
    {
        var mask = CodeMask.Of(changeable);
        return function with { Size = code.Length, Digest = CodeMask.Digest(code, mask), Mask = mask };
    }
}
