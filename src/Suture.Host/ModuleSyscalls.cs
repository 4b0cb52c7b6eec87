using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Suture.Host;

/// <summary>
/// finit_module(2) and delete_module(2). glibc has no wrappers for them, hence syscall(2) with the numbers
/// of x86-64.
/// </summary>
public sealed partial class ModuleSyscalls : IModuleSyscalls
{
    private const nint DeleteModule = 176;
    private const nint FinitModule = 313;

    /// <summary>O_NONBLOCK: fail with EWOULDBLOCK while the module is in use; delete_module(2) knows no other sane mode.</summary>
    private const nint NonBlock = 0x800;

    /// <inheritdoc/>
    public int Load(SafeFileHandle module, string parameters) =>
        SyscallHandle(FinitModule, module, parameters, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <inheritdoc/>
    public int Unload(string name) =>
        SyscallName(DeleteModule, name, NonBlock) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SyscallHandle(nint number, SafeFileHandle file, string parameters, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint SyscallName(nint number, string name, nint flags);
}
