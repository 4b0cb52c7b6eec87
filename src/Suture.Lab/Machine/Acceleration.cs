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

    /// <summary>Decides; for <see cref="AccelChoice.Auto"/> it tries KVM, once per boot of this machine.</summary>
    public static async Task<Acceleration> ChooseAsync(AccelChoice choice, string kernel, CancellationToken cancel)
    {
        switch (choice)
        {
            case AccelChoice.Tcg:
                return new Acceleration(false, "as asked");
            case AccelChoice.Kvm:
                return await KvmCheck.FaultAsync(KvmCheck.Device, QemuCommand.Program, kernel, KvmCheck.Bound, cancel) is { } fault
                    ? throw new LabInputException(LabInputFault.Missing, $"KVM does not work here: {fault}", "use --accel tcg")
                    : new Acceleration(true, "as asked");
            default:
                var memory = KvmMemory.ForThisBoot();
                var why = memory.Recall();
                if (why is null)
                {
                    why = await KvmCheck.FaultAsync(KvmCheck.Device, QemuCommand.Program, kernel, KvmCheck.Bound, cancel) ?? "";
                    memory.Remember(why);
                }
                return why.Length == 0 ? new Acceleration(true, "KVM works") : new Acceleration(false, $"no KVM: {why}");
        }
    }
}
