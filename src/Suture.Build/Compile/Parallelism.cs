namespace Suture.Build.Compile;

/// <summary>Runs jobs on as many compilers at once as there are cores.</summary>
internal static class Parallelism
{
    public static Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> job, CancellationToken ct) =>
        Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = ct },
            async (item, _) => await job(item));
}
