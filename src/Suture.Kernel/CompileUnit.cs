namespace Suture.Kernel;

/// <summary>How one translation unit of the kernel is compiled. The working directory is the source tree.</summary>
/// <param name="Source">Path of the .c file in the tree.</param>
/// <param name="Object">Path of the object kbuild would make.</param>
/// <param name="Owner">"vmlinux", or the module's name as in /proc/modules.</param>
/// <param name="Arguments">Compiler first; without -c, -o, the source and the dependency file.</param>
public sealed record CompileUnit(string Source, string Object, string Owner, IReadOnlyList<string> Arguments);
