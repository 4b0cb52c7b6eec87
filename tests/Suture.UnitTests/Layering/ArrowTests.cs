using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Suture.UnitTests.Layering;

/// <summary>The arrows between parts, docs/architecture.md: a part knows only the parts listed for it here.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Suture.Elf"] = [],
        ["Suture.Kernel"] = ["Suture.Elf"],
        ["Suture.Diff"] = ["Suture.Elf"],
        ["Suture.Verify"] = [],
        ["Suture.Module"] = ["Suture.Elf"],
        ["Suture.Build"] = ["Suture.Elf", "Suture.Kernel", "Suture.Diff", "Suture.Verify", "Suture.Module"],
        ["Suture.Host"] = ["Suture.Elf", "Suture.Module"],
        ["Suture.Lab"] = ["Suture.Elf", "Suture.Kernel", "Suture.Host", "Suture.Verify", "Suture.Module"],
        ["Suture.Lab.Guest"] = ["Suture.Host", "Suture.Module"],
        ["Suture.CatchUp"] = ["Suture.Elf", "Suture.Kernel", "Suture.Diff", "Suture.Verify", "Suture.Build", "Suture.Module"],
        ["Suture.Trust"] = [],
        ["Suture.Fleet"] = ["Suture.Trust"],
        ["Suture.Cli"] = ["Suture.Elf", "Suture.Kernel", "Suture.Diff", "Suture.Verify", "Suture.Build", "Suture.CatchUp", "Suture.Module", "Suture.Host", "Suture.Lab", "Suture.Trust", "Suture.Fleet"],
    };

    private static List<string> Parts { get; } = [.. Repository.Files("src", "*.csproj").Select(p => Path.GetFileNameWithoutExtension(p))];

    [Fact]
    public void Every_part_has_its_arrows_stated()
    {
        Parts.ShouldNotBeEmpty();
        Parts.Except(Allowed.Keys).ShouldBeEmpty("a new part needs its line in this test");
    }

    [Fact]
    public void Project_files_refer_only_along_the_arrows()
    {
        foreach (var path in Repository.Files("src", "*.csproj"))
        {
            var part = Path.GetFileNameWithoutExtension(path);
            XDocument.Parse(Repository.Read(path)).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value))
                .Except(Allowed[part]).ShouldBeEmpty($"{path} refers to what it may not know");
        }
    }

    [Fact]
    public void Assemblies_refer_only_along_the_arrows()
    {
        var seen = 0;
        foreach (var part in Parts)
        {
            // Those this test's own project brings along; what nobody can load here is held by its project file.
            var path = Path.Combine(AppContext.BaseDirectory, part + ".dll");
            if (!File.Exists(path))
            {
                continue;
            }
            seen++;
            using var file = new PEReader(File.OpenRead(path));
            var metadata = file.GetMetadataReader();
            metadata.AssemblyReferences.Select(h => metadata.GetString(metadata.GetAssemblyReference(h).Name))
                .Where(n => n.StartsWith("Suture.", StringComparison.Ordinal))
                .Except(Allowed[part]).ShouldBeEmpty($"{part} uses what it may not know");
        }
        seen.ShouldBeGreaterThanOrEqualTo(6);
    }

    [Fact]
    public void Arrows_form_no_circle()
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        while (Allowed.Keys.FirstOrDefault(p => !done.Contains(p) && Allowed[p].All(done.Contains)) is { } next)
        {
            done.Add(next);
        }
        Allowed.Keys.Except(done).ShouldBeEmpty();
    }
}
