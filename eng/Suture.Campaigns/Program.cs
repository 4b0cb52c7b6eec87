using System.CommandLine;
using Suture.Campaigns;
using Suture.Campaigns.Bench;
using Suture.Campaigns.Coverage;
using Suture.Campaigns.Fuzz;
using Suture.Campaigns.Match;
using Suture.Campaigns.SelfDiff;

var root = new RootCommand("The long runs that prove Suture's engine. Exit code 0 only when the claim holds; 1: it does not; 2: usage; 3: could not be run.")
{
    SelfDiffCampaign.Command(),
    MatchCampaign.Command(),
    CoverageCampaign.Command(),
    FuzzCampaign.Command(),
    FuzzWorker.Command(),
    DiffBenchmark.Command(),
};
return await Campaign.RunAsync(root, args);
