using Shouldly;
using Suture.Host;
using Suture.Host.Preflight;
using Xunit;

namespace Suture.UnitTests.Host;

/// <summary>Module files that a host will not take, whatever is in them.</summary>
public sealed class OpenedModuleTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-test-").FullName;
    private string Good => Path.Combine(_directory, "good.ko");

    public OpenedModuleTests() => File.WriteAllBytes(Good, TestModule.Bytes("good"));

    private static Refusal Refused(string path)
    {
        var (module, refusal) = OpenedModule.Open(path);
        module.ShouldBeNull();
        return refusal.ShouldNotBeNull();
    }

    [Fact]
    public void A_good_one_is_opened()
    {
        var (module, refusal) = OpenedModule.Open(Good);
        using (module)
        {
            refusal.ShouldBeNull();
            module!.Note.Name.ShouldBe("good");
            module.Exchanged().ShouldBeNull();
            File.Move(Good, Good + ".old");
            File.WriteAllBytes(Good, TestModule.Bytes("good"));
            module.Exchanged()!.Message.ShouldContain("exchanged");
        }
    }

    [Fact]
    public void Links_devices_directories_and_nothing_at_all()
    {
        File.CreateSymbolicLink(Good + ".link", Good);
        Refused(Good + ".link").Message.ShouldContain("symbolic link");
        Refused("/dev/zero").Message.ShouldContain("not a regular file");
        Refused(_directory).Message.ShouldContain("not a regular file");
        Refused(_directory + "/none.ko").Message.ShouldContain("no such file");
    }

    [Fact]
    public void What_others_can_write()
    {
        File.SetUnixFileMode(Good, UnixFileMode.UserRead | UnixFileMode.GroupWrite);
        Refused(Good).Message.ShouldContain("mode 420");
        File.SetUnixFileMode(Good, UnixFileMode.UserRead);
        File.SetUnixFileMode(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);
        Refused(Good).Message.ShouldContain($"{_directory} can be written by others");
        // Through a linked directory it is the place where it lies that counts.
        Directory.CreateSymbolicLink(_directory + "-link", _directory);
        Refused(_directory + "-link/good.ko").Message.ShouldContain($"{_directory} can be written by others");
        Directory.Delete(_directory + "-link");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
