using System.CommandLine;

namespace Suture.Cli.Verbs;

/// <summary>suture diff ORIGINAL.o PATCHED.o [-o OUT.o] [--entry-size NAME=BYTES]... [--json]</summary>
internal static class DiffVerb
{
    public static Command Create()
    {
        var original = new Argument<FileInfo>("ORIGINAL.o") { Description = "object compiled from the original source" };
        var patched = new Argument<FileInfo>("PATCHED.o") { Description = "object compiled from the patched source" };
        var command = new Command("diff", "compare two objects and extract what a livepatch needs") { original, patched };
        command.SetAction(_ => 1);
        return command;
    }
}
