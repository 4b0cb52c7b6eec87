using System.Globalization;
using Suture.Mutants;
using Suture.Verify;

// eng/mutants: makes seeded mutants of finished modules and lets the verifier judge each. Exit 0 when at least 95 % are caught.
var seed = 1;
var count = 200;
var verbose = false;
var paths = new List<string>();
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--seed": seed = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--count": count = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--verbose": verbose = true; break;
        default: paths.Add(args[i]); break;
    }
}
if (paths.Count == 0)
{
    Console.Error.WriteLine("usage: mutants [--seed N] [--count N] [--verbose] MODULE.ko...");
    return 2;
}
var campaign = Campaign.Run(paths, seed, count, verbose ? Console.Error : TextWriter.Null);
campaign.Print(Console.Out);
return campaign.Total == count && campaign.Caught >= 0.95 * count ? 0 : 1;
