namespace Suture.Host;

/// <summary>What kind of reason there is not to do something.</summary>
public enum RefusalKind
{
    /// <summary>The patch is for another kernel, or the code in memory is not what it was built against.</summary>
    KernelMismatch,
    /// <summary>The module file is damaged, or not one that can be checked.</summary>
    Verification,
    /// <summary>The host is not fit, or someone decided otherwise.</summary>
    Host,
}

/// <summary>Why something is not done: nothing was changed.</summary>
/// <param name="Kind">What kind of reason.</param>
/// <param name="Message">What is the matter, and where.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record Refusal(RefusalKind Kind, string Message, string Advice);
