using System.CommandLine;
using Suture.Build;
using Suture.Diff;
using Suture.Elf;
using Suture.Verify;

namespace Suture.Campaigns.Fuzz;

/// <summary>
/// The process that is fed damaged objects: a line "OBJECT SEED MASK" in, a line out: "rejected", "diffed", or "fault" with the
/// exception, and <see cref="StepDone"/> before it whenever one of several commands is done with the input. Object -1 stands for the pair of <see cref="HostileObjects"/> whose number is the seed. It may hang, run out of memory or die; the campaign watches it.
/// </summary>
internal static class FuzzWorker
{
    public const string Rejected = "rejected";
    public const string Diffed = "diffed";
    public const string Fault = "fault";
    public const string StepDone = ".";

    public static Command Command()
    {
        var objects = new Argument<DirectoryInfo>("DIR") { Description = "the objects to damage" };
        var command = new Command("fuzz-worker", "one worker of fuzz; not for people") { objects };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var originals = Originals(parsed.GetRequiredValue(objects).FullName);
            while (Console.In.ReadLine() is { } line && line.Split(' ') is [var number, var seed, var mask])
            {
                var (original, mutant) = int.Parse(number) is >= 0 and var index
                    ? (originals[index], new ObjectMutator(originals[index], int.Parse(seed)).Make(int.Parse(mask)))
                    : HostileObjects.Make(int.Parse(seed));
                Console.Out.WriteLine(Try(original, mutant, () => Console.Out.WriteLine(StepDone)));
            }
            return 0;
        });
        return command;
    }

    /// <summary>The objects in a directory, by name.</summary>
    public static List<byte[]> Originals(string directory) =>
        [.. Directory.GetFiles(directory, "*.o").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>Gives a damaged object to all that reads objects, and says what came of it, in one line.</summary>
    public static string Try(byte[] original, byte[] mutant, Action stepDone)
    {
        if (Verify(original, mutant) is { } fault)
        {
            return fault;
        }
        stepDone();
        try
        {
            // What suture inspect does.
            ModuleInspection.Read(ElfObject.Read(mutant, "mutant"));
        }
        catch (ElfFormatException)
        {
            return Rejected;
        }
        catch (Exception e)
        {
            return Describe(e);
        }
        foreach (var (a, b) in ((byte[], byte[])[])[(original, mutant), (mutant, original), (mutant, mutant)])
        {
            stepDone();
            try
            {
                // What suture diff does, the writing of its output included.
                _ = Differ.Run(ElfObject.Read(a, "original"), ElfObject.Read(b, "patched")).Output?.Write();
            }
            catch (ElfFormatException)
            {
                // Its own error: the object contradicts itself.
            }
            catch (Exception e)
            {
                return Describe(e);
            }
        }
        return Diffed;
    }

    /// <summary>
    /// What suture inspect --check does where no kernel is at hand: read, and walk the module by its own record and by the one that it had before it
    /// was damaged.
    /// </summary>
    private static string? Verify(byte[] original, byte[] mutant)
    {
        try
        {
            var module = RelocatableFile.Read(mutant, "mutant");
            foreach (var holder in (byte[][])[original, mutant])
            {
                if (ModuleCheck.ManifestOf(RelocatableFile.Read(holder, "holder of the record")) is { } manifest)
                {
                    ModuleCheck.Run(module, manifest);
                }
            }
        }
        catch (DamagedFileException)
        {
            // Its own error: the file is damaged, or made to be expensive.
        }
        catch (Exception e)
        {
            return Describe(e);
        }
        return null;
    }

    private static string Describe(Exception e)
    {
        var frames = (e.StackTrace ?? "").Split('\n').Select(f => f.Trim()).Where(f => f.StartsWith("at Suture.", StringComparison.Ordinal)).Take(4);
        return $"{Fault} {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")} {string.Join(" ", frames)}";
    }
}
