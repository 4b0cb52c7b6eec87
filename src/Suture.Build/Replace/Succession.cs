using Suture.Build.Link;
using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;
using Suture.Kernel;

namespace Suture.Build.Replace;

/// <summary>What becomes of a function when one livepatch replaces another.</summary>
public enum SuccessionChange
{
    /// <summary>Only the new livepatch replaces it.</summary>
    Added,
    /// <summary>Both replace it, with the same code.</summary>
    Kept,
    /// <summary>Both replace it, with different code.</summary>
    Changed,
    /// <summary>Only the old livepatch replaced it: the kernel's own function runs again.</summary>
    Dropped,
}

/// <summary>One function of the comparison.</summary>
/// <param name="Object">"vmlinux" or a module name.</param>
/// <param name="Name">Symbol name.</param>
/// <param name="SymPos">Position among the symbols of that name, 0 when unique.</param>
/// <param name="Change">What becomes of it.</param>
public sealed record SuccessionFunction(string Object, string Name, int SymPos, SuccessionChange Change);

/// <summary>A new livepatch against one that it replaces.</summary>
/// <param name="Module">Name of the older module.</param>
/// <param name="Functions">What it adds, keeps, changes and drops, by object and name.</param>
public sealed record Succession(string Module, IReadOnlyList<SuccessionFunction> Functions);

/// <summary>
/// Compares a new livepatch with those it replaces. An atomic replace takes the old functions away at once and runs none of the
/// old callbacks, so whatever the new one does not carry is lost.
/// </summary>
internal sealed class SuccessionCheck
{
    private readonly KernelBuild _kernel;
    private readonly ModuleTemplate _template;
    private readonly List<(ElfObject Module, LivepatchContents Contents)> _older;

    private SuccessionCheck(KernelBuild kernel, ModuleTemplate template, List<(ElfObject, LivepatchContents)> older) =>
        (_kernel, _template, _older) = (kernel, template, older);

    /// <summary>Reads the older modules, before anything is built.</summary>
    /// <exception cref="KernelException">One of them is for another kernel, is no livepatch of Suture's, or has the new one's name.</exception>
    public static SuccessionCheck Prepare(IReadOnlyList<string> files, string newName, KernelBuild kernel, ModuleTemplate template)
    {
        var older = new List<(ElfObject Module, LivepatchContents Contents)>();
        foreach (var file in files)
        {
            var module = ElfObject.ReadFile(file);
            older.Add((module, LivepatchContents.Read(module, kernel, template)));
        }
        return older.Exists(o => o.Contents.Name == newName)
            ? throw new KernelException($"the livepatch to be replaced is called {newName} like the new one: a kernel holds one module of a name",
                "give the new one another name: --name", KernelFault.Broken)
            : new SuccessionCheck(kernel, template, older);
    }

    /// <summary>Compares <paramref name="bytes"/>, the new module, with each older one.</summary>
    public IReadOnlyList<Succession> Run(byte[] bytes, string name, List<Finding> findings)
    {
        if (_older.Count == 0)
        {
            return [];
        }
        var module = ElfObject.Read(bytes, name);
        var contents = LivepatchContents.Read(module, _kernel, _template);
        var result = new List<Succession>();
        foreach (var (olderModule, older) in _older)
        {
            var functions = Functions(module, contents, olderModule, older);
            result.Add(new Succession(older.Name, functions));
            findings.AddRange(functions.Where(f => f.Change == SuccessionChange.Dropped).Select(f => BuildFindings.FixLost(f.Name, f.Object, older.Name)));
            findings.AddRange(States(contents, older));
            findings.AddRange(older.Callbacks.Where(c => c.Kind is CallbackKind.PreUnpatch or CallbackKind.PostUnpatch)
                .Select(c => BuildFindings.CallbackWillNotRun(Marks.NameOf(c.Kind), c.Object, older.Name)));
        }
        return result;
    }

    private static List<SuccessionFunction> Functions(ElfObject module, LivepatchContents contents, ElfObject olderModule, LivepatchContents older)
    {
        var (digest, olderDigest) = (new CodeDigest(module), new CodeDigest(olderModule));
        var before = older.Functions.ToDictionary(f => (f.Object, f.Name, f.SymPos));
        var functions = new List<SuccessionFunction>();
        foreach (var function in contents.Functions)
        {
            var change = !before.Remove((function.Object, function.Name, function.SymPos), out var twin) ? SuccessionChange.Added
                : digest.Of(function.NewFunction) == olderDigest.Of(twin.NewFunction) ? SuccessionChange.Kept
                : SuccessionChange.Changed;
            functions.Add(new SuccessionFunction(function.Object, function.Name, function.SymPos, change));
        }
        functions.AddRange(before.Values.Select(f => new SuccessionFunction(f.Object, f.Name, f.SymPos, SuccessionChange.Dropped)));
        return [.. functions.OrderBy(f => f.Object == "vmlinux" ? 0 : 1).ThenBy(f => f.Object, StringComparer.Ordinal)
            .ThenBy(f => f.Name, StringComparer.Ordinal).ThenBy(f => f.SymPos)];
    }

    /// <summary>The kernel's own rule (kernel/livepatch/state.c): all states of the old one, at least in their versions.</summary>
    private static IEnumerable<Finding> States(LivepatchContents contents, LivepatchContents older)
    {
        foreach (var (id, version) in older.States)
        {
            var mine = contents.States.FindIndex(s => s.Id == id);
            if (mine < 0)
            {
                yield return BuildFindings.IncompatibleState(id, $"{older.Name} declares it in version {version}, this livepatch does not");
            }
            else if (contents.States[mine].Version < version)
            {
                yield return BuildFindings.IncompatibleState(id, $"{older.Name} has version {version}, this livepatch has {contents.States[mine].Version}");
            }
        }
    }
}
