using System.Diagnostics;

namespace Suture.FixtureTests;

/// <summary>Runs a tool of the toolchain to its end.</summary>
internal static class Tool
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>Standard output of the tool; throws with its own words when it fails or takes longer than a minute.</summary>
    public static string Run(string tool, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Bound))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{tool} took longer than {Bound}");
        }
        return process.ExitCode == 0
            ? output.GetAwaiter().GetResult()
            : throw new InvalidOperationException($"{tool} {string.Join(' ', start.ArgumentList)}\nexit {process.ExitCode}: {errors.GetAwaiter().GetResult()}");
    }
}
