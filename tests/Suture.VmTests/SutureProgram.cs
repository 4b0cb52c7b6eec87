using System.Diagnostics;
using System.Text.Json;

namespace Suture.VmTests;

/// <summary>The built program, used as a user does: arguments in, exit code and JSON out.</summary>
internal static class SutureProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Top of the repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>What one run gave.</summary>
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        /// <summary>Standard output as the one JSON document it must be.</summary>
        public JsonElement Json => JsonDocument.Parse(Output).RootElement;

        /// <summary>Everything, for messages of failed tests.</summary>
        public override string ToString() => $"exit {ExitCode}\n{Output}\n{Error}";
    }

    /// <summary>Runs <c>suture</c> with <paramref name="arguments"/>.</summary>
    public static Result Run(params string[] arguments) => RunWith(null, arguments);

    /// <summary>Runs <c>suture</c> with a cache directory of its own.</summary>
    public static Result RunWith(string? cacheHome, params string[] arguments) => Finish(Start(cacheHome, arguments), arguments);

    /// <summary>Runs <c>suture</c> where programs are looked for in <paramref name="directory"/> first.</summary>
    public static Result RunOnPath(string directory, params string[] arguments) =>
        Finish(Start("PATH", $"{directory}:{Environment.GetEnvironmentVariable("PATH")}", arguments), arguments);

    private static Result Finish(Process started, string[] arguments)
    {
        using var process = started;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"suture {string.Join(' ', arguments)} did not end within {Limit}");
        }
        return new Result(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Starts <c>suture</c> and leaves it running.</summary>
    public static Process Start(string? cacheHome, params string[] arguments) => Start("XDG_CACHE_HOME", cacheHome, arguments);

    private static Process Start(string variable, string? value, string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "artifacts/bin/suture"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (value is not null)
        {
            start.Environment[variable] = value;
        }
        return Process.Start(start)!;
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Suture.slnx")))
        {
            directory = directory.Parent;
        }
        return directory.FullName;
    }
}
