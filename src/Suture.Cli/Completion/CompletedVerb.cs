using System.CommandLine;
using System.CommandLine.Completions;

namespace Suture.Cli.Completion;

/// <summary>One verb, with what may follow it.</summary>
/// <param name="Path">The words that lead to it, "suture kernel get".</param>
/// <param name="Description">What it does, in a line.</param>
/// <param name="Subverbs">Its own verbs; then it takes no arguments.</param>
/// <param name="Options">Its options and those that every verb has.</param>
/// <param name="ArgumentWord">How the help calls its arguments.</param>
/// <param name="Offers">What its arguments may be (<see cref="Completion.Offers"/>).</param>
internal sealed record CompletedVerb(
    string Path, string Description, IReadOnlyList<CompletedVerb> Subverbs, IReadOnlyList<CompletedOption> Options, string ArgumentWord, IReadOnlyList<string> Offers)
{
    /// <summary>The last word of the path.</summary>
    public string Name => Path[(Path.LastIndexOf(' ') + 1)..];

    /// <summary>The root and every verb below it that is not hidden, parents first.</summary>
    public static IReadOnlyList<CompletedVerb> Flatten(Command root)
    {
        var top = From(root, "suture", []);
        List<CompletedVerb> all = [top];
        for (var i = 0; i < all.Count; i++)
        {
            all.AddRange(all[i].Subverbs);
        }
        return all;
    }

    private static CompletedVerb From(Command command, string path, IEnumerable<Option> inherited)
    {
        var options = command.Options.Concat(inherited).Where(o => !o.Hidden).ToList();
        return new(path, command.Description ?? "",
            [.. command.Subcommands.Where(c => !c.Hidden).Select(c => From(c, $"{path} {c.Name}", options.Where(o => o.Recursive)))],
            [.. options.Select(CompletedOption.From)],
            string.Join(' ', command.Arguments.Select(a => a.Name)),
            [.. command.Arguments.SelectMany(a => Completion.Offers.Of(a.Name, a.GetCompletions(CompletionContext.Empty))).Distinct()]);
    }
}

/// <summary>One option.</summary>
/// <param name="Names">Long and short, "--output" and "-o".</param>
/// <param name="Description">What it is for, in a line.</param>
/// <param name="ValueWord">How the help calls its value; null when it takes none.</param>
/// <param name="Offers">What the value may be (<see cref="Completion.Offers"/>).</param>
internal sealed record CompletedOption(IReadOnlyList<string> Names, string Description, string? ValueWord, IReadOnlyList<string> Offers)
{
    public static CompletedOption From(Option option)
    {
        var takesValue = option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);
        var word = option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant();
        // "-?" would be a pattern to the shells, and -h says the same.
        return new([.. option.Aliases.Prepend(option.Name).Where(n => n.StartsWith('-') && !n.Contains('?')).Distinct()],
            option.Description ?? "", takesValue ? word : null,
            takesValue ? [.. Completion.Offers.Of(word, option.GetCompletions(CompletionContext.Empty))] : []);
    }
}
