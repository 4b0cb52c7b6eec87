namespace Suture.Verify;

/// <summary>
/// Bounds what checking one module may cost. A module and its record can be made so that everything is compared with everything;
/// a real one of ten thousand functions takes a hundredth of what is allowed here.
/// </summary>
internal sealed class WorkLimit(string file, long most = WorkLimit.Most)
{
    /// <summary>Bytes compared, candidates looked at: about a second's worth.</summary>
    public const long Most = 1L << 29;

    private long _left = most;

    /// <summary>Takes <paramref name="steps"/> off what is left.</summary>
    /// <exception cref="DamagedFileException">Nothing is left.</exception>
    public void Spend(long steps)
    {
        _left -= steps;
        if (_left < 0)
        {
            throw new DamagedFileException(file, "its contents", "checking them takes more work than any real module does: it is made to be expensive");
        }
    }
}
