using Suture.Verify;

namespace Suture.UnitTests.Verify;

/// <summary>A kernel that has what a test gives it, and nothing else.</summary>
internal sealed class KernelOfSymbols : IRunningKernel
{
    private readonly Dictionary<string, List<(ulong Address, char Type)>> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, byte[]> _code = [];
    private readonly Dictionary<string, RelocatableFile> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _exports = new(StringComparer.Ordinal);
    private ulong _next = 0xffffffff81000000;

    public string Release => "6.1.0-test";

    public string BuildId => "00";

    public bool ChecksIndirectBranches { get; init; }

    /// <summary>Gives the image a symbol with the type letter that nm writes, and bytes at its place.</summary>
    public KernelOfSymbols Has(string name, char type, params byte[] code)
    {
        (_symbols.TryGetValue(name, out var known) ? known : _symbols[name] = []).Add((_next, type));
        _code[_next] = code;
        _next += 4096;
        return this;
    }

    /// <summary>Gives it a module.</summary>
    public KernelOfSymbols HasModule(string name, byte[] file)
    {
        _modules[name] = RelocatableFile.Read(file, name + ".ko");
        return this;
    }

    /// <summary>Has <paramref name="owner"/> export <paramref name="name"/>.</summary>
    public KernelOfSymbols Exports(string name, string owner)
    {
        _exports[name] = owner;
        return this;
    }

    public IReadOnlyList<(ulong Address, char Type)> Find(string name) => _symbols.GetValueOrDefault(name, []);

    public bool TryRead(ulong address, int length, out ReadOnlySpan<byte> bytes)
    {
        var has = _code.TryGetValue(address, out var code) && code.Length >= length;
        bytes = has ? code.AsSpan(0, length) : default;
        return has;
    }

    public RelocatableFile? Module(string name) => _modules.GetValueOrDefault(name);

    public (string Owner, uint Crc)? Export(string name) => _exports.TryGetValue(name, out var owner) ? (owner, 1) : null;
}
