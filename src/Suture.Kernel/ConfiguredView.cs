namespace Suture.Kernel;

/// <summary>
/// A configured tree seen through links, in which kbuild finds no reason to configure it again: it does when the compiler goes by another name, say, and would write into the
/// tree, which is its owner's.
/// </summary>
internal static class ConfiguredView
{
    /// <summary>Makes the view of <paramref name="tree"/> in <paramref name="view"/>, a directory that is not there yet.</summary>
    public static void Create(string tree, string view)
    {
        LinkAll(tree, view, except: ["include"]);
        LinkAll(Path.Combine(tree, "include"), Path.Combine(view, "include"), except: ["config", "generated"]);
        LinkAll(Path.Combine(tree, "include/generated"), Path.Combine(view, "include/generated"), except: ["autoconf.h", "rustc_cfg"]);
        LinkAll(Path.Combine(tree, "include/config"), Path.Combine(view, "include/config"), except: ["auto.conf", "auto.conf.cmd"]);
        // What the configuration depends on is left empty; the rest is newer than it.
        File.WriteAllText(Path.Combine(view, "include/config/auto.conf.cmd"), "");
        foreach (var name in (string[])["generated/autoconf.h", "generated/rustc_cfg", "config/auto.conf"])
        {
            var from = Path.Combine(tree, "include", name);
            File.WriteAllBytes(Path.Combine(view, "include", name), File.Exists(from) ? File.ReadAllBytes(from) : []);
        }
    }

    private static void LinkAll(string from, string to, string[] except)
    {
        Directory.CreateDirectory(to);
        foreach (var path in Directory.EnumerateFileSystemEntries(from))
        {
            var name = Path.GetFileName(path);
            if (!except.Contains(name))
            {
                File.CreateSymbolicLink(Path.Combine(to, name), path);
            }
        }
    }
}
