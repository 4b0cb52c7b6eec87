using System.ComponentModel;
using System.Text.RegularExpressions;

namespace Suture.Kernel;

/// <summary>
/// Makes sure that the compiler here is the one the kernel was built with, to the distribution's revision:
/// another makes other code, and then nothing matches what runs.
/// </summary>
public static partial class CompilerCheck
{
    /// <summary>errno(3): EAGAIN and ENOMEM.</summary>
    private const int TryAgain = 11, NoMemory = 12;

    /// <summary>The compiler program to call for a kernel: what its configuration names, without a cross-compiling prefix for this very machine.</summary>
    public static string ProgramFor(KernelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Clang().Match(config.CompilerVersionText) is { Success: true } clang)
        {
            // It does not say by which name it was called; distributions install each version under its own.
            return "clang-" + clang.Groups[1].Value;
        }
        var named = config.CompilerVersionText.Split(' ')[0];
        var program = NativePrefix().Replace(named, "");
        return ProgramName().IsMatch(program) ? program : "gcc";
    }

    /// <summary>The same, or what else the compiler is called here: clang installed by hand has no version in its name.</summary>
    public static async Task<string> FindAsync(KernelConfig config, CancellationToken cancellation)
    {
        var program = ProgramFor(config);
        return program.StartsWith("clang-", StringComparison.Ordinal) && await VersionOfAsync(program, cancellation) is null && await VersionOfAsync("clang", cancellation) is not null ? "clang" : program;
    }

    /// <summary>Whether two first lines of a compiler's --version are of the same compiler, by whatever name it was called.</summary>
    internal static bool AreSame(string one, string other) => AfterName(one) == AfterName(other);

    /// <summary>Runs the kernel's compiler and compares; refuses what no compiler can build for.</summary>
    /// <exception cref="KernelException">It is missing or another one, or the kernel has one of <see cref="UnsupportedOptions"/> (<see cref="KernelFault.Mismatch"/>).</exception>
    public static Task RunAsync(KernelBuild kernel, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        // At once: what such a kernel's units are compiled to would only give errors that say less.
        UnsupportedOptions.Refuse(kernel.Release, kernel.Config);
        return CompareAsync(kernel, cancellation);
    }

    private static async Task CompareAsync(KernelBuild kernel, CancellationToken cancellation)
    {
        var program = kernel.Units.All.FirstOrDefault()?.Arguments[0] ?? ProgramFor(kernel.Config);
        var here = await VersionOfAsync(program, cancellation);
        Compare(kernel.Release, kernel.Config.CompilerVersionText, program, here);
    }

    /// <summary>Throws unless <paramref name="here"/>, the first line of <paramref name="program"/> --version (null: not installed), is what the kernel was built with.</summary>
    public static void Compare(string release, string builtWith, string program, string? here)
    {
        if (builtWith.Length == 0)
        {
            throw new KernelException($"kernel {release} does not say which compiler built it (no CONFIG_CC_VERSION_TEXT)",
                "use the configuration that the kernel was built with, unshortened", KernelFault.Mismatch);
        }
        if (here is null)
        {
            throw new KernelException($"kernel {release} was built with {builtWith}, and {program} is not installed here", InstallAdvice(program), KernelFault.Mismatch);
        }
        if (!AreSame(here, builtWith))
        {
            throw new KernelException($"kernel {release} was built with {builtWith}, but {program} here is {here}: the code it makes would not match what runs",
                InstallAdvice(program) + " in exactly that version", KernelFault.Mismatch);
        }
    }

    /// <summary>First line of <paramref name="program"/> --version, or null when it cannot be run.</summary>
    public static async Task<string?> VersionOfAsync(string program, CancellationToken cancellation = default)
    {
        try
        {
            var outcome = await ToolProcess.RunAsync(program, ["--version"], cancellation);
            return outcome.ExitCode == 0 ? outcome.Output.Split('\n')[0].Trim() : null;
        }
        // What the machine has no memory or process for may well be installed.
        catch (KernelException e) when (e is { Fault: KernelFault.Tool, InnerException: not Win32Exception { NativeErrorCode: TryAgain or NoMemory } })
        {
            return null;
        }
    }

    private static string InstallAdvice(string program) => $"apt install {program}";

    // gcc begins with the name it was called by, which says nothing.
    private static string AfterName(string version) => !Clang().IsMatch(version) && version.IndexOf(' ') is > 0 and var space ? version[(space + 1)..].Trim() : version;

    [GeneratedRegex(@"\Ax86_64-linux-gnu-")]
    private static partial Regex NativePrefix();

    // "Debian clang version 14.0.6", "clang version 18.1.3 (Fedora 18.1.3-1.fc40)".
    [GeneratedRegex(@"\bclang version ([0-9]+)\.")]
    private static partial Regex Clang();

    // It comes from a file and is run: a plain name only.
    [GeneratedRegex(@"\A[a-z][a-z0-9+._-]*\z")]
    private static partial Regex ProgramName();
}
