namespace Suture.Verify;

/// <summary>
/// The distances in an entry of the bug table (struct bug_entry): since Linux 5.19 from their own field, before from the
/// entry. Objects do not say which; that a file name begins at its beginning does.
/// </summary>
internal static class BugEntry
{
    /// <summary>By how many bytes <paramref name="r"/>, <paramref name="field"/> bytes into its entry, says more than the text it means.</summary>
    public static long Surplus(RelocatableFile file, FileRelocation r, long field)
    {
        if (r.Type != RelocationKind.Pc32 || r.Symbol.Section is not { IsCode: false, IsZeroed: false } section)
        {
            return 0;
        }
        if (!r.Symbol.IsSection)
        {
            return r.Addend == field ? field : 0;
        }
        var bytes = file.BytesOf(section);
        var said = r.Symbol.Value + r.Addend;
        return !IsBeginning(bytes, said) && IsBeginning(bytes, said - field) ? field : 0;
    }

    private static bool IsBeginning(ReadOnlySpan<byte> bytes, long at) =>
        at >= 0 && at < bytes.Length && bytes[(int)at] != 0 && (at == 0 || bytes[(int)at - 1] == 0);
}
