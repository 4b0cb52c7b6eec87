namespace Suture.Campaigns;

/// <summary>As many at a time as there are processors.</summary>
internal static class Parallelism
{
    public static ParallelOptions Options(CancellationToken cancellation) =>
        new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
}
