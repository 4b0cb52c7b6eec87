using System.CommandLine;
using Suture.Cli.Verbs;

namespace Suture.Cli;

/// <summary>All verbs of the <c>suture</c> command, with their options: what is parsed, completed and documented.</summary>
public static class CommandTree
{
    /// <summary>A fresh tree.</summary>
    public static RootCommand Create() => new("Suture: live patches for Linux, from source patch to running kernel.")
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
        CatchUpVerb.Create(),
        DiffVerb.Create(),
        InspectVerb.Create(),
        KernelVerb.Create(),
        MatchVerb.Create(),
        LabVerb.Create(),
        CompletionVerb.Create(),
    };
}
