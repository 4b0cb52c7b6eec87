namespace Suture.Diff.Types;

/// <summary>
/// BTF as gcc -gbtf and pahole write it (Documentation/bpf/btf.rst): a header, a table of types that refer to each other by
/// number from 1 (0 is void), and their names. It tells neither files nor the variables of functions.
/// </summary>
internal static class BtfReader
{
    public const string SectionName = ".BTF";

    private const ushort Magic = 0xeb9f;

    /// <summary>Types of a vmlinux are some 150,000; no single object comes near.</summary>
    private const int MaxTypes = 1 << 21;

    private enum Kind : byte
    {
        Int = 1, Pointer, Array, Struct, Union, Enum, Forward, Typedef, Volatile, Const, Restrict, Function, Prototype, Variable,
        DataSection, Float, DeclTag, TypeTag, Enum64,
    }

    /// <exception cref="TypeFormatException">It is damaged.</exception>
    public static TypeGraph Read(string file, byte[] data)
    {
        var header = new TypeBytes(file, SectionName, data);
        if (header.U16() != Magic)
        {
            throw header.Fault("no BTF (bad magic)");
        }
        header.Skip(2);
        var (length, typeAt, typeLength, textAt, textLength) = (header.U32(), header.U32(), header.U32(), header.U32(), header.U32());
        byte[] Part(uint at, uint size) => (ulong)length + at + size <= (ulong)data.Length
            ? data.AsSpan((int)(length + at), (int)size).ToArray()
            : throw header.Fault("its header describes more than its bytes; it may be truncated");
        return new Table(new TypeBytes(file, SectionName, Part(typeAt, typeLength)), new TypeBytes(file, SectionName, Part(textAt, textLength))).Read();
    }

    private sealed class Table(TypeBytes types, TypeBytes text)
    {
        private readonly Dictionary<uint, CType> _nodes = new() { [0] = CType.Void };
        private readonly TypeGraph _graph = new();

        public TypeGraph Read()
        {
            for (uint id = 1; types.At < types.Length; id++)
            {
                if (id > MaxTypes)
                {
                    throw types.Fault($"more than {MaxTypes} types");
                }
                ReadOne(id);
            }
            _graph.Finish();
            return _graph;
        }

        private CType Node(uint id) => _nodes.TryGetValue(id, out var node) ? node : _nodes[id] = new CType(TypeKind.Unknown);

        private void ReadOne(uint id)
        {
            var (nameAt, info, sizeOrType) = (types.U32(), types.U32(), types.U32());
            var (kind, count, flag) = ((Kind)(info >> 24 & 0x1f), (int)(info & 0xffff), info >> 31 != 0);
            var name = nameAt == 0 ? "" : text.TextAt(nameAt);
            switch (kind)
            {
                case Kind.Variable:
                    _graph.Variables.Add(new VariableType(name, Node(sizeOrType), types.U32() != 0));
                    return;
                case Kind.Function:
                    _graph.Functions.Add(new FunctionType { Name = name, Prototype = Node(sizeOrType) });
                    return;
                case Kind.DataSection:
                    types.Skip((ulong)count * 12);
                    return;
                case Kind.DeclTag:
                    types.Skip(4);
                    return;
            }
            var node = Node(id);
            if (kind != Kind.Prototype)
            {
                node.Name = name;
            }
            _graph.Types.Add(node);
            switch (kind)
            {
                case Kind.Int:
                    types.Skip(4);
                    (node.Kind, node.Size) = (TypeKind.Scalar, sizeOrType);
                    break;
                case Kind.Float:
                    (node.Kind, node.Size, node.IsFloat) = (TypeKind.Scalar, sizeOrType, true);
                    break;
                case Kind.Pointer:
                    (node.Kind, node.Target) = (TypeKind.Pointer, Node(sizeOrType));
                    break;
                case Kind.Array:
                    (node.Kind, node.Target) = (TypeKind.Array, Node(types.U32()));
                    types.Skip(4);
                    node.Count = types.U32();
                    break;
                case Kind.Struct or Kind.Union:
                    (node.Kind, node.Size) = (kind == Kind.Struct ? TypeKind.Struct : TypeKind.Union, sizeOrType);
                    for (var i = 0; i < count; i++)
                    {
                        var (memberName, type, offset) = (types.U32(), types.U32(), types.U32());
                        node.Members.Add(new Member(memberName == 0 ? "" : text.TextAt(memberName),
                            flag ? offset & 0xffffff : offset, flag ? (int)(offset >> 24) : 0, Node(type), 0));
                    }
                    break;
                case Kind.Enum or Kind.Enum64:
                    (node.Kind, node.Size) = (TypeKind.Enum, sizeOrType);
                    for (var i = 0; i < count; i++)
                    {
                        var enumerator = text.TextAt(types.U32());
                        var low = types.U32();
                        node.Enumerators.Add(new Enumerator(enumerator,
                            kind == Kind.Enum64 ? (long)(low | (ulong)types.U32() << 32) : (int)low));
                    }
                    break;
                case Kind.Forward:
                    (node.Kind, node.IsDeclaration) = (flag ? TypeKind.Union : TypeKind.Struct, true);
                    break;
                case Kind.Typedef:
                    (node.Kind, node.Target) = (TypeKind.Typedef, Node(sizeOrType));
                    break;
                case Kind.Volatile or Kind.Const or Kind.Restrict or Kind.TypeTag:
                    (node.Kind, node.Name, node.Target) = (TypeKind.Qualifier, "", Node(sizeOrType));
                    break;
                case Kind.Prototype:
                    (node.Kind, node.Target) = (TypeKind.Function, Node(sizeOrType));
                    for (var i = 0; i < count; i++)
                    {
                        types.Skip(4);
                        var type = types.U32();
                        // A last parameter of type 0 stands for "...".
                        if (type == 0 && i == count - 1)
                        {
                            node.IsVariadic = true;
                        }
                        else
                        {
                            node.Parameters.Add(Node(type));
                        }
                    }
                    break;
                default:
                    throw types.Fault($"type {id} is of unknown kind {(int)kind}");
            }
        }
    }
}
