using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using Suture.Diff.Findings;
using Suture.Kernel;

namespace Suture.Cli;

/// <summary>
/// What people see. Results go to stdout; progress, warnings and errors go to stderr, coloured only on a
/// terminal and never when NO_COLOR is set.
/// </summary>
internal static class Terminal
{
    private static readonly IAnsiConsole ErrorConsole = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Console.Error),
        Ansi = UseColour(Console.IsErrorRedirected),
        ColorSystem = UseColour(Console.IsErrorRedirected) == AnsiSupport.No ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
    });

    /// <summary>The console for tables on stdout.</summary>
    public static IAnsiConsole Out { get; } = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = UseColour(Console.IsOutputRedirected),
        ColorSystem = UseColour(Console.IsOutputRedirected) == AnsiSupport.No ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
    });

    private static AnsiSupport UseColour(bool redirected) =>
        redirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } ? AnsiSupport.No : AnsiSupport.Detect;

    /// <summary>One error, with what to do about it.</summary>
    public static void Error(string message, string? advice = null)
    {
        ErrorConsole.Write(new Text("suture: error: ", new Style(Color.Red, decoration: Decoration.Bold)));
        Console.Error.WriteLine(message);
        if (advice is { Length: > 0 })
        {
            Console.Error.WriteLine($"  {advice}");
        }
    }

    /// <summary>One finding, like a compiler's diagnostic.</summary>
    public static void Finding(Finding finding)
    {
        var place = finding.File is null ? "" : finding.Line > 0 ? $"{finding.File}:{finding.Line}: " : $"{finding.File}: ";
        var (word, colour) = finding.Severity switch
        {
            Severity.Error => ("error", Color.Red),
            Severity.Warning => ("warning", Color.Yellow),
            _ => ("note", Color.Aqua),
        };
        Console.Error.Write(place);
        ErrorConsole.Write(new Text($"{word} {finding.Code}: ", new Style(colour, decoration: Decoration.Bold)));
        Console.Error.WriteLine($"{finding.Message}\n  {finding.Advice}");
    }

    /// <summary>One warning that is about no patch.</summary>
    public static void Warning(string message)
    {
        ErrorConsole.Write(new Text("suture: warning: ", new Style(Color.Yellow, decoration: Decoration.Bold)));
        Console.Error.WriteLine(message);
    }

    /// <summary>A remark on stderr.</summary>
    public static void Note(string message) => Console.Error.WriteLine(message);

    /// <summary>The one JSON document of a verb.</summary>
    public static void Json<T>(T value, JsonTypeInfo<T> type)
    {
        // For programs and people, not for HTML: '+' stays '+'.
        var options = new JsonSerializerOptions(type.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        Console.Out.WriteLine(JsonSerializer.Serialize(value, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T))));
    }

    /// <summary>
    /// Progress on stderr: a line that is rewritten on a terminal, otherwise one plain line per stage.
    /// Dispose to clear the line.
    /// </summary>
    public static ProgressLine Progress() => new();

    internal sealed class ProgressLine : IProgress<ProgressReport>, IDisposable
    {
        private readonly bool _live = !Console.IsErrorRedirected;
        private readonly Lock _lock = new();
        private string _stage = "";
        private long _lastTicks;
        private long _stageTicks;

        public void Report(ProgressReport value)
        {
            lock (_lock)
            {
                var stageChanged = value.Stage != _stage;
                _stage = value.Stage;
                _stageTicks = stageChanged ? Environment.TickCount64 : _stageTicks;
                if (!_live)
                {
                    if (stageChanged)
                    {
                        Console.Error.WriteLine($"suture: {value.Stage}");
                    }
                    return;
                }
                // Ten updates a second are plenty for the eye.
                if (!stageChanged && Environment.TickCount64 - _lastTicks < 100)
                {
                    return;
                }
                _lastTicks = Environment.TickCount64;
                var amount = value.Total > 0 ? $" {100 * value.Done / value.Total,3} %" : "";
                Console.Error.Write($"\r\e[K{value.Stage}{amount}{Left(value)}");
            }
        }

        /// <summary>How long the stage will take at the pace it had so far; nothing before that says much.</summary>
        private string Left(ProgressReport value)
        {
            const int leastDone = 5;
            const int leastMs = 10_000;
            var spent = Environment.TickCount64 - _stageTicks;
            if (value.Done < leastDone || value.Done >= value.Total || spent < leastMs)
            {
                return "";
            }
            var seconds = spent / 1000.0 * (value.Total - value.Done) / value.Done;
            return seconds < 90 ? $", about {seconds:0} s left" : $", about {seconds / 60:0} min left";
        }

        public void Dispose()
        {
            if (_live && _stage.Length > 0)
            {
                Console.Error.Write("\r\e[K");
            }
        }
    }
}
