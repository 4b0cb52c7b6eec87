using System.CommandLine;
using Suture.Cli;
using Suture.Cli.Verbs;

var root = new RootCommand("Suture: live patches for Linux, from source patch to running kernel.")
{
    ApplyVerb.Create(),
    RevertVerb.Create(),
    StatusVerb.Create(),
    ListVerb.Create(),
    UnameVerb.Create(),
    HistoryVerb.Create(),
    VerifyVerb.Create(),
    DoctorVerb.Create(),
    MarkVerb.Pin(),
    MarkVerb.Hold(),
    MarkVerb.Exclude(),
    RemoveVerb.Create(),
    ServiceVerbs.Boot(),
    ServiceVerbs.Agent(),
    BuildVerb.Create(),
    DiffVerb.Create(),
    InspectVerb.Create(),
    KernelVerb.Create(),
    MatchVerb.Create(),
    LabVerb.Create(),
};
return await Run.Async(root, args);
