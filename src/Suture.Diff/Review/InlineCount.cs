using System.Globalization;
using Iced.Intel;
using Suture.Diff.Model;

namespace Suture.Diff.Review;

/// <summary>
/// Instructions that count references without a call: locked ones (atomic_t, refcount_t), and those on a counter of each processor that a pointer leads to
/// (percpu_ref, the counts of network devices and mounts). Each has a name, as functions have.
/// </summary>
internal static class InlineCount
{
    private const string Locked = "lock ";
    private const string PerProcessor = "percpu ";
    private const string Unknown = "?";

    /// <summary>How many instructions before an addition what is added is looked for.</summary>
    private const int MostBefore = 40;

    private static readonly InstructionInfoFactory Registers = new();

    /// <summary>Whether <paramref name="name"/> is that of an instruction.</summary>
    public static bool IsName(string name) => name.StartsWith(Locked, StringComparison.Ordinal) || IsPerProcessor(name);

    /// <summary>Whether the count is one of each processor.</summary>
    public static bool IsPerProcessor(string name) => name.StartsWith(PerProcessor, StringComparison.Ordinal);

    /// <summary>Whether it counts down.</summary>
    public static bool IsDown(string name) => IsName(name) && (name.Contains(" dec", StringComparison.Ordinal) || name.Contains('-') != name.Contains(" sub", StringComparison.Ordinal));

    /// <summary>Whether it counts up, or nobody knows.</summary>
    public static bool IsUp(string name) => IsName(name) && !IsDown(name);

    /// <summary>
    /// The name of the instruction at <paramref name="at"/>: null when it counts nothing; when it is told what is added, that is part of the name. Barriers (on the stack) and
    /// bits are no counts; what is behind a displacement from a pointer to data of each processor is one of many statistics.
    /// </summary>
    public static string? Of(ControlFlow flow, int at)
    {
        var instruction = flow.Instructions[at];
        var isLocked = instruction.HasLockPrefix && instruction.MemoryBase != Register.RSP;
        var onEach = instruction is { SegmentPrefix: Register.GS, Op0Kind: OpKind.Memory, MemoryIndex: Register.None, MemoryDisplacement64: 0 }
            && instruction.MemoryBase is not (Register.None or Register.RIP or Register.RSP);
        if (!isLocked && !onEach)
        {
            return null;
        }
        var kind = isLocked ? Locked : PerProcessor;
        return instruction.Mnemonic switch
        {
            Mnemonic.Inc => kind + "inc",
            Mnemonic.Dec => kind + "dec",
            Mnemonic.Xadd => $"{kind}xadd {Text(Added(flow, at, instruction.Op1Register.GetFullRegister()))}",
            Mnemonic.Add => $"{kind}add {Text(Number(flow, at))}",
            Mnemonic.Sub => $"{kind}sub {Text(Number(flow, at))}",
            _ => null,
        };
    }

    /// <summary>Whether what an instruction of this name adds is known.</summary>
    public static bool IsKnown(string name) => !name.EndsWith(Unknown, StringComparison.Ordinal);

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? Unknown;

    private static long? Number(ControlFlow flow, int at)
    {
        var instruction = flow.Instructions[at];
        return instruction.Op1Kind != OpKind.Register ? (long)instruction.GetImmediate(1) : Added(flow, at, instruction.Op1Register.GetFullRegister());
    }

    /// <summary>The number that an instruction before <paramref name="at"/>, on the only way there, moved into <paramref name="register"/>; null when something else was.</summary>
    private static long? Added(ControlFlow flow, int at, Register register)
    {
        for (var before = at; before > Math.Max(0, at - MostBefore) && !flow.IsTarget(before);)
        {
            var instruction = flow.Instructions[--before];
            if (flow.Calls[before] is not null || instruction.FlowControl is FlowControl.Call or FlowControl.IndirectCall)
            {
                return null;
            }
            lock (Registers)
            {
                if (Registers.GetInfo(instruction).GetUsedRegisters().Any(r => r.Register.GetFullRegister() == register
                    && r.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite))
                {
                    return instruction.Mnemonic == Mnemonic.Mov && instruction.Op1Kind is not (OpKind.Register or OpKind.Memory) ? (int)instruction.GetImmediate(1) : null;
                }
            }
        }
        return null;
    }
}
