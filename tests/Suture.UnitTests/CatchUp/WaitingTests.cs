using System.Text;
using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Suture.CatchUp.Reporting;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class WaitingTests
{
    [Theory]
    [InlineData("+\tgive_back(t);", "give_back", true, false, true)]
    [InlineData("-\tgive_back(t);", "give_back", true, false, true)]
    // A static function of another file is not meant, a type's layout is the compiler's to tell, words are words.
    [InlineData("+\tgive_back(t);", "give_back", true, true, false)]
    [InlineData("+\tstruct give_back t;", "give_back", false, false, false)]
    [InlineData("+\tgive_back_all(t);", "give_back", true, false, false)]
    [InlineData("+\t/* give_back() */", "give_back", true, false, false)]
    [InlineData(" \tgive_back(t);", "give_back", true, false, false)]
    public void A_change_waits_for_the_refused_change_of_a_function_it_names(string line, string name, bool isCallable, bool isLocal, bool waits)
    {
        Change Of(string path, string patch, params SourceItem[] items) => new(path, path, Encoding.Latin1.GetBytes(patch), [path], []) { Hunks = [], Items = items };
        var changes = new[] { Of("a.c", line + "\n"), Of("b.c", "", new SourceItem(0, name, isCallable, isLocal)) }.ToDictionary(c => c.Id);
        UnitVerdict Unit(string id, UnitState state) => new() { Id = id, Title = id, Changes = [id], Files = [id], State = state };

        var units = Waiting.Run([Unit("a.c", UnitState.Carried), Unit("b.c", UnitState.Refused)], changes, DataLinks.None);
        units[0].State.ShouldBe(waits ? UnitState.WaitsFor : UnitState.Carried);
        units[0].WaitsFor.ShouldBe(waits ? "b.c" : null);
        // What nobody asked for is not there either, unless it is brought along.
        var alone = Waiting.Run([Unit("a.c", UnitState.Carried)], changes, DataLinks.None)[0];
        (alone.WaitsFor, alone.Reason).ShouldBe(waits ? ("b.c", "it needs b.c, which --only leaves out") : (null, ""));
        Waiting.Run([Unit("a.c", UnitState.Carried) with { Changes = ["a.c", "b.c"] }], changes, DataLinks.None)[0].State.ShouldBe(UnitState.Carried);
    }

    [Fact]
    public void What_waits_for_a_change_that_is_no_unit_is_joined_and_reported()
    {
        var header = new Change("a.h", "a.h", [], ["a.h"], []) { Hunks = [], Items = [new SourceItem(0, "give_back", true, false)] };
        Change Of(string path) => new(path, path, "+\tgive_back(t);\n"u8.ToArray(), [path], []) { Hunks = [] };
        var changes = new[] { header, Of("a.c"), Of("b.c") }.ToDictionary(c => c.Id);
        UnitVerdict[] units = [.. new[] { "a.c", "b.c" }.Select(id => new UnitVerdict { Id = id, Title = id, Changes = [id], Files = [id], State = UnitState.Carried })];
        var unit = SharedHeaders.Join(Waiting.Run(units, changes, DataLinks.None), changes).ShouldHaveSingleItem();
        (unit.State, unit.WaitsFor).ShouldBe((UnitState.WaitsFor, "a.h"));
        var report = new CatchUpReport(new("6.1.0", "ab", null), "6.1.1", null, "6.1.0 + 0 of 1", CatchUpReport.Count([unit]), 0, [CatchUpReport.From(unit)], new([], [], []), 1);
        Encoding.UTF8.GetString(report.ToJson()).ShouldContain("\"waitsFor\": \"a.h\"");
        Encoding.UTF8.GetString(HtmlPage.Of(report)).ShouldContain("it needs a.h, which --only leaves out");
    }

    [Theory]
    [InlineData(UnitState.Refused, "earlier", UnitState.WaitsFor)]
    [InlineData(UnitState.LeftOut, "earlier", UnitState.WaitsFor)]
    [InlineData(UnitState.BootOnly, "earlier", UnitState.WaitsFor)]
    [InlineData(UnitState.WaitsFor, "earlier", UnitState.WaitsFor)]
    [InlineData(UnitState.NotBuilt, "earlier", UnitState.Carried)]
    [InlineData(UnitState.Carried, "earlier", UnitState.Carried)]
    [InlineData(UnitState.Refused, "other", UnitState.Carried)]
    public void A_commit_waits_for_the_later_one_that_mends_it(UnitState later, string mended, UnitState state)
    {
        var changes = Commits(("earlier", ["aaaaaaaa"], []), ("other", ["bbbbbbbb"], []), ("later", ["cccccccc"], [mended == "earlier" ? "aaaaaaaa1234" : "bbbbbbbb1234"]));
        Waiting.Run([Unit("earlier", UnitState.Carried), Unit("later", later)], changes, DataLinks.None)[0].State.ShouldBe(state);
        // One that brings the later one along is mended.
        Waiting.Run([Unit("earlier", UnitState.Carried, "later")], changes, DataLinks.None)[0].State.ShouldBe(UnitState.Carried);
    }

    /// <summary>A series whose commits do not name each other.</summary>
    [Theory]
    [InlineData("+\tgive_back(t);", "int take(struct thing *t)", "a.c", true)]
    [InlineData("+\tother(t);", "int take(struct thing *t)", "a.c", false)]
    [InlineData("+\tother(t);", "void give_back(struct thing *t)", "b.c", true)]
    [InlineData("+\tother(t);", "void give_back(struct thing *t)", "a.c", false)]
    [InlineData("+\tlocal(t);", "int take(struct thing *t)", "a.c", false)]
    [InlineData("+\tlocal(t);", "int take(struct thing *t)", "b.c", true)]
    public void A_commit_waits_for_an_earlier_one_that_changes_a_function_it_changes_or_names(string line, string section, string file, bool waits)
    {
        const string mailbox = """
            From {0} Mon Sep 17 00:00:00 2001
            From: A <a@example.org>
            Subject: {1}

            --- a/{2}
            +++ b/{2}
            @@ -10,3 +10,4 @@ {3}
             	first(t);
            {4}
             	second(t);
             	third(t);

            """;
        string Mail(string commit, string path, string of, string added) =>
            string.Format(System.Globalization.CultureInfo.InvariantCulture, mailbox, new string(commit[0], 40), commit, path, of, added).ReplaceLineEndings("\n");
        string Later(string of) => Mail("b", file, of, line);
        foreach (var of in new[] { "void give_back(struct thing *t)", "static void local(struct thing *t)" })
        {
            var difference = MailDifference.FromMailbox("box", Encoding.ASCII.GetBytes(Mail("a", "b.c", of, "+\tnew(t);") + Later(section)));
            var changes = difference.Changes.ToDictionary(c => c.Id);
            var ids = changes.Keys.ToArray();
            UnitVerdict[] units = [Unit(ids[0], UnitState.Refused), Unit(ids[1], UnitState.Carried)];
            var isMeant = of.Contains("local", StringComparison.Ordinal) == line.Contains("local", StringComparison.Ordinal);
            Waiting.Run(units, changes, DataLinks.None)[1].State.ShouldBe(waits && isMeant ? UnitState.WaitsFor : UnitState.Carried, of);
            // What comes later was not there when the other was written.
            Waiting.Run([units[0] with { State = UnitState.Carried }, units[1] with { State = UnitState.Refused }], changes, DataLinks.None)[0].State.ShouldBe(UnitState.Carried);
        }
    }

    [Fact]
    public void What_rests_on_a_commit_that_is_not_mended_waits_and_nothing_waits_for_itself()
    {
        var changes = Commits(("earlier", ["aaaaaaaa"], []), ("between", ["bbbbbbbb"], []), ("later", ["cccccccc"], ["aaaaaaaa"]));
        var units = Waiting.Run([Unit("earlier", UnitState.Carried), Unit("between", UnitState.Carried, "earlier"), Unit("later", UnitState.Refused, "earlier")], changes, DataLinks.None);
        units.Select(u => (u.State, u.WaitsFor)).ShouldBe([(UnitState.WaitsFor, "later"), (UnitState.WaitsFor, "earlier"), (UnitState.Refused, null)]);
        units[0].Reason.ShouldBe("later, which mends it, is not carried");
        units[1].Reason.ShouldBe("it needs earlier, which is not carried");
    }

    [Fact]
    public void What_brings_a_commit_that_has_no_code_of_its_own_waits_for_who_mends_that()
    {
        var changes = Commits(("earlier", ["aaaaaaaa"], []), ("between", ["bbbbbbbb"], []), ("later", ["cccccccc"], ["aaaaaaaa"]));
        var units = Waiting.Run([Unit("earlier", UnitState.NotBuilt), Unit("between", UnitState.Carried, "earlier"), Unit("later", UnitState.Refused, "earlier")], changes, DataLinks.None);
        units[1].WaitsFor.ShouldBe("later");
        units[1].Reason.ShouldBe("later, which mends earlier, is not carried");
    }

    [Theory]
    [InlineData(UnitState.Refused, UnitState.WaitsFor)]
    [InlineData(UnitState.WaitsFor, UnitState.WaitsFor)]
    [InlineData(UnitState.LeftOut, UnitState.WaitsFor)]
    [InlineData(UnitState.NotBuilt, UnitState.Carried)]
    [InlineData(UnitState.AlreadyThere, UnitState.Carried)]
    [InlineData(UnitState.BootOnly, UnitState.Carried)]
    [InlineData(UnitState.Carried, UnitState.Carried)]
    public void A_commit_waits_for_the_earlier_one_that_it_mends(UnitState earlier, UnitState state)
    {
        var changes = Commits(("earlier", ["aaaaaaaa"], []), ("later", ["cccccccc"], ["aaaaaaaa1234"]));
        Waiting.Run([Unit("earlier", earlier), Unit("later", UnitState.Carried)], changes, DataLinks.None)[1].State.ShouldBe(state);
    }

    [Theory]
    [InlineData(UnitState.Refused, UnitState.WaitsFor)]
    [InlineData(UnitState.BootOnly, UnitState.WaitsFor)]
    [InlineData(UnitState.NotBuilt, UnitState.Carried)]
    [InlineData(UnitState.AlreadyThere, UnitState.Carried)]
    [InlineData(UnitState.Carried, UnitState.Carried)]
    public void A_commit_waits_for_what_a_stable_tree_took_over_for_it(UnitState dependency, UnitState state)
    {
        var changes = Commits(("dependency", ["aaaaaaaa"], []), ("fix", ["cccccccc"], []));
        changes["dependency"] = changes["dependency"] with { Commit = new CommitWords(["aaaaaaaa"], []) { NeededBy = ["cccccccc1234"] } };
        var units = Waiting.Run([Unit("dependency", dependency), Unit("fix", UnitState.Carried)], changes, DataLinks.None);
        units[1].State.ShouldBe(state);
        Waiting.Run([Unit("dependency", UnitState.Carried), Unit("fix", UnitState.Refused)], changes, DataLinks.None)[0].State.ShouldBe(UnitState.Carried);
    }

    [Fact]
    public void What_a_wanted_commit_may_wait_for_is_wanted()
    {
        var changes = Commits(("first", ["aaaaaaaa"], []), ("mends first", ["bbbbbbbb"], ["aaaaaaaa"]), ("mends that", ["cccccccc"], ["bbbbbbbb"]), ("apart", ["dddddddd"], []), ("of apart", ["eeeeeeee"], ["dddddddd"]));
        string Of(string id) => string.Join(", ", UnitJudge.Wanted([.. changes.Values], changes, c => c.Id == id).Select(c => c.Id));
        Of("first").ShouldBe("first, mends first, mends that");
        Of("mends that").ShouldBe("first, mends first, mends that");
        Of("none").ShouldBe("");
    }

    private static Dictionary<string, Change> Commits(params (string Id, string[] Names, string[] Mends)[] commits) =>
        commits.ToDictionary(c => c.Id, c => new Change(c.Id, c.Id, [], ["a.c"], []) { Commit = new CommitWords(c.Names, c.Mends) });

    private static UnitVerdict Unit(string id, UnitState state, params string[] on) => new() { Id = id, Title = id, Changes = [.. on, id], Files = ["a.c"], State = state };

    [Fact]
    public void A_header_goes_with_those_who_need_it()
    {
        var changes = new[] { "a.h#one", "a.h#two", "a.c", "b.c", "c.c", "d.c" }
            .ToDictionary(id => id, id => new Change(id, id, [], [id.Split('#')[0]], []));
        UnitVerdict Unit(string id, UnitState state, string? waitsFor, params string[] with) =>
            new() { Id = id, Title = id, Changes = [id, .. with], Files = [id], State = state, WaitsFor = waitsFor };

        var units = SharedHeaders.Join(
        [
            Unit("a.h#one", UnitState.Refused, null), Unit("a.c", UnitState.Carried, null, "a.h#two"), Unit("b.c", UnitState.WaitsFor, "a.h#one"),
            Unit("c.c", UnitState.Carried, null, "a.h#two"), Unit("d.c", UnitState.Carried, null),
        ], changes);
        units.Select(u => $"{u.Id} {u.State}").ShouldBe(["a.h#one Refused", "a.c Carried", "d.c Carried"]);
        units[0].Changes.ShouldBe(["a.h#one", "b.c"]);
        units[1].Changes.ShouldBe(["a.c", "a.h#two", "c.c"]);
        units[1].Title.ShouldBe("a.c; with c.c");
    }
}
