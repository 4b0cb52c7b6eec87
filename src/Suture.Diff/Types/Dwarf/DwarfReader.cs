using Suture.Elf;

namespace Suture.Diff.Types.Dwarf;

/// <summary>
/// DWARF 2 to 5 as gcc and clang write it into an object: types, prototypes and variables. Units of types (-fdebug-types-section)
/// and information kept in another file are passed over; what refers to them stays <see cref="TypeKind.Unknown"/>.
/// </summary>
internal sealed class DwarfReader
{
    /// <summary>The largest units of the kernel have some 100,000 entries.</summary>
    private const int MaxEntries = 1 << 22;

    private const long FloatEncoding = 4;

    /// <summary>Where an entry stands: the type or function it is part of.</summary>
    private readonly record struct Place(DwarfTag Tag, CType? Type, FunctionType? Function);

    private readonly DwarfSections _sections;
    private readonly TypeGraph _graph = new() { KnowsPlaces = true };
    private readonly Dictionary<long, CType> _nodes = [];
    private readonly Dictionary<long, FunctionType> _functions = [];
    private readonly Dictionary<long, (string Name, CType Type)> _variables = [];
    private readonly List<(FunctionType Function, long Origin)> _copies = [];
    private readonly List<(FunctionType? Function, long Origin, bool IsStatic)> _variableCopies = [];
    private List<string> _files = [];
    private int _entries;

    private DwarfReader(ElfObject source) => _sections = new DwarfSections(source);

    /// <summary>Whether the object has debugging information that describes anything.</summary>
    public static bool IsPresent(ElfObject source) => source.FindSection(DwarfSections.InfoName) is { Data.Length: > 0 };

    /// <exception cref="TypeFormatException">It is damaged.</exception>
    public static TypeGraph Read(ElfObject source)
    {
        var reader = new DwarfReader(source);
        var info = reader._sections.Info;
        while (info.At < info.Length)
        {
            var unit = new DwarfUnit(reader._sections);
            if (unit.IsRead)
            {
                reader.ReadUnit(unit);
            }
            info.At = unit.End;
        }
        reader.ResolveCopies();
        reader._graph.Finish();
        return reader._graph;
    }

    private void ReadUnit(DwarfUnit unit)
    {
        var places = new Stack<Place>();
        _files = [];
        while (_sections.Info.At < unit.End)
        {
            var at = _sections.Info.At;
            if (++_entries > MaxEntries)
            {
                throw _sections.Info.Fault($"more than {MaxEntries} entries");
            }
            if (!unit.Next(out var entry))
            {
                places.TryPop(out _);
                continue;
            }
            places.TryPeek(out var parent);
            var place = Take(at, entry, parent);
            if (entry.HasChildren)
            {
                places.Push(place);
            }
        }
    }

    private Place Take(long at, in DwarfEntry entry, Place parent)
    {
        var within = new Place(entry.Tag, null, parent.Function);
        switch (entry.Tag)
        {
            case DwarfTag.CompileUnit when entry.StatementList >= 0:
                _files = _sections.FileNamesAt((ulong)entry.StatementList);
                return within;
            case DwarfTag.Member:
                if (parent.Type is { IsComposite: true } composite)
                {
                    composite.Members.Add(new Member(entry.Name, BitOffset(entry), (int)Math.Clamp(entry.BitSize, 0, 4096), Node(entry.Type), entry.Line));
                }
                return within;
            case DwarfTag.Enumerator:
                parent.Type?.Enumerators.Add(new Enumerator(entry.Name, entry.ConstValue));
                return within;
            case DwarfTag.Subrange:
                if (parent.Type is { Kind: TypeKind.Array } array)
                {
                    array.Count = unchecked(array.Count * Math.Max(0, entry.Elements >= 0 ? entry.Elements : entry.UpperBound + 1));
                }
                return within;
            case DwarfTag.FormalParameter when entry.Origin < 0:
                Prototype(parent)?.Parameters.Add(Node(entry.Type));
                return within;
            case DwarfTag.Variadic:
                if (Prototype(parent) is { } prototype)
                {
                    prototype.IsVariadic = true;
                }
                return within;
            case DwarfTag.Variable:
                TakeVariable(at, entry, parent.Function);
                return within;
            case DwarfTag.Subprogram:
                return within with { Function = TakeFunction(at, entry) };
            default:
                return TakeType(at, entry, parent.Function) is { } type ? within with { Type = type } : within;
        }
    }

    private static CType? Prototype(Place parent) => parent.Tag switch
    {
        DwarfTag.Subroutine => parent.Type,
        DwarfTag.Subprogram => parent.Function?.Prototype,
        _ => null,
    };

    private CType? TakeType(long at, in DwarfEntry entry, FunctionType? function)
    {
        var kind = entry.Tag switch
        {
            DwarfTag.Structure or DwarfTag.Class => TypeKind.Struct,
            DwarfTag.Union => TypeKind.Union,
            DwarfTag.Enumeration => TypeKind.Enum,
            DwarfTag.Pointer or DwarfTag.Reference => TypeKind.Pointer,
            DwarfTag.Array => TypeKind.Array,
            DwarfTag.Base => TypeKind.Scalar,
            DwarfTag.Typedef => TypeKind.Typedef,
            DwarfTag.Const or DwarfTag.Volatile or DwarfTag.Restrict or DwarfTag.Atomic => TypeKind.Qualifier,
            DwarfTag.Subroutine => TypeKind.Function,
            DwarfTag.Unspecified => TypeKind.Void,
            _ => TypeKind.Unknown,
        };
        if (kind == TypeKind.Unknown)
        {
            return null;
        }
        var node = Node(at);
        node.Kind = kind;
        node.Name = entry.Name;
        node.Size = Math.Max(0, entry.ByteSize);
        node.IsFloat = kind == TypeKind.Scalar && entry.Encoding == FloatEncoding;
        node.IsDeclaration = entry.IsDeclaration;
        node.IsLocal = function is not null;
        (node.File, node.Line) = (File(entry.File), entry.Line);
        node.Target = kind is TypeKind.Pointer or TypeKind.Array or TypeKind.Typedef or TypeKind.Qualifier or TypeKind.Function ? Node(entry.Type) : null;
        node.Count = 1;
        _graph.Types.Add(node);
        return node;
    }

    private FunctionType TakeFunction(long at, in DwarfEntry entry)
    {
        var function = new FunctionType
        {
            Name = entry.Name,
            Prototype = new CType(TypeKind.Function) { Target = Node(entry.Type) },
            IsDeclaration = entry.IsDeclaration,
            HasCode = entry.HasCode,
            File = File(entry.File),
            Line = entry.Line,
        };
        _functions[at] = function;
        if ((entry.Origin >= 0 ? entry.Origin : entry.Specification) is >= 0 and var origin)
        {
            _copies.Add((function, origin));
        }
        else
        {
            _graph.Functions.Add(function);
        }
        return function;
    }

    private void TakeVariable(long at, in DwarfEntry entry, FunctionType? function)
    {
        if ((entry.Origin >= 0 ? entry.Origin : entry.Specification) is >= 0 and var origin)
        {
            _variableCopies.Add((function, origin, entry.IsStatic));
            return;
        }
        var type = Node(entry.Type);
        _variables[at] = (entry.Name, type);
        if (function is null || entry.IsStatic || entry.IsExternal)
        {
            _graph.Variables.Add(new VariableType(entry.Name, type, entry.IsExternal));
        }
        else
        {
            function.Locals.Add(type);
        }
    }

    /// <summary>Copies of a function (its body out of line, its clones) and of its variables refer to the one description of it.</summary>
    private void ResolveCopies()
    {
        foreach (var (function, origin, isStatic) in _variableCopies)
        {
            if (!_variables.TryGetValue(origin, out var variable))
            {
                continue;
            }
            if (function is null || isStatic)
            {
                _graph.Variables.Add(new VariableType(variable.Name, variable.Type, false));
            }
            else
            {
                function.Locals.Add(variable.Type);
            }
        }
        foreach (var (copy, origin) in _copies)
        {
            if (_functions.TryGetValue(origin, out var function) && function != copy)
            {
                function.HasCode |= copy.HasCode;
                function.IsDeclaration &= copy.IsDeclaration;
                function.Locals.AddRange(copy.Locals);
            }
        }
    }

    private static long BitOffset(in DwarfEntry entry)
    {
        var bits = unchecked(Math.Max(0, entry.MemberLocation) * 8);
        return entry.DataBitOffset >= 0 ? entry.DataBitOffset
            // Before DWARF 4 counted from the high end of the storage unit.
            : entry.BitSize >= 0 && entry.BitOffset >= 0 ? unchecked(bits + Math.Max(1, entry.ByteSize) * 8 - entry.BitOffset - entry.BitSize)
            : bits;
    }

    private string? File(int number) => number >= 0 && number < _files.Count && _files[number].Length > 0 ? _files[number] : null;

    private CType Node(long at) => at < 0 ? CType.Void : _nodes.TryGetValue(at, out var node) ? node : _nodes[at] = new CType(TypeKind.Unknown);
}
