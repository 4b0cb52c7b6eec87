using Shouldly;
using Suture.CatchUp.Difference;
using Suture.CatchUp.Judging;
using Xunit;

namespace Suture.UnitTests.CatchUp;

/// <summary>Parts that rest on what another part does with the same data, though neither names a function of the other.</summary>
public sealed class DataLinksTests : IDisposable
{
    private const string Connection = """
        struct conn {
        	struct list_head preauth_table;
        	struct list_head interim;
        	spinlock_t tc_lock;
        	int tc_count;
        	int status;
        };

        enum stage {
        	STAGE_DEVICE,
        	STAGE_NOTIFIER,
        	STAGE_REGISTER,
        };

        """;

    private readonly FakeKernel _kernel = new();

    public void Dispose() => _kernel.Dispose();

    private void Header(string later, string before = Connection)
    {
        _kernel.Write("source/fs/server/conn.h", before);
        _kernel.Write("later/fs/server/conn.h", later);
    }

    private void Source(string path, string before, string later) => _kernel.WriteBuilt(path, "#include \"conn.h\"\n" + before, "#include \"conn.h\"\n" + later);

    /// <summary>A function of some statements, with lines around that keep its hunk apart from others.</summary>
    private static string Function(string name, params string[] statements) =>
        $"int {name}(struct conn *c)\n{{\n\tint ret;\n\n\n\n\n\n{string.Concat(statements.Select(s => $"\t{s}\n"))}\n\n\n\n\n\treturn ret;\n}}\n\n";

    /// <summary>What becomes of parts that all are good by themselves but for those of <paramref name="refused"/>, as "id: why".</summary>
    private async Task<string> WaitingAsync(string refused)
    {
        var difference = await TreeDifference.ToTreeAsync(_kernel.Open(), _kernel.Later, null, TestContext.Current.CancellationToken);
        var changes = difference.Changes.ToDictionary(c => c.Id);
        changes.Keys.ShouldContain(refused);
        var units = difference.Changes.Select(c => new UnitVerdict
        {
            Id = c.Id,
            Title = c.Title,
            Changes = [c.Id],
            Files = c.Files,
            State = c.Id == refused ? UnitState.Refused : UnitState.Carried,
        }).ToList();
        var waiting = Waiting.Run(units, changes, DataLinks.Among(difference, TestContext.Current.CancellationToken)).Where(u => u.State == UnitState.WaitsFor);
        return string.Join("; ", waiting.Select(u => $"{u.Id} {u.Reason}"));
    }

    [Fact]
    public async Task Who_walks_a_list_waits_for_who_initialises_it()
    {
        Header(Connection);
        Source("fs/server/connection.c", Function("conn_alloc", "ret = 0;"), Function("conn_alloc", "ret = 0;", "INIT_LIST_HEAD(&c->preauth_table);"));
        Source("fs/server/mgmt/session.c", Function("destroy", "ret = 0;"), Function("destroy", "list_for_each_entry_safe(a, b, &c->preauth_table,", "\t\tentry)", "\tkfree(a);"));
        (await WaitingAsync("fs/server/connection.c"))
            .ShouldBe("fs/server/mgmt/session.c waits for fs/server/connection.c: both change what is done with member 'preauth_table'");
    }

    [Fact]
    public async Task Who_no_longer_initialises_waits_for_who_does_from_now_on()
    {
        Header(Connection);
        Source("fs/server/connection.c", Function("conn_alloc", "ret = 0;"), Function("conn_alloc", "ret = 0;", "INIT_LIST_HEAD(&c->preauth_table);"));
        Source("fs/server/ops.c", Function("init_server", "INIT_LIST_HEAD(&c->preauth_table);"), Function("init_server"));
        (await WaitingAsync("fs/server/connection.c")).ShouldBe("fs/server/ops.c waits for fs/server/connection.c: both change what is done with member 'preauth_table'");
    }

    [Fact]
    public async Task Who_no_longer_unlinks_waits_for_the_structure_that_loses_the_member()
    {
        Header(Connection.Replace("\tstruct list_head interim;\n", ""));
        Source("fs/server/work.c", Function("work_free", "if (!list_empty(&c->interim))", "\tlist_del(&c->interim);"), Function("work_free"));
        (await WaitingAsync("fs/server/conn.h")).ShouldBe("fs/server/work.c waits for fs/server/conn.h: both change what is done with member 'interim'");
    }

    [Fact]
    public async Task Who_counts_otherwise_waits_for_who_gives_the_count_back()
    {
        Header(Connection);
        string File(string count, string put) => Function("tree_connect", $"atomic_set(&c->refcount, {count});") + Function("tree_disconnect", put);
        Source("fs/server/tree.c", File("1", "if (atomic_dec_and_test(&c->refcount))\n\t\tkfree(c);"), File("2", "tree_put(c);"));
        (await WaitingAsync("fs/server/tree.c#tree_disconnect"))
            .ShouldBe("fs/server/tree.c#tree_connect waits for fs/server/tree.c#tree_disconnect: both change what is done with member 'refcount'");
    }

    [Theory]
    [InlineData("spin_lock(&sessions_lock);", true)]
    // A lock more takes nothing from those who do without.
    [InlineData("ret = 1;", false)]
    public async Task Who_gives_up_one_lock_for_another_waits_for_who_takes_that(string before, bool waits)
    {
        Header(Connection);
        Source("fs/server/misc.c", Function("cancelled", before), Function("cancelled", "spin_lock(&c->tc_lock);"));
        Source("fs/server/transport.c", Function("find", "++c->tc_count;"), Function("find", "spin_lock(&c->tc_lock);", "++c->tc_count;", "spin_unlock(&c->tc_lock);"));
        (await WaitingAsync("fs/server/transport.c")).ShouldBe(waits ? "fs/server/misc.c waits for fs/server/transport.c: both change what is done with member 'tc_lock'" : "");
    }

    [Fact]
    public async Task Who_relies_on_an_order_waits_for_the_enumeration_that_gives_it()
    {
        Header(Connection.Replace("\tSTAGE_NOTIFIER,\n\tSTAGE_REGISTER,\n", "\tSTAGE_REGISTER,\n\tSTAGE_NOTIFIER,\n"));
        static string Stages(string first, string then) => $"struct stage stages[] = {{\n\t[{first}] = {{ init_it }},\n\t[{then}] = {{ init_it }},\n}};\n";
        Source("fs/server/main.c", Stages("STAGE_NOTIFIER", "STAGE_REGISTER"), Stages("STAGE_REGISTER", "STAGE_NOTIFIER"));
        (await WaitingAsync("fs/server/conn.h")).ShouldStartWith("fs/server/main.c waits for fs/server/conn.h: it uses 'STAGE_");
    }

    [Fact]
    public async Task Who_moves_a_statement_waits_for_who_gets_it()
    {
        Header(Connection);
        Source("fs/server/a.c", Function("one", "stop_session(c, true);"), Function("one", "ret = 2;"));
        Source("fs/server/b.c", Function("two", "ret = 1;"), Function("two", "stop_session(c, true);"));
        const string why = "'stop_session(c, true);' moves from the one to the other";
        (await WaitingAsync("fs/server/b.c")).ShouldBe($"fs/server/a.c waits for fs/server/b.c: {why}");
        (await WaitingAsync("fs/server/a.c")).ShouldBe($"fs/server/b.c waits for fs/server/a.c: {why}");
    }

    [Fact]
    public async Task Who_moves_a_statement_into_a_new_function_waits_for_who_calls_it()
    {
        Header(Connection);
        string[] kept = ["ret = first(c);", "ret += second(c);"];
        Source("fs/server/a.c", Function("unregister", ["stop_session(c, true);", .. kept]), Function("unregister", kept) + Function("stop_stats", "stop_session(c, true);"));
        Source("fs/server/b.c", Function("two", "ret = 1;"), Function("two", "stop_stats(c);"));
        (await WaitingAsync("fs/server/b.c")).ShouldBe("fs/server/a.c waits for fs/server/b.c: what moves to 'stop_stats' is done only where that calls it");
    }

    [Theory]
    // Looked at in both; looked at less; the same, written otherwise.
    [InlineData("ret = 1;", "ret = c->status;", "ret = 1;", "if (c->status)\n\t\tret = 1;")]
    [InlineData("if (c->status)\n\t\tret = 1;", "ret = 1;", "ret = 1;", "c->status = 2;")]
    [InlineData("c->status = 1;", "WRITE_ONCE(c->status, 1);", "ret = 1;", "c->status = 2;")]
    // It moves along with what else moves.
    [InlineData("c->status = 1;", "ret = 3;\n\tc->status = 1;", "ret = 1;", "c->status = 2;")]
    public async Task What_changes_nothing_about_a_member_does_not_wait(string before, string later, string refusedBefore, string refusedLater)
    {
        Header(Connection);
        Source("fs/server/a.c", Function("one", before), Function("one", later));
        Source("fs/server/b.c", Function("two", refusedBefore), Function("two", refusedLater));
        (await WaitingAsync("fs/server/b.c")).ShouldBe("");
    }

    [Fact]
    public async Task Members_with_a_name_that_many_have_are_not_the_same()
    {
        Header(Connection);
        for (var i = 0; i < 11; i++)
        {
            _kernel.WriteBuilt($"fs/other{i}/a.c", "struct thing {\n\tint status;\n};\n", "struct thing {\n\tint status;\n};\n");
        }
        Source("fs/server/a.c", Function("one", "c->status = 1;"), Function("one", "c->status = 2;"));
        Source("fs/server/b.c", Function("two", "c->status = 3;") + Function("three", "c->status = 5;"), Function("two", "c->status = 4;") + Function("three", "c->status = 5;"));
        (await WaitingAsync("fs/server/b.c")).ShouldBe("");
    }

    [Fact]
    public async Task Members_of_a_structure_that_is_not_included_are_not_the_same()
    {
        Header(Connection.Replace("\tint status;\n", "\tlong status;\n"));
        _kernel.WriteBuilt("drivers/a.c", Function("one", "c->status = 1;"), Function("one", "c->status = 2;"));
        Source("fs/server/b.c", "int b;\n", "int b;\n");
        (await WaitingAsync("fs/server/conn.h")).ShouldBe("");
    }

    [Fact]
    public async Task What_only_rests_on_the_same_data_as_a_header_stays_a_unit_of_its_own()
    {
        Header(Connection.Replace("\tstruct list_head interim;\n", ""));
        Source("fs/server/work.c", Function("work_free", "list_del(&c->interim);"), Function("work_free"));
        var difference = await TreeDifference.ToTreeAsync(_kernel.Open(), _kernel.Later, null, TestContext.Current.CancellationToken);
        var changes = difference.Changes.ToDictionary(c => c.Id);
        var links = DataLinks.Among(difference, TestContext.Current.CancellationToken);
        UnitVerdict Unit(string id, UnitState state) => new() { Id = id, Title = id, Changes = [id], Files = [id], State = state };
        var units = Waiting.Run([Unit("fs/server/conn.h", UnitState.Refused), Unit("fs/server/work.c", UnitState.Carried)], changes, links);
        SharedHeaders.Join(units, changes).Count.ShouldBe(2);
        // What nobody asked for is not there either; what is brought along is.
        Waiting.Run([Unit("fs/server/work.c", UnitState.Carried)], changes, links)[0].Reason
            .ShouldBe("waits for fs/server/conn.h: both change what is done with member 'interim', and --only leaves that out");
        Waiting.Run([Unit("fs/server/work.c", UnitState.Carried) with { Changes = ["fs/server/conn.h", "fs/server/work.c"] }], changes, links)[0].State.ShouldBe(UnitState.Carried);
        // Accepted, and so carried; boot does not come again.
        Waiting.Run([Unit("fs/server/conn.h", UnitState.Carried), Unit("fs/server/work.c", UnitState.Carried)], changes, links)[1].State.ShouldBe(UnitState.Carried);
        Waiting.Run([Unit("fs/server/conn.h", UnitState.BootOnly), Unit("fs/server/work.c", UnitState.Carried)], changes, links)[1].State.ShouldBe(UnitState.WaitsFor);
    }
}
