using System.Text.Json;

namespace Suture.Verify;

/// <summary>
/// The last line of defence against files that are made to harm: whatever looking at one brings up that nobody foresaw is its
/// fault too, and says "not verified", not "something went wrong".
/// </summary>
public static class HostileFile
{
    /// <summary>What <paramref name="look"/> gives; it looks at nothing but <paramref name="file"/> and files that are trusted.</summary>
    /// <exception cref="DamagedFileException">The file is damaged, or looking at it failed in a way that is not foreseen.</exception>
    public static T Look<T>(string file, Func<T> look)
    {
        ArgumentNullException.ThrowIfNull(look);
        try
        {
            return look();
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or ArithmeticException or FormatException or InvalidOperationException
            or InvalidCastException or NullReferenceException or KeyNotFoundException or NotSupportedException or JsonException or OutOfMemoryException)
        {
            throw new DamagedFileException(file, "its contents", $"no module of Suture's looks like this; checking it ended with {e.GetType().Name}: {e.Message}");
        }
    }
}
