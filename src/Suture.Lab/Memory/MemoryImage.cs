using System.Buffers;
using System.Globalization;
using Suture.Lab.Protocol;

namespace Suture.Lab.Memory;

/// <summary>What the guest read from its memory. The guest runs code under test: what makes no sense is passed over, and then missing.</summary>
internal sealed class MemoryImage
{
    /// <summary>Characters of events that are taken, two for a byte of code, and what keeping one costs besides.</summary>
    private const long MostChars = 128 << 20;

    private const int EventChars = 100;

    private readonly Dictionary<(string Module, string Section), ulong> _sections = [];
    private readonly Dictionary<(string Module, string Section, ulong Offset), (ulong Address, byte[] Bytes)> _code = [];

    private long _chars;

    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);

    /// <summary>Modules that were not loaded.</summary>
    public IReadOnlySet<string> Missing => _missing;

    /// <summary>Where the kernel's anchor symbol is; null when the guest did not say.</summary>
    public ulong? Anchor { get; private set; }

    /// <summary>Takes an event of kind Memory.</summary>
    public void Take(GuestEvent value)
    {
        var words = value.Name.Split(' ');
        var space = value.Detail.IndexOf(' ', StringComparison.Ordinal);
        if ((_chars += EventChars + value.Name.Length + value.Detail.Length) > MostChars || space <= 0 || (value.Detail.Length - space) % 2 == 0
            || !ulong.TryParse(value.Detail.AsSpan(0, space), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var address))
        {
            return;
        }
        switch (words)
        {
            case [GuestMemoryPlan.Anchored]:
                Anchor = address;
                break;
            case [GuestMemoryPlan.Missing, var module]:
                _missing.Add(module);
                break;
            case [var module, var section]:
                _sections[(module, section)] = address;
                break;
            case [var module, var section, var at] when ulong.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var offset):
                var bytes = new byte[(value.Detail.Length - space - 1) / 2];
                if (Convert.FromHexString(value.Detail.AsSpan(space + 1), bytes, out _, out _) == OperationStatus.Done)
                {
                    _code[(module, section, offset)] = (address, bytes);
                }
                break;
        }
    }

    /// <summary>Where a module's section is loaded; null when it is not.</summary>
    public ulong? AddressOf(string module, string section) => _sections.TryGetValue((module, section), out var address) ? address : null;

    /// <summary>The <paramref name="length"/> bytes of a section, or of the image from a link address, in as many pieces as they came; null when some are missing.</summary>
    public (ulong Address, byte[] Bytes)? Read(string module, string section, ulong offset, int length)
    {
        if (!_code.TryGetValue((module, section, offset), out var first))
        {
            return null;
        }
        var bytes = new List<byte>(first.Bytes);
        while (bytes.Count < length && _code.TryGetValue((module, section, offset + (ulong)bytes.Count), out var next) && next.Bytes.Length > 0)
        {
            bytes.AddRange(next.Bytes);
        }
        return bytes.Count == length ? (first.Address, [.. bytes]) : null;
    }
}
