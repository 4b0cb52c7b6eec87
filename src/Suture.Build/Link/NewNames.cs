using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Build.Link;

/// <summary>
/// What the patch adds under a name that others can see must be new: all code that is not replaced goes on using what runs under that name. Who moves
/// a function to another file and mends it there would mend it for the callers that are replaced, and for no others.
/// </summary>
internal static class NewNames
{
    /// <summary>modpost alone looks at these.</summary>
    private const string DeviceTable = "__mod_";

    /// <summary>Findings about names that exist already, or that two units of the patch define.</summary>
    public static IEnumerable<Finding> Check(IReadOnlyList<LinkUnit> units)
    {
        var definedIn = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var unit in units)
        {
            foreach (var name in unit.Diff.Output!.Symbols.Where(s => s.Section is not null && s.Binding != SymbolBinding.Local).Select(s => s.Name)
                .Where(n => !n.StartsWith(DeviceTable, StringComparison.Ordinal)))
            {
                if (unit.Image.IsShared(name) && !WasOfInitialisation(unit, name))
                {
                    yield return BuildFindings.NameTaken(unit.Source, name, unit.Owner);
                }
                else if (!definedIn.TryAdd(name, unit.Source))
                {
                    yield return BuildFindings.NameTwice(unit.Source, name, definedIn[name]);
                }
            }
        }
    }

    /// <summary>Whether the patched <paramref name="unit"/> exports <paramref name="name"/>, by the mark of its kernel's version.</summary>
    public static bool IsExported(LinkUnit unit, string name) =>
        unit.Diff.Patched.Source.Symbols.Exists(s => s.Name == "__ksymtab_" + name || s.Name == "__export_symbol_" + name);

    /// <summary>Whether the file had it for initialisation only: nothing of that is left that could use it.</summary>
    private static bool WasOfInitialisation(LinkUnit unit, string name) => unit.Diff.Original.Source.Symbols.Exists(s => s.Name == name
        && s.Section is { } section && SpecialSections.IsInit(section));
}
