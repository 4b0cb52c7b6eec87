using Suture.Build.Patches;
using Suture.Build.Trees;

namespace Suture.Build.Author;

/// <summary>
/// The headers that Suture offers to patches (include/suture). Only the patched side is compiled with them, and only when a
/// file that the patch changes includes one: the original must compile exactly as the kernel's build did it.
/// </summary>
internal static class AuthorHeaders
{
    /// <summary>Directory in the shadow tree; a path of the tree, so that where the shadow lies shows in no object.</summary>
    private const string Directory = ".suture/include";

    /// <summary>Compiler option for the patched side.</summary>
    public const string Option = "-I./" + Directory;

    private const string ResourcePrefix = "include/";

    /// <summary>Whether any of the changed files asks for them.</summary>
    public static bool AreUsedBy(IEnumerable<PatchedFile> files) =>
        files.Any(f => IncludeScan.Of(f.Patched).Includes.Any(i => i.Name.StartsWith("suture/", StringComparison.Ordinal)));

    /// <summary>The headers by their path in the shadow tree.</summary>
    public static IEnumerable<KeyValuePair<string, byte[]>> Files() => EmbeddedFile.Below(ResourcePrefix)
        .Select(name => KeyValuePair.Create($"{Directory}/{name[ResourcePrefix.Length..]}", EmbeddedFile.Read(name)));
}
