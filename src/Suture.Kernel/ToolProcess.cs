using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Suture.Kernel;

/// <summary>Runs the programs this part needs (apt, dpkg-deb, tar, make, gcc): one place for their environment, bounds and errors.</summary>
internal static class ToolProcess
{
    private const int MaxCapturedChars = 64 << 20;

    /// <summary>What a program said and how it ended.</summary>
    public readonly record struct Outcome(int ExitCode, string Output, string Errors)
    {
        /// <summary>The last line that it complained with.</summary>
        public string LastError => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "";
    }

    /// <summary>The Debian package that has <paramref name="program"/>.</summary>
    private static string PackageOf(string program) => Path.GetFileName(program) switch
    {
        "xz" => "xz-utils",
        "dpkg-deb" => "dpkg",
        "apt-get" or "apt-cache" or "apt-helper" => "apt",
        var name => name,
    };

    /// <summary>
    /// The environment that kernel builds run with: only what is named here, since kbuild takes flags from
    /// variables such as KCFLAGS, and messages must be in English to be understood.
    /// </summary>
    public static Dictionary<string, string> CleanEnvironment()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["LC_ALL"] = "C" };
        foreach (var name in (string[])["PATH", "HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy"])
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                environment[name] = value;
            }
        }
        return environment;
    }

    /// <summary>Runs a program to its end; what it prints goes to <paramref name="onLine"/> or is captured. Cancelling kills it with its children.</summary>
    /// <exception cref="KernelException">It cannot be started.</exception>
    public static async Task<Outcome> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellation,
        string? directory = null, IReadOnlyDictionary<string, string>? environment = null, Action<string>? onLine = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment ?? CleanEnvironment())
        {
            start.Environment[name] = value;
        }
        cancellation.ThrowIfCancellationRequested();
        using var process = Start(start);
        process.StandardInput.Close();
        await using var kill = cancellation.Register(() =>
        {
            try
            {
                process.Kill(entireProcessTree: true);
            }
            catch (InvalidOperationException)
            {
                // It ended by itself just now.
            }
        });
        var errors = ReadAsync(process.StandardError, null);
        var output = await ReadAsync(process.StandardOutput, onLine);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return new(process.ExitCode, output, await errors);
    }

    /// <summary>As <see cref="RunAsync"/>, and throws when the program fails; <paramref name="doing"/> says what for ("unpacking X").</summary>
    public static async Task<Outcome> MustAsync(string doing, string program, IEnumerable<string> arguments, CancellationToken cancellation,
        string? directory = null, IReadOnlyDictionary<string, string>? environment = null, Action<string>? onLine = null)
    {
        var outcome = await RunAsync(program, arguments, cancellation, directory, environment, onLine);
        if (outcome.ExitCode == 0)
        {
            return outcome;
        }
        if (outcome.Errors.Contains("No space left on device", StringComparison.Ordinal))
        {
            throw DiskSpace.Full(directory ?? ".", $"{doing}: {outcome.LastError}");
        }
        throw new KernelException($"{doing}: {Path.GetFileName(program)} failed with exit code {outcome.ExitCode}: {outcome.LastError}",
            "the message above is the program's own", KernelFault.Tool);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new KernelException($"cannot run {start.FileName}: {e.Message}", $"apt install {PackageOf(start.FileName)}", KernelFault.Tool, e);
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, Action<string>? onLine)
    {
        if (onLine is not null)
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                onLine(line);
            }
            return "";
        }
        var text = new StringBuilder();
        var buffer = new char[1 << 14];
        for (int read; (read = await reader.ReadAsync(buffer)) > 0;)
        {
            // Past the bound the pipe is still drained, so that the program can end.
            text.Append(buffer, 0, Math.Min(read, MaxCapturedChars - text.Length));
        }
        return text.ToString();
    }
}
