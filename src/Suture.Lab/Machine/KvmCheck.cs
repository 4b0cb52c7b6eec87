using System.Text;

namespace Suture.Lab.Machine;

/// <summary>
/// Whether KVM really runs a kernel here. /dev/kvm may be there and yet hang or fail (nested virtualisation does
/// both), so a kernel is booted under it with a hard bound.
/// </summary>
internal static class KvmCheck
{
    /// <summary>The device that the kernel offers KVM through.</summary>
    public const string Device = "/dev/kvm";

    /// <summary>What a kernel says that booted as far as it can without a root file system.</summary>
    private const string Proof = "Unable to mount root fs";

    /// <summary>KVM needs about a second for it.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(4);

    /// <summary>After the bound, this program ends QEMU itself while it lives.</summary>
    private static readonly TimeSpan EndSlack = TimeSpan.FromSeconds(5);

    /// <summary>Null when KVM works, else why not.</summary>
    /// <param name="device">KVM's device.</param>
    /// <param name="qemu">The QEMU program.</param>
    /// <param name="kernel">Any bootable kernel.</param>
    /// <param name="bound">When to give up.</param>
    /// <param name="cancel">Stops the check.</param>
    public static async Task<string?> FaultAsync(string device, string qemu, string kernel, TimeSpan bound, CancellationToken cancel)
    {
        if (!File.Exists(device))
        {
            return $"there is no {device}";
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        stop.CancelAfter(bound);
        ExternalProgram.MustExist(qemu, QemuCommand.Package);
        using var process = ExternalProgram.Start(QemuCommand.Bounded(bound + EndSlack, qemu, QemuCommand.BootNothing(kvm: true, kernel)), "timeout", "coreutils");
        try
        {
            var errors = process.StandardError.ReadToEndAsync(stop.Token);
            var said = await ReadUntilProofAsync(process.StandardOutput.BaseStream, stop.Token);
            if (said)
            {
                return null;
            }
            var fault = (await errors).Trim().Split('\n')[^1];
            return fault.Length > 0 ? $"QEMU says: {fault}" : "a kernel booted under it ended early";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"a kernel booted under it did not come up within {bound.TotalSeconds:0.#} s";
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task<bool> ReadUntilProofAsync(Stream output, CancellationToken cancel)
    {
        var buffer = new byte[8192];
        var tail = "";
        while (await output.ReadAsync(buffer, cancel) is > 0 and var count)
        {
            var text = tail + Encoding.Latin1.GetString(buffer, 0, count);
            if (text.Contains(Proof, StringComparison.Ordinal))
            {
                return true;
            }
            tail = text.Length > Proof.Length ? text[^Proof.Length..] : text;
        }
        return false;
    }
}
