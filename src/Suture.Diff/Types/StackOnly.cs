using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Types;

/// <summary>
/// Whether no object of a changed type can be seen by code that was compiled with another layout of it. That is so when objects
/// live on the stack of replaced functions only: a task changes over to the livepatch when none of these is on its stack.
/// Whatever may keep an object, or a pointer to one, anywhere else speaks against it.
/// </summary>
internal sealed class StackOnly(TypeGraph original, TypeGraph patched, ObjectModel before, ObjectModel after, IReadOnlyList<Element> included)
{
    /// <summary>Pointers to pointers and functions that take functions: deeper ones are taken for leading there.</summary>
    private const int MaxDepth = 64;

    private readonly HashSet<string> _replaced = included.Where(e => e.Kind == ElementKind.Function).Select(e => e.SourceName).ToHashSet(StringComparer.Ordinal);

    /// <summary>Functions that have an object of <paramref name="type"/> on their stack.</summary>
    public List<string> Holders(CType type) =>
        [.. patched.Functions.Where(f => f.HasCode && f.Locals.Exists(l => Is(l.Element, type))).Select(f => f.Name).Distinct()];

    /// <summary>Why objects of <paramref name="type"/> may live elsewhere; null when they cannot.</summary>
    public string? Objection(CType type) =>
        Objection(type, original, before) ?? Objection(type, patched, after)
        ?? (Holders(type) is { Count: > 0 } holders
            ? holders.Find(h => !_replaced.Contains(h)) is { } kept ? $"'{kept}' has one on its stack and is not replaced" : null
            : "no function has one on its stack, so it is allocated elsewhere");

    private static string? Objection(CType type, TypeGraph graph, ObjectModel model)
    {
        var leads = new Leads(type);
        if (graph.Variables.Find(v => leads.From(v.Type)) is { } variable)
        {
            return $"variable '{variable.Name}' holds or points to one";
        }
        foreach (var other in graph.Types)
        {
            if (other.IsComposite && other.Members.Find(m => leads.From(m.Type)) is { } member)
            {
                return Is(other, type) ? $"its field '{member.Name}' points to another one"
                    : $"{(other.Name.Length > 0 ? other : "a struct")} holds or points to one (field '{member.Name}')";
            }
            if (other.Kind == TypeKind.Function && leads.From(other))
            {
                return "functions that take one are called through pointers";
            }
        }
        foreach (var function in graph.Functions)
        {
            if (leads.From(function.Prototype.Target ?? CType.Void))
            {
                return $"'{function.Name}' returns one or a pointer to one";
            }
            if (function.Locals.Exists(l => leads.From(l) && !Is(l.Element, type)))
            {
                return $"'{function.Name}' keeps a pointer to one in a variable, so it may come from anywhere";
            }
            if (function.Prototype.Parameters.Exists(leads.From) && CanBeCalledFromElsewhere(function.Name, model))
            {
                return $"'{function.Name}' takes one and can be called from elsewhere";
            }
        }
        return null;
    }

    private static bool CanBeCalledFromElsewhere(string name, ObjectModel model)
    {
        var elements = model.Functions.Where(f => f.SourceName == name).ToHashSet();
        return elements.Any(e => e.IsGlobal)
            || model.Elements.Exists(e => e.References.Exists(r => r.Target is { } target && r.Type != RelocationType.Plt32 && elements.Contains(target)
                && target != e && e.Parent != target));
    }

    private static bool Is(CType candidate, CType type) => candidate.Kind == type.Kind && candidate.Name == type.Name;

    /// <summary>Which types hold an object of one type or lead to one.</summary>
    private sealed class Leads(CType to)
    {
        private readonly Dictionary<CType, bool> _known = [];

        public bool From(CType type) => From(type, 0);

        private bool From(CType type, int depth)
        {
            var at = type.Bare;
            if (_known.TryGetValue(at, out var known))
            {
                return known;
            }
            _known[at] = false;
            return _known[at] = depth > MaxDepth || at.Kind switch
            {
                TypeKind.Pointer or TypeKind.Array => From(at.Target ?? CType.Void, depth + 1),
                TypeKind.Function => From(at.Target ?? CType.Void, depth + 1) || at.Parameters.Exists(p => From(p, depth + 1)),
                TypeKind.Struct or TypeKind.Union => Is(at, to),
                _ => false,
            };
        }
    }
}
