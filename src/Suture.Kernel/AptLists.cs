namespace Suture.Kernel;

/// <summary>
/// apt's package lists, read without being root: the system's own, or a private copy that can be brought up
/// to date. Both use the system's sources and keyrings, so apt has checked the archive's signature on them.
/// </summary>
internal sealed class AptLists
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    private readonly string[] _options;

    private AptLists(string[] options) => _options = options;

    /// <summary>The lists in /var/lib/apt.</summary>
    public static AptLists System { get; } = new([]);

    /// <summary>Brings the private lists up to date, if they are not from a few minutes ago.</summary>
    /// <exception cref="KernelException">The archive cannot be reached.</exception>
    public static async Task<AptLists> RefreshAsync(CacheLayout cache, bool force, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.Combine(cache.Lists, "state/lists/partial"));
        Directory.CreateDirectory(Path.Combine(cache.Lists, "cache/archives/partial"));
        using var held = await CacheLock.TakeAsync(Path.Combine(cache.Lists, "lock"), progress, cancellation);
        var configuration = Path.Combine(cache.Lists, "apt.conf");
        File.WriteAllText(configuration,
            $"""
            Dir::State "{cache.Lists}/state";
            Dir::State::status "/dev/null";
            Dir::Cache "{cache.Lists}/cache";
            Acquire::Languages "none";
            Acquire::AllowInsecureRepositories "false";
            APT::Sandbox::User "root";
            // What the system does after an update is none of our business.
            #clear APT::Update::Pre-Invoke;
            #clear APT::Update::Post-Invoke;
            #clear APT::Update::Post-Invoke-Success;
            #clear Acquire::IndexTargets::deb::DEP-11;
            #clear Acquire::IndexTargets::deb::Contents-deb;

            """);
        var lists = new AptLists(["-c", configuration]);
        var stamp = Path.Combine(cache.Lists, "updated");
        if (!force && File.Exists(stamp) && DateTime.UtcNow - File.GetLastWriteTimeUtc(stamp) < Fresh)
        {
            return lists;
        }
        progress?.Report(new("asking the archive what it has"));
        var outcome = await ToolProcess.RunAsync("apt-get", [.. lists._options, "-qq", "--error-on=any", "update"], cancellation);
        if (outcome.ExitCode != 0)
        {
            var fault = outcome.Errors.Contains("signature", StringComparison.OrdinalIgnoreCase) || outcome.Errors.Contains("NO_PUBKEY", StringComparison.Ordinal)
                ? KernelFault.Verification : KernelFault.Network;
            throw new KernelException($"the archive's package lists cannot be brought up to date: {outcome.LastError}",
                "check the network, /etc/apt/sources.list and the proxy; `apt-get update` shows the same", fault);
        }
        File.WriteAllText(stamp, "");
        return lists;
    }

    /// <summary>Every version of <paramref name="package"/> that the lists know, newest first.</summary>
    public async Task<List<ControlStanza>> ShowAsync(string package, CancellationToken cancellation)
    {
        var outcome = await ToolProcess.RunAsync("apt-cache", [.. _options, "show", "--", package], cancellation);
        return outcome.ExitCode == 0 ? ControlStanza.Parse(outcome.Output).FindAll(s => s["Filename"].Length > 0) : [];
    }

    /// <summary>The newest version of each package whose name matches <paramref name="regex"/>.</summary>
    public async Task<List<ControlStanza>> SearchAsync(string regex, CancellationToken cancellation)
    {
        var outcome = await ToolProcess.RunAsync("apt-cache", [.. _options, "search", "--names-only", "--full", "--", regex], cancellation);
        return ControlStanza.Parse(outcome.Output);
    }

    /// <summary>Where <paramref name="packages"/> ("name=version") can be had; null when the lists do not know one of them.</summary>
    public async Task<List<ArchivePackage>?> LocateAsync(IReadOnlyCollection<string> packages, CancellationToken cancellation)
    {
        var outcome = await ToolProcess.RunAsync("apt-get", [.. _options, "download", "--print-uris", "--", .. packages], cancellation, "/");
        var found = ArchivePackage.Parse(outcome.Output);
        return outcome.ExitCode == 0 && found.Count == packages.Count ? found : null;
    }
}
