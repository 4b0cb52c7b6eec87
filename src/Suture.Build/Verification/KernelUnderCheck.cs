using System.Collections.Concurrent;
using Suture.Kernel;
using Suture.Verify;

namespace Suture.Build.Verification;

/// <summary>A kernel build as the verifier looks at it.</summary>
public sealed class KernelUnderCheck(KernelBuild kernel) : IRunningKernel
{
    private readonly ConcurrentDictionary<string, RelocatableFile?> _modules = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Release => kernel.Release;

    /// <inheritdoc/>
    public string BuildId => kernel.BuildId;

    /// <inheritdoc/>
    public bool ChecksIndirectBranches => kernel.Config.IsSet("CONFIG_X86_KERNEL_IBT");

    /// <inheritdoc/>
    public IReadOnlyList<(ulong Address, char Type)> Find(string name) => [.. kernel.Symbols.Find(name).Select(s => (s.Address, s.Type))];

    /// <inheritdoc/>
    public bool TryRead(ulong address, int length, out ReadOnlySpan<byte> bytes) => kernel.Image.TryRead(address, length, out bytes);

    /// <inheritdoc/>
    public RelocatableFile? Module(string name) => _modules.GetOrAdd(name, n =>
    {
        if (kernel.Modules.Find(n) is null)
        {
            return null;
        }
        var (bytes, path) = kernel.Modules.ReadFile(n);
        return RelocatableFile.Read(bytes, path);
    });

    /// <inheritdoc/>
    public (string Owner, uint Crc)? Export(string name) => kernel.Exports.TryGet(name, out var export) ? (export.Module, export.Crc) : null;
}
