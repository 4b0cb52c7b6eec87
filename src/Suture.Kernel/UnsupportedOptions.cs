namespace Suture.Kernel;

/// <summary>Options of a kernel that make its objects, or its code, something that a livepatch cannot be built from unit by unit.</summary>
public static class UnsupportedOptions
{
    private static readonly (string Option, string Why)[] All =
    [
        ("CONFIG_LTO_CLANG", "its units are compiled to LLVM's intermediate code and optimised as one program (link-time optimisation): no unit compiled alone matches what runs"),
        ("CONFIG_LTO_CLANG_FULL", "its units are optimised as one program (link-time optimisation): no unit compiled alone matches what runs"),
        ("CONFIG_LTO_CLANG_THIN", "its units are optimised as one program (link-time optimisation): no unit compiled alone matches what runs"),
        ("CONFIG_CFI_CLANG", "each indirect call checks a hash before the function that it calls (control-flow integrity), which functions of a livepatch do not have yet"),
        ("CONFIG_CFI", "each indirect call checks a hash before the function that it calls (control-flow integrity), which functions of a livepatch do not have yet"),
    ];

    /// <summary>Refuses kernel <paramref name="release"/> if <paramref name="config"/> has one of them.</summary>
    /// <exception cref="KernelException">It has (<see cref="KernelFault.Mismatch"/>).</exception>
    public static void Refuse(string release, KernelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        foreach (var (option, why) in All.Where(o => config.IsSet(o.Option)))
        {
            throw new KernelException($"kernel {release} has {option}={config[option]}: {why}",
                $"patch a kernel that was built without {option}, or fix this one by booting a newer kernel", KernelFault.Mismatch);
        }
    }
}
