using Shouldly;
using Suture.Diff.Model;
using Xunit;

namespace Suture.UnitTests.Diff;

public sealed class InstructionLayoutTests
{
    [Fact]
    public void An_undefined_instruction_of_old_kernels_has_two_bytes()
    {
        // ud0; movl $5, 0(%rip): disassemblers take the c7 for a part of the first.
        byte[] code = [0x0f, 0xff, 0xc7, 0x05, 0, 0, 0, 0, 5, 0, 0, 0];
        InstructionLayout.Operands(code, [4]).ShouldBe([new InstructionLayout.Operand(8, IsBranch: false, OperandUse.Direct)]);
        InstructionLayout.Decode(code, 0).Select(i => (int)i.IP).ShouldBe([0, 2]);
        InstructionLayout.Decode([0x90, 0x0f, 0xff], 0).Select(i => (i.IsInvalid, i.Length)).ShouldBe([(false, 1), (false, 2)]);
    }

    [Theory]
    [InlineData(new byte[] { 0x8b, 0x04, 0x25, 0, 0, 0, 0 }, 3, OperandUse.Direct)] // mov 0, %eax
    [InlineData(new byte[] { 0x8b, 0x04, 0x85, 0, 0, 0, 0 }, 3, OperandUse.Indexed)] // mov 0(,%rax,4), %eax
    [InlineData(new byte[] { 0x8b, 0x80, 0, 0, 0, 0 }, 2, OperandUse.Indexed)] // mov 0(%rax), %eax
    [InlineData(new byte[] { 0x48, 0x8d, 0x04, 0xc5, 0, 0, 0, 0 }, 4, OperandUse.Indexed)] // lea 0(,%rax,8), %rax
    [InlineData(new byte[] { 0x48, 0x8d, 0x05, 0, 0, 0, 0 }, 3, OperandUse.Value)] // lea 0(%rip), %rax
    [InlineData(new byte[] { 0x48, 0xc7, 0x05, 0, 0, 0, 0, 0, 0, 0, 0 }, 7, OperandUse.Value)] // movq $0, 0(%rip)
    public void What_is_done_with_an_address_is_told(byte[] code, int field, OperandUse use) =>
        InstructionLayout.Operands(code, [field]).ShouldHaveSingleItem().Use.ShouldBe(use);
}
