namespace Suture.Kernel;

/// <summary>
/// What kbuild would do, read from the output of a dry run (<c>make -n</c>) line by line: how each unit is
/// compiled, which sources and headers are generated, how objtool is called on a module.
/// </summary>
public sealed class DryRun
{
    private const string ModuleName = "-DKBUILD_MODNAME=";
    private readonly string _compiler;
    private readonly string _start;
    private readonly List<CompileUnit> _units = [];
    private readonly SortedSet<string> _generated = new(StringComparer.Ordinal);
    private string[]? _moduleObjtool;

    /// <summary>Starts reading; <paramref name="compiler"/> is what CC was set to.</summary>
    public DryRun(string compiler)
    {
        _compiler = compiler;
        _start = compiler + " -Wp,-M";
    }

    /// <summary>The units seen so far.</summary>
    public IReadOnlyList<CompileUnit> Units => _units;

    /// <summary>The .c and .h files that kbuild would generate, except those made from compiled objects.</summary>
    public IReadOnlyCollection<string> GeneratedSources => _generated;

    /// <summary>Arguments of objtool for a module's object, without the file; empty when it is not called on one.</summary>
    public IReadOnlyList<string> ModuleObjtoolArguments => _moduleObjtool ?? [];

    /// <summary>Takes one line of output.</summary>
    public void Add(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.StartsWith("set -e;", StringComparison.Ordinal))
        {
            AddCommand(line);
            AddGenerated(line);
        }
    }

    /// <summary>Takes the command that makes one target.</summary>
    public void AddCommand(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.Contains(" -c -o ", StringComparison.Ordinal) && line.IndexOf(_start, StringComparison.Ordinal) is >= 0 and var at)
        {
            AddUnit(ShellWords.Read(line, at));
        }
        if (_moduleObjtool is null && line.IndexOf(" ./tools/objtool/objtool ", StringComparison.Ordinal) is >= 0 and var objtool)
        {
            AddObjtool(ShellWords.Read(line, objtool + 1));
        }
    }

    private void AddUnit(List<string> words)
    {
        string? source = null, target = null, module = null;
        var isModule = false;
        var arguments = new List<string>(words.Count) { _compiler };
        for (var i = 1; i < words.Count; i++)
        {
            var word = words[i];
            if (word == "-o" && i + 1 < words.Count)
            {
                target = words[++i];
            }
            else if (word.EndsWith(".c", StringComparison.Ordinal) && !word.StartsWith('-') && words[i - 1] != "-include")
            {
                source = word;
            }
            else if (word != "-c" && !word.StartsWith("-Wp,-M", StringComparison.Ordinal))
            {
                isModule |= word == "-DMODULE";
                module = word.StartsWith(ModuleName, StringComparison.Ordinal) ? word[ModuleName.Length..].Trim('"') : module;
                arguments.Add(word);
            }
        }
        if (source is not null && target is not null)
        {
            // An object that is part of several modules names them all, ':' between.
            string[] owners = isModule && module is not null ? [.. module.Split(':').Select(KernelModule.NameOf)] : ["vmlinux"];
            _units.Add(new(source, target, owners[0], arguments) { OtherOwners = owners[1..] });
        }
    }

    // Recipes tell what they make twice: echo '  TAG     target...' (some say nothing there, some name several)
    // and, to remove it when interrupted, trap 'rm -f target; ...'.
    private void AddGenerated(string line)
    {
        // The vDSO images and the real-mode symbols are made from linked objects: much work for what no patch replaces.
        if (line.Contains("echo '  VDSO2C", StringComparison.Ordinal) || line.Contains("echo '  PASYMS", StringComparison.Ordinal))
        {
            return;
        }
        foreach (var (prefix, terminator) in (ReadOnlySpan<(string, char)>)[("echo '  ", '\''), ("trap 'rm -f ", ';')])
        {
            var at = line.IndexOf(prefix, StringComparison.Ordinal);
            var end = at < 0 ? -1 : line.IndexOf(terminator, at + prefix.Length);
            if (end < 0)
            {
                continue;
            }
            foreach (var word in line[(at + prefix.Length)..end].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (word.EndsWith(".[ch]", StringComparison.Ordinal))
                {
                    _generated.Add(word[..^5] + ".c");
                    _generated.Add(word[..^5] + ".h");
                }
                else if (word.Contains('/') && (word.EndsWith(".c", StringComparison.Ordinal) || word.EndsWith(".h", StringComparison.Ordinal)))
                {
                    _generated.Add(word);
                }
            }
        }
    }

    private void AddObjtool(List<string> words)
    {
        if (words.Contains("--module") && words.Count > 2)
        {
            _moduleObjtool = [.. words.Skip(1).SkipLast(1)];
        }
    }
}
