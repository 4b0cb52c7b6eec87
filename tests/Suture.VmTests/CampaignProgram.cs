using System.Diagnostics;

namespace Suture.VmTests;

/// <summary>The campaigns' program, as the scripts in eng run it.</summary>
internal static class CampaignProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Runs one campaign to its end.</summary>
    public static SutureProgram.Result Run(params string[] arguments)
    {
        var program = Path.Combine(SutureProgram.Root, "eng/Suture.Campaigns/bin/Release/net10.0/linux-x64/suture-campaigns");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SUTURE_GUEST"] = Path.Combine(SutureProgram.Root, "artifacts/bin/suture-guest");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', arguments)} did not end within {Limit}");
        }
        return new SutureProgram.Result(process.ExitCode, output.Result, error.Result);
    }
}
