using Suture.Diff.Model;

namespace Suture.Diff.Types;

/// <summary>A function or variable that others use by name and that is declared otherwise now.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Original">Its type before.</param>
/// <param name="Patched">Its type now.</param>
/// <param name="File">File that declares it, null when unknown.</param>
/// <param name="Line">Line of <paramref name="File"/>, 0 when unknown.</param>
/// <param name="IsExported">Whether modules can use it.</param>
/// <param name="IsCalledByName">Whether it is a global function.</param>
internal sealed record PrototypeChange(string Name, CType Original, CType Patched, string? File, int Line, bool IsExported, bool IsCalledByName);

/// <summary>
/// Finds the functions and variables that code outside of the unit uses, by name or by address, and that are declared with other
/// types now. Signedness, qualifiers and what plain pointers point to make no difference to a caller; a value returned
/// where none was makes one to modversions only.
/// </summary>
internal sealed class PrototypeComparison(TypeGraph original, TypeGraph patched, TypeIdentity identity)
{
    private const string ExportPrefix = "__ksymtab_";
    private const string ExportMark = "__export_symbol_";

    public List<PrototypeChange> Run(ObjectModel before)
    {
        var exported = Exported(before);
        var elements = before.Elements.Where(e => e.Name.Length > 0).ToLookup(e => e.Name, StringComparer.Ordinal);
        var inData = before.Data.SelectMany(d => d.References).Select(r => r.Target).OfType<Element>().ToHashSet();
        var changes = new List<PrototypeChange>();
        var now = patched.Functions.Where(f => !f.IsDeclaration).ToLookup(f => f.Name, StringComparer.Ordinal);
        foreach (var function in original.Functions.Where(f => !f.IsDeclaration).DistinctBy(f => f.Name))
        {
            if (now[function.Name].FirstOrDefault() is not { } twin || elements[function.Name].FirstOrDefault() is not { } element)
            {
                continue;
            }
            var isExported = exported.Contains(function.Name);
            var differs = identity.Compare(function.Prototype, twin.Prototype) != Difference.None
                || (isExported && IsVoid(function) != IsVoid(twin));
            if (differs && (element.IsGlobal || inData.Contains(element)))
            {
                changes.Add(new PrototypeChange(function.Name, function.Prototype, twin.Prototype, twin.File, twin.Line, isExported, element.IsGlobal));
            }
        }
        var variables = patched.Variables.Where(v => v.IsGlobal).ToLookup(v => v.Name, StringComparer.Ordinal);
        foreach (var variable in original.Variables.Where(v => v.IsGlobal && elements[v.Name].Any()).DistinctBy(v => v.Name))
        {
            if (variables[variable.Name].FirstOrDefault() is { } twin && identity.Compare(variable.Type, twin.Type) != Difference.None)
            {
                changes.Add(new PrototypeChange(variable.Name, variable.Type, twin.Type, null, 0, exported.Contains(variable.Name), false));
            }
        }
        return changes;
    }

    /// <summary>
    /// Variables of this unit alone that patched functions use as another type than the functions that gave them their present value. Names that several of
    /// them have are left out.
    /// </summary>
    public IEnumerable<PrototypeChange> OwnVariables(IReadOnlyList<Element> included)
    {
        var used = included.SelectMany(e => e.References).Select(r => r.Target).OfType<Element>()
            .Where(e => e is { Kind: ElementKind.Data, Twin: not null, IsGlobal: false, IsOwnCopy: false }).Select(e => SymbolNames.SourceName(e.Name)).ToHashSet(StringComparer.Ordinal);
        var (before, after) = (original.Variables.ToLookup(v => v.Name, StringComparer.Ordinal), patched.Variables.ToLookup(v => v.Name, StringComparer.Ordinal));
        return from name in used
               where before[name].Count() == 1 && after[name].Count() == 1
               let was = before[name].First().Type
               let now = after[name].First().Type
               where identity.Compare(was, now) != Difference.None
               select new PrototypeChange(name, was, now, null, 0, false, false);
    }

    private static bool IsVoid(FunctionType function) => (function.Prototype.Target ?? CType.Void).Bare.Kind == TypeKind.Void;

    /// <summary>Names that the object exports: until 6.4 it holds their table entries, later marks that the build makes entries from.</summary>
    private static HashSet<string> Exported(ObjectModel model)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var symbol in model.Source.Symbols)
        {
            foreach (var prefix in (string[])[ExportPrefix, ExportMark])
            {
                if (symbol.Name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    names.Add(symbol.Name[prefix.Length..]);
                }
            }
        }
        return names;
    }
}
