using System.Buffers.Binary;
using Shouldly;
using Suture.Host.Memory;
using Suture.Module;
using Suture.UnitTests.Module;
using Xunit;

namespace Suture.UnitTests.Host.Memory;

/// <summary>The code in memory against what a livepatch was built against: each way it can end, as a value.</summary>
public sealed class RunningCodeTests : IDisposable
{
    private const int Size = 48;
    private const string Mask = "0+5,14+4";

    private readonly FakeMemory _host = new(
        "0000000000000000 A fixed_percpu_data",
        "ffffffff81000100 T first",
        "ffffffff81000200 t twice",
        "ffffffff81000300 t twice",
        "ffffffff81000ff0 t at_the_end",
        "ffffffff81000400 t first\t[tun]",
        "ffffffffc0000000 t far\t[tun]");

    public void Dispose() => _host.Dispose();

    private NoteFunction Function(string owner, string name, int sympos, int offset) =>
        new(owner, name, sympos, Size, CodeMask.Digest(_host.Memory.Slice(offset, Size), Mask), Mask);

    private FunctionCode Check(NoteFunction function) => new RunningCode(_host.Paths).Check(SmallModule.Note with { Functions = [function] }).ShouldHaveSingleItem();

    [Fact]
    public void What_is_there_is_identical_by_object_name_and_position()
    {
        NoteFunction[] functions =
        [
            Function("vmlinux", "first", 0, 0x100), Function("vmlinux", "first", 1, 0x100), Function("vmlinux", "twice", 1, 0x200),
            Function("vmlinux", "twice", 2, 0x300), Function("tun", "first", 0, 0x400),
        ];
        var found = new RunningCode(_host.Paths).Check(SmallModule.Note with { Functions = functions });
        found.Select(f => f.Function).ShouldBe(functions);
        found.ShouldAllBe(f => f.State == CodeState.Identical);
        Check(Function("vmlinux", "twice", 2, 0x200)).State.ShouldBe(CodeState.Different);
    }

    [Fact]
    public void A_masked_byte_may_change_and_no_other()
    {
        var function = Function("vmlinux", "first", 0, 0x100);
        for (var at = 0; at < Size; at++)
        {
            _host.Memory[0x100 + at] ^= 1;
            _host.WriteCore();
            Check(function).State.ShouldBe(at is < 5 or >= 0x14 and < 0x18 ? CodeState.Identical : CodeState.Different, $"byte {at}");
            _host.Memory[0x100 + at] ^= 1;
        }
    }

    [Fact]
    public void What_cannot_be_told_says_why()
    {
        Unreadable(Function("vmlinux", "gone", 0, 0), "0 of that name");
        Unreadable(Function("vmlinux", "twice", 3, 0), "2 of that name");
        Unreadable(Function("vmlinux", "twice", 0, 0), "2 of that name");
        Unreadable(Function("vmlinux", "at_the_end", 0, 0), "48 bytes");
        Unreadable(Function("tun", "far", 0, 0), "48 bytes");
        Check(new NoteFunction("vmlinux", "first", 0)).State.ShouldBe(CodeState.NoDigest);
        Check(Function("xfs", "first", 0, 0)).State.ShouldBe(CodeState.NotLoaded);
    }

    [Fact]
    public void Hidden_addresses_are_not_taken_for_code()
    {
        File.WriteAllText(_host.Paths.Symbols, "0000000000000000 T first\n0000000000000000 t twice\n");
        Unreadable(Function("vmlinux", "first", 0, 0x100), "kptr_restrict");
        File.WriteAllText(_host.Paths.Symbols, "");
        Unreadable(Function("vmlinux", "first", 0, 0x100), "kptr_restrict");
        File.Delete(_host.Paths.Symbols);
        Unreadable(Function("vmlinux", "first", 0, 0x100), "kallsyms");
    }

    [Fact]
    public void Odd_lines_of_the_symbol_list_are_passed_over()
    {
        File.WriteAllText(_host.Paths.Symbols, "\nffffffff81000100\nffffffff81000100 T\nxyz T first\n T first\nffffffff81000100 T first\n");
        Check(Function("vmlinux", "first", 0, 0x100)).State.ShouldBe(CodeState.Identical);
    }

    [Fact]
    public void Without_memory_nothing_is_told()
    {
        var function = Function("vmlinux", "first", 0, 0x100);
        var good = File.ReadAllBytes(_host.Paths.Core);
        // Cut off anywhere, it is no core file or does not reach the function; never more than that.
        foreach (var length in Enumerable.Range(0, 240).Append(good.Length - 0xf00))
        {
            File.WriteAllBytes(_host.Paths.Core, good[..length]);
            Unreadable(function, "kcore");
        }
        var hostile = good.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(hostile.AsSpan(32), ulong.MaxValue);
        File.WriteAllBytes(_host.Paths.Core, hostile);
        Unreadable(function, "kcore");
        hostile = good.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(hostile.AsSpan(64 + 56 + 8), ulong.MaxValue - 1000);
        File.WriteAllBytes(_host.Paths.Core, hostile);
        Unreadable(function, "kcore");
        File.Delete(_host.Paths.Core);
        Unreadable(function, "kcore");
    }

    private void Unreadable(NoteFunction function, string why)
    {
        var found = Check(function);
        found.State.ShouldBe(CodeState.Unreadable);
        found.Detail.ShouldContain(why);
    }
}
