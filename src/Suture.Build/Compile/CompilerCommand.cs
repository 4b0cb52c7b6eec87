using Suture.Kernel;

namespace Suture.Build.Compile;

/// <summary>Turns a unit's command line of the kernel's build into the ones that Suture runs.</summary>
internal static class CompilerCommand
{
    /// <summary>
    /// Has the object describe the types it was compiled with. Where variables live at each instruction is left out, which nobody
    /// asks for and which takes half of the time, where the compiler can (clang does not know the options). Version 4 is what all compilers in use can write.
    /// </summary>
    public static IReadOnlyList<string> TypeInformation(CompileUnit unit) =>
        IsClang(unit) ? ["-gdwarf-4"] : ["-gdwarf-4", "-fno-var-tracking", "-fno-var-tracking-assignments"];

    /// <summary>Compiles with each function and object in a section of its own, without debug information, which changes no code.</summary>
    public static IReadOnlyList<string> Compile(CompileUnit unit, IReadOnlyList<string> extra, string @object, string dependencies) =>
        [.. Flags(unit), "-ffunction-sections", "-fdata-sections", .. extra, "-MD", "-MF", dependencies, "-c", "-o", @object, unit.Source];

    /// <summary>Preprocesses to standard output, without line markers; gcc takes twice the time when it must remember what was expanded from where.</summary>
    public static IReadOnlyList<string> Preprocess(CompileUnit unit, string dependencies, params IEnumerable<string> extra) =>
        [.. Flags(unit), .. extra, .. IsClang(unit) ? (string[])[] : ["-ftrack-macro-expansion=0"], "-MD", "-MF", dependencies, "-E", "-P", unit.Source];

    /// <summary>Directories of -I and -isystem, and files of -include, as spelled.</summary>
    public static (List<string> Directories, List<string> Files) Includes(CompileUnit unit)
    {
        var (directories, files) = (new List<string>(), new List<string>());
        for (var i = 1; i < unit.Arguments.Count; i++)
        {
            var argument = unit.Arguments[i];
            var next = i + 1 < unit.Arguments.Count ? unit.Arguments[i + 1] : "";
            if (argument is "-I" or "-isystem" or "-iquote" or "-idirafter")
            {
                directories.Add(next);
                i++;
            }
            else if (argument.StartsWith("-I", StringComparison.Ordinal))
            {
                directories.Add(argument[2..]);
            }
            else if (argument is "-include" or "-imacros")
            {
                files.Add(next);
                i++;
            }
        }
        return (directories, files);
    }

    private static bool IsClang(CompileUnit unit) => Path.GetFileName(unit.Arguments[0]).StartsWith("clang", StringComparison.Ordinal);

    private static IEnumerable<string> Flags(CompileUnit unit)
    {
        var arguments = unit.Arguments;
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] is "-o" or "-MF" or "-MT")
            {
                i++;
            }
            else if (!IsDropped(arguments[i]) && arguments[i] != unit.Source)
            {
                yield return arguments[i];
            }
        }
    }

    private static bool IsDropped(string argument) =>
        argument is "-c" or "-g" or "-MD" or "-MMD" or "-MP"
        || argument.StartsWith("-Wp,-MMD", StringComparison.Ordinal)
        || argument.StartsWith("-Wp,-MD", StringComparison.Ordinal)
        || argument.StartsWith("-gdwarf", StringComparison.Ordinal)
        || argument.StartsWith("-gz", StringComparison.Ordinal)
        || argument is "-gsplit-dwarf" or "-g1" or "-g2" or "-g3" or "-ggdb" or "-gno-variable-location-views"
            or "-femit-struct-debug-baseonly" or "-femit-struct-debug-reduced";
}
