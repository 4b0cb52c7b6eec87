namespace Suture.Build.Patches;

/// <summary>Bounds on what a patch may ask of us; each is far above what a live patch can sensibly hold.</summary>
internal static class PatchLimits
{
    public const int PatchBytes = 32 << 20;
    public const int Files = 4_000;
    public const int Hunks = 20_000;
    public const int HunkLines = 1_000_000;
    public const int LineNumber = 10_000_000;
    public const int NameBytes = 4_096;
    public const int SourceBytes = 32 << 20;

    /// <summary>Line comparisons spent on finding the nearest match of a hunk that does not apply.</summary>
    public const long NearestComparisons = 20_000_000;
}
