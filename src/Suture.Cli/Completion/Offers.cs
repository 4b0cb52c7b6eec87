using System.CommandLine.Completions;

namespace Suture.Cli.Completion;

/// <summary>
/// What a shell offers for a value, told by the word that the help shows for it ("RELEASE|running|DIR"). An offer is a word that
/// the function _suture_offer of each script understands: <c>any</c> (files), <c>dirs</c>, <c>files=EXTENSION</c>,
/// <c>releases</c> (kernels of this machine), <c>names</c> (installed livepatches), <c>word=LITERAL</c>.
/// </summary>
internal static class Offers
{
    /// <param name="word">The help's word; alternatives separated by '|'.</param>
    /// <param name="choices">The closed list of values, if there is one: then it is all that is offered.</param>
    public static IEnumerable<string> Of(string word, IEnumerable<CompletionItem> choices)
    {
        var listed = choices.Select(c => "word=" + c.Label).ToList();
        return listed.Count > 0 ? listed : word.Split('|').SelectMany(Alternative);
    }

    private static IEnumerable<string> Alternative(string word)
    {
        // "PATH[:GUESTPATH]": what comes first.
        var first = word.Split('[')[0];
        return first switch
        {
            "PATCH" => ["files=patch", "files=diff", "files=mbox"],
            "RELEASE" => ["releases"],
            "NAME" => ["names"],
            "DIR" => ["dirs"],
            "FILE" or "PATH" or "PROGRAM" => ["any"],
            _ when Path.GetExtension(first) is { Length: > 1 } extension => ["files=" + extension[1..]],
            _ when first.Length > 0 && first.All(char.IsAsciiLetterLower) => ["word=" + first],
            _ => [],
        };
    }
}
