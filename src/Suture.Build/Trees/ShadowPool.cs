using System.Collections.Concurrent;

namespace Suture.Build.Trees;

/// <summary>
/// Shadows of one prepared tree for many builds: each is used again once a build is done with it. A thousand links for each of a thousand builds would keep the file system
/// busier than the compilers.
/// </summary>
/// <param name="prepared">The tree.</param>
public sealed class ShadowPool(string prepared) : IDisposable
{
    private readonly ConcurrentBag<ShadowTree> _idle = [];
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("suture-shadows-");
    private int _made;

    /// <summary>The tree that they are shadows of.</summary>
    public string Prepared => prepared;

    /// <summary>A shadow with <paramref name="files"/> changed; parameters as for <see cref="ShadowTree.Create"/>.</summary>
    public ShadowTree Take(IReadOnlyDictionary<string, byte[]> files, IEnumerable<string> directories)
    {
        if (!_idle.TryTake(out var shadow))
        {
            return ShadowTree.Create(prepared, Path.Combine(_directory.FullName, $"{Interlocked.Increment(ref _made)}"), files, directories);
        }
        shadow.Become(files, directories);
        return shadow;
    }

    /// <summary>Gives a shadow back. One that compilers may still be reading, or that is only half changed, is not given back: it goes with the pool.</summary>
    public void Return(ShadowTree shadow) => _idle.Add(shadow);

    /// <summary>Removes all shadows, as far as that can be done: what was built in them is not lost for it.</summary>
    public void Dispose()
    {
        try
        {
            _directory.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
