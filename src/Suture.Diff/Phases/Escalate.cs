using Suture.Diff.Model;
using Suture.Elf;

namespace Suture.Diff.Phases;

/// <summary>
/// One rule, applied again and again: what changed but cannot itself be replaced hands its change on to everything
/// in the object that refers to it, until every chain ends at functions that can be replaced. A static function
/// without an ftrace entry is copied into the livepatch and its callers are replaced; so is constant data,
/// and what refers to it. A chain that ends elsewhere leaves the element as it was, with the obstacle named.
/// </summary>
internal sealed class Escalate
{
    private readonly ElementUsers _users;
    private readonly Dictionary<Element, DataAccess> _access = new(ReferenceEqualityComparer.Instance);

    private Escalate(ObjectModel patched) => _users = new ElementUsers(patched);

    public static void Run(ObjectModel patched)
    {
        if (!patched.Functions.Concat(patched.Data).Any(MayBeStuck))
        {
            return;
        }
        var escalate = new Escalate(patched);
        foreach (var element in patched.Functions.Concat(patched.Data).Where(escalate.IsStuck))
        {
            escalate.HandOn(element);
        }
    }

    private static bool MayBeStuck(Element e) => e is { Change: Change.Changed, Parent: null } && !SpecialSections.IsInit(e.Section)
        && (e.Kind == ElementKind.Data || !Guard.IsReplaceable(e.Twin!));

    /// <summary>
    /// Whether the element changed and cannot be replaced in place. A table of devices is looked at when its driver is loaded; only what changes
    /// and looks at it too gets a copy.
    /// </summary>
    private bool IsStuck(Element e) => MayBeStuck(e) && (e.Kind != ElementKind.Data || !Guard.IsBootOnly(e)
        || (Guard.IsOwnDeviceTable(e) && _users.Of(e).Any(u => u is { Kind: ElementKind.Function, Change: not Change.None } && !SpecialSections.IsInit(u.Section))));

    /// <summary>Plans the whole chain from <paramref name="root"/> first: it is handed on altogether or not at all.</summary>
    private void HandOn(Element root)
    {
        var copied = new HashSet<Element>(ReferenceEqualityComparer.Instance) { root };
        var replaced = new HashSet<Element>(ReferenceEqualityComparer.Instance);
        var cameFrom = new Dictionary<Element, Element>(ReferenceEqualityComparer.Instance);
        var work = new Queue<Element>([root]);
        while (work.TryDequeue(out var element))
        {
            if (OwnObstacle(element) is { } why)
            {
                root.Obstacle = Chain(root, element, cameFrom) + why;
                return;
            }
            // A table of devices stays as the driver registered it.
            foreach (var user in _users.Of(element).Where(u => u.Kind != ElementKind.Data || !Guard.IsDeviceTable(element)))
            {
                if (UserObstacle(element, user, cameFrom.GetValueOrDefault(element)) is { } obstacle)
                {
                    cameFrom.TryAdd(user, element);
                    root.Obstacle = Chain(root, user, cameFrom) + obstacle;
                    return;
                }
                if (NextInChain(user) is not { } next || copied.Contains(next) || replaced.Contains(next))
                {
                    continue;
                }
                cameFrom.TryAdd(next, element);
                if (next.Kind == ElementKind.Function && next.Twin is { } twin && Guard.IsReplaceable(twin))
                {
                    replaced.Add(next);
                }
                else if (next.Change != Change.New)
                {
                    copied.Add(next);
                    work.Enqueue(next);
                }
            }
        }
        foreach (var element in copied)
        {
            Copy(element);
        }
        foreach (var function in replaced.Where(f => f.Change == Change.None))
        {
            function.Change = Change.Changed;
        }
    }

    /// <summary>Gives the livepatch a version of its own of what runs already.</summary>
    public static void Copy(Element element)
    {
        if (element.Twin is { } original)
        {
            original.Twin = null;
            original.IsSuperseded = true;
            element.Twin = null;
            element.Supersedes = original;
        }
        element.Change = Change.New;
    }

    private static string Chain(Element root, Element end, Dictionary<Element, Element> cameFrom)
    {
        var names = new List<string>();
        for (var at = end; at != root && names.Count < 16; at = cameFrom[at])
        {
            names.Insert(0, $"'{at}'");
        }
        return names.Count == 0 ? "" : $"it is used by {string.Join(", which is used by ", names)}; ";
    }

    /// <summary>Why <paramref name="element"/> itself cannot be copied, or null.</summary>
    private static string? OwnObstacle(Element element)
    {
        if (element.IsGlobal && !Guard.IsOwnDeviceTable(element))
        {
            return $"'{element}' is global, and other objects refer to it";
        }
        if (element.Kind != ElementKind.Data)
        {
            return null;
        }
        return element.Section.Name.StartsWith(".data..percpu", StringComparison.Ordinal) ? $"'{element}' is per-CPU data"
            : Select.IsOrdinary(element) ? null
            : $"'{element}' is in section {element.Section.Name}, which the kernel reads on its own";
    }

    /// <summary>
    /// Why <paramref name="user"/> cannot be turned to a copy of <paramref name="element"/>, or null. Where that is copied because it holds
    /// the address of <paramref name="pointee"/>, whoever reads it gets that address.
    /// </summary>
    private string? UserObstacle(Element element, Element user, Element? pointee)
    {
        if (user.Kind == ElementKind.Entry)
        {
            // Entries follow the code they describe; what else they point at is known to the kernel by its address.
            return user.Owner == element || element.Kind == ElementKind.Function ? null : $"the kernel finds it through {user.Section.Name}";
        }
        if (user.Kind == ElementKind.Data)
        {
            return user.Change == Change.New || Correlate.IsConstant(user) || IsNeverWritten(user) ? null
                : "which holds its address and lives on in the running kernel";
        }
        if (user.Kind != ElementKind.Function)
        {
            return null;
        }
        if (element.Kind == ElementKind.Function)
        {
            return ElementUsers.TakesAddress(user, element) ? "which takes its address" : null;
        }
        var isTable = pointee is { Kind: ElementKind.Data };
        var use = isTable ? Access(user).OfTable(element) : Access(user).Of(element);
        if (SpecialSections.IsInit(user.Section))
        {
            return use == DataUse.Read ? null : "which may have registered it when the system booted";
        }
        if (!(Correlate.IsConstant(element) && (!isTable || Correlate.IsConstant(pointee!))) && use is DataUse.Written or DataUse.Passed)
        {
            return use == DataUse.Written ? "which writes to it" : "which hands out its address, through which it may be written";
        }
        return use == DataUse.Kept ? "which stores its address or compares with it"
            : use == DataUse.Passed && HoldsCode(element) ? "which hands out its address, and functions may be called through it"
            : null;
    }

    /// <summary>
    /// Whether pointers to functions can be reached from the data, now or before: whoever registers such a table calls through it later. What
    /// another object has may be a function too, for an undefined symbol has no type.
    /// </summary>
    private static bool HoldsCode(Element data)
    {
        var seen = new HashSet<Element>(ReferenceEqualityComparer.Instance) { data };
        if ((data.Supersedes ?? data.Twin) is { } original)
        {
            seen.Add(original);
        }
        var work = new Queue<Element>(seen);
        while (work.TryDequeue(out var next))
        {
            foreach (var reference in next.References)
            {
                if (reference.Target is { Kind: ElementKind.Function } || reference.External is { Type: SymbolType.Func or SymbolType.NoType })
                {
                    return true;
                }
                if (reference.Target is { Kind: ElementKind.Data or ElementKind.Constant } target && seen.Add(target))
                {
                    work.Enqueue(target);
                }
            }
        }
        return false;
    }

    private bool IsNeverWritten(Element data) => _users.Of(data)
        .All(u => u.Kind == ElementKind.Function && Access(u).Of(data) == DataUse.Read);

    private DataAccess Access(Element function) =>
        _access.TryGetValue(function, out var access) ? access : _access[function] = new DataAccess(function);

    /// <summary>Who stands for <paramref name="user"/> in the chain: a cold part's function, an entry's none. Init code is gone.</summary>
    private static Element? NextInChain(Element user) => user.Kind == ElementKind.Entry || SpecialSections.IsInit(user.Section) ? null : user.Parent ?? user;
}
