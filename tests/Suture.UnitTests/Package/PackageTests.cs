using System.Text.RegularExpressions;
using Shouldly;
using Suture.UnitTests.Layering;
using Xunit;

namespace Suture.UnitTests.Package;

/// <summary>The .deb that eng/package builds; what it does on a system is for the host tier to see.</summary>
public sealed partial class PackageTests(PackageTests.Built built) : IClassFixture<PackageTests.Built>
{
    /// <summary>Builds the package once for all tests here.</summary>
    public sealed class Built
    {
        public string Path { get; } = Tool.Output(System.IO.Path.Combine(Repository.Root, "eng/package")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
    }

    /// <summary>What everything else finds Suture by.</summary>
    [Theory]
    [InlineData("-rwxr-xr-x", "/usr/lib/suture/suture")]
    [InlineData("-rwxr-xr-x", "/usr/lib/suture/suture-guest")]
    [InlineData("lrwxrwxrwx", "/usr/bin/suture -> ../lib/suture/suture")]
    [InlineData("-rw-r--r--", "/lib/systemd/system/suture-boot.service")]
    [InlineData("-rw-r--r--", "/lib/systemd/system/suture-agent.service")]
    [InlineData("-rw-r--r--", "/lib/systemd/system/suture-.service.d/sandbox.conf")]
    [InlineData("-rw-r--r--", "/etc/suture/suture.conf")]
    [InlineData("-rw-r--r--", "/etc/suture/health.d/README")]
    [InlineData("-rw-r--r--", "/usr/share/bash-completion/completions/suture")]
    [InlineData("-rw-r--r--", "/usr/share/zsh/vendor-completions/_suture")]
    [InlineData("-rw-r--r--", "/usr/share/fish/vendor_completions.d/suture.fish")]
    [InlineData("-rw-r--r--", "/usr/share/man/man1/suture.1.gz")]
    [InlineData("-rw-r--r--", "/usr/share/man/man5/suture.conf.5.gz")]
    [InlineData("-rw-r--r--", "/usr/share/doc/suture/copyright")]
    [InlineData("-rw-r--r--", "/usr/share/doc/suture/changelog.gz")]
    [InlineData("-rw-r--r--", "/usr/share/doc/suture/THIRD-PARTY-NOTICES.TXT.gz")]
    public void Has(string mode, string path) => Contents().ShouldContain((mode, path));

    [Fact]
    public void Holds_nothing_but_what_belongs_there()
    {
        string[] places = ["/etc/suture/", "/lib/systemd/system/suture-", "/usr/bin/suture ", "/usr/lib/suture/", "/usr/share/"];
        Contents().Where(c => c.Mode[0] != 'd' && !places.Any(p => c.Path.StartsWith(p, StringComparison.Ordinal))).ShouldBeEmpty();
        Contents().Select(c => c.Mode).Distinct().ShouldBeSubsetOf(["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"]);
        Listing().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.Contains(" root/root ", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public void Has_a_man_page_for_each_source() =>
        Contents().Select(c => Path.GetFileName(c.Path)).Where(n => Page().IsMatch(n)).ShouldBe(
            Repository.Files("packaging/man", "*.scd").Select(p => Path.GetFileNameWithoutExtension(p) + ".gz"), ignoreOrder: true);

    [Fact]
    public void Every_file_in_etc_is_a_conffile()
    {
        Tool.Output("dpkg-deb", "-I", built.Path, "conffiles").Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
            Contents().Where(c => c.Mode[0] == '-' && c.Path.StartsWith("/etc/", StringComparison.Ordinal)).Select(c => c.Path), ignoreOrder: true);
    }

    [Fact]
    public void Has_the_version_of_the_project()
    {
        var version = ProjectVersion().Match(Repository.Read("Directory.Build.props")).Groups[1].Value;
        Field("Version").ShouldBe(version);
        Field("Architecture").ShouldBe("amd64");
        Repository.Read("packaging/debian/changelog").ShouldStartWith($"suture ({version}) ");
    }

    [Fact]
    public void Suggests_what_building_and_the_lab_install()
    {
        var script = Repository.Read("eng/install-packages");
        var list = script[(script.IndexOf("packages=(", StringComparison.Ordinal) + 10)..];
        list[..list.IndexOf("\n)", StringComparison.Ordinal)].Split('\n').SelectMany(l => l.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ShouldBe(Field("Suggests").Split(", "), ignoreOrder: true);
    }

    /// <summary>Libraries that the programs are linked with, and the one that .NET opens when it computes a checksum.</summary>
    [Fact]
    public void Depends_on_the_libraries_that_it_uses()
    {
        var depends = Field("Depends");
        depends.ShouldContain("libssl3");
        foreach (var program in (string[])["suture", "suture-guest"])
        {
            var dynamic = Tool.Output("objdump", "-p", Path.Combine(Repository.Root, "artifacts/bin", program));
            foreach (var library in Needed().Matches(dynamic).Select(m => m.Groups[1].Value))
            {
                depends.ShouldContain(library switch
                {
                    "libc" or "libm" or "libdl" or "librt" or "libpthread" or "ld-linux-x86-64" => "libc6 ",
                    "libgcc_s" => "libgcc-s1",
                    "libstdc++" => "libstdc++6",
                    var other => other,
                });
            }
            var least = Version.Parse(LeastLibc().Match(depends).Groups[1].Value);
            LibcVersion().Matches(dynamic).Select(m => Version.Parse(m.Groups[1].Value)).Max()!.ShouldBeLessThanOrEqualTo(least);
        }
    }

    [Fact]
    public void Lintian_is_content()
    {
        var (code, output) = Tool.Run("lintian", ["--fail-on", "error,warning", built.Path]);
        code.ShouldBe(0, output);
    }

    private string Listing() => Tool.Output("dpkg-deb", "-c", built.Path);

    private string Field(string name) => Tool.Output("dpkg-deb", "-f", built.Path, name).Trim();

    /// <summary>Mode and absolute path of each entry; links with what they point to.</summary>
    private List<(string Mode, string Path)> Contents() =>
        [.. Listing().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => (l[..10], l[(l.IndexOf(" ./", StringComparison.Ordinal) + 2)..]))];

    [GeneratedRegex("<Version>(.*)</Version>")]
    private static partial Regex ProjectVersion();

    [GeneratedRegex(@"^suture[\w.-]*\.\d\.gz$")]
    private static partial Regex Page();

    [GeneratedRegex(@"NEEDED\s+([\w+-]+)\.so")]
    private static partial Regex Needed();

    [GeneratedRegex(@"GLIBC_(\d+\.\d+)")]
    private static partial Regex LibcVersion();

    [GeneratedRegex(@"libc6 \(>= ([\d.]+)\)")]
    private static partial Regex LeastLibc();
}
