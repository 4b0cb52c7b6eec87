using System.Security.Cryptography;
using Suture.Build.Trees;

namespace Suture.Build.Compile;

/// <summary>
/// Results of patched units, the last few of each, for further builds with some of the same changes. A result stands as long as the changed files among
/// those it was made of are the same, and no new file could be found in place of one of them.
/// </summary>
internal sealed class PatchedStore
{
    private const int MostOfUnit = 8;

    private readonly OriginalStore _results;
    private readonly Dictionary<string, string> _changed;
    private readonly HashSet<string> _newNames;

    /// <summary>For a build in which <paramref name="shadow"/> has the changed files.</summary>
    public PatchedStore(SourceSite site, ShadowTree shadow)
    {
        _results = new OriginalStore(site, "patched");
        _changed = shadow.Files.ToDictionary(f => f.Key, f => Convert.ToHexStringLower(SHA256.HashData(f.Value)), StringComparer.Ordinal);
        _newNames = [.. shadow.Files.Keys.Where(f => !File.Exists(Path.Combine(site.Tree, f))).Select(f => Path.GetFileName(f))];
    }

    /// <summary>What <paramref name="command"/> gave, when it would give the same now: the path of an object file, or a word.</summary>
    public string? Find(IEnumerable<string> command) =>
        Read(_results.PathOf(command, ".from")).Find(r => r.Files.TrueForAll(IsSame) && (!IsObject(r.Result) || File.Exists(r.Result)))?.Result;

    /// <summary>Copies the object that <paramref name="command"/> would give to <paramref name="path"/>; false when there is none, or no longer: another build may have thrown it out.</summary>
    public bool CopyObject(IEnumerable<string> command, string path)
    {
        if (Find(command) is not { } known)
        {
            return false;
        }
        try
        {
            File.Copy(known, path, overwrite: true);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Keeps an object file.</summary>
    public void KeepObject(IEnumerable<string> command, string file, IEnumerable<string> dependencies)
    {
        var words = command.ToList();
        var place = _results.PathOf([.. words, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))], ".o");
        var beside = _results.Temporary(place);
        File.Copy(file, beside);
        OriginalStore.Keep(beside, place);
        KeepWord(words, place, dependencies);
    }

    /// <summary>Keeps a word.</summary>
    public void KeepWord(IEnumerable<string> command, string word, IEnumerable<string> dependencies)
    {
        var kept = _results.PathOf(command, ".from");
        var record = new Record(word, [.. dependencies.Select(d => Path.GetFullPath("/" + d)[1..]).Distinct().Select(d => _changed.TryGetValue(d, out var hash) ? $"{d} {hash}" : d)]);
        var records = Read(kept);
        records.RemoveAll(r => r.Result == word && r.Files.SequenceEqual(record.Files));
        records.Insert(0, record);
        var beside = _results.Temporary(kept);
        File.WriteAllLines(beside, records.Take(MostOfUnit).SelectMany(r => (IEnumerable<string>)[r.Result, .. r.Files, ""]));
        OriginalStore.Keep(beside, kept);
        foreach (var old in records.Skip(MostOfUnit).Where(o => IsObject(o.Result) && !records.Take(MostOfUnit).Any(r => r.Result == o.Result)))
        {
            File.Delete(old.Result);
        }
    }

    private static bool IsObject(string result) => result.EndsWith(".o", StringComparison.Ordinal);

    /// <summary>Whether a file that a result was made of is the same now, changed or not.</summary>
    private bool IsSame(string line)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        var (path, hash) = blank < 0 ? (line, null) : (line[..blank], line[(blank + 1)..]);
        return _changed.GetValueOrDefault(path) == hash && (hash is not null || !_newNames.Contains(Path.GetFileName(path)));
    }

    /// <summary>Records of a unit, the newest first: a line for the result, one for each file it was made of with its hash when it was a changed one, an empty one.</summary>
    private static List<Record> Read(string path)
    {
        var records = new List<Record>();
        List<string>? files = null;
        foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            if (line.Length == 0)
            {
                files = null;
            }
            else if (files is null)
            {
                records.Add(new Record(line, files = []));
            }
            else
            {
                files.Add(line);
            }
        }
        return records;
    }

    private sealed record Record(string Result, List<string> Files);
}
