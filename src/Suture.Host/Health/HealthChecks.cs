using System.Diagnostics;
using Suture.Host.Interfaces;

namespace Suture.Host.Health;

/// <summary>How one of the administrator's checks ended.</summary>
/// <param name="Name">File name.</param>
/// <param name="Ok">Whether it exited 0 in time.</param>
/// <param name="Detail">Its last line, or why it failed.</param>
public sealed record CheckResult(string Name, bool Ok, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => $"health check {Name}: {Detail}";
}

/// <summary>
/// The administrator's own checks: executables in a directory that only root writes. Exit 0 is healthy; anything else, or no end within
/// the time-out, is not. They run side by side, so that the slowest one bounds the whole.
/// </summary>
public sealed class HealthChecks(string directory, TimeSpan timeout)
{
    private const int MaxChecks = 64;
    private const int MaxLine = 300;

    /// <summary>
    /// Runs all of them, in the order of their names; files that begin with a dot or are not executable are none.
    /// <paramref name="stage"/> (before, after, boot) and <paramref name="patch"/> are told in SUTURE_STAGE and SUTURE_PATCH.
    /// </summary>
    public async Task<IReadOnlyList<CheckResult>> RunAsync(string stage, string patch, CancellationToken cancel)
    {
        string[] files;
        try
        {
            // Not EnumerateFiles, which passes over what a link leads to nowhere.
            files = !Directory.Exists(directory) ? [] : [.. Directory.EnumerateFileSystemEntries(directory)
                .Where(f => !Path.GetFileName(f).StartsWith('.') && !Directory.Exists(f)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new CheckResult(directory, false, $"cannot be read: {e.Message}")];
        }
        return [.. (await Task.WhenAll(files.Where(IsMeant).Take(MaxChecks).Select(f => RunAsync(f, stage, patch, cancel))))];
    }

    /// <summary>A check that cannot be looked at, as a link that leads nowhere, is one that fails, and not none.</summary>
    private static bool IsMeant(string file)
    {
        const UnixFileMode anyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        try
        {
            return (File.GetUnixFileMode(file) & anyExecute) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private async Task<CheckResult> RunAsync(string file, string stage, string patch, CancellationToken cancel)
    {
        var name = Path.GetFileName(file);
        // What root runs must be root's own; tests run as who they are. A link's own mode says nothing: what it leads to counts, and who can turn it.
        if (NotRootsOwn(file) is { } fault)
        {
            return new CheckResult(name, false, $"is not run: {fault}");
        }
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bound.CancelAfter(timeout);
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo(file)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
                WorkingDirectory = "/",
                Environment = { ["SUTURE_STAGE"] = stage, ["SUTURE_PATCH"] = patch },
            })!;
            process.StandardInput.Close();
            var said = LastLineAsync(process.StandardOutput, bound.Token);
            var complained = LastLineAsync(process.StandardError, bound.Token);
            await process.WaitForExitAsync(bound.Token);
            var line = await complained is { Length: > 0 } error ? error : await said;
            return process.ExitCode == 0
                ? new CheckResult(name, true, line.Length > 0 ? line : "ok")
                : new CheckResult(name, false, $"exit {process.ExitCode}{(line.Length > 0 ? $": {line}" : "")}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new CheckResult(name, false, $"did not end within {timeout.TotalSeconds:0.#} s");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new CheckResult(name, false, $"cannot be run: {e.Message}");
        }
        finally
        {
            if (process is { HasExited: false })
            {
                process.Kill(entireProcessTree: true);
            }
            process?.Dispose();
        }
    }

    private static string? NotRootsOwn(string file)
    {
        // The link itself lies in a directory on the way, and so does what it leads to: who can write one of these decides what root runs.
        foreach (var path in new[] { Posix.RealPath(Path.GetDirectoryName(file)!), Posix.RealPath(file) })
        {
            if (path is null)
            {
                return "it leads to no file";
            }
            if (Posix.FirstOpenToOthers(path, Posix.EffectiveUser) is { } open)
            {
                return $"{open.Path} must belong to root and be writable by nobody else, and so must all directories above it";
            }
        }
        return null;
    }

    private static async Task<string> LastLineAsync(StreamReader output, CancellationToken cancel)
    {
        var last = "";
        while (await output.ReadLineAsync(cancel) is { } line)
        {
            last = line.Length > 0 ? line[..Math.Min(line.Length, MaxLine)] : last;
        }
        return last;
    }
}
