namespace Suture.Kernel;

/// <summary>A kernel's configuration (the .config format: <c>CONFIG_X=value</c>, <c># CONFIG_X is not set</c>).</summary>
public sealed class KernelConfig
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private KernelConfig()
    {
    }

    /// <summary>The value of <paramref name="name"/> ("CONFIG_X"): "y", "m", a number or text without its quotes; null when not set.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>First line of the compiler's <c>--version</c> at the time the kernel was built (CONFIG_CC_VERSION_TEXT); empty when unknown.</summary>
    public string CompilerVersionText => this["CONFIG_CC_VERSION_TEXT"] ?? "";

    /// <summary>True for "y" and "m".</summary>
    public bool IsSet(string name) => this[name] is "y" or "m";

    /// <summary>The first name (in order) whose value differs in <paramref name="other"/>, or null. What is not set is the same as absent.</summary>
    public string? Difference(KernelConfig other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _values.Keys.Union(other._values.Keys).Order(StringComparer.Ordinal).FirstOrDefault(n => (this[n] ?? "n") != (other[n] ?? "n"));
    }

    /// <summary>Reads a configuration from <paramref name="text"/>; lines that are not assignments are skipped.</summary>
    public static KernelConfig Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var config = new KernelConfig();
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var line = raw.Trim();
            var equals = line.IndexOf('=');
            if (equals <= 0 || !line.StartsWith("CONFIG_"))
            {
                continue;
            }
            var value = line[(equals + 1)..];
            config._values[line[..equals].ToString()] = value is ['"', .., '"'] ? Unquote(value[1..^1]) : value.ToString();
        }
        return config;
    }

    /// <summary>Reads the configuration at <paramref name="path"/>.</summary>
    /// <exception cref="KernelException">The file has no CONFIG_ line.</exception>
    public static KernelConfig ReadFile(string path)
    {
        var config = Parse(File.ReadAllText(path));
        return config._values.Count > 0
            ? config
            : throw new KernelException($"{path}: no kernel configuration in it",
                "it should hold lines such as CONFIG_LIVEPATCH=y, as /boot/config-RELEASE does", KernelFault.Broken);
    }

    // kconfig escapes only the quote and the backslash.
    private static string Unquote(ReadOnlySpan<char> text) =>
        text.ToString().Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
}
