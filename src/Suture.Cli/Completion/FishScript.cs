using System.Text;

namespace Suture.Cli.Completion;

/// <summary>Completions as in fish's complete(1): options and verbs with their descriptions.</summary>
internal static class FishScript
{
    private const string Functions = """
        # fish completion for suture, made by: suture completion fish

        function __suture_offer
            for offer in $argv
                set -l word (string replace -r '^[^=]*=' '' -- $offer)
                switch $offer
                    case any
                        __fish_complete_path (commandline -ct)
                    case dirs
                        __fish_complete_directories (commandline -ct)
                    case 'files=*'
                        __fish_complete_suffix .$word
                    case releases
                        set -l found /lib/modules/*
                        string replace -r '.*/' '' -- $found
                    case names
                        set -l found /var/lib/suture/patches/(uname -r)/*.ko
                        string replace -r '.*/(.*)\.ko$' '$1' -- $found
                    case 'word=*'
                        echo $word
                end
            end
        end

        # Whether the words so far lead to the verb that is named.
        function __suture_at
            set -l verb suture
            for word in (commandline -opc)
                if contains -- "$verb $word" $__suture_verbs
                    set verb "$verb $word"
                end
            end
            test $verb = $argv[1]
        end


        """;

    public static string Write(IReadOnlyList<CompletedVerb> verbs)
    {
        var script = new StringBuilder(Functions);
        script.Append("set -g __suture_verbs ").AppendJoin(' ', verbs.Skip(1).Select(v => Quote(v.Path))).Append("\n\ncomplete -c suture -f\n");
        foreach (var verb in verbs)
        {
            var at = $"complete -c suture -n {Quote($"__suture_at {Quote(verb.Path)}")}";
            foreach (var sub in verb.Subverbs)
            {
                script.Append($"{at} -a {sub.Name} -d {Quote(sub.Description)}\n");
            }
            foreach (var option in verb.Options)
            {
                var names = string.Join(' ', option.Names.Select(n => n.StartsWith("--", StringComparison.Ordinal) ? $"-l {n[2..]}" : $"-s {n[1..]}"));
                var value = option.ValueWord is null ? "" : option.Offers.Count == 0 ? " -x" : $" -x -a {Quote(Offer(option.Offers))}";
                script.Append($"{at} {names}{value} -d {Quote(option.Description)}\n");
            }
            if (verb.Offers.Count > 0)
            {
                script.Append($"{at} -a {Quote(Offer(verb.Offers))}\n");
            }
        }
        return script.ToString();
    }

    private static string Offer(IReadOnlyList<string> offers) => $"(__suture_offer {string.Join(' ', offers)})";

    private static string Quote(string text) => $"'{text.Replace("\\", "\\\\").Replace("'", "\\'")}'";
}
