namespace Suture.HostTests.Machine;

/// <summary>The Debian system that eng/debian-system makes; that script says what the files are.</summary>
internal sealed record DebianSystem(string Directory)
{
    private static readonly Lazy<Task<DebianSystem>> Made = new(async () =>
        new DebianSystem((await HostProgram.OutputAsync(Path.Combine(Repository.Root, "eng/debian-system"))).Trim()));

    /// <summary>Its root disk, to put overlays on.</summary>
    public string Disk => Path.Combine(Directory, "root.ext4");

    /// <summary>Its kernel.</summary>
    public string Kernel => Path.Combine(Directory, "vmlinuz");

    /// <summary>The kernel's initramfs.</summary>
    public string Initramfs => Path.Combine(Directory, "initrd.img");

    /// <summary>The kernel's release, as uname -r says it.</summary>
    public string Release => File.ReadAllText(Path.Combine(Directory, "release")).Trim();

    /// <summary>The system, made when it is not there yet (minutes).</summary>
    public static Task<DebianSystem> GetAsync() => Made.Value;
}
