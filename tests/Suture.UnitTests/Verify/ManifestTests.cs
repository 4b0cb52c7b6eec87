using Shouldly;
using Suture.Verify;
using Xunit;

namespace Suture.UnitTests.Verify;

/// <summary>The record that a module carries is as hostile as the module.</summary>
public class ManifestTests
{
    private static readonly ExpectedPiece Piece = new("u.c", "vmlinux", PieceKind.Function, "f", ".text.f", true, 0, 2, "90c3", [new ExpectedReference(0, 2, -4, 0, null)],
        [new ExpectedEntry(".smp_locks", "", [new ExpectedReference(0, 2, 0, 0, null)])]);

    private static readonly Manifest Good = new()
    {
        Format = Manifest.CurrentFormat,
        Module = "suture_m",
        Release = "6.1.0",
        BuildId = "00",
        Replace = true,
        Layout = new PatchLayout(200, 0, 8, 16, 112, 0, 8, 120, 0, 8, 16, [16, 24, 32, 40], 24, 24, 0, 8, 16),
        EntrySizes = new() { [".smp_locks"] = 4 },
        Replacements = [new Replacement("vmlinux", "f", 0, "", 0)],
        Callbacks = [new ExpectedCallback("vmlinux", 0, 0)],
        States = [new ExpectedState(1, 1, null)],
        Pieces = [Piece],
        Running = [],
        Info = [],
        Objtool = [],
    };

    public static TheoryData<string> Names() => [.. Damaged.Keys];

    private static readonly Dictionary<string, Manifest> Damaged = new()
    {
        ["format"] = Good with { Format = Manifest.CurrentFormat + 1 },
        ["size of nothing"] = Good with { EntrySizes = new() { [".smp_locks"] = 0 } },
        ["negative size"] = Good with { EntrySizes = new() { [".smp_locks"] = -4 } },
        ["no hexadecimal"] = Good with { Pieces = [Piece with { Bytes = "9g" }] },
        ["half a byte"] = Good with { Pieces = [Piece with { Bytes = "9" }] },
        ["no such piece"] = Good with { Replacements = [new Replacement("vmlinux", "f", 0, "", 1)] },
        ["no such callback"] = Good with { Callbacks = [new ExpectedCallback("vmlinux", 0, -1)] },
        ["no such kind"] = Good with { Callbacks = [new ExpectedCallback("vmlinux", 4, 0)] },
        ["no such data"] = Good with { States = [new ExpectedState(1, 1, 9)] },
        ["reference to nowhere"] = Good with { Pieces = [Piece with { References = [new ExpectedReference(0, 2, 0, 7, null)] }] },
        ["reference to no symbol"] = Good with { Pieces = [Piece with { References = [new ExpectedReference(0, 2, 0, null, 0)] }] },
        ["entry without a place"] = Good with { Pieces = [Piece with { Entries = [new ExpectedEntry(".smp_locks", "", [])] }] },
        ["field outside"] = Good with { Layout = Good.Layout with { FuncOldSymPos = 116 } },
        ["missing list"] = Good with { Pieces = [Piece with { References = null! }] },
        ["missing piece"] = Good with { Pieces = [null!] },
    };

    [Fact]
    public void A_good_one_is_read_back() =>
        Manifest.Read(Good.ToBytes(), "m.ko").ToBytes().ShouldBe(Good.ToBytes());

    [Theory]
    [MemberData(nameof(Names))]
    public void A_damaged_one_is_refused_with_words(string name) =>
        Should.Throw<DamagedFileException>(() => Manifest.Read(Damaged[name].ToBytes(), "m.ko")).Message.ShouldStartWith("m.ko: .suture.manifest: ");
}
