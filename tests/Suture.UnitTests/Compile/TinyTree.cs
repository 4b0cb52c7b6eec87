using System.Diagnostics;
using Suture.Build.Compile;
using Suture.Build.Patches;
using Suture.Kernel;
using Suture.UnitTests.Patches;

namespace Suture.UnitTests.Compile;

/// <summary>A source tree of a few files in a temporary directory, compiled with the machine's gcc as a kernel's would be.</summary>
internal sealed class TinyTree : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-tree").FullName;
    private int _builds;

    public TinyTree(params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files)
        {
            var full = Path.Combine(Tree, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text);
        }
        Site = new SourceSite(Tree, Path.Combine(_directory, "work"), [.. files.Where(f => f.Path.EndsWith(".c", StringComparison.Ordinal))
            .Select(f => new CompileUnit(f.Path, f.Path[..^1] + "o", "vmlinux", ["gcc", "-nostdinc", "-I./include", "-O2", "-g", "-Wall"]))]);
    }

    public string Tree => Path.Combine(_directory, "tree");

    public SourceSite Site { get; }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>A patch that replaces text in files.</summary>
    public PatchSet Edit(params (string Path, string Old, string New)[] edits) => PatchSet.Parse([.. edits.Select(e =>
    {
        var edited = Path.Combine(_directory, "edited");
        var text = File.ReadAllText(Path.Combine(Tree, e.Path));
        File.WriteAllText(edited, text.Replace(e.Old, e.New));
        return ($"{Path.GetFileName(e.Path)}.patch", Run("diff", ["-u", "--label", $"a/{e.Path}", "--label", $"b/{e.Path}", Path.Combine(Tree, e.Path), edited], _directory).Bytes());
    })]);

    /// <summary>Plans and builds.</summary>
    public async Task<CompileOutcome> BuildAsync(PatchSet patches, CancellationToken ct, IReadOnlyList<string>? extraArguments = null) =>
        await BuildAsync(CompilePlanner.Plan(Site, patches, ct), ct, extraArguments);

    /// <summary>Builds what is planned.</summary>
    public async Task<CompileOutcome> BuildAsync(CompilePlan plan, CancellationToken ct, IReadOnlyList<string>? extraArguments = null, KeptObjects keep = KeptObjects.None,
        bool withTypes = false) =>
        await BuildPairs.RunAsync(plan, Path.Combine(_directory, $"build{_builds++}"),
            options: new CompileOptions { ExtraArguments = extraArguments ?? [], Keep = keep, WithTypes = withTypes }, ct: ct);

    public static string Run(string program, string[] arguments, string directory)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = directory })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
