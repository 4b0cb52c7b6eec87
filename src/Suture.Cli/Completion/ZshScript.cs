using System.Text;

namespace Suture.Cli.Completion;

/// <summary>A completion function as in zshcompsys(1): options and verbs with their descriptions.</summary>
internal static class ZshScript
{
    private const string Functions = """
        #compdef suture
        # zsh completion for suture, made by: suture completion zsh

        _suture_offer() {
          local offer none=1
          for offer; do
            case $offer in
              (any) _files && none=0 ;;
              (dirs) _files -/ && none=0 ;;
              (files=*) _files -g "*.${offer#*=}" && none=0 ;;
              (releases) compadd -- /lib/modules/*(N/:t) && none=0 ;;
              (names) compadd -- /var/lib/suture/patches/$(uname -r)/*.ko(N:t:r) && none=0 ;;
              (word=*) compadd -- ${offer#*=} && none=0 ;;
            esac
          done
          return none
        }

        _suture() {
          local verb=suture
          local -a verbs
          while (( CURRENT > 2 )); do
            case "$verb $words[2]" in

        """;

    public static string Write(IReadOnlyList<CompletedVerb> verbs)
    {
        var script = new StringBuilder(Functions);
        script.Append("      (").AppendJoin('|', verbs.Skip(1).Select(v => Quote(v.Path))).Append(") verb+=\" $words[2]\"; shift words; (( CURRENT-- )) ;;\n");
        script.Append("""
                  (*) break ;;
                esac
              done
              case $verb in

            """);
        foreach (var verb in verbs)
        {
            script.Append("    (").Append(Quote(verb.Path)).Append(")\n");
            if (verb.Subverbs.Count > 0)
            {
                script.Append("      verbs=(\n");
                foreach (var sub in verb.Subverbs)
                {
                    script.Append("        ").Append(Quote($"{sub.Name}:{sub.Description}")).Append('\n');
                }
                script.Append("      )\n");
            }
            script.Append("      _arguments");
            foreach (var option in verb.Options)
            {
                script.Append(" \\\n        ").AppendJoin(" \\\n        ", option.Names.Select(n => Quote(Specification(n, option))));
            }
            if (verb.Subverbs.Count > 0)
            {
                script.Append(" \\\n        ").Append(Quote("1:verb:{_describe -t verbs verb verbs}"));
            }
            else if (verb.ArgumentWord.Length > 0)
            {
                script.Append(" \\\n        ").Append(Quote($"*:{Escape(verb.ArgumentWord)}:{Action(verb.Offers)}"));
            }
            script.Append("\n      ;;\n");
        }
        return script.Append("""
              esac
            }

            # As an autoloaded function this file is the function's body; when it is sourced it only defines.
            if [[ $funcstack[1] == _suture ]]; then
              _suture "$@"
            else
              compdef _suture suture
            fi

            """).ToString();
    }

    /// <summary>'*--name=[what for]:VALUE: action'; the star because whether an option may be repeated is for suture to say.</summary>
    private static string Specification(string name, CompletedOption option)
    {
        // A long option may have its value behind '=' or as the next word, a short one as the next word.
        var joint = option.ValueWord is null ? "" : name.StartsWith("--", StringComparison.Ordinal) ? "=" : "+";
        var value = option.ValueWord is null ? "" : $":{Escape(option.ValueWord)}:{Action(option.Offers)}";
        return $"*{name}{joint}[{Escape(option.Description)}]{value}";
    }

    // The blank keeps _arguments from adding words of its own.
    private static string Action(IReadOnlyList<string> offers) => offers.Count == 0 ? "" : $" _suture_offer {string.Join(' ', offers)}";

    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace("[", "\\[").Replace("]", "\\]").Replace(":", "\\:");

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''")}'";
}
