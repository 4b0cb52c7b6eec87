using Suture.Kernel;

namespace Suture.Campaigns.SelfDiff;

/// <summary>
/// A unit as another compiler than the kernel's would be told to compile it: what it does not know of the options is left out, as kbuild would. The
/// objects are for the diff engine to read; no such kernel runs.
/// </summary>
internal static class OtherCompiler
{
    /// <summary>Options that only gcc has, or that have another name in clang, by how they begin.</summary>
    private static readonly string[] GccAlone =
    [
        "-mindirect-branch", "-mfunction-return", "-mharden-sls", "-mpreferred-stack-boundary", "-mskip-rax-setup", "-mrecord-mcount", "-mno-fp-ret-in-387",
        "-falign-jumps", "-falign-loops", "-fno-allow-store-data-races", "-fconserve-stack", "-fno-stack-clash-protection", "-fzero-call-used-regs", "-fmin-function-alignment",
        "-ftrivial-auto-var-init", "-fno-code-hoisting", "-fno-ipa", "-fno-var-tracking", "-fno-inline-functions-called-once", "-fplugin",
    ];

    /// <summary>Options that gcc has had since version 12 only.</summary>
    private static readonly string[] Gcc12 = ["-mharden-sls", "-mindirect-branch-cs-prefix", "-ftrivial-auto-var-init", "-fzero-call-used-regs"];

    private static readonly string[] Clang = ["--target=x86_64-linux-gnu", "-mstack-alignment=8", "-mretpoline-external-thunk"];

    /// <summary><paramref name="unit"/> for <paramref name="program"/>, a gcc or clang.</summary>
    public static CompileUnit Of(CompileUnit unit, string program)
    {
        var isClang = Path.GetFileName(program).StartsWith("clang", StringComparison.Ordinal);
        var unknown = isClang ? GccAlone : Gcc12;
        var known = unit.Arguments.Skip(1).Where(a => !a.StartsWith("-W", StringComparison.Ordinal) && !Array.Exists(unknown, u => a.StartsWith(u, StringComparison.Ordinal)));
        return unit with { Arguments = [program, .. known, "-w", .. isClang ? Clang : []] };
    }
}
