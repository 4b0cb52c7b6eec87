using System.Globalization;
using Suture.Host;
using Suture.Host.Memory;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// Sends the host what is in memory while a livepatch is applied: where its sections and those of the modules it patches lie, the
/// livepatch's code, and the entries of the functions that it replaces. The host judges.
/// </summary>
internal sealed class PatchedMemory(EventPort port)
{
    /// <summary>Bytes of code in one event; a line of events has a bound.</summary>
    private const int ChunkBytes = 16 * 1024;

    /// <summary>Reads and sends; the sentence says how much.</summary>
    public (bool Ok, string Detail) Send(string module, GuestMemoryPlan plan)
    {
        try
        {
            return SendAll(module, plan);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return (false, $"memory cannot be read: {e.Message}");
        }
    }

    private (bool Ok, string Detail) SendAll(string module, GuestMemoryPlan plan)
    {
        var missing = plan.Modules.Where(m => !Directory.Exists($"/sys/module/{m}/sections")).ToList();
        if (missing.Count > 0 && !plan.ModulesMayMiss)
        {
            return (false, $"module {missing[0]} is not loaded");
        }
        using var memory = CoreMemory.Open(new KernelPaths(), out var fault);
        if (memory is null)
        {
            return (false, fault);
        }
        var anchor = KernelAddress(plan.Anchor);
        Send(GuestMemoryPlan.Anchored, anchor, []);
        missing.ForEach(m => Send($"{GuestMemoryPlan.Missing} {m}", 0, []));
        foreach (var name in plan.Modules.Except(missing).Append(module))
        {
            foreach (var file in Directory.GetFiles($"/sys/module/{name}/sections"))
            {
                Send($"{name} {Path.GetFileName(file)}", Address(File.ReadAllText(file)), []);
            }
        }
        var total = 0;
        foreach (var code in plan.Code.Where(c => !missing.Contains(c.Module)))
        {
            var start = code.Module.Length == 0
                ? anchor - plan.AnchorLinked + code.Offset
                : Address(File.ReadAllText($"/sys/module/{code.Module}/sections/{code.Section}")) + code.Offset;
            for (var at = 0; at < code.Length; at += ChunkBytes)
            {
                var length = Math.Min(ChunkBytes, code.Length - at);
                if (memory.Read(start + (ulong)at, length) is not { } bytes)
                {
                    return (false, $"/proc/kcore has no memory at {start + (ulong)at:x}");
                }
                Send($"{code.Module} {code.Section} {code.Offset + (ulong)at}", start + (ulong)at, bytes);
                total += length;
            }
        }
        return (true, $"{total} bytes read");
    }

    private void Send(string name, ulong address, byte[] bytes) => port.Send(new GuestEvent
    {
        Kind = GuestEventKind.Memory,
        Name = name,
        Detail = $"{address:x} {Convert.ToHexString(bytes)}",
    });

    /// <summary>Where the kernel, which may have moved itself at boot, has a symbol that is unique and near the start of kallsyms.</summary>
    private static ulong KernelAddress(string symbol)
    {
        foreach (var line in File.ReadLines("/proc/kallsyms"))
        {
            var words = line.Split(' ');
            if (words.Length == 3 && words[2] == symbol)
            {
                return Address(words[0]);
            }
        }
        throw new InvalidDataException($"/proc/kallsyms has no {symbol}");
    }

    private static ulong Address(string text)
    {
        var digits = text.AsSpan().Trim();
        return ulong.Parse(digits.StartsWith("0x") ? digits[2..] : digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
