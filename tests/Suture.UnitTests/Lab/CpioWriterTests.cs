using System.Diagnostics;
using System.Globalization;
using System.Text;
using Shouldly;
using Suture.Lab;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class CpioWriterTests
{
    private static byte[] Sample()
    {
        using var output = new MemoryStream();
        using (var archive = new CpioWriter(output))
        {
            archive.File("init", "#!/bin/sh\n"u8, 0x1ED);
            archive.File("/lab/modules/a.ko", new byte[1001]);
            archive.File("/lab/modules/b.ko", [1, 2, 3]);
            archive.File("/lab/modules/b.ko", [9]).ShouldBeFalse();
            archive.Link("bin/sh", "busybox");
            archive.Directory("proc");
            archive.Directory("proc");
        }
        return output.ToArray();
    }

    [Fact]
    public void Entries_follow_the_newc_format()
    {
        var entries = Parse(Sample());

        entries.Select(e => e.Name).ShouldBe(["init", "lab", "lab/modules", "lab/modules/a.ko", "lab/modules/b.ko", "bin", "bin/sh", "proc", "TRAILER!!!"]);
        entries.Single(e => e.Name == "init").Mode.ShouldBe(Convert.ToInt32("100755", 8));
        entries.Single(e => e.Name == "proc").Mode.ShouldBe(Convert.ToInt32("040755", 8));
        entries.Single(e => e.Name == "bin/sh").Mode.ShouldBe(Convert.ToInt32("120777", 8));
        entries.Single(e => e.Name == "bin/sh").Content.ShouldBe("busybox"u8.ToArray());
        entries.Single(e => e.Name == "lab/modules/a.ko").Content.Length.ShouldBe(1001);
        entries.Single(e => e.Name == "lab/modules/b.ko").Content.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void The_real_cpio_reads_it()
    {
        if (!File.Exists("/usr/bin/cpio") && !File.Exists("/bin/cpio"))
        {
            Assert.Skip("cpio is not installed");
        }
        var start = new ProcessStartInfo("cpio", ["-it", "--quiet"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.BaseStream.Write(Sample());
        process.StandardInput.Close();

        process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
            ["init", "lab", "lab/modules", "lab/modules/a.ko", "lab/modules/b.ko", "bin", "bin/sh", "proc"]);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
    }

    private sealed record Entry(string Name, int Mode, byte[] Content);

    private static List<Entry> Parse(byte[] archive)
    {
        var entries = new List<Entry>();
        for (var at = 0; at < archive.Length;)
        {
            Encoding.ASCII.GetString(archive, at, 6).ShouldBe("070701");
            var start = at;
            int Field(int index) => int.Parse(Encoding.ASCII.GetString(archive, start + 6 + index * 8, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var (mode, size, nameSize) = (Field(1), Field(6), Field(11));
            var name = Encoding.UTF8.GetString(archive, at + 110, nameSize - 1);
            var content = (at + 110 + nameSize + 3) & ~3;
            entries.Add(new Entry(name, mode, archive[content..(content + size)]));
            at = (content + size + 3) & ~3;
        }
        return entries;
    }
}
