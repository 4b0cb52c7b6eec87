namespace Suture.Kernel;

/// <summary>How one translation unit of the kernel is compiled. The working directory is the source tree.</summary>
/// <param name="Source">Path of the .c file in the tree, as the kernel's build spells it.</param>
/// <param name="Object">Path of the object kbuild would make.</param>
/// <param name="Owner">"vmlinux", or the module's name as in /proc/modules.</param>
/// <param name="Arguments">Compiler first; without -c, -o, the source and the dependency file.</param>
public sealed record CompileUnit(string Source, string Object, string Owner, IReadOnlyList<string> Arguments)
{
    /// <summary>Further modules that the same object is linked into; mostly none.</summary>
    public IReadOnlyList<string> OtherOwners { get; init; } = [];

    /// <summary>
    /// Whether its code has run for the last time when the kernel begins: real mode, purgatory, EFI stub. Such code, and 32-bit code, is compiled for another place than
    /// the kernel's (<c>-mcmodel=kernel</c>), but the 64-bit vDSO's is too, which goes on running.
    /// </summary>
    public bool IsBeforeKernel => Arguments.Any(a => a is "-m16" or "-m32")
        || (Arguments.LastOrDefault(a => a.StartsWith("-mcmodel=", StringComparison.Ordinal)) is not (null or "-mcmodel=kernel") && !TreePath.Contains("/vdso/", StringComparison.Ordinal));

    /// <summary>
    /// <see cref="Source"/> without detours, as patches spell it: kbuild compiles <c>virt/kvm/kvm_main.c</c> as
    /// <c>arch/x86/kvm/../../../virt/kvm/kvm_main.c</c>.
    /// </summary>
    public string TreePath => Source.Contains("/../", StringComparison.Ordinal) ? Path.GetFullPath("/" + Source)[1..] : Source;
}
