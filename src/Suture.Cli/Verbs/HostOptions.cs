using System.CommandLine;
using System.CommandLine.Parsing;

namespace Suture.Cli.Verbs;

/// <summary>Options that several host verbs have.</summary>
internal static class HostOptions
{
    private const int MostSeconds = 86400;

    public static Option<bool> Json() => new("--json") { Description = "print one JSON document on stdout" };

    public static Option<int?> Seconds(string name, string description, int least)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "SECONDS" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var value) || value < least || value > MostSeconds))
            {
                result.AddError($"{name} must be {least} to {MostSeconds}");
            }
        });
        return option;
    }

    public static TimeSpan? Value(ParseResult parsed, Option<int?> option) => parsed.GetValue(option) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    public static Argument<string?> OptionalName(string description) => new("NAME") { Description = description, Arity = ArgumentArity.ZeroOrOne };
}
