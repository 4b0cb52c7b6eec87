using System.Collections.Concurrent;
using Suture.Build.Compile;
using Suture.Elf;

namespace Suture.Build.Match;

/// <summary>
/// Whether everything in an image that uses a function was compiled with the patch: then every user is either replaced, or
/// compiles to the same code with the function's new prototype. One that nothing seems to use is used in a way not seen here (BPF calls functions by their type). Thread-safe.
/// </summary>
internal sealed class CallerCoverage(TargetImages images, IReadOnlyList<CompiledUnit> units)
{
    private readonly ConcurrentDictionary<string, HashSet<string>> _compiled = new(StringComparer.Ordinal);

    /// <summary>Whether it is so for <paramref name="function"/>, defined in the image of <paramref name="owner"/> and not exported.</summary>
    public bool IsComplete(string function, string owner) =>
        images.Of(owner).UsersOf(function) is { Count: > 0 } users && users.All(_compiled.GetOrAdd(owner, FunctionsOf).Contains);

    private HashSet<string> FunctionsOf(string owner) => units.Where(u => u.Unit.Owner == owner)
        .SelectMany(u => ElfObject.ReadFile(u.OriginalObject).Symbols.Where(s => s.IsFunction).Select(s => s.Name)).ToHashSet(StringComparer.Ordinal);
}
