using System.CommandLine;
using Suture.Cli;
using Suture.Cli.Verbs;

var root = new RootCommand("Suture: live patches for Linux, from source patch to running kernel.")
{
    BuildVerb.Create(),
    DiffVerb.Create(),
    InspectVerb.Create(),
    KernelVerb.Create(),
    MatchVerb.Create(),
    LabVerb.Create(),
};
return await Run.Async(root, args);
