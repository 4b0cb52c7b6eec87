using Shouldly;
using Suture.Elf;
using Xunit;

namespace Suture.FixtureTests;

/// <summary>That the fixtures can fail: each expectation made wrong must be noticed, and so must each kind of unsound output.</summary>
public sealed class SensitivityTests
{
    public static TheoryData<string> Names => FixtureTests.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_expectation_made_wrong_is_noticed(string name)
    {
        var fixture = Fixture.Load(name);
        var run = FixtureRun.Of(fixture);
        for (var i = 0; i < fixture.Expectations.Count; i++)
        {
            var expectation = fixture.Expectations[i];
            var last = expectation.Word is "entries" or "bytes" or "prefix" ? "77" : "no_such_name";
            var wrong = expectation with { Values = [.. expectation.Values.SkipLast(1), last] };
            Judge.Differences(With(fixture, i, wrong), run).ShouldNotBeEmpty($"{wrong} in place of {expectation}");
            if (expectation.Word is "verdict" or "changed" or "new" or "data-changed" or "data-new" or "callback" or "state" or "finding")
            {
                Judge.Differences(With(fixture, i, null), run).ShouldNotBeEmpty($"without {expectation}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Needy))]
    public void What_the_engine_no_longer_knows_is_missed(string name)
    {
        var fixture = Fixture.Load(name);
        var run = FixtureRun.Of(fixture);
        foreach (var need in fixture.Needs)
        {
            Judge.Differences(fixture, run.Without(need)).ShouldNotBeEmpty($"without {need.Text}");
        }
        if (fixture.Detached.Count + fixture.Always.Count > 0)
        {
            Judge.Differences(fixture, run.AsWhatRuns()).ShouldNotBeEmpty("without what else runs under a name");
        }
    }

    public static TheoryData<string> Needy => [.. Fixture.All.Where(id => Fixture.Load(id) is { Needs.Count: > 0 } or { Detached.Count: > 0 } or { Always.Count: > 0 })];

    [Fact]
    public void Changed_byte_in_a_function_is_noticed() => Spoil(output =>
    {
        var code = output.Symbols.First(s => s.IsFunction && s.Name == "dispatch");
        code.Section!.Data[(int)(code.Value + code.Size) - 8] ^= 0x10;
    });

    [Fact]
    public void Redirected_relocation_is_noticed() => Spoil(output => Edit(output, r => r with { Symbol = output.Symbols.First(s => s.Name == "printk") }));

    [Fact]
    public void Wrong_addend_is_noticed() => Spoil(output => Edit(output, r => r with { Addend = r.Addend + 4 }));

    [Fact]
    public void Lost_relocation_is_noticed() => Spoil(output => Code(output).Relocations.RemoveAt(Code(output).Relocations.Count - 1));

    [Fact]
    public void Relocation_out_of_bounds_is_noticed() =>
        Spoil(output => Edit(output, r => r with { Offset = Code(output).Size - 3 }), writable: false);

    [Fact]
    public void Field_that_is_not_zero_is_noticed() => Spoil(output => Code(output).Data[Code(output).Relocations[^1].Offset] = 1);

    [Fact]
    public void Local_symbol_without_definition_is_noticed() => Spoil(output => output.Symbols.Add(new Symbol("lost")));

    [Fact]
    public void Unknown_directive_is_an_error()
    {
        var path = Path.Combine(Fixture.Directory, "..", "obj", "wrong-directive.c");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "// expect: verdict patchable\n// expect: chnaged foo\n");
        Should.Throw<FormatException>(() => Fixture.Load("../obj/wrong-directive gcc 6.1"));
    }

    private static Fixture With(Fixture fixture, int index, Fixture.Expectation? replacement) => fixture with
    {
        Expectations = [.. fixture.Expectations.SelectMany((e, i) => i != index ? [e] : replacement is null ? Array.Empty<Fixture.Expectation>() : [replacement])],
    };

    private static Section Code(ElfObject output) => output.Symbols.First(s => s.IsFunction && s.Name == "dispatch").Section!;

    private static void Edit(ElfObject output, Func<Relocation, Relocation> edit)
    {
        // The last reference to another function: a call.
        var list = Code(output).Relocations;
        var at = list.FindLastIndex(r => r.Symbol.Name == "touch");
        list[at] = edit(list[at]);
    }

    private static void Spoil(Action<ElfObject> spoil, bool writable = true)
    {
        var fixture = Fixture.Load("switch-table gcc 6.1");
        var run = FixtureRun.Of(fixture);
        var output = FreshOutput(run);
        spoil(output);
        if (writable)
        {
            OutputCheck.Faults(run, output).ShouldNotBeEmpty();
        }
        else
        {
            OutputCheck.FormFaults(output).ShouldNotBeEmpty();
        }
    }

    private static ElfObject FreshOutput(FixtureRun run)
    {
        var output = ElfObject.Read(run.Result.Output!.Write(), "output");
        OutputCheck.Faults(run, output).ShouldBeEmpty();
        return output;
    }
}
