using Suture.Elf;

namespace Suture.Kernel;

/// <summary>The facts of one kernel build: all that authoring a livepatch for it needs. Read-only, loaded on demand, thread-safe.</summary>
public sealed class KernelBuild
{
    private readonly KernelFacts _facts;
    private readonly Lazy<KernelConfig> _config;
    private readonly Lazy<ElfImage> _image;
    private readonly Lazy<SystemMap> _symbols;
    private readonly Lazy<ExportTable> _exports;
    private readonly Lazy<ModuleSet> _modules;
    private readonly Lazy<CompileDatabase> _units;

    private KernelBuild(string directory, KernelFacts facts, IReadOnlyList<string> furtherModules)
    {
        Directory = directory;
        _facts = facts;
        _config = new(() => KernelConfig.ReadFile(Locate(facts.Config)));
        _image = new(() => ElfImage.Read(File.ReadAllBytes(Locate(facts.Image)), Locate(facts.Image)));
        _symbols = new(() => SystemMap.Parse(File.ReadAllBytes(Locate(facts.SystemMap)), Locate(facts.SystemMap)));
        _exports = new(() => ExportTable.ReadFile(Locate(facts.Symvers)));
        _modules = new(() => ModuleSet.Scan(ModulesDirectory).With(furtherModules));
        _units = new(() => CompileDatabase.Load(Locate(facts.Units)));
    }

    /// <summary>Opens a prepared kernel: an entry of the cache. Other directories go through <see cref="KernelArgument"/>.</summary>
    /// <exception cref="KernelException">It holds no kernel.json of this format.</exception>
    public static KernelBuild Open(string directory)
    {
        directory = Path.GetFullPath(directory);
        return KernelFacts.TryRead(directory) is { } facts
            ? new(directory, facts, [])
            : throw new KernelException($"{directory}: not a prepared kernel (no {KernelFacts.FileName} of format {KernelFacts.CurrentFormat})",
                $"run: suture kernel get {Path.GetFileName(directory)}", KernelFault.NotFound);
    }

    /// <summary>The same kernel with modules from outside its tree; <paramref name="files"/> are absolute paths and come before modules of the same name.</summary>
    public KernelBuild WithModules(IReadOnlyList<string> files) => new(Directory, _facts, files);

    /// <summary>The release, as uname -r says.</summary>
    public string Release => _facts.Release;

    /// <summary>Version of the distribution's package, null for a kernel built by hand.</summary>
    public string? PackageVersion => _facts.PackageVersion;

    /// <summary>GNU build-id of the image in lower-case hexadecimal, as /sys/kernel/notes has it.</summary>
    public string BuildId => _facts.BuildId;

    /// <summary>Bytes it takes in the cache.</summary>
    public long SizeBytes => _facts.SizeBytes;

    /// <summary>The directory it was opened from.</summary>
    public string Directory { get; }

    /// <summary>The prepared source tree. Nobody writes into it.</summary>
    public string SourceTree => Locate(_facts.Source);

    /// <summary>Its configuration.</summary>
    public KernelConfig Config => _config.Value;

    /// <summary>The kernel image, unpacked, readable by the addresses it is linked at.</summary>
    public ElfImage Image => _image.Value;

    /// <summary>The symbols of the image, as its own symbol table has them.</summary>
    public SystemMap Symbols => _symbols.Value;

    /// <summary>What the kernel and its modules export.</summary>
    public ExportTable Exports => _exports.Value;

    /// <summary>Its modules.</summary>
    public ModuleSet Modules => _modules.Value;

    /// <summary>How each of its sources is compiled.</summary>
    public CompileDatabase Units => _units.Value;

    /// <summary>The objtool that goes with the tree.</summary>
    public string ObjtoolPath => Path.Combine(SourceTree, "tools/objtool/objtool");

    /// <summary>
    /// What kbuild calls objtool with for a finished module object, without the file name; empty when the
    /// configuration does not use objtool. With --link it is meant for the linked object of a whole module.
    /// </summary>
    public IReadOnlyList<string> ModuleObjtoolArguments => _facts.ModuleObjtoolArguments;

    /// <summary>The bzImage, to boot.</summary>
    public string VmlinuzPath => Locate(_facts.Vmlinuz);

    /// <summary>The directory below which the modules are (lib/modules/RELEASE).</summary>
    public string ModulesDirectory => Locate(_facts.Modules);

    /// <summary>A place for files that other parts derive from this kernel. Exists; writers must rename into place.</summary>
    public string WorkDirectory => System.IO.Directory.CreateDirectory(Path.Combine(Directory, "work")).FullName;

    private string Locate(string path) => Path.Combine(Directory, path);
}
