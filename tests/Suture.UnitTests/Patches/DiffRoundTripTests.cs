using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Suture.Build.Patches;
using Xunit;

namespace Suture.UnitTests.Patches;

/// <summary>What the real diff makes of random edits, applied again, gives the edited text.</summary>
public sealed class DiffRoundTripTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("suture-diff").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Parse_and_apply_undo_diff() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(60), Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var (before, after) = Edits.Pair(random);
            var applied = PatchSet.Parse([("d", Diff(before, after, 1 + random.Next(3)))]).Apply(p => p == "f.c" ? before : null);
            applied.Failures.ShouldBeEmpty();
            applied.Notes.ShouldBeEmpty();
            applied.Files.Single().Patched.ShouldBe(after);
            CheckMap(applied.Files.Single());
        }));

    [Fact]
    public void Lines_put_above_shift_a_hunk_by_just_as_many() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(30), Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var before = Enumerable.Range(1, 60).Select(i => $"line {i}\n").ToArray();
            var after = before.ToArray();
            after[random.Next(60)] = "changed\n";
            var above = string.Concat(Enumerable.Range(0, 1 + random.Next(30)).Select(i => $"above {i}\n"));
            var patch = PatchSet.Parse([("d", Diff(string.Concat(before).Bytes(), string.Concat(after).Bytes(), 3))]);
            var applied = patch.Apply(p => p == "f.c" ? (above + string.Concat(before)).Bytes() : null);
            applied.Files.Single().Patched.Text().ShouldBe(above + string.Concat(after));
            applied.Notes.Single().Message.ShouldContain($"{above.Count(c => c == '\n')} line");
        }));

    private static void CheckMap(PatchedFile file)
    {
        var original = file.Original.Text().Split('\n');
        var patched = file.Patched.Text().Split('\n');
        for (var i = 0; i < file.Origins.Count; i++)
        {
            if (!file.Origins[i].IsAdded)
            {
                patched[i].ShouldBe(original[file.Origins[i].OriginalLine - 1]);
            }
        }
    }

    private byte[] Diff(byte[] before, byte[] after, int context)
    {
        var (old, @new) = (Path.Combine(_directory, "old"), Path.Combine(_directory, "new"));
        File.WriteAllBytes(old, before);
        File.WriteAllBytes(@new, after);
        using var diff = Process.Start(new ProcessStartInfo("diff", ["-U", $"{context}", "--label", "a/f.c", "--label", "b/f.c", old, @new]) { RedirectStandardOutput = true })!;
        using var output = new MemoryStream();
        diff.StandardOutput.BaseStream.CopyTo(output);
        diff.WaitForExit();
        return output.ToArray();
    }
}
