using Suture.Diff.Findings;
using Suture.Diff.Model;
using Suture.Diff.Phases;
using Suture.Diff.Types;
using Suture.Elf;

namespace Suture.Diff;

/// <summary>What the engine says of a pair of objects.</summary>
public enum Verdict
{
    /// <summary>There are changes and all of them can be applied live.</summary>
    Patchable,
    /// <summary>Nothing changed.</summary>
    Unchanged,
    /// <summary>Not safe to patch live; the findings say why.</summary>
    Refused,
}

/// <summary>A function or data that changed or is new.</summary>
/// <param name="Element">The element of the patched object.</param>
/// <param name="Change">How it relates to the original.</param>
public sealed record ChangedElement(Element Element, Change Change);

/// <summary>Of objects that were compiled in another way than what runs.</summary>
/// <param name="Detached">
/// Functions of the original object that are not what runs under their names: a copy in the livepatch is called in place of the running one, and what
/// changed is handed on to the callers.
/// </param>
/// <param name="Replaced">Functions to replace even where these objects show no change, for what runs has changed code inlined.</param>
public sealed record OtherwiseCompiled(IReadOnlySet<string> Detached, IReadOnlySet<string> Replaced);

/// <summary>Outcome of <see cref="Differ.Run"/>.</summary>
public sealed class DiffResult
{
    /// <summary>The judgement.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>The original object, canonicalised.</summary>
    public required ObjectModel Original { get; init; }

    /// <summary>The patched object, canonicalised and compared.</summary>
    public required ObjectModel Patched { get; init; }

    /// <summary>Changed and new functions.</summary>
    public required IReadOnlyList<ChangedElement> Functions { get; init; }

    /// <summary>Changed and new data.</summary>
    public required IReadOnlyList<ChangedElement> Data { get; init; }

    /// <summary>What the author said about the patch.</summary>
    public required Marks Marks { get; init; }

    /// <summary>Everything whose bytes the output carries.</summary>
    public required IReadOnlyList<Element> Included { get; init; }

    /// <summary>What there is to say about the pair.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>The object to link into a livepatch; null unless <see cref="Verdict.Patchable"/>.</summary>
    public ElfObject? Output { get; init; }

    /// <summary>For each undefined symbol of <see cref="Output"/>: the element of the original object it stands for, null when that is elsewhere.</summary>
    public required IReadOnlyDictionary<Symbol, Element?> Externals { get; init; }

    /// <summary>For each included named element: its symbol in <see cref="Output"/>.</summary>
    public required IReadOnlyDictionary<Element, Symbol> Symbols { get; init; }

    /// <summary>Functions of the running kernel that the livepatch replaces (elements of the patched object; twins are the originals).</summary>
    public IEnumerable<Element> Replaced => Included.Where(
        e => e is { Kind: ElementKind.Function, Change: Change.Changed, Parent: null });
}

/// <summary>Two objects in, a livepatch object and findings out. Reads top-down as the phases of the engine.</summary>
public static class Differ
{
    /// <summary>Compares <paramref name="original"/> with <paramref name="patched"/>.</summary>
    /// <param name="original">The object compiled from the original source.</param>
    /// <param name="patched">The object compiled from the patched source.</param>
    /// <param name="entrySizes">Special-section entry sizes in bytes by option name; inferred where absent.</param>
    /// <param name="exactLines">
    /// Whether unchanged code has the same line numbers in both, as with #line directives. If not, constants that seem to be
    /// line numbers may differ, and a finding says so.
    /// </param>
    /// <param name="areCallersCompiled">Whether all that uses a function of this name, in the running image, is compiled with the patch; null when that is not known.</param>
    /// <param name="otherwise">What there is to know where the objects were not compiled as what runs was; null where they were.</param>
    /// <exception cref="ElfFormatException">An object contradicts itself.</exception>
    public static DiffResult Run(ElfObject original, ElfObject patched, IReadOnlyDictionary<string, int>? entrySizes = null, bool exactLines = false,
        Func<string, bool>? areCallersCompiled = null, OtherwiseCompiled? otherwise = null)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(patched);
        var before = ObjectModel.Build(original, entrySizes);
        var after = ObjectModel.Build(patched, entrySizes);
        Correlate.Run(before, after);
        Compare.Run(after, exactLines);
        if (otherwise is not null)
        {
            Obey.Run(otherwise, before, after);
        }
        var marks = Marks.Read(after);
        var findings = Obey.Run(marks, after);
        Escalate.Run(after);
        var included = Phases.Select.Run(after);
        findings.AddRange(Obey.Check(marks, after, included));
        findings.AddRange(Guard.Run(before, after, included));
        findings.AddRange(TypeGuard.Run(before, after, included, areCallersCompiled));

        var functions = after.Functions.Where(f => f.Change != Change.None).Select(f => new ChangedElement(f, f.Change)).ToList();
        var data = after.Data.Where(d => d.Change == Change.Changed || (d.Change == Change.New && included.Contains(d)))
            .Select(d => new ChangedElement(d, d.Supersedes is null ? d.Change : Change.Changed)).ToList();
        var verdict = findings.Exists(f => f.Severity == Severity.Error) ? Verdict.Refused
            : included.Count == 0 && marks.States.Count == 0 ? Verdict.Unchanged
            : Verdict.Patchable;
        if (after.Functions.FindAll(f => f.LinesMoved && f.Change == Change.None) is { Count: > 0 } moved)
        {
            findings.Add(FindingCatalog.LinesMoved(moved.ConvertAll(f => f.Name)));
        }
        if (verdict == Verdict.Unchanged)
        {
            findings.Add(FindingCatalog.NoEffect());
        }
        var (output, maps) = verdict == Verdict.Patchable ? Emit.Run(after, included) : default;
        if (output is not null)
        {
            ImportedNamespaces.Copy(patched, output);
        }
        return new DiffResult
        {
            Verdict = verdict,
            Original = before,
            Patched = after,
            Functions = functions,
            Data = data,
            Marks = marks,
            Included = included,
            Findings = findings,
            Output = output,
            Externals = maps?.Externals ?? [],
            Symbols = maps?.Symbols ?? [],
        };
    }
}
