using System.Text;
using System.Text.Json;
using Suture.Lab.Protocol;

namespace Suture.Lab.Guest;

/// <summary>
/// The guest's file system: the guest program with its libraries, busybox, the modules, the probe and what it needs,
/// and the plan. Not compressed: unpacking costs an emulated CPU more than copying.
/// </summary>
internal sealed class Initramfs
{
    private const int Executable = 0x1ED; // 0755
    private const string ProbePath = "/lab/probe";
    private const string WorkloadPath = "/lab/workload";
    private const string LoadPath = "/lab/load";

    /// <summary>Writes it to <paramref name="path"/>.</summary>
    public static async Task WriteAsync(string path, BootRequest request, CancellationToken cancel)
    {
        var guest = GuestProgram.Find();
        var busybox = GuestProgram.FindBusybox();
        await using var output = new BufferedStream(File.Create(path), 1 << 20);
        using var archive = new CpioWriter(output);
        foreach (var directory in (string[])["proc", "sys", "dev", "tmp", "root", "run", "mnt", "etc", "bin", "lab/modules"])
        {
            archive.Directory(directory);
        }
        archive.Device("dev/console", 5, 1); // for /init's own output, before devtmpfs is mounted
        archive.File("init", Encoding.UTF8.GetBytes(InitScript.Init), Executable);
        archive.File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"u8);
        archive.File("etc/group", "root:x:0:\nnogroup:x:65534:\n"u8);
        await AddProgramAsync(archive, guest, "/bin/suture-guest", cancel);
        await AddLibrariesAsync(archive, await SharedLibraries.OfHashingAsync(cancel), cancel);
        await AddBusyboxAsync(archive, busybox, cancel);

        var trials = new List<GuestTrial>();
        foreach (var (file, facts) in request.Patches)
        {
            var mustLoad = request.TargetsMustLoad && facts.Objects.Count == 1;
            var targets = TargetModules(request.Kernel, facts, mustLoad);
            foreach (var target in targets.Where(t => !archive.Has(t.Guest.File)))
            {
                archive.File(target.Guest.File, await ModuleFile.ReadAsync(target.Source, cancel));
            }
            var patch = new GuestModule(facts.Name, $"/lab/{facts.Name}.ko", Required: true) { Memory = request.Code.GetValueOrDefault(file)?.Plan(mayMiss: !mustLoad) };
            archive.File(patch.File, await ModuleFile.ReadAsync(file, cancel));
            var needsTarget = request.TargetsMustLoad && !facts.Objects.Contains("vmlinux");
            trials.Add(new GuestTrial(patch, [.. targets.Select(t => t.Guest)], needsTarget ? [.. facts.TargetModules] : []));
        }
        var replaced = await AddReplacedAsync(archive, request.Replaced, cancel);
        if (request.Probe is { } probe)
        {
            archive.File(ProbePath, await File.ReadAllBytesAsync(probe, cancel), Executable);
            foreach (var needed in ProbeProgram.Needs(probe))
            {
                await AddProgramAsync(archive, needed, needed == probe ? ProbePath : needed, cancel);
            }
        }
        if (request.Load is { } load)
        {
            archive.File(LoadPath, await File.ReadAllBytesAsync(load, cancel), Executable);
            foreach (var needed in ProbeProgram.Needs(load))
            {
                await AddProgramAsync(archive, needed, needed == load ? LoadPath : needed, cancel);
            }
        }
        if (request.Workload)
        {
            archive.File(WorkloadPath, Encoding.UTF8.GetBytes(InitScript.Workload), Executable);
        }
        var plan = new GuestPlan
        {
            Trials = trials,
            Replaced = replaced,
            Probe = request.Probe is null ? null : ProbePath,
            Workload = request.Workload ? WorkloadPath : null,
            Load = request.Load is null ? null : LoadPath,
            LoadSeconds = (int)request.LoadTime.TotalSeconds,
            Cycles = request.Cycles,
            ProbeBoundMs = (int)request.ProbeBound.TotalMilliseconds,
            TransitionBoundMs = (int)request.TransitionBound.TotalMilliseconds,
        };
        archive.File(GuestPlan.Path, JsonSerializer.SerializeToUtf8Bytes(plan, ProtocolJson.Default.GuestPlan));
        await AddFilesAsync(archive, request.Files, cancel);
    }

    /// <summary>Adds what the user asked for. Of two files with one name the guest could have only one, and the trial would run with the wrong one.</summary>
    /// <exception cref="LabInputException">A name is taken.</exception>
    internal static async Task AddFilesAsync(CpioWriter archive, IReadOnlyList<LabFile> files, CancellationToken cancel)
    {
        var added = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var source = Path.GetFullPath(file.Source);
            var guestPath = InGuest(file.GuestPath);
            if (!archive.Has(guestPath))
            {
                await AddProgramAsync(archive, source, guestPath, cancel);
                added.Add(guestPath, source);
            }
            // A library of this machine, or the same file twice, is there already as it is.
            else if (source != guestPath && added.GetValueOrDefault(guestPath) != source)
            {
                throw new LabInputException(LabInputFault.Unusable, added.TryGetValue(guestPath, out var other)
                    ? $"--file {other} and --file {source} would both be {guestPath} in the guest"
                    : $"--file {source} would be {guestPath} in the guest, where the lab has something of its own",
                    "give it another place: --file PATH:/GUESTPATH");
            }
        }
    }

    /// <summary>The guest's /usr/bin and /sbin are its /bin.</summary>
    private static string InGuest(string path)
    {
        var whole = Path.GetFullPath(path);
        return whole.StartsWith("/usr/bin/", StringComparison.Ordinal) ? whole["/usr".Length..]
            : whole.StartsWith("/sbin/", StringComparison.Ordinal) ? $"/bin/{whole["/sbin/".Length..]}" : whole;
    }

    private static async Task<GuestModule?> AddReplacedAsync(CpioWriter archive, string? module, CancellationToken cancel)
    {
        if (module is null)
        {
            return null;
        }
        var guest = new GuestModule(ModuleFacts.Read(module).Name, "/lab/replaced.ko", Required: true);
        archive.File(guest.File, await ModuleFile.ReadAsync(module, cancel));
        return guest;
    }

    /// <summary>The modules that the livepatch patches, each after those it needs.</summary>
    private static List<(string Source, GuestModule Guest)> TargetModules(LabKernel kernel, ModuleFacts patch, bool mustLoad)
    {
        var targets = patch.TargetModules.Select(t => kernel.Modules.Find(t) ?? throw new LabInputException(LabInputFault.WrongKernel,
            $"the livepatch patches the module {t}, which kernel {kernel.Release} does not have", "take the kernel it was built for")).ToList();
        var names = targets.SelectMany(t => t.Dependencies.Append(t.Name)).Distinct(StringComparer.Ordinal);
        return [.. names.Select(n => (kernel.Modules.Find(n)!.Path,
            new GuestModule(n, $"/lab/modules/{n}.ko", mustLoad && targets.Exists(t => t.Name == n)) { Needs = [.. kernel.Modules.Find(n)!.Dependencies] }))];
    }

    /// <summary>Adds a file executable, and the libraries it needs when it is a dynamically linked program.</summary>
    private static async Task AddProgramAsync(CpioWriter archive, string source, string guestPath, CancellationToken cancel)
    {
        archive.File(guestPath, await File.ReadAllBytesAsync(source, cancel), Executable);
        await AddLibrariesAsync(archive, await SharedLibraries.OfAsync(source, cancel), cancel);
    }

    private static async Task AddLibrariesAsync(CpioWriter archive, IReadOnlyList<string> libraries, CancellationToken cancel)
    {
        foreach (var library in libraries)
        {
            archive.File(library, await File.ReadAllBytesAsync(library, cancel), Executable);
        }
    }

    private static async Task AddBusyboxAsync(CpioWriter archive, string busybox, CancellationToken cancel)
    {
        await AddProgramAsync(archive, busybox, "/bin/busybox", cancel);
        var applets = Encoding.UTF8.GetString(await ExternalProgram.OutputAsync(busybox, ["--list"], "busybox-static", cancel));
        foreach (var applet in applets.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            archive.Link($"/bin/{applet}", "busybox");
        }
        archive.Link("/usr/bin", "/bin");
        archive.Link("/sbin", "/bin");
    }
}
