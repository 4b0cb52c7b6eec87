namespace Suture.Diff.Model;

/// <summary>What an instruction does with an address that is written into it.</summary>
public enum OperandUse
{
    /// <summary>It has the address as a value, which may also be that of an end; so has data.</summary>
    Value,
    /// <summary>It reads or writes what is there.</summary>
    Direct,
    /// <summary>It adds a register to it: what is meant may lie behind the address, or before it.</summary>
    Indexed,
}
