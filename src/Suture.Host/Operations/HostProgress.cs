namespace Suture.Host.Operations;

/// <summary>What an operation is doing.</summary>
/// <param name="Stage">In a few words.</param>
/// <param name="Left">How much is left, of <paramref name="Unit"/>; null when that is not known.</param>
/// <param name="Unit">What is counted: "tasks", "s".</param>
public sealed record HostProgress(string Stage, int? Left = null, string Unit = "");

/// <summary>Shows progress while there is somebody to show it to: a terminal that went away stops no operation half done.</summary>
internal sealed class ShownProgress(IProgress<HostProgress>? shown) : IProgress<HostProgress>
{
    private bool _isGone;

    public void Report(HostProgress value)
    {
        if (_isGone)
        {
            return;
        }
        try
        {
            shown?.Report(value);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            _isGone = true;
        }
    }
}
