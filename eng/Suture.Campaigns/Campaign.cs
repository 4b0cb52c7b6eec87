using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Suture.Elf;
using Suture.Kernel;
using Suture.Lab;

namespace Suture.Campaigns;

/// <summary>What all campaigns share: exit codes, common options, where results go.</summary>
internal static class Campaign
{
    /// <summary>The claim holds.</summary>
    public const int Holds = 0;

    /// <summary>The campaign ran to its end and the claim does not hold.</summary>
    public const int Fails = 1;

    private const int Usage = 2;
    private const int CouldNotRun = 3;

    /// <summary>Runs the command line; what cannot be run is one clear line on standard error.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Console.Error.WriteLine($"campaigns: {error.Message}");
            }
            return Usage;
        }
        var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
        // A request to end must not leave compilers, workers or virtual machines behind.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => { c.Cancel = true; stop.Cancel(); });
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("campaigns: interrupted");
            return CouldNotRun;
        }
        catch (KernelException e)
        {
            Console.Error.WriteLine($"campaigns: {e.Message}\n  {e.Advice}");
            return CouldNotRun;
        }
        catch (LabInputException e)
        {
            Console.Error.WriteLine($"campaigns: {e.Message}\n  {e.Advice}");
            return CouldNotRun;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ElfFormatException)
        {
            Console.Error.WriteLine($"campaigns: {e.Message}");
            return CouldNotRun;
        }
    }

    /// <summary>--kernel, as <c>suture build</c> takes it.</summary>
    public static Option<string> KernelOption() =>
        new("--kernel") { Description = "a release of the archive, 'running', or a kernel directory", HelpName = "RELEASE|running|DIR", Required = true };

    /// <summary>--json.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "print one JSON document instead of a Markdown table" };

    /// <summary>A number of at least <paramref name="least"/>.</summary>
    public static Option<int> NumberOption(string name, string description, int otherwise, int least = 1)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out var value) || value < least))
            {
                result.AddError($"{name} must be a number, at least {least}");
            }
        });
        return option;
    }

    /// <summary>Prints <paramref name="report"/> as one JSON document.</summary>
    public static void Print<T>(T report, JsonTypeInfo<T> type) => Console.Out.WriteLine(ToJson(report, type));

    /// <summary>JSON for programs and people, not for HTML: '+' stays '+'.</summary>
    public static string ToJson<T>(T report, JsonTypeInfo<T> type)
    {
        var options = new JsonSerializerOptions(type.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        return JsonSerializer.Serialize(report, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
    }
}
