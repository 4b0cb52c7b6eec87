using System.Diagnostics;
using Shouldly;

namespace Suture.UnitTests.Package;

/// <summary>Runs the programs of a Debian system that judge what is in the package.</summary>
internal static class Tool
{
    /// <summary>Runs <paramref name="program"/> in <paramref name="directory"/> with <paramref name="input"/>; gives its exit code and all that it printed.</summary>
    public static (int ExitCode, string Output) Run(string program, IEnumerable<string> arguments, string directory = "/", string input = "")
    {
        var (code, output, errors) = RunApart(program, arguments, directory, input);
        return (code, output + errors);
    }

    private static (int ExitCode, string Output, string Errors) RunApart(string program, IEnumerable<string> arguments, string directory, string input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C.UTF-8", ["MANWIDTH"] = "100" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit(TimeSpan.FromMinutes(9)).ShouldBeTrue($"{program} does not end");
        return (process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>What <paramref name="program"/> prints on standard output; it must succeed.</summary>
    public static string Output(string program, params string[] arguments)
    {
        var (code, output, errors) = RunApart(program, arguments, "/", "");
        code.ShouldBe(0, $"{program} {string.Join(' ', arguments)}:\n{output}{errors}");
        return output;
    }
}
