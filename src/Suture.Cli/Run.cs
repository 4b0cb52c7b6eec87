using System.CommandLine;
using System.Runtime.InteropServices;
using Suture.Build.Patches;
using Suture.Elf;
using Suture.Kernel;
using Suture.Lab;
using Suture.Module;
using Suture.Verify;

namespace Suture.Cli;

/// <summary>Runs the command line and turns what is thrown into one clear line and a contract exit code.</summary>
internal static class Run
{
    public static async Task<int> Async(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                Terminal.Error(error.Message);
            }
            Terminal.Note($"try: suture {string.Join(' ', args.TakeWhile(a => !a.StartsWith('-')).Take(2))} --help");
            return (int)ExitCode.Usage;
        }
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
        // A service manager's or timeout(1)'s request to end must not leave a virtual machine or a compiler behind.
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        try
        {
            // Whoever is asked to end while a transition is under way turns it round first, which may take a minute: no bound of the library's.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Terminal.Error("interrupted");
            return (int)ExitCode.Interrupted;
        }
        catch (PatchFormatException e)
        {
            Terminal.Error(e.Message, "give a unified diff, a git format-patch or an mbox of them");
            return (int)ExitCode.PatchDoesNotApply;
        }
        catch (KernelException e)
        {
            Terminal.Error(e.Message, e.Advice);
            return (int)(e.Fault switch
            {
                KernelFault.Mismatch => ExitCode.KernelMismatch,
                KernelFault.Verification => ExitCode.VerificationFailed,
                _ => ExitCode.Failure,
            });
        }
        catch (DamagedFileException e)
        {
            Terminal.Error(e.Message, "the file is damaged, or of another version of Suture: make or fetch it again");
            return (int)ExitCode.VerificationFailed;
        }
        catch (ModuleFileException e)
        {
            Terminal.Error(e.Message, e.Advice);
            return (int)ExitCode.VerificationFailed;
        }
        catch (ElfFormatException e)
        {
            Terminal.Error(e.Message, "the file is damaged or not what it claims to be: make or fetch it again");
            return (int)ExitCode.Failure;
        }
        catch (LabInputException e)
        {
            Terminal.Error(e.Message, e.Advice);
            return (int)(e.Fault switch
            {
                LabInputFault.WrongKernel => ExitCode.KernelMismatch,
                LabInputFault.Unusable => ExitCode.Usage,
                _ => ExitCode.Failure,
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Terminal.Error(e.Message);
            return (int)ExitCode.Failure;
        }
    }
}
