using System.Security.Cryptography;
using Suture.Verify;

namespace Suture.Mutants;

/// <summary>A seeded set of mutants, each different from all others, and what the verifier said of them.</summary>
internal sealed class Campaign
{
    private const double Goal = 0.95;
    private readonly SortedDictionary<int, (string Kind, int Made, int Caught)> _kinds = [];
    private readonly List<string> _missed = [];

    public int Total => _kinds.Values.Sum(k => k.Made);

    public int Caught => _kinds.Values.Sum(k => k.Caught);

    /// <summary>Makes <paramref name="count"/> mutants of the modules and checks each by the record it carries.</summary>
    public static Campaign Run(IReadOnlyList<string> paths, int seed, int count, TextWriter log)
    {
        var campaign = new Campaign();
        var random = new Random(seed);
        var modules = paths.Select(p => (Path: p, Bytes: new ModuleBytes(File.ReadAllBytes(p)))).Select(m => Judge(m.Bytes.Bytes) is { } fault
            ? throw new InvalidOperationException($"{m.Path} is no good module to begin with: {fault}")
            : (m.Path, m.Bytes, Manifest: ModuleCheck.ManifestOf(RelocatableFile.Read(m.Bytes.Bytes, m.Path))!)).ToList();
        var seen = new HashSet<string>(modules.Select(m => Convert.ToHexString(SHA256.HashData(m.Bytes.Bytes))));
        var kinds = Spread(Mutations.Kinds.Select(k => k.Share).ToList(), count);
        for (var kind = 0; kind < kinds.Length; kind++)
        {
            campaign._kinds[kind] = (Mutations.Kinds[kind].Kind, 0, 0);
            campaign.Make(kind, kinds[kind], modules, random, seen, log);
        }
        // Small modules offer few places for some kinds; the others make up for it.
        for (var kind = 0; kind < kinds.Length && campaign.Total < count; kind++)
        {
            campaign.Make(kind, campaign._kinds[kind].Made + count - campaign.Total, modules, random, seen, log);
        }
        return campaign;
    }

    private void Make(int kind, int wanted, List<(string Path, ModuleBytes Bytes, Manifest Manifest)> modules, Random random, HashSet<string> seen, TextWriter log)
    {
        // A module may offer no place for a kind, and the same mutant may come up again.
        for (var tries = 0; tries < 20 * wanted && _kinds[kind].Made < wanted; tries++)
        {
            var (path, module, manifest) = modules[random.Next(modules.Count)];
            if (Mutations.Kinds[kind].Make(new Mutations(module, manifest, random)) is { } mutant
                && seen.Add(Convert.ToHexString(SHA256.HashData(mutant.Bytes))))
            {
                Add(kind, $"{Path.GetFileName(path)}: {mutant.What}", Judge(mutant.Bytes), log);
            }
        }
    }

    private void Add(int kind, string what, string? fault, TextWriter log)
    {
        var (name, made, caught) = _kinds[kind];
        _kinds[kind] = (name, made + 1, caught + (fault is null ? 0 : 1));
        if (fault is null)
        {
            _missed.Add($"{name}: {what}");
        }
        log.WriteLine($"{name}: {what}\n    {fault ?? "MISSED"}");
    }

    /// <summary>The first fault that <c>suture inspect --check</c> finds; null when it finds none.</summary>
    private static string? Judge(byte[] bytes)
    {
        try
        {
            var module = RelocatableFile.Read(bytes, "mutant");
            return ModuleCheck.ManifestOf(module) is { } manifest ? ModuleCheck.Run(module, manifest).Faults.FirstOrDefault() : "no manifest";
        }
        catch (DamagedFileException e)
        {
            return e.Message;
        }
    }

    private static int[] Spread(List<int> shares, int count)
    {
        var sum = shares.Sum();
        var parts = shares.Select(s => Math.Max(1, s * count / sum)).ToArray();
        for (var i = 0; parts.Sum() != count; i = (i + 1) % parts.Length)
        {
            parts[i] += parts.Sum() < count ? 1 : parts[i] > 1 ? -1 : 0;
        }
        return parts;
    }

    public void Print(TextWriter output)
    {
        output.WriteLine($"{"kind",-24} {"made",6} {"caught",7} {"missed",7}");
        foreach (var (kind, made, caught) in _kinds.Values)
        {
            output.WriteLine($"{kind,-24} {made,6} {caught,7} {made - caught,7}");
        }
        output.WriteLine($"{"all",-24} {Total,6} {Caught,7} {Total - Caught,7}   {100.0 * Caught / Math.Max(1, Total):0.0} % (must be {100 * Goal:0} %)");
        _missed.ForEach(m => output.WriteLine($"missed: {m}"));
    }
}
