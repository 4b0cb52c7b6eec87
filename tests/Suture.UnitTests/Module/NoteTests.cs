using System.Text;
using Shouldly;
using Suture.Module;
using Xunit;

namespace Suture.UnitTests.Module;

/// <summary>Notes come from files that anybody may have made: what is no note of ours is refused in words, never by another exception.</summary>
public sealed class NoteTests
{
    private static readonly string Good = Encoding.UTF8.GetString(SmallModule.Note.ToJson());

    [Theory]
    [InlineData("\"replace\":true", "\"replace\":null")]
    [InlineData("\"replace\":true,", "")]
    [InlineData("\"buildId\":", "\"other\":")]
    [InlineData("\"version\":\"2.1\"", "\"version\":null")]
    [InlineData("\"version\":\"2.1\"", "\"version\":\"-rf\"")]
    [InlineData("\"name\":\"small\"", "\"name\":\"../small\\n\"")]
    [InlineData("\"module\":\"suture_small\"", "\"module\":\"a/b\"")]
    [InlineData("\"title\":\"tcp", "\"title\":\"\\u001b[2J")]
    [InlineData("CVE-2026-12345", "no CVE")]
    [InlineData("[\"CVE-2026-12345\"]", "null")]
    [InlineData("[\"CVE-2026-12345\"]", "[null]")]
    [InlineData("\"buildId\":\"aa", "\"buildId\":\"xx")]
    [InlineData("\"sympos\":2", "\"sympos\":-2")]
    [InlineData("\"sympos\":2", "\"sympos\":4294967296")]
    [InlineData("\"size\":32", "\"size\":2000000000")]
    [InlineData("\"size\":32", "\"size\":-1")]
    [InlineData("\"size\":32", "\"size\":12")]
    [InlineData("\"mask\":\"0+5", "\"mask\":\"0+-5")]
    [InlineData("\"mask\":\"0+5", "\"mask\":\"ffffffff+5")]
    [InlineData("\"mask\":\"0+5,a\\u002B4\"", "\"mask\":null")]
    [InlineData("\"fixes\":3", "\"fixes\":30")]
    [InlineData("\"format\":1", "\"format\":2")]
    [InlineData("}]", "},null]")]
    [InlineData("{", "[")]
    public void A_hostile_note_is_refused(string from, string to)
    {
        var text = Good.Replace("\\u002B", "+", StringComparison.Ordinal);
        from = from.Replace("\\u002B", "+", StringComparison.Ordinal);
        text.ShouldContain(from);
        LivepatchNote.FromJson(Encoding.UTF8.GetBytes(text), out _).ShouldNotBeNull();
        LivepatchNote.FromJson(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal)), out var fault).ShouldBeNull();
        fault.ShouldNotBeEmpty();
    }

    [Fact]
    public void Deep_nesting_and_nothing_at_all_are_refused()
    {
        LivepatchNote.FromJson(Encoding.UTF8.GetBytes("{\"x\":" + new string('[', 100_000)), out var fault).ShouldBeNull();
        fault.ShouldNotBeEmpty();
        LivepatchNote.FromJson([], out fault).ShouldBeNull();
        fault.ShouldNotBeEmpty();
        LivepatchNote.FromJson("null"u8, out fault).ShouldBeNull();
        fault.ShouldNotBeEmpty();
    }

    [Fact]
    public void A_damaged_note_section_gives_no_description_or_another_one()
    {
        var section = NoteSection.Write(SmallModule.Note);
        Encoding.UTF8.GetString(NoteSection.Description(section)).ShouldBe(Good);
        NoteSection.SealOffset(section).ShouldNotBeNull();
        for (var at = 0; at < section.Length; at++)
        {
            foreach (var value in (byte[])[0, 1, 0x7f, 0x80, 0xff])
            {
                var bad = section.ToArray();
                bad[at] = value;
                NoteSection.Description(bad).Length.ShouldBeLessThanOrEqualTo(section.Length);
                (NoteSection.SealOffset(bad) ?? 0).ShouldBeLessThanOrEqualTo(section.Length - ModuleSeal.Bytes);
            }
            NoteSection.Description(section.AsSpan(0, at));
            NoteSection.SealOffset(section.AsSpan(0, at)).ShouldBeNull();
        }
    }

    [Fact]
    public void Masks_join_what_touches_and_are_read_back()
    {
        var mask = CodeMask.Of([(16, 4), (0, 5), (18, 6), (5, 1), (40, 0)]);
        mask.ShouldBe("0+6,10+8");
        CodeMask.Parse(mask, 24).ShouldBe([(0, 6), (16, 8)]);
        CodeMask.Parse(mask, 23).ShouldBeNull();
        CodeMask.Parse("", 0).ShouldBe([]);
    }

    [Fact]
    public void Masked_bytes_do_not_count_and_all_others_do()
    {
        var code = Enumerable.Range(1, 64).Select(i => (byte)i).ToArray();
        const string mask = "4+8,30+4";
        var digest = CodeMask.Digest(code, mask);
        for (var at = 0; at < code.Length; at++)
        {
            var other = code.ToArray();
            other[at] ^= 0x10;
            (CodeMask.Digest(other, mask) == digest).ShouldBe(at is >= 4 and < 12 or >= 0x30 and < 0x34, $"byte {at}");
        }
    }
}
