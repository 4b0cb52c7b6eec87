using System.Text.RegularExpressions;

namespace Suture.CatchUp.Judging;

/// <summary>Functions of a build by their names in the source.</summary>
internal static partial class FunctionName
{
    /// <summary>The name without the module before it and what the compiler put behind it: "ext4:do_map.cold" is do_map. The several functions of a system call are one.</summary>
    public static string Of(string function) =>
        SystemCallEntry().Replace(function[(function.IndexOf(':', StringComparison.Ordinal) + 1)..].Split('.')[0], "__do_$1");

    [GeneratedRegex("^__(?:se|x64|ia32)_((?:compat_)?sys_)")]
    private static partial Regex SystemCallEntry();
}
