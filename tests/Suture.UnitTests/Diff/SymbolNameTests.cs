using Shouldly;
using Suture.Diff.Model;
using Xunit;

namespace Suture.UnitTests.Diff;

public sealed class SymbolNameTests
{
    [Theory]
    [InlineData("count.12", "count.31725")]
    [InlineData("parse.part.3", "parse.part.0")]
    [InlineData("parse.constprop.1.isra.7", "parse.constprop.0.isra.2")]
    [InlineData("parse.cold.9", "parse.cold")]
    [InlineData("show.limit.2", "show.limit")]
    [InlineData("table.llvm.8132077", "table.llvm.99")]
    [InlineData("list.lto_priv.0", "list")]
    [InlineData("__UNIQUE_ID_ddebug123", "__UNIQUE_ID_ddebug7.44")]
    [InlineData("probe.__UNIQUE_ID_ddebug269", "probe.__UNIQUE_ID_ddebug270.1")]
    [InlineData("__initcall__kmod_e1000__361_420_setup6", "__initcall__kmod_e1000__9_1234_setup6")]
    [InlineData("__initcall__kmod_a__1__361_420_setup6", "__initcall__kmod_a__1__362_425_setup6")]
    [InlineData("__compiletime_assert_312", "__compiletime_assert_9")]
    [InlineData("C.0.1204", "C.7.99")]
    public void Numbers_that_drift_are_no_difference(string one, string other) => SymbolNames.Key(one).ShouldBe(SymbolNames.Key(other));

    [Theory]
    [InlineData("count.12", "counter.12")]
    [InlineData("e1000", "e1001")]
    [InlineData("C", "C.0.12")]
    [InlineData("parse.isra.0", "parse.part.0")]
    [InlineData("__initcall__kmod_a__1_2_one6", "__initcall__kmod_a__1_2_two6")]
    [InlineData("show.limit", "hide.limit")]
    public void Names_that_differ_stay_apart(string one, string other) => SymbolNames.Key(one).ShouldNotBe(SymbolNames.Key(other));

    [Theory]
    [InlineData("__func__.3", true)]
    [InlineData("__msg.14", true)]
    [InlineData("__msg", false)]
    [InlineData("probe.__already_done.12", true)]
    [InlineData("CSWTCH.40", true)]
    [InlineData("__UNIQUE_ID_ddebug17", true)]
    [InlineData("C.3.17", true)]
    [InlineData("__gcov0.probe", true)]
    [InlineData("_rs", false)]
    [InlineData("__key", false)]
    [InlineData("C", false)]
    [InlineData("count.3", false)]
    [InlineData("descriptor.3", false)]
    public void State_of_a_macro_is_told_by_its_name_inside_a_function(string name, bool expected) => SymbolNames.IsOwnCopy(name).ShouldBe(expected);
}
