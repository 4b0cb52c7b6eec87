using System.Buffers.Binary;
using Suture.Build.Compile;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Link;

/// <summary>
/// The part that all livepatch modules for one kernel share (template.c), compiled with that kernel's own flags,
/// and the sizes and offsets that its headers give.
/// </summary>
public sealed class ModuleTemplate
{
    /// <summary>The callback that takes back what the kernel wrote for a module, in templates of kernels that do not do so themselves.</summary>
    public const string Forget = "suture_forget";

    /// <summary>Kernels that have it (6.3 and later) take back what they wrote into a livepatch for a module that is unloaded (kernel/livepatch/core.c).</summary>
    private const string ClearsRelocations = "clear_relocate_add";

    private const string LayoutSection = ".suture.layout";
    private readonly byte[] _object;
    private readonly uint[] _layout;

    private ModuleTemplate(byte[] bytes, uint[] layout)
    {
        _object = bytes;
        _layout = layout;
    }

    /// <summary>Sizes and offsets, in bytes, in the order of suture_layout in template.c.</summary>
    public enum Field
    {
#pragma warning disable CS1591 // Named after the C expressions they hold.
        FuncSize, FuncOldName, FuncNewFunc, FuncOldSymPos,
        ObjectSize, ObjectName, ObjectFuncs, ObjectPrePatch, ObjectPostPatch, ObjectPreUnpatch, ObjectPostUnpatch,
        PatchSize, PatchMod, PatchObjs, PatchStates, PatchReplace,
        StateSize, StateId, StateVersion, StateData,
        ModuleName, ModuleNameSize,
        AltSize, BugSize, ExSize, JumpSize, StaticCallSize, OrcSize, ParaSize,
        Count,
#pragma warning restore CS1591
    }

    /// <summary>The value of <paramref name="field"/> in bytes.</summary>
    public int this[Field field] => (int)_layout[(int)field];

    /// <summary>Special-section entry sizes by the names that <c>--entry-size</c> takes.</summary>
    public IReadOnlyDictionary<string, int> EntrySizes => new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["alt"] = this[Field.AltSize],
        ["bug"] = this[Field.BugSize],
        ["ex"] = this[Field.ExSize],
        ["orc"] = this[Field.OrcSize],
    }.Concat(new Dictionary<string, int> { ["jump"] = this[Field.JumpSize], ["static_call"] = this[Field.StaticCallSize], ["para"] = this[Field.ParaSize] }.Where(size => size.Value > 0)).ToDictionary();

    /// <summary>The compiled template as the compiler wrote it.</summary>
    public ReadOnlySpan<byte> ObjectBytes => _object;

    /// <summary>A fresh copy of the compiled template, without the layout table.</summary>
    public ElfObject NewObject()
    {
        var copy = ElfObject.Read(_object, "template.o");
        var dropped = copy.Sections.FindAll(s => s.Name is LayoutSection or ".comment" || s.Name.StartsWith(".note", StringComparison.Ordinal)
            || (s.Size == 0 && s.Relocations.Count == 0));
        copy.Sections.RemoveAll(dropped.Contains);
        copy.Symbols.RemoveAll(s => s.Type == SymbolType.File || (s.Section is { } section && dropped.Contains(section)));
        return copy;
    }

    /// <summary>The template for <paramref name="kernel"/>: compiled once, then kept in the kernel's work directory.</summary>
    /// <exception cref="KernelException">The kernel's headers do not compile it.</exception>
    public static async Task<ModuleTemplate> GetAsync(KernelBuild kernel, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        var source = EmbeddedFile.Read("template.c");
        // The source's own hash in the name: a newer Suture does not take an older one's template.
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(source))[..12];
        var path = Path.Combine(kernel.WorkDirectory, $"template-{hash}.o");
        if (!File.Exists(path))
        {
            await CompileAsync(kernel, source, path, cancellation);
        }
        return Parse(await File.ReadAllBytesAsync(path, cancellation), path);
    }

    private static ModuleTemplate Parse(byte[] bytes, string path)
    {
        var section = ElfObject.Read(bytes, path).FindSection(LayoutSection);
        if (section is null || section.Data.Length != 4 * (int)Field.Count)
        {
            throw new ElfFormatException(path, LayoutSection, "missing or of the wrong size; delete the file and try again");
        }
        var layout = new uint[(int)Field.Count];
        for (var i = 0; i < layout.Length; i++)
        {
            layout[i] = BinaryPrimitives.ReadUInt32LittleEndian(section.Data.AsSpan(4 * i));
        }
        return new ModuleTemplate(bytes, layout);
    }

    private static async Task CompileAsync(KernelBuild kernel, byte[] source, string path, CancellationToken cancellation)
    {
        // Any module's flags will do, without the names that are its own.
        var unit = kernel.Units.All.Where(u => u.Owner != "vmlinux").OrderBy(u => u.Arguments.Count).ThenBy(u => u.Source, StringComparer.Ordinal).FirstOrDefault()
            ?? throw new KernelException($"kernel {kernel.Release} is built from no module at all, so nothing tells how one is compiled",
                "configure at least one module (=m), or give the tree in which the kernel's modules were built", KernelFault.Broken);
        Directory.CreateDirectory(kernel.WorkDirectory);
        var scratch = Path.Combine(kernel.WorkDirectory, $"template.{Environment.ProcessId}.{Guid.NewGuid():n}");
        var (c, o) = (scratch + ".c", scratch + ".o");
        try
        {
            await File.WriteAllBytesAsync(c, source, cancellation);
            string[] own =
            [
                .. unit.Arguments.Skip(1).Where(a => !a.StartsWith("-DKBUILD_", StringComparison.Ordinal)
                    && !a.StartsWith("-D__KBUILD_", StringComparison.Ordinal) && !a.StartsWith("-g", StringComparison.Ordinal)),
                "-DKBUILD_MODFILE=\"suture\"", "-DKBUILD_BASENAME=\"suture\"", "-DKBUILD_MODNAME=\"suture\"",
                "-D__KBUILD_MODNAME=kmod_suture", .. kernel.Symbols.Find(ClearsRelocations).Count > 0 ? Array.Empty<string>() : ["-DSUTURE_FORGET"], "-c", "-o", o, c,
            ];
            var run = await ToolRun.Async([unit.Arguments[0], .. own], kernel.SourceTree, kernel.WorkDirectory, cancellation);
            if (run.ExitCode != 0)
            {
                throw new KernelException($"the kernel's headers do not compile Suture's module template:\n{run.Errors.Trim()}",
                    "the kernel directory is incomplete or of an unknown layout; fetch it again with: suture kernel get", KernelFault.Broken);
            }
            File.Move(o, path, overwrite: true);
        }
        finally
        {
            File.Delete(c);
            File.Delete(o);
        }
    }
}
