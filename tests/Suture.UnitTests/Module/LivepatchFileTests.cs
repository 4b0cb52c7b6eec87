using System.Buffers.Binary;
using System.Text;
using Shouldly;
using Suture.Module;
using Xunit;

namespace Suture.UnitTests.Module;

/// <summary>A module file is taken when it is whole, and only then; nothing in it makes the reader fail in another way than by saying so.</summary>
public sealed class LivepatchFileTests
{
    private static LivepatchFile Read(byte[] bytes) => LivepatchFile.Read(bytes, "small.ko");

    private static ModuleFault FaultOf(byte[] bytes) => Should.Throw<ModuleFileException>(() => Read(bytes)).Fault;

    [Fact]
    public void What_was_written_is_read()
    {
        var file = Read(SmallModule.Sealed());
        file.IsSigned.ShouldBeFalse();
        file.Note.ToJson().ShouldBe(SmallModule.Note.ToJson());
        file.Note.Functions.ShouldBe(SmallModule.Note.Functions);
        SmallModule.Sealed().ShouldBe(SmallModule.Sealed());
    }

    [Fact]
    public void Each_flipped_bit_is_found()
    {
        var good = SmallModule.Sealed();
        Read(good);
        for (var bit = 0; bit < good.Length * 8; bit++)
        {
            var bad = good.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Read(bad);
                Assert.Fail($"bit {bit % 8} of byte 0x{bit / 8:x} of {good.Length:x} was flipped, and nobody noticed");
            }
            catch (ModuleFileException)
            {
            }
        }
    }

    [Fact]
    public void Each_truncation_is_found()
    {
        var good = SmallModule.Sealed();
        for (var length = 0; length < good.Length; length++)
        {
            Should.Throw<ModuleFileException>(() => Read(good[..length]), $"cut to {length} bytes");
        }
        FaultOf([.. good, 0]).ShouldBe(ModuleFault.Damaged);
    }

    [Fact]
    public void A_signature_behind_it_is_no_damage()
    {
        var file = Read(Signed(SmallModule.Sealed(), 300));
        file.IsSigned.ShouldBeTrue();
        file.Note.Name.ShouldBe("small");
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(int.MaxValue)]
    [InlineData(1000u)]
    [InlineData(0u)]
    public void A_signature_of_impossible_length_is_damage(uint length)
    {
        var bytes = Signed(SmallModule.Sealed(), 300);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - 32), length);
        FaultOf(bytes).ShouldBe(ModuleFault.Damaged);
    }

    [Fact]
    public void A_signature_that_claims_the_note_is_damage_even_with_a_seal_to_match()
    {
        var module = SmallModule.Sealed();
        var note = module.AsSpan().IndexOf("Suture\0"u8) - 12;
        var bytes = Signed(module, 300);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - 32), (uint)(bytes.Length - 40 - note));
        var seal = note + NoteSection.SealOffset(bytes.AsSpan(note, NoteSection.Write(SmallModule.Note).Length))!.Value;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(seal), note);
        FaultOf(bytes).ShouldBe(ModuleFault.Damaged);
    }

    [Fact]
    public void What_is_no_livepatch_or_not_ours_is_told_apart_from_damage()
    {
        FaultOf(SmallModule.Unsealed(null)).ShouldBe(ModuleFault.NotOurs);
        FaultOf(SmallModule.Unsealed(null, "license=GPL\0")).ShouldBe(ModuleFault.NotLivepatch);
        FaultOf(SmallModule.Sealed(info: "license=GPL\0")).ShouldBe(ModuleFault.NotLivepatch);
        FaultOf(SmallModule.Sealed(SmallModule.Note with { Format = LivepatchNote.CurrentFormat + 1 })).ShouldBe(ModuleFault.NotOurs);
        FaultOf(SmallModule.Unsealed(NoteSection.Write(SmallModule.Note))).ShouldBe(ModuleFault.Damaged);
        FaultOf(SmallModule.Sealed(SmallModule.Note with { Module = "suture_other" })).ShouldBe(ModuleFault.Damaged);
        FaultOf(Encoding.ASCII.GetBytes("no module at all")).ShouldBe(ModuleFault.Damaged);
        FaultOf([]).ShouldBe(ModuleFault.Damaged);
    }

    private static byte[] Signed(byte[] module, int length)
    {
        var trailer = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(trailer.AsSpan(8), (uint)length);
        return [.. module, .. new byte[length], .. trailer, .. "~Module signature appended~\n"u8];
    }
}
