using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>
/// Tells changes of <c>__LINE__</c> from real ones. Lines added above a function reach its code as constants that
/// macros pass on (might_sleep, ASSERT_RTNL, ext4_error): a constant counts as a line number when the call
/// that takes it is known to want one there, or gets a source file or function name in the argument before.
/// </summary>
internal static class LineNumbers
{
    private const ulong LastLine = 1 << 20;

    /// <summary>Instructions between a constant and the call that takes it; compilers load arguments close to calls.</summary>
    private const int Reach = 48;

    private static readonly Register[] ArgumentRegisters =
        [Register.RDI, Register.RSI, Register.RDX, Register.RCX, Register.R8, Register.R9];

    /// <summary>Functions that take a line number without a name before it, and the positions it has had.</summary>
    private static readonly Dictionary<string, int[]> LineArgument = new(StringComparer.Ordinal)
    {
        ["__ext4_journal_start_sb"] = [1, 2],
        ["__ext4_journal_start"] = [1],
        ["__ext4_journal_start_reserved"] = [1],
        ["__might_sleep"] = [1],
        ["___might_sleep"] = [1],
        ["__might_resched"] = [1],
        ["__cant_sleep"] = [1],
        ["__cant_migrate"] = [1],
        ["__might_fault"] = [1],
        ["lockdep_rcu_suspicious"] = [1],
        ["warn_slowpath_null"] = [1],
        ["warn_slowpath_fmt"] = [1],
        ["warn_slowpath_fmt_taint"] = [1],
    };

    /// <summary>Whether two texts are alike but for a line number at the end: "fs/foo.c:120".</summary>
    public static bool SameText(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var text = WithoutLine(a);
        return text.Length > 0 && text.SequenceEqual(WithoutLine(b));
    }

    /// <summary>Whether the code of two functions, equal in size and references, differs in line numbers only.</summary>
    public static bool SameCode(Element original, Element patched)
    {
        if (original.Size != patched.Size)
        {
            return false;
        }
        var (before, after) = (Masked(original), Masked(patched));
        var code = Decode(before, original.Prefix);
        var other = Decode(after, patched.Prefix);
        if (code.Length != other.Length || !before.AsSpan(0, original.Prefix).SequenceEqual(after.AsSpan(0, patched.Prefix)))
        {
            return false;
        }
        for (var i = 0; i < code.Length; i++)
        {
            var (a, b) = (code[i], other[i]);
            if (a.IP != b.IP || a.Length != b.Length)
            {
                return false;
            }
            var (at, length) = ((int)a.IP, a.Length);
            if (!before.AsSpan(at, length).SequenceEqual(after.AsSpan(at, length)) && !(DifferInConstant(a, b) && IsLine(patched, other, i)))
            {
                return false;
            }
        }
        return true;
    }

    private static ReadOnlySpan<byte> WithoutLine(ReadOnlySpan<byte> text)
    {
        var end = text.TrimEnd((byte)0).TrimEnd("0123456789"u8);
        return end.EndsWith(".c:"u8) || end.EndsWith(".h:"u8) ? end : default;
    }

    private static byte[] Masked(Element element)
    {
        var bytes = element.Bytes.ToArray();
        foreach (var reference in element.References)
        {
            bytes.AsSpan(reference.Offset, reference.Width).Clear();
        }
        return bytes;
    }

    private static Instruction[] Decode(byte[] bytes, int start)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes, start, bytes.Length - start));
        decoder.IP = (ulong)start;
        var code = new List<Instruction>(bytes.Length / 4);
        while (decoder.IP < (ulong)bytes.Length)
        {
            code.Add(decoder.Decode());
        }
        return [.. code];
    }

    /// <summary>Whether two instructions that store or load a constant differ in nothing but its value, and it may be a line.</summary>
    private static bool DifferInConstant(in Instruction a, in Instruction b)
    {
        if (a.IsInvalid || a.Code != b.Code || a.Mnemonic is not (Mnemonic.Mov or Mnemonic.Push))
        {
            return false;
        }
        var operand = a.OpCount - 1;
        if (!IsImmediate(a.GetOpKind(operand)) || a.GetImmediate(operand) is not (> 0 and < LastLine)
            || b.GetImmediate(operand) is not (> 0 and < LastLine))
        {
            return false;
        }
        return operand == 0 || (a.Op0Kind == b.Op0Kind && a.Op0Register == b.Op0Register && a.MemoryBase == b.MemoryBase
            && a.MemoryIndex == b.MemoryIndex && a.MemoryDisplacement64 == b.MemoryDisplacement64);
    }

    private static bool IsImmediate(OpKind kind) => kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;

    private static bool IsLine(Element function, Instruction[] code, int at)
    {
        var position = PositionOf(code[at]);
        if (position < 0)
        {
            return false;
        }
        var i = at;
        for (var steps = 0; steps < Reach && i < code.Length; steps++, i = Next(code, i))
        {
            if (IsCall(function, code[i]))
            {
                return TakesLine(function, code, at, i, position);
            }
            if (Next(code, i) < 0 || (i != at && position < ArgumentRegisters.Length && Writes(code[i], ArgumentRegisters[position])))
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>Number of the argument that the instruction sets, by the calling convention; -1 when it sets none. Stack arguments are 6.</summary>
    private static int PositionOf(in Instruction instruction)
    {
        if (instruction.Mnemonic == Mnemonic.Push)
        {
            return ArgumentRegisters.Length;
        }
        if (instruction.Op0Kind == OpKind.Register)
        {
            return Array.IndexOf(ArgumentRegisters, instruction.Op0Register.GetFullRegister());
        }
        return instruction.Op0Kind == OpKind.Memory && instruction.MemoryBase == Register.RSP ? ArgumentRegisters.Length : -1;
    }

    /// <summary>The instruction that runs after number <paramref name="i"/>, jumps followed; -1 when it is not in this function.</summary>
    private static int Next(Instruction[] code, int i)
    {
        if (code[i].FlowControl is FlowControl.Next or FlowControl.ConditionalBranch)
        {
            return i + 1;
        }
        var target = code[i].FlowControl == FlowControl.UnconditionalBranch ? code[i].NearBranchTarget : ulong.MaxValue;
        return Array.FindIndex(code, c => c.IP == target);
    }

    /// <summary>Whether control goes to another function: a call, or a jump in its place at the end.</summary>
    private static bool IsCall(Element function, in Instruction instruction) => instruction.FlowControl == FlowControl.Call
        || (instruction.FlowControl == FlowControl.UnconditionalBranch && ReferenceIn(function, instruction) is { } r && r.Target != function);

    private static bool Writes(in Instruction instruction, Register register) =>
        instruction.OpCount > 0 && instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == register
        && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Push);

    private static bool TakesLine(Element function, Instruction[] code, int constant, int call, int position)
    {
        var callee = ReferenceIn(function, code[call]) is { } target ? target.External?.Name ?? target.Target?.Name ?? "" : "";
        if (LineArgument.TryGetValue(callee, out var wanted))
        {
            return wanted.Contains(position);
        }
        if (position == 0)
        {
            return false;
        }
        var names = new NamesInRegisters(function);
        for (var i = Math.Max(0, constant - Reach); i < constant; i++)
        {
            names.Step(code[i]);
        }
        for (var i = constant; i != call; i = Next(code, i))
        {
            names.Step(code[i]);
        }
        return position < ArgumentRegisters.Length
            ? names.Contains(ArgumentRegisters[position - 1])
            : names.OnStack || names.Contains(ArgumentRegisters[^1]);
    }

    /// <summary>Which registers hold a file, function or module name.</summary>
    private sealed class NamesInRegisters(Element function)
    {
        private readonly HashSet<Register> _registers = [];

        /// <summary>Whether one was put on the stack; the order of arguments there is not followed up.</summary>
        public bool OnStack { get; private set; }

        public bool Contains(Register register) => _registers.Contains(register);

        public void Step(in Instruction instruction)
        {
            if (instruction.FlowControl == FlowControl.Call)
            {
                _registers.ExceptWith(ArgumentRegisters);
                OnStack = false;
                return;
            }
            if (instruction.Mnemonic is not (Mnemonic.Mov or Mnemonic.Lea or Mnemonic.Push))
            {
                return;
            }
            var source = instruction.OpCount - 1;
            var isName = ReferenceIn(function, instruction) is { Target: { } target } ? IsName(function, target)
                : instruction.GetOpKind(source) == OpKind.Register && _registers.Contains(instruction.GetOpRegister(source).GetFullRegister());
            if (instruction.Mnemonic == Mnemonic.Push || instruction.Op0Kind == OpKind.Memory)
            {
                OnStack |= isName && (instruction.Mnemonic == Mnemonic.Push || instruction.MemoryBase == Register.RSP);
            }
            else if (isName)
            {
                _registers.Add(instruction.Op0Register.GetFullRegister());
            }
            else
            {
                _registers.Remove(instruction.Op0Register.GetFullRegister());
            }
        }
    }

    /// <summary>Whether it is the text of a file's or function's name. To clang __func__ is a literal like any other; the function's own name tells it.</summary>
    private static bool IsName(Element function, Element target) => target.Kind == ElementKind.Literal
        ? target.Bytes.TrimEnd((byte)0) is var text && (text.EndsWith(".c"u8) || text.EndsWith(".h"u8)
            || text.SequenceEqual(System.Text.Encoding.ASCII.GetBytes(function.Name.Split('.')[0])))
        : target.Key is "__func__" or "__FUNCTION__" or "__PRETTY_FUNCTION__" or "_acpi_module_name";

    private static Reference? ReferenceIn(Element function, in Instruction instruction)
    {
        var (start, end) = ((int)instruction.IP, (int)instruction.NextIP);
        foreach (var reference in function.References)
        {
            if (reference.Offset >= start && reference.Offset < end)
            {
                return reference;
            }
        }
        return null;
    }
}
