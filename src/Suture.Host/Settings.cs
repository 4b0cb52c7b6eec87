using System.Globalization;

namespace Suture.Host;

/// <summary>The administrator's settings, /etc/suture/suture.conf: a "key = value" a line, # begins a comment.</summary>
public sealed record Settings
{
    /// <summary>How long a transition may take before it is turned round.</summary>
    public TimeSpan TransitionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a patch is watched after it was applied by hand or by the agent.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long patches are watched after boot, before the boot counts as healthy.</summary>
    public TimeSpan BootWatch { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Time-out of each health check.</summary>
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the agent looks.</summary>
    public TimeSpan AgentInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where the agent writes suture.prom for node_exporter, when that directory exists.</summary>
    public string TextfileDirectory { get; init; } = "/var/lib/prometheus/node-exporter";

    /// <summary>Faults of the file, one sentence each with its line; what cannot be read keeps its default.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Reads <paramref name="path"/>; no file means all defaults.</summary>
    public static Settings Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Settings { Faults = [$"{path} cannot be read: {e.Message}"] };
        }
        var settings = new Settings();
        var faults = new List<string>();
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Split('#')[0].Trim();
            if (line.Length == 0)
            {
                continue;
            }
            var (key, value) = line.IndexOf('=', StringComparison.Ordinal) is > 0 and var at ? (line[..at].Trim(), line[(at + 1)..].Trim()) : (line, "");
            if (settings.With(key, value) is { } changed)
            {
                settings = changed;
            }
            else
            {
                faults.Add($"{path}:{i + 1}: '{line}' is not understood: KEY = VALUE, seconds from 1 to 86400 where a time is meant");
            }
        }
        return settings with { Faults = faults };
    }

    private Settings? With(string key, string value) => (key, Seconds(value)) switch
    {
        ("transition_timeout", { } s) => this with { TransitionTimeout = s },
        ("watch", { } s) => this with { Watch = s },
        ("boot_watch", { } s) => this with { BootWatch = s },
        ("health_timeout", { } s) => this with { HealthTimeout = s },
        ("agent_interval", { } s) => this with { AgentInterval = s },
        ("textfile_directory", _) when value.StartsWith('/') => this with { TextfileDirectory = value },
        _ => null,
    };

    private static TimeSpan? Seconds(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 86400 ? TimeSpan.FromSeconds(seconds) : null;
}
