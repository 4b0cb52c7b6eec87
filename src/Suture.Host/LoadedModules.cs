namespace Suture.Host;

/// <summary>The kernel's list of loaded modules, /proc/modules.</summary>
public sealed class LoadedModules(KernelPaths paths)
{
    /// <summary>Whether a module of that name is loaded. File names may have '-', module names have '_'.</summary>
    public bool Contains(string name)
    {
        var wanted = name.Replace('-', '_');
        foreach (var line in File.ReadLines(paths.Modules))
        {
            var end = line.IndexOf(' ');
            if (end > 0 && line.AsSpan(0, end).SequenceEqual(wanted))
            {
                return true;
            }
        }
        return false;
    }
}
