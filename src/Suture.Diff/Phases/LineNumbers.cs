using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Phases;

/// <summary>
/// Tells changes of <c>__LINE__</c> from real ones. Lines added above a function reach its code as constants that
/// macros pass on (might_sleep, ASSERT_RTNL, ext4_error): a constant counts as a line number when the call
/// that takes it is known to want one there, or gets the name of a source file in the argument before. After the name of a function
/// it counts as one if lines known for sure (of this function, else of the file) moved as far (<see cref="LineMoves"/>).
/// </summary>
internal static class LineNumbers
{
    /// <summary>No code stands above the licence and the first includes.</summary>
    private const ulong FirstLine = 10;

    private const ulong LastLine = 1 << 20;

    /// <summary>Instructions between a constant and the call that takes it; compilers load arguments close to calls.</summary>
    private const int Reach = 48;

    /// <summary>Conditional branches on the way of which both sides are followed.</summary>
    private const int Forks = 4;

    private static readonly Register[] ArgumentRegisters =
        [Register.RDI, Register.RSI, Register.RDX, Register.RCX, Register.R8, Register.R9];

    /// <summary>Functions that take a line number without a name before it, and the positions it has had (6: on the stack).</summary>
    private static readonly Dictionary<string, int[]> LineArgument = new(StringComparer.Ordinal)
    {
        ["__ext4_journal_start_sb"] = [1, 2],
        ["__ext4_journal_start"] = [1],
        ["__ext4_journal_start_reserved"] = [1],
        ["__ext4_new_inode"] = [6],
        ["__check_block_validity"] = [1, 2],
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

    /// <summary>Functions that take the name of their caller and a line after it, by how their names begin: the name of one that was inlined is a plain text with clang.</summary>
    private static readonly string[] TellCallers = ["__ext4_", "__btrfs_"];

    /// <summary>Whether two texts are alike but for a line number at the end: "fs/foo.c:120".</summary>
    public static bool SameText(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var text = WithoutLine(a);
        return text.Length > 0 && text.SequenceEqual(WithoutLine(b));
    }

    /// <summary>Two functions that differ in nothing but what may be line numbers.</summary>
    /// <param name="Alignment">Which place of one is which of the other: a constant may take more bytes.</param>
    /// <param name="Sure">By how much lines moved that are known for sure.</param>
    /// <param name="Likely">What are likely lines, before and now.</param>
    public sealed record LineChange(CodeAlignment Alignment, IReadOnlySet<long> Sure, IReadOnlyList<(ulong Before, ulong Now)> Likely)
    {
        /// <summary>Whether what is likely a line is one: the function's own lines say so, else those of its file.</summary>
        public bool IsBorneOut(IReadOnlySet<long> moves) => Likely.All(l => (Sure.Count > 0 ? Sure : moves).Contains((long)(l.Now - l.Before)));
    }

    /// <summary>
    /// What may be line numbers where <paramref name="patched"/> differs from <paramref name="original"/>. Null when it differs in more.
    /// </summary>
    public static LineChange? Differences(Element original, Element patched)
    {
        if (original.Prefix != patched.Prefix || original.References.Count != patched.References.Count
            || !original.Bytes[..original.Prefix].SequenceEqual(patched.Bytes[..patched.Prefix]))
        {
            return null;
        }
        var (before, after) = (Masked(original), Masked(patched));
        var (code, other) = (InstructionLayout.Decode(before, original.Prefix), InstructionLayout.Decode(after, patched.Prefix));
        if (code.Length != other.Length)
        {
            return null;
        }
        var alignment = new CodeAlignment(code, other);
        var sure = Moves(original, patched).ToHashSet();
        var likely = new List<(ulong, ulong)>();
        // A macro may pass its line twice, once where nothing tells what it is.
        var (lines, others) = (new HashSet<(ulong, ulong)>(), new HashSet<(ulong, ulong)>());
        for (var i = 0; i < code.Length; i++)
        {
            var (a, b) = (code[i], other[i]);
            var same = before.AsSpan((int)a.IP, a.Length).SequenceEqual(after.AsSpan((int)b.IP, b.Length)) || alignment.IsSameBranch(a, b);
            if (same)
            {
                continue;
            }
            if (!DifferInConstant(a, b))
            {
                return null;
            }
            var values = (Before: a.GetImmediate(a.OpCount - 1), Now: b.GetImmediate(b.OpCount - 1));
            var certainty = LineAt(patched, other, i);
            (certainty == Certainty.No ? others : lines).Add(values);
            if (certainty == Certainty.Sure)
            {
                sure.Add((long)(values.Now - values.Before));
            }
            else if (certainty == Certainty.Likely)
            {
                likely.Add(values);
            }
        }
        return others.IsSubsetOf(lines) ? new LineChange(alignment, sure, likely) : null;
    }

    /// <summary>By how much the lines in the bug table's entries for a function moved. Those of functions inlined from headers are no measure.</summary>
    public static IEnumerable<long> Moves(Element original, Element patched)
    {
        var (before, after) = (Lines(original), Lines(patched));
        return before.Count == after.Count ? before.Zip(after, (a, b) => (long)b - a) : [];

        static List<int> Lines(Element function) => function.Entries.FindAll(e => e.Section.Name == "__bug_table" && e.SourceLine.Width == sizeof(ushort)
                && e.References.Exists(r => r.Target is { Kind: ElementKind.Literal } file && file.Bytes.TrimEnd((byte)0).EndsWith(".c"u8)))
            .ConvertAll(e => (int)BinaryPrimitives.ReadUInt16LittleEndian(e.Bytes[e.SourceLine.Offset..]));
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

    /// <summary>Whether two instructions that store or load a constant differ in nothing but its value, and it may be a line.</summary>
    private static bool DifferInConstant(in Instruction a, in Instruction b)
    {
        if (a.IsInvalid || a.Mnemonic != b.Mnemonic || !(a.Mnemonic == Mnemonic.Push || (a.Mnemonic == Mnemonic.Mov && a.Code == b.Code)))
        {
            return false;
        }
        var operand = a.OpCount - 1;
        if (!IsImmediate(a.GetOpKind(operand)) || !IsImmediate(b.GetOpKind(operand)) || a.GetImmediate(operand) is not (>= FirstLine and < LastLine)
            || b.GetImmediate(operand) is not (>= FirstLine and < LastLine))
        {
            return false;
        }
        return operand == 0 || (a.Op0Kind == b.Op0Kind && a.Op0Register == b.Op0Register && a.MemoryBase == b.MemoryBase
            && a.MemoryIndex == b.MemoryIndex && a.MemoryDisplacement64 == b.MemoryDisplacement64);
    }

    private static bool IsImmediate(OpKind kind) => kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;

    /// <summary>Whether a constant is a line number.</summary>
    private enum Certainty
    {
        No,
        Likely,
        Sure,
    }

    private static Certainty LineAt(Element function, Instruction[] code, int at)
    {
        var position = PositionOf(code[at]);
        return position >= 0 ? ReachesCall(function, code, [at], position, Forks) : Certainty.No;
    }

    /// <summary>Follows the constant at the start of <paramref name="path"/> to the call that takes it, on both ways of a branch.</summary>
    private static Certainty ReachesCall(Element function, Instruction[] code, List<int> path, int position, int forks)
    {
        var at = path[0];
        for (var i = path[^1]; i >= 0 && i < code.Length && path.Count < Reach; path.Add(i))
        {
            if (IsCall(function, code[i]))
            {
                return TakesLine(function, code, path, position);
            }
            if (i != at && position < ArgumentRegisters.Length && Writes(code[i], ArgumentRegisters[position]))
            {
                return Certainty.No;
            }
            if (code[i].FlowControl == FlowControl.ConditionalBranch && forks > 0 && InstructionLayout.IndexOf(code, code[i].NearBranchTarget) is >= 0 and var taken
                && ReachesCall(function, code, [.. path, taken], position, forks - 1) is not Certainty.No and var certainty)
            {
                return certainty;
            }
            i = Next(code, i);
        }
        return Certainty.No;
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
        // What is stored on the stack by other means may as well be a local variable.
        return -1;
    }

    /// <summary>The instruction that runs after number <paramref name="i"/>, jumps followed; -1 when it is not in this function.</summary>
    private static int Next(Instruction[] code, int i)
    {
        if (code[i].FlowControl is FlowControl.Next or FlowControl.ConditionalBranch)
        {
            return i + 1;
        }
        return code[i].FlowControl == FlowControl.UnconditionalBranch ? InstructionLayout.IndexOf(code, code[i].NearBranchTarget) : -1;
    }

    /// <summary>Whether control goes to another function: a call, or a jump in its place at the end.</summary>
    private static bool IsCall(Element function, in Instruction instruction) => instruction.FlowControl == FlowControl.Call
        || (instruction.FlowControl == FlowControl.UnconditionalBranch && ReferenceIn(function, instruction) is { } r && r.Target != function);

    private static bool Writes(in Instruction instruction, Register register) =>
        instruction.OpCount > 0 && instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == register
        && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Push);

    private static Certainty TakesLine(Element function, Instruction[] code, List<int> path, int position)
    {
        var callee = ReferenceIn(function, code[path[^1]]) is { } target ? target.External?.Name ?? target.Target?.Name ?? "" : "";
        if (LineArgument.TryGetValue(callee.Split('.')[0], out var wanted))
        {
            return wanted.Contains(position) ? Certainty.Sure : Certainty.No;
        }
        if (position == 0)
        {
            return Certainty.No;
        }
        var arguments = new Arguments(function);
        for (var i = Math.Max(0, path[0] - Reach); i < path[0]; i++)
        {
            arguments.Step(code[i]);
        }
        path.SkipLast(1).ToList().ForEach(i => arguments.Step(code[i]));
        var after = arguments.Before(position).Select(e => LineAfter(function, e)).DefaultIfEmpty(Certainty.No).Max();
        var (isPrinted, isTold) = (arguments.IsPrintedAfterName(position), Array.Exists(TellCallers, t => callee.StartsWith(t, StringComparison.Ordinal)));
        // The name of a function and what such a callee, or a format, does with it are two signs.
        return after == Certainty.Likely && (isPrinted || isTold) ? Certainty.Sure
            : after == Certainty.No && (isPrinted || (isTold && arguments.Before(position).Any(IsIdentifier))) ? Certainty.Likely : after;
    }

    /// <summary>Which text or data is in which argument of the call to come.</summary>
    private sealed class Arguments(Element function)
    {
        private readonly Dictionary<Register, Element?> _registers = [];
        private readonly List<Element> _pushed = [];

        /// <summary>What may be in the argument before number <paramref name="position"/>; the order of arguments on the stack is not followed up.</summary>
        public IEnumerable<Element> Before(int position) => position < ArgumentRegisters.Length
            ? At(position - 1) is { } one ? [one] : []
            : At(ArgumentRegisters.Length - 1) is { } last ? [.. _pushed, last] : _pushed;

        /// <summary>
        /// Whether an argument is a format that prints number <paramref name="position"/> as "name:number": so are the name of a function that
        /// was inlined, and its line.
        /// </summary>
        public bool IsPrintedAfterName(int position)
        {
            for (var format = 0; format < position - 1 && position < ArgumentRegisters.Length; format++)
            {
                if (At(format) is { Kind: ElementKind.Literal } text && text.Bytes.Contains((byte)'%'))
                {
                    return At(position - 1) is { } name && (name.Kind == ElementKind.Literal || IsFunctionName(name)) && Encoding.Latin1.GetString(text.Bytes) is var words
                        && !words.Contains('*', StringComparison.Ordinal) && words.Replace("%%", "", StringComparison.Ordinal).Split('%') is var conversions
                        && position - format < conversions.Length && conversions[position - format - 1] is "s:" or "s():"
                        && conversions[position - format] is ['d' or 'i' or 'u', ..];
                }
            }
            return false;
        }

        public void Step(in Instruction instruction)
        {
            if (instruction.FlowControl == FlowControl.Call)
            {
                Array.ForEach(ArgumentRegisters, r => _registers.Remove(r));
                _pushed.Clear();
                return;
            }
            if (instruction.Mnemonic is not (Mnemonic.Mov or Mnemonic.Lea or Mnemonic.Push))
            {
                return;
            }
            var source = instruction.OpCount - 1;
            var held = ReferenceIn(function, instruction) is { Target: { } target } ? target
                : instruction.GetOpKind(source) == OpKind.Register ? _registers.GetValueOrDefault(instruction.GetOpRegister(source).GetFullRegister())
                : null;
            if (instruction.Mnemonic == Mnemonic.Push)
            {
                _pushed.AddRange(held is null ? [] : [held]);
            }
            else if (instruction.Op0Kind != OpKind.Memory)
            {
                _registers[instruction.Op0Register.GetFullRegister()] = held;
            }
        }

        private Element? At(int position) => _registers.GetValueOrDefault(ArgumentRegisters[position]);
    }

    private static bool IsIdentifier(Element text) => text.Kind == ElementKind.Literal && text.Bytes.TrimEnd((byte)0) is { Length: > 0 } name
        && !char.IsAsciiDigit((char)name[0]) && !name.ContainsAnyExcept(IdentifierBytes);

    private static readonly SearchValues<byte> IdentifierBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"u8);

    /// <summary>Whether a line number follows <paramref name="argument"/>: sure for the name of a file or a module, likely for that of the function.</summary>
    private static Certainty LineAfter(Element function, Element argument)
    {
        if (argument.Kind != ElementKind.Literal)
        {
            // ACPICA has the name of its module for nothing but to say it with a line (AE_INFO).
            return IsFunctionName(argument) ? Certainty.Likely : argument.Key == "_acpi_module_name" ? Certainty.Sure : Certainty.No;
        }
        var text = argument.Bytes.TrimEnd((byte)0);
        return text.EndsWith(".c"u8) || text.EndsWith(".h"u8) ? Certainty.Sure
            : text.SequenceEqual(Encoding.ASCII.GetBytes(function.SourceName)) ? Certainty.Likely : Certainty.No;
    }

    private static bool IsFunctionName(Element data) => data.Key is "__func__" or "__FUNCTION__" or "__PRETTY_FUNCTION__";

    private static Reference? ReferenceIn(Element function, in Instruction instruction) =>
        function.FirstReference((int)instruction.IP, (int)instruction.NextIP);
}
