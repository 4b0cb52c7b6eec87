using System.Text;

namespace Suture.Kernel;

/// <summary>
/// Asks kbuild about a configured source tree without building it: the environment the top Makefile
/// exports is captured once, and with it the recursive makefile is run directly, dry or for single targets.
/// </summary>
internal sealed class Kbuild
{
    private readonly string _tree;
    private readonly Dictionary<string, string> _environment;

    private Kbuild(string tree, string compiler, Dictionary<string, string> environment)
    {
        _tree = tree;
        Compiler = compiler;
        _environment = environment;
    }

    /// <summary>What CC is set to.</summary>
    public string Compiler { get; }

    /// <summary>Runs the top Makefile for its environment.</summary>
    /// <param name="tree">The configured source tree.</param>
    /// <param name="release">The kernel's release.</param>
    /// <param name="compiler">What CC is set to.</param>
    /// <param name="scratch">A file to use on the way.</param>
    /// <param name="view">A directory, not there yet, through which to look at a tree into which nothing may be written; null for a tree of our own.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<Kbuild> OpenAsync(string tree, string release, string compiler, string scratch, string? view, CancellationToken cancellation)
    {
        if (view is not null)
        {
            ConfiguredView.Create(tree, view);
        }
        string[] variables = ["ARCH=x86", $"CC={compiler}", $"HOSTCC={compiler}", $"KERNELRELEASE={release}"];
        // An extra target whose recipe runs with everything that the Makefile exports.
        await ToolProcess.MustAsync("reading the kernel's build settings", "make",
            ["-rR", "--no-print-directory", .. variables, $"--eval=suture-env: ; @env -0 > '{scratch}'", "suture-env"], cancellation, view ?? tree);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in Encoding.UTF8.GetString(await File.ReadAllBytesAsync(scratch, cancellation)).Split('\0'))
        {
            var equals = entry.IndexOf('=');
            if (equals > 0)
            {
                environment[entry[..equals]] = view is null ? entry[(equals + 1)..] : entry[(equals + 1)..].Replace(view, tree, StringComparison.Ordinal);
            }
        }
        File.Delete(scratch);
        if (view is not null)
        {
            Directory.Delete(view, recursive: true);
        }
        environment["MAKEFLAGS"] = $"rR --no-print-directory -- {string.Join(' ', variables)}";
        environment.Remove("MAKELEVEL");
        environment["KBUILD_MODULES"] = "1";
        environment["KBUILD_BUILTIN"] = "1";
        return new(tree, compiler, environment);
    }

    /// <summary>What building everything would do, and has done if <paramref name="alsoRecorded"/>. Directories whose makefiles cannot be run are left out.</summary>
    public async Task<DryRun> DryRunAsync(CancellationToken cancellation, bool alsoRecorded = false)
    {
        var dryRun = new DryRun(Compiler);
        // Recipes are longer than a pipe writes in one piece: without -O the lines of parallel makes tear each other apart.
        var outcome = await ToolProcess.RunAsync("make", ["-n", "-k", Jobs, "-Oline", "-f", "./scripts/Makefile.build", "obj=.", "need-builtin=1", "need-modorder=1"],
            cancellation, _tree, _environment, dryRun.Add);
        if (alsoRecorded)
        {
            RecordedCommands.Add(_tree, dryRun);
        }
        // With -k it fails for the sake of keys and certificates that only the distribution has.
        return dryRun.Units.Count > 0 ? dryRun : throw new KernelException(
            $"{_tree}: kbuild does not say how to compile anything: {outcome.LastError}",
            "the source tree must be configured (make olddefconfig modules_prepare)", KernelFault.Broken);
    }

    /// <summary>Makes <paramref name="targets"/>, all in <paramref name="directory"/> of the tree. Null when all went well, else what make said.</summary>
    public async Task<string?> MakeAsync(string directory, IEnumerable<string> targets, CancellationToken cancellation)
    {
        var outcome = await ToolProcess.RunAsync("make", ["-k", Jobs, "-f", "./scripts/Makefile.build", $"obj={directory}", .. targets],
            cancellation, _tree, _environment);
        return outcome.ExitCode == 0 ? null : outcome.Errors.Trim().ReplaceLineEndings("; ");
    }

    private static string Jobs => $"-j{Environment.ProcessorCount}";
}
