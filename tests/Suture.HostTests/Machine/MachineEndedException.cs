namespace Suture.HostTests.Machine;

/// <summary>The machine ended: powered off, panicked, or was cut from power.</summary>
internal sealed class MachineEndedException(string message) : Exception(message);
