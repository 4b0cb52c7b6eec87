using System.Collections.Concurrent;
using System.Diagnostics;
using Suture.Build.Compile;
using Suture.Build.Link;
using Suture.Build.Match;
using Suture.Build.Note;
using Suture.Build.Patches;
using Suture.Build.Replace;
using Suture.Build.Trees;
using Suture.Build.Verification;
using Suture.Diff;
using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Diff.Review;
using Suture.Diff.Types;
using Suture.Elf;
using Suture.Kernel;
using Suture.Module;
using Suture.Verify;

namespace Suture.Build;

/// <summary>
/// Patch in, livepatch module out. Reads top-down as the phases: apply and plan, compile each unit twice, diff,
/// match against the code that runs, link, check the result as the kernel's loader would, note in it what hosts must know, let
/// the verifier, which shares nothing with all that, compare it with what the compiler wrote, and seal it.
/// </summary>
public sealed class LivepatchBuilder
{
    /// <summary>Above this many units, one is looked at first whether its types refuse the patch.</summary>
    private const int ManyUnits = 8;

    private readonly BuildRequest _request;
    private readonly SourceSite _site;
    private readonly IProgress<ProgressReport>? _progress;
    private readonly List<Finding> _findings = [];
    private readonly TargetImages _images;
    private readonly Dictionary<CompiledUnit, UnitClaims> _claims = [];
    private readonly ConcurrentBag<(string Owner, string Name)> _shown = [];
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private long _prepareMs, _compileMs, _diffMs, _matchMs, _linkMs;
    private FindingPlaces _places = FindingPlaces.Empty;
    private IReadOnlyList<PatchedFile> _files = [];

    private LivepatchBuilder(BuildRequest request, SourceSite site, IProgress<ProgressReport>? progress)
    {
        _request = request;
        _site = site;
        _progress = progress;
        _images = new TargetImages(request.Kernel);
    }

    private KernelBuild Kernel => _request.Kernel;

    /// <summary>Builds <paramref name="request"/>.</summary>
    /// <exception cref="KernelException">The kernel's pieces are unfit, or the compiler is not the kernel's own.</exception>
    /// <exception cref="PatchFormatException">A patch file cannot be read as a patch.</exception>
    public static async Task<BuildResult> RunAsync(BuildRequest request, IProgress<ProgressReport>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        var work = Directory.CreateTempSubdirectory("suture-build-");
        try
        {
            var site = new SourceSite(request.Kernel.SourceTree, request.Kernel.WorkDirectory, [.. request.Kernel.Units.All]);
            if (request.ModuleSource is { } module)
            {
                site = await ModuleTree.CreateAsync(request.Kernel, module, work.FullName, cancellation);
                request = request with { Kernel = OutOfTree.AddTo(request.Kernel, site, module, request.ModuleFile) };
            }
            return await new LivepatchBuilder(request, site, progress).RunAsync(work.FullName, cancellation);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private async Task<BuildResult> RunAsync(string work, CancellationToken cancellation)
    {
        // Prepare: the compiler must be the kernel's own; meanwhile apply the patches in memory.
        var patches = PatchSet.Parse(_request.Patches);
        var compilerCheck = CompilerCheck.RunAsync(Kernel, cancellation);
        var templateTask = ModuleTemplate.GetAsync(Kernel, cancellation);
        var plan = await AssemblyConsumers.JudgeAsync(CompilePlanner.Plan(_site, patches, cancellation), work, cancellation);
        await compilerCheck;
        var moduleName = "suture_" + _request.Name;
        var succession = SuccessionCheck.Prepare(_request.Replaces, moduleName, Kernel, await templateTask);
        _prepareMs = _total.ElapsedMilliseconds;
        if (PlanFailure(plan) is { } notApplied)
        {
            return Finish(notApplied) with { IsAlreadyApplied = plan.Application.IsAlreadyApplied };
        }
        _files = plan.Application.Files;
        _places = new FindingPlaces(_files);

        var options = new CompileOptions { WithTypes = true, PatchedFirst = _request.IsOneOfMany, TriedFirst = _request.TriedFirst, Explain = _request.ExplainErrors, Keep = _request.Keep, Shadows = _request.Shadows };
        if (plan.Units.Count > ManyUnits && await SharedTypeChangesAsync(plan, options, work, cancellation))
        {
            return Finish(BuildStatus.Refused);
        }
        if (plan.Units.Count > _request.MostUnits)
        {
            _findings.Add(BuildFindings.TooManyUnits(plan.Units.Count, _request.MostUnits));
            return Finish(BuildStatus.Refused);
        }
        _progress?.Report(new ProgressReport($"compiling {plan.Units.Count} unit(s), original and patched"));
        var outcome = await Timed(() => BuildPairs.RunAsync(plan, work, _progress, options, cancellation), ms => _compileMs = ms);
        if (outcome is not PairsBuilt built)
        {
            return Finish(CompileFailure(outcome));
        }
        var template = await templateTask;

        _progress?.Report(new ProgressReport("comparing objects"));
        var units = await Timed(() => DiffAsync(built, plan, template, work, cancellation), ms => _diffMs = ms);
        if (_findings.Exists(f => f.Severity == Severity.Error))
        {
            return Finish(BuildStatus.Refused);
        }
        if (units.Count == 0)
        {
            return Finish(NothingChanged());
        }

        _progress?.Report(new ProgressReport("matching against the code that runs"));
        var matched = await Timed(() => MatchAsync(units, plan, work, cancellation), ms => _matchMs = ms);

        _progress?.Report(new ProgressReport("linking the module"));
        var linker = new LivepatchLinker(Kernel, template, _images.Of, _shown.ToHashSet());
        var linked = await Timed(() => linker.LinkAsync(moduleName, _request.Name, matched, _request.Replace, work, cancellation), ms => _linkMs = ms);
        _findings.AddRange(linked.Findings.Select(f => f.File is { } file ? _places.Locate(f, file) : f));
        if (linked.Module is null)
        {
            var mismatch = linked.Findings.Any(f => f.Severity == Severity.Error && f.Code is "SUT0301" or "SUT0302" or "SUT0303");
            return Finish(mismatch ? BuildStatus.KernelMismatch : BuildStatus.Refused, linked.Functions);
        }
        var faults = new LoaderCheck(Kernel, _images.Of).Run(linked.Module, moduleName + ".ko");
        _findings.AddRange(faults.Select(BuildFindings.WouldNotLoad));
        var successions = succession.Run(linked.Module, moduleName + ".ko", _findings);
        if (_findings.Exists(f => f.Severity == Severity.Error))
        {
            return Finish(BuildStatus.Refused, linked.Functions);
        }
        var note = ModuleNote.Of(_request, moduleName, matched, new ShippedCode(Kernel, template.EntrySizes));
        var verified = new OutputVerification(Kernel, template).Run(ModuleNote.Embed(linked.Module, moduleName, note),
            moduleName, _request.Replace, _claims, matched, File.ReadAllBytes(Path.Combine(work, moduleName + ".o")));
        _findings.AddRange(verified.Findings);
        if (verified.Module is not { } module)
        {
            return Finish(BuildStatus.VerificationFailed, linked.Functions);
        }
        LivepatchFile.Seal(module, moduleName);
        return Finish(BuildStatus.Built, linked.Functions, module, verified.Expectation) with
        {
            Replaces = successions,
            // As a host will read it: a module that hosts would not take must not leave here.
            Note = LivepatchFile.Read(module, moduleName).Note,
        };
    }

    /// <summary>A changed struct of a header that hundreds of units include is refused by the first of them, before the others cost minutes.</summary>
    private async Task<bool> SharedTypeChangesAsync(CompilePlan plan, CompileOptions options, string work, CancellationToken cancellation)
    {
        var seeing = plan.Units.Where(u => u.MaySeeOtherTypes).ToList();
        if (seeing.Count == 0)
        {
            return false;
        }
        // What is said of this patch must not depend on which others there are.
        var sample = plan with { Units = [seeing.Find(u => u.Reason == UnitReason.Source) ?? LikelyBreaks.Among(plan, new HashSet<string>()).FirstOrDefault(seeing.Contains) ?? seeing[0]] };
        // It is needed once more when the others are compiled.
        var keeping = options with { Keep = options.Keep == KeptObjects.None ? KeptObjects.None : KeptObjects.All };
        var outcome = await Timed(() => BuildPairs.RunAsync(sample, Path.Combine(work, "sample"), _progress, keeping, cancellation), ms => _compileMs = ms);
        if (outcome is not PairsBuilt { Units: [{ AreEqual: false } unit] })
        {
            return false;
        }
        var changes = TypeChanges.Between(unit.ReadOriginal(), unit.ReadPatched());
        _findings.AddRange(RepeatedFindings.Merge(changes.Select(f => (unit.Unit.TreePath, _places.Locate(f, unit.Unit.TreePath))), plan.Units.Count - 1));
        return changes.Count > 0;
    }

    private BuildStatus? PlanFailure(CompilePlan plan)
    {
        foreach (var failure in plan.Application.Failures)
        {
            var differs = failure.Expected is null ? "" : $" (line {failure.DifferingLine} is '{failure.Found?.Trim()}', the patch expects '{failure.Expected.Trim()}')";
            _findings.Add(BuildFindings.DoesNotApply(failure.Patch, failure.PatchLine, failure.Message + differs, failure.Advice));
        }
        foreach (var note in plan.Application.Notes)
        {
            _findings.Add(note.IsDoubtful ? BuildFindings.AppliedElsewhere(note.Patch, note.PatchLine, note.Message) : BuildFindings.AppliedWithOffset(note.Patch, note.PatchLine, note.Message));
        }
        foreach (var part in plan.Unsupported)
        {
            _findings.Add(BuildFindings.Unsupported(part.Patch, part.PatchLine, $"{part.Path}: {part.Reason}", part.Advice,
                part.Blocks ? Severity.Error : part.Kind == UnsupportedKind.NotBuilt ? Severity.Note : Severity.Warning));
        }
        return plan.Application.Failures.Count > 0 ? BuildStatus.DoesNotApply
            : plan.Unsupported.Any(u => u.Blocks) ? BuildStatus.Refused
            : plan.Units.Count == 0 ? NothingChanged()
            : null;
    }

    private BuildStatus NothingChanged()
    {
        _findings.Add(FindingCatalog.NoEffect());
        return BuildStatus.NothingChanged;
    }

    private BuildStatus CompileFailure(CompileOutcome outcome)
    {
        switch (outcome)
        {
            case PatchedDoesNotCompile failed:
                foreach (var message in failed.Units.SelectMany(u => u.Messages).Where(m => m.IsError).Distinct())
                {
                    _findings.Add(message.Patch is { } patch
                        ? BuildFindings.DoesNotCompile(patch, message.PatchLine, $"{message.Message} ({message.File}:{message.Line})")
                        : BuildFindings.DoesNotCompile(message.File, message.Line, message.Message));
                }
                foreach (var unit in failed.Units.Where(u => !u.Messages.Any(m => m.IsError)))
                {
                    _findings.Add(BuildFindings.CompilerDied(unit.Unit.TreePath, unit.Text.Trim() is { Length: > 0 } words ? words.Split('\n')[^1] : "not a word"));
                }
                return BuildStatus.DoesNotCompile;
            case OriginalDoesNotCompile failed:
                throw new KernelException($"the unpatched {failed.Units[0].Unit.Source} does not compile:\n{failed.Units[0].Text.Trim()}",
                    "the kernel directory is incomplete; fetch it again with: suture kernel get " + Kernel.Release,
                    // A compiler that died without a word about a line says nothing of the directory.
                    failed.Units[0].Messages.Any(m => m.IsError) ? KernelFault.Broken : KernelFault.Tool);
            default:
                throw new InvalidOperationException($"unknown outcome {outcome}");
        }
    }

    private async Task<List<(CompiledUnit Unit, DiffResult Diff)>> DiffAsync(
        PairsBuilt built, CompilePlan plan, ModuleTemplate template, string work, CancellationToken cancellation)
    {
        var results = new (DiffResult? Patchable, IReadOnlyList<Finding> Findings, UnitReview? Review, UnitClaims Claims)?[built.Units.Count];
        var callers = new CallerCoverage(_images, built.Units);
        var casts = new SourceCasts(_files);
        await Parallel.ForEachAsync(Enumerable.Range(0, results.Length).Where(i => !built.Units[i].AreEqual), cancellation, (i, _) =>
        {
            var unit = built.Units[i];
            var diff = Differ.Run(unit.ReadOriginal(), unit.ReadPatched(), template.EntrySizes, exactLines: true,
                areCallersCompiled: function => callers.IsComplete(function, unit.Unit.Owner));
            diff.Patched.Elements.Where(e => e is { IsGlobal: true, Twin.IsGlobal: false }).ToList().ForEach(e => _shown.Add((unit.Unit.Owner, e.Name)));
            // A whole security update is hundreds of units: what is not needed any more must go.
            diff.Original.ForgetDebugInformation();
            diff.Patched.ForgetDebugInformation();
            var isPatchable = diff.Verdict == Verdict.Patchable;
            results[i] = (isPatchable ? diff : null, diff.Findings, isPatchable ? Review.Run(diff) : null, UnitClaims.Of(diff));
            return ValueTask.CompletedTask;
        });
        var patchable = new List<(CompiledUnit, DiffResult)>();
        var live = Array.Exists(results, r => r?.Patchable is not null);
        // A drop that one file makes no more may be another's now.
        var anyDropsFewer = Array.Exists(results, r => r?.Review?.DropsFewer == true);
        var findings = new List<(string Source, Finding Finding)>();
        foreach (var (unit, result) in built.Units.Zip(results))
        {
            if (result is not { } looked)
            {
                continue;
            }
            var source = unit.Unit.TreePath;
            findings.AddRange(looked.Findings.Where(f => f.Code is not ("SUT0101" or RuntimeReads.BootConstant))
                .Select(f => (source, casts.Reconsider(_places.Locate(live ? FindingCatalog.LeftOut(f) : f, source)))));
            findings.AddRange((looked.Review?.Beside(anyDropsFewer) ?? []).Select(f => (source, _places.Locate(f, source))));
            _claims[unit] = looked.Claims;
            if (looked.Patchable is { } diff)
            {
                patchable.Add((unit, diff));
            }
        }
        _findings.AddRange(RepeatedFindings.Merge(findings));
        return await WithRuntimeReadsAsync(patchable, plan, template, work, cancellation);
    }

    /// <summary>Exchanges the units that would need what the kernel writes into its own code, see <see cref="RuntimeReads"/>.</summary>
    private async Task<List<(CompiledUnit Unit, DiffResult Diff)>> WithRuntimeReadsAsync(
        List<(CompiledUnit Unit, DiffResult Diff)> units, CompilePlan plan, ModuleTemplate template, string work, CancellationToken cancellation)
    {
        var affected = units.ToLookup(u => RuntimeReads.HeaderFor(u.Diff, u.Unit.Unit.Owner, name => _images.Of("vmlinux").FindGlobal(name) is not null));
        foreach (var group in affected.Where(g => g.Key is not null))
        {
            _progress?.Report(new ProgressReport($"compiling {group.Count()} unit(s) again, to read at run time what the kernel would write into its own code"));
            var made = await RuntimeReads.CompileAsync(Kernel, plan, group.Key!, group.ToDictionary(u => u.Unit.Unit, u => u.Diff), template.EntrySizes, _images.Of, work, _request.Shadows, cancellation);
            foreach (var (unit, _) in group.Where(u => made.ContainsKey(u.Unit.Unit)))
            {
                _claims.Remove(unit);
                _claims[made[unit.Unit].Unit] = UnitClaims.Of(made[unit.Unit].Diff);
                // What is linked may copy and replace more than what the usual objects showed.
                _findings.AddRange(made[unit.Unit].Diff.Findings.Where(f => f.Code is not ("SUT0101" or RuntimeReads.BootConstant) && !_findings.Exists(g => g.Code == f.Code && g.Symbol == f.Symbol))
                    .Select(f => _places.Locate(FindingCatalog.LeftOut(f), unit.Unit.TreePath)).ToList());
            }
            units = units.ConvertAll(u => made.TryGetValue(u.Unit.Unit, out var other) ? other : u);
        }
        foreach (var (unit, diff) in units)
        {
            _findings.AddRange(diff.Findings.Where(f => f.Code == RuntimeReads.BootConstant)
                .Select(f => _places.Locate(BuildFindings.BootConstantStays(f), unit.Unit.TreePath)));
        }
        return units;
    }

    private async Task<List<LinkUnit>> MatchAsync(
        List<(CompiledUnit Unit, DiffResult Diff)> units, CompilePlan plan, string work, CancellationToken cancellation)
    {
        var matched = new LinkUnit[units.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, units.Count), cancellation, async (i, stop) =>
        {
            var (unit, diff) = units[i];
            var image = _images.Of(unit.Unit.Owner);
            var called = diff.Externals.Values.OfType<Element>().Where(e => e is { Kind: ElementKind.Function, IsGlobal: false });
            var needed = diff.Replaced.Select(f => f.Twin!).SelectMany(f => f.Parts.Prepend(f)).Concat(called);
            var match = await UnitMatching.MatchAsync(image, diff.Original, needed, () => PlainObject.CompileAsync(plan.Site, unit.Unit, work, stop));
            matched[i] = new LinkUnit(unit.Unit.TreePath, diff, match, image) { OtherOwners = unit.Unit.OtherOwners };
        });
        return [.. matched];
    }

    private static async Task<T> Timed<T>(Func<Task<T>> action, Action<long> record)
    {
        var watch = Stopwatch.StartNew();
        var result = await action();
        record(watch.ElapsedMilliseconds);
        return result;
    }

    private BuildResult Finish(BuildStatus status, IReadOnlyList<LivepatchFunction>? functions = null, byte[]? module = null, Manifest? expectation = null) =>
        new(status, "suture_" + _request.Name, module, functions ?? [], _findings,
            new BuildTimings(_prepareMs, _compileMs, _diffMs, _matchMs, _linkMs, _total.ElapsedMilliseconds), expectation);
}
