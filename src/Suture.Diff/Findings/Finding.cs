namespace Suture.Diff.Findings;

/// <summary>How serious a finding is.</summary>
public enum Severity
{
    /// <summary>For information.</summary>
    Note,
    /// <summary>A human must look.</summary>
    Warning,
    /// <summary>The patch is refused.</summary>
    Error,
}

/// <summary>
/// One thing Suture has to say about a patch, like a compiler's diagnostic. Codes are stable; each has a
/// page in docs/findings.
/// </summary>
/// <param name="Code">SUTnnnn.</param>
/// <param name="Severity">How serious.</param>
/// <param name="File">Source or patch file, null when none applies.</param>
/// <param name="Line">Line in <paramref name="File"/>, 0 when unknown.</param>
/// <param name="Symbol">Function or data concerned, null when none applies.</param>
/// <param name="Message">What happened.</param>
/// <param name="Advice">What to do next.</param>
public sealed record Finding(
    string Code, Severity Severity, string? File, int Line, string? Symbol, string Message, string Advice);
