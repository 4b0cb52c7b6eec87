using Suture.Kernel;

namespace Suture.UnitTests.CatchUp;

/// <summary>A kernel of a few files that nobody compiles, and the source of a later one beside it.</summary>
internal sealed class FakeKernel : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("suture-catch-up").FullName;
    private readonly List<CompileUnit> _units = [];

    public FakeKernel()
    {
        Directory.CreateDirectory(Path.Combine(_root, "modules"));
        Write("source/Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 2\n");
        Write("later/Makefile", "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 3\n");
    }

    public string Later => Path.Combine(_root, "later");

    /// <summary>Writes a file below "source", "later" or "modules".</summary>
    public string Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>A source that the kernel is built from.</summary>
    public void WriteBuilt(string path, string text, string? later)
    {
        Write($"source/{path}", text);
        _units.Add(new CompileUnit(path, Path.ChangeExtension(path, ".o"), "vmlinux", ["gcc"]));
        if (later is not null)
        {
            Write($"later/{path}", later);
        }
    }

    public KernelBuild Open(string? version = null)
    {
        CompileDatabase.Write(Path.Combine(_root, "units"), _units);
        new KernelFacts
        {
            Release = "6.1.0-1-amd64",
            PackageVersion = version,
            BuildId = "ab",
            Vmlinuz = "vmlinuz",
            Image = "vmlinux",
            SystemMap = "System.map",
            Config = "config",
            Symvers = "source/Module.symvers",
            Modules = "modules",
            Source = "source",
            Units = "units",
        }.Write(_root);
        return KernelBuild.Open(_root);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
