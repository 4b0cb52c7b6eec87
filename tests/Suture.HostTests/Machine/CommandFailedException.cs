namespace Suture.HostTests.Machine;

/// <summary>A command in the guest that had to succeed did not.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
