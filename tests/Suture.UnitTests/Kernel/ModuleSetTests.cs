using System.Text;
using Shouldly;
using Suture.Kernel;
using Suture.UnitTests.Elf;
using Xunit;

namespace Suture.UnitTests.Kernel;

/// <summary>Which modules are loaded before another one, and which of them cannot go away while it is there.</summary>
public sealed class ModuleSetTests
{
    [Theory]
    [InlineData("top", "middle", true)]
    [InlineData("top", "bottom", true)]
    [InlineData("bottom", "top", false)]
    [InlineData("top", "wished", false)]
    [InlineData("top", "absent", false)]
    [InlineData("absent", "bottom", false)]
    public void Only_what_a_module_uses_is_held(string name, string other, bool isHeld)
    {
        var directory = Directory.CreateTempSubdirectory("suture-modules-").FullName;
        Write(directory, "top", "depends=middle", "softdep=pre: wished");
        Write(directory, "middle", "depends=bottom");
        Write(directory, "bottom", "depends=");
        Write(directory, "wished", "depends=");
        var modules = ModuleSet.Scan(directory);
        modules.Holds(name, other).ShouldBe(isHeld);
        modules.Find("top")!.Dependencies.ShouldBe(["bottom", "middle", "wished"]);
    }

    private static void Write(string directory, string name, params string[] entries)
    {
        var info = string.Concat(entries.Select(e => e + "\\0"));
        var source = SampleObjects.Save(Encoding.UTF8.GetBytes($"__attribute__((used, section(\".modinfo\"))) static const char info[] = \"{info}\";"));
        SampleObjects.Run("gcc", "-x", "c", "-c", source, "-o", Path.Combine(directory, name + ".ko"));
    }
}
