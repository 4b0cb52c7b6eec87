using System.Text;

namespace Suture.Cli.Completion;

/// <summary>Programmable completion as in bash(1). Needs nothing of the bash-completion package.</summary>
internal static class BashScript
{
    private const string Functions = """
        # bash completion for suture, made by: suture completion bash

        # Adds what fits $cur: see the words below.
        _suture_offer() {
            local offer
            for offer; do
                case $offer in
                    any) _suture_add -f; compopt -o filenames 2>/dev/null ;;
                    dirs) _suture_add -d; compopt -o filenames 2>/dev/null ;;
                    files=*) _suture_add -f -X "!*.${offer#*=}"; compopt -o filenames 2>/dev/null ;;
                    releases) _suture_add -W "$(ls /lib/modules 2>/dev/null)" ;;
                    names) _suture_add -W "$(ls "/var/lib/suture/patches/$(uname -r)" 2>/dev/null | sed -n 's/\.ko$//p')" ;;
                    word=*) _suture_add -W "${offer#*=}" ;;
                esac
            done
        }

        _suture_add() {
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$@" -- "$cur")
        }

        _suture() {
            local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=suture i
            COMPREPLY=()
            # bash takes --option=value for three words.
            if [[ $cur == = ]]; then
                cur=
            elif [[ $before == = ]]; then
                before=${COMP_WORDS[COMP_CWORD - 2]}
            fi

        """;

    public static string Write(IReadOnlyList<CompletedVerb> verbs)
    {
        var script = new StringBuilder(Functions);
        script.Append("""
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$verb ${COMP_WORDS[i]}" in

            """);
        script.Append("            ").AppendJoin(" | ", verbs.Skip(1).Select(v => Quote(v.Path))).Append(") verb+=\" ${COMP_WORDS[i]}\" ;;\n");
        script.Append("""
                    esac
                done
                case "$verb $before" in

            """);
        foreach (var verb in verbs)
        {
            foreach (var option in verb.Options.Where(o => o.ValueWord is not null))
            {
                script.Append("        ").AppendJoin(" | ", option.Names.Select(n => Quote($"{verb.Path} {n}")));
                script.Append(") _suture_offer").Append(Words(WithDirectories(option.Offers))).Append("; return ;;\n");
            }
        }
        script.Append("""
                esac
                case "$verb $cur" in

            """);
        foreach (var verb in verbs)
        {
            script.Append("        ").Append(Quote($"{verb.Path} -")).Append("*) _suture_offer")
                .Append(Words(verb.Options.SelectMany(o => o.Names).Select(n => "word=" + n))).Append(" ;;\n");
        }
        // The longest path first: "suture kernel" is the start of "suture kernel get" too.
        foreach (var verb in verbs.OrderByDescending(v => v.Path.Count(c => c == ' ')))
        {
            script.Append("        ").Append(Quote(verb.Path + " ")).Append("*) _suture_offer")
                .Append(Words([.. verb.Subverbs.Select(v => "word=" + v.Name), .. WithDirectories(verb.Offers)])).Append(" ;;\n");
        }
        return script.Append("""
                esac
            }

            complete -F _suture suture

            """).ToString();
    }

    /// <summary>bash must be told that files are found in directories; the other shells know.</summary>
    private static IEnumerable<string> WithDirectories(IReadOnlyList<string> offers) =>
        offers.Any(o => o.StartsWith("files=", StringComparison.Ordinal)) ? offers.Append("dirs").Distinct() : offers;

    private static string Words(IEnumerable<string> words) => string.Concat(words.Select(w => " " + w));

    private static string Quote(string text) => $"'{text}'";
}
