using System.Globalization;

namespace Suture.Host.Interfaces;

/// <summary>Who asked for an operation: the user who logged in (/proc/self/loginuid survives sudo and su), and whom the process acts as.</summary>
public static class Actor
{
    private const uint NobodyLoggedIn = uint.MaxValue;

    /// <summary>"alice (as root)", "root", or "system" for what no login started.</summary>
    public static string Name()
    {
        var acting = UserName(Posix.EffectiveUser);
        uint login;
        try
        {
            login = uint.TryParse(File.ReadAllText("/proc/self/loginuid").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : NobodyLoggedIn;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return acting; // a kernel without auditing
        }
        if (login == NobodyLoggedIn)
        {
            return Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } sudo ? $"{sudo} (as {acting})" : $"system (as {acting})";
        }
        var name = UserName(login);
        return name == acting ? name : $"{name} (as {acting})";
    }

    private static string UserName(uint id)
    {
        try
        {
            var number = id.ToString(CultureInfo.InvariantCulture);
            return File.ReadLines("/etc/passwd").Select(l => l.Split(':')).FirstOrDefault(f => f.Length > 2 && f[2] == number)?[0] ?? $"user {number}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"user {id}";
        }
    }
}
