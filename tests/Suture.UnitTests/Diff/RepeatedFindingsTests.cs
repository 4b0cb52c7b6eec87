using Shouldly;
using Suture.Build;
using Suture.Diff.Findings;
using Xunit;

namespace Suture.UnitTests.Diff;

public sealed class RepeatedFindingsTests
{
    private static Finding Of(string code, string symbol) => new(code, Severity.Error, "include/s.h", 3, symbol, $"{symbol} changed", "do not");

    [Fact]
    public void A_type_that_many_units_see_is_said_once_with_the_first_of_them() => RepeatedFindings.Merge(
        [("a.c", Of("SUT0501", "struct s")), ("b.c", Of("SUT0501", "struct s")), ("b.c", Of("SUT0501", "struct t")), ("c.c", Of("SUT0501", "struct s"))])
        .Select(f => f.Message).ShouldBe(["struct s changed (compiled into a.c and 2 more units)", "struct t changed (compiled into b.c)"]);

    [Fact]
    public void Other_findings_stay_as_they_are() => RepeatedFindings.Merge([("a.c", Of("SUT0203", "table")), ("b.c", Of("SUT0203", "table"))])
        .Select(f => f.Message).ShouldBe(["table changed", "table changed"]);

    [Fact]
    public void Units_that_were_not_asked_are_counted() => RepeatedFindings.Merge([("a.c", Of("SUT0501", "struct s"))], unseen: 266)
        .ShouldHaveSingleItem().Message.ShouldBe("struct s changed (compiled into a.c, the first of 267 units that the patch concerns)");
}
