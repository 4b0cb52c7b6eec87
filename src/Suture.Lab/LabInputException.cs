namespace Suture.Lab;

/// <summary>Why the lab cannot start.</summary>
public enum LabInputFault
{
    /// <summary>The module was built for another kernel.</summary>
    WrongKernel,
    /// <summary>The module is no livepatch, or a file or program given is not usable.</summary>
    Unusable,
    /// <summary>Something the lab needs is not installed or not to be had.</summary>
    Missing,
    /// <summary>The machine did not come as far as the trial: that says nothing about the livepatch.</summary>
    NoMachine,
}

/// <summary>What was given to the lab cannot be tried here; no trial was begun.</summary>
public sealed class LabInputException(LabInputFault fault, string message, string advice) : Exception(message)
{
    /// <summary>The kind of fault.</summary>
    public LabInputFault Fault { get; } = fault;

    /// <summary>What to do about it.</summary>
    public string Advice { get; } = advice;
}
