using Iced.Intel;

namespace Suture.Diff.Model;

/// <summary>What code does with data that it refers to, from harmless to binding.</summary>
public enum DataUse
{
    /// <summary>Reads it in place.</summary>
    Read,
    /// <summary>Hands its address to a call, or the use cannot be followed.</summary>
    Passed,
    /// <summary>Stores its address or compares with it: others know the data by its address.</summary>
    Kept,
    /// <summary>Writes to it.</summary>
    Written,
}

/// <summary>Follows the address of data through the straight line of code behind each reference.</summary>
public sealed class DataAccess
{
    /// <summary>Instructions after which an address is given up on: most uses are near, and code may come from anywhere.</summary>
    private const int Reach = 1024;

    private readonly ILookup<Element, Reference> _uses;
    private readonly Instruction[] _code;

    /// <summary>Decodes <paramref name="function"/> once, for all questions about it.</summary>
    public DataAccess(Element function)
    {
        ArgumentNullException.ThrowIfNull(function);
        _uses = function.References.Where(r => r.Target is not null).ToLookup(r => r.Target!);
        _code = InstructionLayout.Decode(function.Bytes.ToArray(), function.Prefix);
    }

    /// <summary>The most binding of the function's uses of <paramref name="data"/>; null when it does not refer to it.</summary>
    public DataUse? Of(Element data) => Most(data, isTable: false);

    /// <summary>
    /// The same for a table of addresses: what is done with the addresses that are read from it counts as well. Those that cannot be
    /// followed are <see cref="DataUse.Passed"/>.
    /// </summary>
    public DataUse? OfTable(Element data) => Most(data, isTable: true);

    private DataUse? Most(Element data, bool isTable)
    {
        DataUse? most = null;
        foreach (var reference in _uses[data])
        {
            var use = Of(reference, isTable);
            most = most is null || use > most ? use : most;
        }
        return most;
    }

    private DataUse Of(Reference reference, bool isTable)
    {
        var at = InstructionLayout.LastAtOrBefore(_code, reference.Offset);
        if (at < 0 || _code[at].IsInvalid)
        {
            return DataUse.Passed;
        }
        var instruction = _code[at];
        // The field is the address of a memory operand or, failing that, a constant.
        var isMemory = instruction.MemoryDisplSize != 0 && IsDisplacement(reference, instruction);
        if (isMemory && instruction.Mnemonic != Mnemonic.Lea)
        {
            return WritesMemory(instruction) ? DataUse.Written : isTable ? Loaded(at) : DataUse.Read;
        }
        if (instruction.Mnemonic is Mnemonic.Lea or Mnemonic.Mov or Mnemonic.Add && instruction.Op0Kind == OpKind.Register)
        {
            return Follow(at + 1, instruction.Op0Register.GetFullRegister(), isTable);
        }
        // Pushed or stored on the stack it is an argument; stored elsewhere or compared, somebody keeps it.
        return instruction.Mnemonic == Mnemonic.Push || (instruction.Mnemonic == Mnemonic.Mov && instruction.MemoryBase is Register.RSP)
            ? DataUse.Passed : DataUse.Kept;
    }

    /// <summary>What is done with an address that the instruction may read from a table: what is narrower is none, nor what is compared with a number.</summary>
    private DataUse Loaded(int at)
    {
        var load = _code[at];
        return load.MemorySize.GetSize() != sizeof(ulong) || load.Mnemonic == Mnemonic.Test ? DataUse.Read
            : load is { Mnemonic: Mnemonic.Mov, Op0Kind: OpKind.Register } ? Follow(at + 1, load.Op0Register.GetFullRegister(), isTable: false)
            : load.Mnemonic != Mnemonic.Cmp ? DataUse.Passed
            : load.Op0Kind == OpKind.Register || load.Op1Kind == OpKind.Register ? DataUse.Kept : DataUse.Read;
    }

    private DataUse Follow(int at, Register register, bool isTable)
    {
        var loaded = DataUse.Read;
        for (var i = at; i < _code.Length && i < at + Reach; i++)
        {
            var instruction = _code[i];
            if (instruction.IsInvalid || instruction.IsStringInstruction || instruction.FlowControl != FlowControl.Next)
            {
                return loaded > DataUse.Passed ? loaded : DataUse.Passed;
            }
            if (instruction.MemoryBase.GetFullRegister() == register || instruction.MemoryIndex.GetFullRegister() == register)
            {
                if (instruction.Mnemonic == Mnemonic.Lea)
                {
                    return DataUse.Passed;
                }
                if (WritesMemory(instruction))
                {
                    return DataUse.Written;
                }
                if (isTable && Loaded(i) is var use && use > loaded)
                {
                    loaded = use;
                }
            }
            else if (instruction.Mnemonic is Mnemonic.Cmp && HasRegister(instruction, register))
            {
                return DataUse.Kept;
            }
            else if (instruction.OpCount == 2 && instruction.Op1Kind == OpKind.Register && instruction.Op1Register.GetFullRegister() == register)
            {
                return instruction.Op0Kind == OpKind.Memory && instruction.MemoryBase is not Register.RSP ? DataUse.Kept : DataUse.Passed;
            }
            if (instruction.OpCount > 0 && instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == register
                && instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Movsxd or Mnemonic.Lea or Mnemonic.Pop)
            {
                return loaded;
            }
        }
        return loaded > DataUse.Passed ? loaded : DataUse.Passed;
    }

    private bool IsDisplacement(Reference reference, in Instruction instruction)
    {
        // An immediate stands behind the displacement, at the end of the instruction.
        var immediate = instruction.Op1Kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64 && instruction.OpCount > 1;
        return !immediate || reference.Offset + reference.Width < (int)instruction.NextIP;
    }

    private static bool HasRegister(in Instruction instruction, Register register) =>
        (instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == register)
        || (instruction.Op1Kind == OpKind.Register && instruction.Op1Register.GetFullRegister() == register);

    private static bool WritesMemory(in Instruction instruction) => instruction.Op0Kind == OpKind.Memory
        && instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Push or Mnemonic.Call or Mnemonic.Jmp or Mnemonic.Bt
            or Mnemonic.Prefetchw or Mnemonic.Prefetcht0 or Mnemonic.Prefetchnta or Mnemonic.Mul or Mnemonic.Imul or Mnemonic.Div or Mnemonic.Idiv
            or Mnemonic.Nop);
}
