using System.CommandLine;
using Suture.Kernel;

namespace Suture.Cli.Verbs;

/// <summary>suture kernel command SOURCE --kernel RELEASE|running|DIR: how the kernel's build compiles a file.</summary>
internal static class KernelCommandVerb
{
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "source file, relative to the kernel tree" };
        var kernel = new Option<string>("--kernel") { Description = "the kernel", HelpName = "RELEASE|running|DIR", Required = true };
        var command = new Command("command", "print the compiler's arguments for a source file, one a line (run them in the source tree)") { source, kernel };
        command.SetAction(async (parsed, cancellation) =>
        {
            KernelBuild target;
            using (var progress = Terminal.Progress())
            {
                target = await KernelArgument.ResolveAsync(parsed.GetRequiredValue(kernel), progress, cancellation);
            }
            var path = parsed.GetRequiredValue(source);
            if (target.Units.Find(path) is not { } unit)
            {
                Terminal.Error($"{target.Release} does not build {path}", "give a .c file relative to the top of the tree that this configuration compiles");
                return (int)ExitCode.Nothing;
            }
            foreach (var argument in unit.Arguments)
            {
                Console.Out.WriteLine(argument);
            }
            return (int)ExitCode.Done;
        });
        return command;
    }
}
