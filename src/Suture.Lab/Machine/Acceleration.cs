using System.Globalization;

namespace Suture.Lab.Machine;

/// <summary>How the machine will run, and why.</summary>
/// <param name="Kvm">Hardware virtualisation, else emulation.</param>
/// <param name="Why">For people.</param>
internal sealed record Acceleration(bool Kvm, string Why)
{
    /// <summary>Its name in QEMU's words.</summary>
    public string Name => Kvm ? "kvm" : "tcg";

    /// <summary>Bound on the boot. Emulation needs 5 to 10 s, several times that on a loaded machine.</summary>
    public TimeSpan BootBound => TimeSpan.FromSeconds(Kvm ? 30 : 90);

    /// <summary>Decides; for <see cref="AccelChoice.Auto"/> it tries KVM unless it is known whether it works.</summary>
    public static async Task<Acceleration> ChooseAsync(AccelChoice choice, string kernel, CancellationToken cancel)
    {
        if (choice == AccelChoice.Tcg)
        {
            return new Acceleration(false, "as asked");
        }
        var memory = KvmMemory.ForThisBoot();
        if (choice == AccelChoice.Auto && memory.Recall() is var (known, tried))
        {
            return known.Length == 0 ? new Acceleration(true, "KVM works")
                : new Acceleration(false, string.Create(CultureInfo.InvariantCulture, $"no KVM: {known}; tried at {tried:HH:mm}, --accel kvm tries it again"));
        }
        var fault = await KvmCheck.FaultAsync(KvmCheck.Device, QemuCommand.Program, kernel, KvmCheck.Bound, cancel) ?? "";
        memory.Remember(fault);
        return fault.Length == 0 ? new Acceleration(true, choice == AccelChoice.Kvm ? "as asked" : "KVM works")
            : choice == AccelChoice.Auto ? new Acceleration(false, $"no KVM: {fault}")
            : throw new LabInputException(LabInputFault.Missing, $"KVM does not work here: {fault}", "use --accel tcg");
    }
}
