using Microsoft.Win32.SafeHandles;

namespace Suture.Host;

/// <summary>The kernel's two module system calls. Both return 0 or the errno, never throw for what the kernel answers.</summary>
public interface IModuleSyscalls
{
    /// <summary>finit_module(2): loads the module in the open file <paramref name="module"/> with <paramref name="parameters"/>.</summary>
    int Load(SafeFileHandle module, string parameters);

    /// <summary>delete_module(2), non-blocking: unloads the module <paramref name="name"/>.</summary>
    int Unload(string name);
}
