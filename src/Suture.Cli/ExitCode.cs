namespace Suture.Cli;

/// <summary>Exit codes of every verb: a contract that scripts rely on (docs/exit-codes.md).</summary>
public enum ExitCode
{
    /// <summary>Done.</summary>
    Done = 0,
    /// <summary>Unexpected failure.</summary>
    Failure = 1,
    /// <summary>The command line is wrong.</summary>
    Usage = 2,
    /// <summary>Nothing to do or nothing changed.</summary>
    Nothing = 3,
    /// <summary>Refused: not safe to patch live.</summary>
    Refused = 4,
    /// <summary>The patch does not apply.</summary>
    PatchDoesNotApply = 5,
    /// <summary>The source does not compile.</summary>
    DoesNotCompile = 6,
    /// <summary>Does not match the target kernel.</summary>
    KernelMismatch = 7,
    /// <summary>Verification failed: signature, checksum or metadata.</summary>
    VerificationFailed = 8,
    /// <summary>The host refused or could not finish the transition.</summary>
    HostRefused = 9,
    /// <summary>The lab's verdict is "failed".</summary>
    LabFailed = 10,
    /// <summary>status: nothing is applied.</summary>
    NothingApplied = 11,
    /// <summary>status: an update is pending.</summary>
    UpdatePending = 12,
    /// <summary>status: this kernel takes no livepatches.</summary>
    KernelUnsupported = 13,
    /// <summary>status: a transition is under way, or does not end.</summary>
    InTransition = 14,
    /// <summary>The patch was applied, found to do harm, and taken back.</summary>
    Unhealthy = 15,
    /// <summary>Interrupted by a signal.</summary>
    Interrupted = 130,
}
