namespace Suture.Host;

/// <summary>The kernel's two module system calls. Both return 0 or the errno, never throw for what the kernel answers.</summary>
public interface IModuleSyscalls
{
    /// <summary>finit_module(2): loads the module file at <paramref name="path"/> with <paramref name="parameters"/>.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    int Load(string path, string parameters);

    /// <summary>delete_module(2), non-blocking: unloads the module <paramref name="name"/>.</summary>
    int Unload(string name);
}
