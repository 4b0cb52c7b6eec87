using Suture.Diff;
using Suture.Diff.Model;
using Suture.Diff.Review;
using Suture.Elf;

namespace Suture.FixtureTests;

/// <summary>Holds the engine's answer against a fixture's expectations.</summary>
internal static class Judge
{
    /// <summary>What differs, one line each; empty when all is as expected.</summary>
    public static List<string> Differences(Fixture fixture, FixtureRun run)
    {
        var result = run.Result;
        var faults = new List<string>();
        var functions = result.Included.Where(e => e.Kind == ElementKind.Function).Select(e => e.Name).ToList();
        var changed = Names(result.Functions, Change.Changed);
        var added = Names(result.Functions, Change.New);
        var addedData = Names(result.Data, Change.New);

        Same("verdict", fixture.Values("verdict"), [result.Verdict.ToString().ToLowerInvariant()], faults);
        Same("changed", fixture.Values("changed"), changed, faults);
        Same("new", fixture.Values("new"), added, faults);
        Same("data-changed", fixture.Values("data-changed"), Names(result.Data, Change.Changed), faults);
        Same("data-new", fixture.Values("data-new"), addedData, faults);
        Same("finding",
            Lines(fixture, "finding"),
            [.. result.Findings.Select(f => $"{f.Code} {f.Symbol ?? "-"} {f.Severity.ToString().ToLowerInvariant()}")], faults);
        if (fixture.Has("review"))
        {
            Same("review", Lines(fixture, "review"),
                [.. Review.Run(result).Findings.Select(f => $"{f.Code} {f.Symbol} {f.Severity.ToString().ToLowerInvariant()}")], faults);
        }
        Same("callback", Lines(fixture, "callback"), [.. result.Marks.Callbacks.Select(c => $"{Marks.NameOf(c.Kind)} {c.Function.Name}")], faults);
        Same("state", Lines(fixture, "state"), [.. result.Marks.States.Select(s => $"{s.Id} {s.Version} {s.Data?.Name}".TrimEnd())], faults);
        if (fixture.Has("included") || result.Output is not null)
        {
            Same("included", fixture.Has("included") ? fixture.Values("included") : fixture.Values("changed").Concat(fixture.Values("new")), functions, faults);
        }
        if (fixture.Has("included-data") || result.Output is not null)
        {
            Same("included-data", fixture.Has("included-data") ? fixture.Values("included-data") : fixture.Values("data-new"),
                [.. result.Included.Where(e => e.Kind == ElementKind.Data).Select(e => e.Name)], faults);
        }
        foreach (var name in fixture.Values("not-included"))
        {
            Hold(run.Patched.Symbols.Exists(s => s.Name == name && s.Section is not null) && !result.Included.Any(e => e.Name == name),
                $"'{name}' is no symbol of the patched object, or is in the output", faults);
        }
        foreach (var name in fixture.Values("undefined"))
        {
            Hold(OutputSymbols(result).Any(s => s.IsUndefined && s.Name == name), $"'{name}' is no undefined symbol of the output", faults);
        }
        foreach (var name in fixture.Values("weak"))
        {
            Hold(OutputSymbols(result).Any(s => s.IsUndefined && s.Binding == SymbolBinding.Weak && s.Name == name), $"'{name}' is no weak undefined symbol of the output", faults);
        }
        foreach (var name in fixture.Values("defined"))
        {
            Hold(OutputSymbols(result).Any(s => s.Section is not null && s.Name == name), $"'{name}' is not defined by the output", faults);
        }
        foreach (var expectation in fixture.Expectations.Where(e => e.Word is "call" or "call-original"))
        {
            Hold(expectation.Values.Count == 2 && Calls(result, expectation.Values[0], expectation.Values[1], expectation.Word == "call"),
                $"no {expectation}", faults);
        }
        foreach (var expectation in fixture.Expectations.Where(e => e.Word == "entries"))
        {
            var (section, count) = (expectation.Values[0], expectation.Values[1]);
            var size = result.Patched.EntrySizes.GetValueOrDefault(section);
            var actual = size == 0 ? -1 : (result.Output?.FindSection(section)?.Data.Length ?? 0) / size;
            Hold(expectation.Values.Count == 2 && int.TryParse(count, out var wanted) && wanted == actual,
                $"{section} has {actual} entries in the output, expected {count}", faults);
        }
        foreach (var expectation in fixture.Expectations.Where(e => e.Word == "bytes"))
        {
            var actual = result.Output?.FindSection(expectation.Values[0])?.Size ?? 0;
            Hold(expectation.Values.Count == 2 && ulong.TryParse(expectation.Values[1], out var wanted) && wanted == actual,
                $"{expectation.Values[0]} has {actual} bytes in the output, expected {expectation}", faults);
        }
        foreach (var expectation in fixture.Expectations.Where(e => e.Word == "leads"))
        {
            Hold(expectation.Values is [var from, var to] && Leads(result, from, to), $"no {expectation}", faults);
        }
        foreach (var expectation in fixture.Expectations.Where(e => e.Word == "prefix"))
        {
            Hold(expectation.Values is [var name, var bytes] && OutputSymbols(result).Any(s => s.Name == name && s.Section is not null && $"{s.Value}" == bytes),
                $"no {expectation}", faults);
        }
        return faults;
    }

    private static IEnumerable<string> Lines(Fixture fixture, string word) =>
        fixture.Expectations.Where(e => e.Word == word).Select(e => string.Join(' ', e.Values));

    private static IEnumerable<Symbol> OutputSymbols(DiffResult result) => result.Output?.Symbols ?? [];

    /// <summary>Whether <paramref name="caller"/> reaches <paramref name="callee"/> by the operand of a call (e8) or jump (e9).</summary>
    private static bool Calls(DiffResult result, string caller, string callee, bool own) =>
        OutputSymbols(result).Any(f => f.Name == caller && f.Section is { } code && code.Relocations.Exists(r =>
            r.Offset > f.Value && r.Offset < f.Value + f.Size && code.Data[r.Offset - 1] is 0xe8 or 0xe9
            && r.Symbol.Name == callee && r.Symbol.IsUndefined != own));

    /// <summary>Whether a relocation at <paramref name="from"/> leads to <paramref name="to"/>, both "SECTION+OFFSET".</summary>
    private static bool Leads(DiffResult result, string from, string to) => (result.Output?.Sections ?? []).Any(s => s.Relocations.Exists(r =>
        $"{s.Name}+{r.Offset}" == from && r.Symbol.Section is { } target && $"{target.Name}+{(long)r.Symbol.Value + r.Addend}" == to));

    private static List<string> Names(IEnumerable<ChangedElement> elements, Change change) =>
        [.. elements.Where(e => e.Change == change).Select(e => e.Element.Name)];

    private static void Same(string what, IEnumerable<string> expected, List<string> actual, List<string> faults)
    {
        var wanted = expected.Order(StringComparer.Ordinal).ToList();
        actual.Sort(StringComparer.Ordinal);
        Hold(wanted.SequenceEqual(actual), $"{what}: expected [{string.Join(", ", wanted)}], got [{string.Join(", ", actual)}]", faults);
    }

    private static void Hold(bool condition, string fault, List<string> faults)
    {
        if (!condition)
        {
            faults.Add(fault);
        }
    }
}
