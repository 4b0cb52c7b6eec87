namespace Suture.Host;

/// <summary>Where Suture keeps what it knows on a host. Tests point it at a directory tree of their own.</summary>
/// <param name="State">State that outlives a reboot.</param>
/// <param name="Configuration">What the administrator writes.</param>
/// <param name="Run">What does not outlive a reboot.</param>
public sealed record HostPaths(string State = "/var/lib/suture", string Configuration = "/etc/suture", string Run = "/run/suture")
{
    /// <summary>Which patches are installed, applied, quarantined.</summary>
    public string StateFile => Path.Combine(State, "state.json");

    /// <summary>The append-only record, a JSON document per line.</summary>
    public string HistoryFile => Path.Combine(State, "history.jsonl");

    /// <summary>Held by who changes anything.</summary>
    public string LockFile => Path.Combine(State, "lock");

    /// <summary>Module files of the installed patches of a kernel release.</summary>
    public string Patches(string release) => Path.Combine(State, "patches", release);

    /// <summary>Module file of an installed patch.</summary>
    public string Patch(string release, string name) => Path.Combine(Patches(release), name + ".ko");

    /// <summary>Suffix of a module file that takes the place of the one in the store once the state means it.</summary>
    public const string Next = ".next";

    /// <summary>Settings, key = value.</summary>
    public string SettingsFile => Path.Combine(Configuration, "suture.conf");

    /// <summary>When this file exists, Suture applies nothing.</summary>
    public string DisabledFile => Path.Combine(Configuration, "disabled");

    /// <summary>The administrator's own health checks.</summary>
    public string HealthChecks => Path.Combine(Configuration, "health.d");

    /// <summary>OpenMetrics over HTTP.</summary>
    public string MetricsSocket => Path.Combine(Run, "metrics.sock");
}
