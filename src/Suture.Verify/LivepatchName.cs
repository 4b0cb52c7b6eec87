using System.Globalization;

namespace Suture.Verify;

/// <summary>A symbol that the livepatch core finds: <c>.klp.sym.OBJECT.NAME,POSITION</c> (kernel documentation, livepatch/module-elf-format.rst).</summary>
internal sealed record LivepatchName(string Object, string Name, int SymPos)
{
    private const string Prefix = ".klp.sym.";

    /// <summary>Takes <paramref name="text"/> apart; null when it is not of that form.</summary>
    public static LivepatchName? Parse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }
        var dot = text.IndexOf('.', Prefix.Length);
        var comma = text.LastIndexOf(',');
        return dot > Prefix.Length && comma > dot + 1 && int.TryParse(text.AsSpan(comma + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? new LivepatchName(text[Prefix.Length..dot], text[(dot + 1)..comma], position) : null;
    }
}
