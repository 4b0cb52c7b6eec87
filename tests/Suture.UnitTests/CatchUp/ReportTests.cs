using System.Text;
using Shouldly;
using Suture.CatchUp.Reporting;
using Xunit;

namespace Suture.UnitTests.CatchUp;

public sealed class ReportTests
{
    [Fact]
    public void Warnings_are_in_both_forms_and_run_in_no_browser()
    {
        var report = new CatchUpReport(new("6.1.0", "ab", null), "6.1.1", null, "6.1.0 + 0 of 0", CatchUpReport.Count([]), 0, [], new([], [], []), 1) { Warnings = ["/a<b> takes patches back"] };
        Encoding.UTF8.GetString(HtmlPage.Of(report)).ShouldContain("Warning: /a&lt;b&gt; takes patches back");
        Encoding.UTF8.GetString(report.ToJson()).ShouldContain("\"warnings\": [");
        Encoding.UTF8.GetString(HtmlPage.Of(report with { Warnings = [] })).ShouldNotContain("Warning:");
    }
}
