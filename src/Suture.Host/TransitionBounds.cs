namespace Suture.Host;

/// <summary>How long to wait for the kernel.</summary>
/// <param name="Transition">For a transition to complete before it is reversed.</param>
/// <param name="Reverse">For a reversed transition, and for a disabled livepatch to vanish or a module to become free.</param>
/// <param name="Poll">Between two looks.</param>
public sealed record TransitionBounds(TimeSpan Transition, TimeSpan Reverse, TimeSpan Poll)
{
    /// <summary>
    /// The kernel sends wake-up signals to tasks that lag behind every 15 s (klp SIGNALS_TIMEOUT), so a bound
    /// below that would give up before the kernel's own remedy had its chance.
    /// </summary>
    public static TransitionBounds Default { get; } = new(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(20));
}
