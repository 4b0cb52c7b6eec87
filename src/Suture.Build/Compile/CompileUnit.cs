namespace Suture.Build.Compile;

/// <summary>One translation unit of the kernel's build.</summary>
/// <param name="Source">Source file, relative to the tree.</param>
/// <param name="Object">Object file the build makes of it, relative to the tree.</param>
/// <param name="Owner">"vmlinux" or the module it ends in.</param>
/// <param name="Arguments">Command line, compiler first, without -c, -o, source and -Wp,-MMD.</param>
public sealed record CompileUnit(string Source, string Object, string Owner, IReadOnlyList<string> Arguments);
