namespace Suture.Lab.Guest;

/// <summary>Where the programs lie that run in the guest.</summary>
internal static class GuestProgram
{
    /// <summary>suture-guest: beside this program, or where the environment variable SUTURE_GUEST says.</summary>
    public static string Find()
    {
        var path = Environment.GetEnvironmentVariable("SUTURE_GUEST") is { Length: > 0 } told
            ? told
            : Path.Combine(AppContext.BaseDirectory, "suture-guest");
        return File.Exists(path)
            ? path
            : throw new LabInputException(LabInputFault.Missing, $"the lab's guest program is not at {path}",
                "install Suture whole (./build), or set SUTURE_GUEST to the program");
    }

    /// <summary>A statically linked busybox: the guest's shell and tools.</summary>
    public static string FindBusybox()
    {
        foreach (var path in (string[])["/bin/busybox", "/usr/bin/busybox", "/usr/lib/initramfs-tools/bin/busybox"])
        {
            if (File.Exists(path))
            {
                return path;
            }
        }
        throw new LabInputException(LabInputFault.Missing, "busybox is not installed", "apt install busybox-static");
    }
}
