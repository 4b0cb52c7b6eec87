using System.Text.RegularExpressions;

namespace Suture.CatchUp.Difference;

/// <summary>What a statement does with a member of a structure, or with a lock.</summary>
internal enum UseKind
{
    /// <summary>It looks at it.</summary>
    Read,
    /// <summary>It sets it, hands it to what may write, or ends what it points to.</summary>
    Write,
    /// <summary>It takes or gives back a lock.</summary>
    Lock,
}

/// <summary>One use of a member.</summary>
/// <param name="Member">Its name; of a lock that is no member, behind an ampersand.</param>
/// <param name="Kind">What is done with it.</param>
/// <param name="Shape">How, as text that is the same for two uses that do the same; whose member it is left out.</param>
internal readonly record struct MemberUse(string Member, UseKind Kind, string Shape);

/// <summary>Finds the uses of members in lines of C by their text: what is called with them, what is stored in them.</summary>
internal static partial class MemberUses
{
    private const int MostCharacters = 300;

    /// <summary>The uses in <paramref name="code"/>, which has neither comments nor literals and need not be whole statements.</summary>
    public static IEnumerable<MemberUse> In(string code)
    {
        foreach (Match match in Member().Matches(code))
        {
            var name = match.Groups[1].Value;
            var end = SkipIndices(code, match.Index + match.Length);
            var after = code.AsSpan(end).TrimStart();
            var start = StartOf(code, match.Index);
            if (after.StartsWith("->") || (after is ['.', not '.', ..]) || after is ['(', ..])
            {
                // Something further in is what it is about.
                yield return new(name, UseKind.Read, "");
            }
            else if (Assignment().Match(code, end) is { Success: true } set)
            {
                yield return new(name, UseKind.Write, set.Groups[1].Value + Squeeze(RestOf(code, set.Index + set.Length, isList: true)));
            }
            else if (code.AsSpan(0, start).TrimEnd() is [.., '+', '+'] or [.., '-', '-'])
            {
                yield return new(name, UseKind.Write, code.AsSpan(0, start).TrimEnd()[^2..].ToString());
            }
            else
            {
                yield return InCall(code, name, start, end);
            }
        }
        foreach (Match match in GlobalLock().Matches(code))
        {
            yield return new("&" + match.Groups[2].Value, UseKind.Lock, match.Groups[1].Value);
        }
    }

    private static MemberUse InCall(string code, string name, int start, int end)
    {
        var before = code.AsSpan(0, start).TrimEnd();
        var isAddress = before is [.., not '&', '&'];
        var open = OpeningOf(code, start);
        var function = open < 0 ? "" : LastWord(code.AsSpan(0, open).TrimEnd());
        if (function.Length == 0 || Keyword().IsMatch(function))
        {
            var isNot = before is [.., '!'];
            return new(name, UseKind.Read, (isNot ? "!" : "") + Squeeze(Comparison().Match(code, end).Value));
        }
        if (isAddress && Locking().IsMatch(function))
        {
            return new(name, UseKind.Lock, function);
        }
        if (isAddress ? Reader().IsMatch(function) : !Ending().IsMatch(function) && !Setter().IsMatch(function))
        {
            return new(name, UseKind.Read, "");
        }
        // Another count, another list, another callback.
        var own = isAddress ? before.Length - 1 : start;
        var (first, rest) = (Squeeze(code[(open + 1)..Math.Max(open + 1, own)]), Squeeze(RestOf(code, end)));
        return new(name, UseKind.Write, function == "WRITE_ONCE" && first.Length == 0 ? "=" + rest.TrimStart(',') : Valued().IsMatch(function) ? $"{function}({first}&{rest})" : function);
    }

    /// <summary>Where the expression begins whose member stands at <paramref name="at"/>.</summary>
    private static int StartOf(string code, int at)
    {
        var depth = 0;
        var start = at;
        for (var i = at - 1; i >= 0 && at - i < MostCharacters; i--)
        {
            var c = code[i];
            if (c is ')' or ']')
            {
                depth++;
            }
            else if (depth > 0)
            {
                depth -= c is '(' or '[' ? 1 : 0;
            }
            else if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.') && !(c == '>' && i > 0 && code[i - 1] == '-') && !(c == '-' && code[i + 1] == '>'))
            {
                break;
            }
            start = i;
        }
        return start;
    }

    private static int SkipIndices(string code, int at)
    {
        while (at < code.Length && code[at] == '[')
        {
            var close = code.IndexOf(']', at);
            if (close < 0)
            {
                break;
            }
            at = close + 1;
        }
        return at;
    }

    /// <summary>The bracket that what stands at <paramref name="at"/> is an argument behind; -1 when there is none in the statement.</summary>
    private static int OpeningOf(string code, int at)
    {
        var depth = 0;
        for (var i = at - 1; i >= 0 && at - i < MostCharacters; i--)
        {
            switch (code[i])
            {
                case ')':
                    depth++;
                    break;
                case '(' when depth-- == 0:
                    return i;
                case ';' or '{' or '}':
                    return -1;
            }
        }
        return -1;
    }

    /// <summary>The text to the end of the statement, or of the bracket that it stands in; of what stands in a list, to its end there.</summary>
    private static string RestOf(string code, int from, bool isList = false)
    {
        var depth = 0;
        var at = from;
        for (; at < code.Length && at - from < MostCharacters; at++)
        {
            var c = code[at];
            if (c is ';' or '{' or '}' || (c == ',' && isList && depth == 0) || (c == ')' && depth-- == 0))
            {
                break;
            }
            depth += c == '(' ? 1 : 0;
        }
        return code[from..at];
    }

    private static string LastWord(ReadOnlySpan<char> text) => text[(text.LastIndexOfAnyExcept(NameSpread.Letters) + 1)..].ToString();

    private static string Squeeze(string text) => Blanks().Replace(text, "");

    [GeneratedRegex(@"(?:->\s*|(?<=[\w\])])\.|(?<=[{,]\s*)\.)([A-Za-z_]\w*)")]
    private static partial Regex Member();

    [GeneratedRegex(@"\G\s*((?:[+\-*/%&|^]|<<|>>)?=(?!=)|\+\+|--)")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\G\s*(?:[=!<>]=|[<>]|&(?!&))\s*[\w\->.]+")]
    private static partial Regex Comparison();

    [GeneratedRegex(@"^(?:if|while|for|switch|return|sizeof|typeof|likely|unlikely|WARN\w*|BUG_ON|defined)$")]
    private static partial Regex Keyword();

    [GeneratedRegex(@"^_*(?:raw_)?(?:(?:spin|read|write)_(?:try|un)?lock\w*|mutex_(?:try|un)?lock\w*|(?:down|up)(?:_\w+)?|xa_(?:un)?lock\w*|rt_mutex_(?:un)?lock\w*)$")]
    private static partial Regex Locking();

    [GeneratedRegex(@"\b(_*(?:raw_)?(?:(?:spin|read|write)_(?:try|un)?lock\w*|mutex_(?:try|un)?lock\w*|(?:down|up)(?:_(?:read|write)\w*)?))\s*\(\s*&\s*([A-Za-z_]\w*)\s*[,)]")]
    private static partial Regex GlobalLock();

    // What only looks at what it is given the address of.
    [GeneratedRegex(@"(?:_read|_empty|_is_\w+|_isset|_pending|_active|_locked|_held)$|^(?:READ_ONCE|test_bit|list_for_each\w*|hlist_for_each\w*|list_entry\w*|list_first\w*|list_is_\w+|list_last\w*|memcmp|strcmp|strn?len|xa_load|xa_for_each\w*|idr_find|rcu_dereference\w*|smp_load_acquire|container_of|get_unaligned\w*|lockdep_\w+)$")]
    private static partial Regex Reader();

    // What ends or shares the life of what it is given.
    [GeneratedRegex(@"(?:^|_)(?:put|free|kfree|kvfree|release|destroy|unref|drop|unregister|cancel|del|dealloc)(?:_|$)|^get_|_(?:get|ref|hold)$|^(?:fput|dput|iput|sock_put)$")]
    private static partial Regex Ending();

    [GeneratedRegex(@"^(?:WRITE_ONCE|xchg|cmpxchg|try_cmpxchg|rcu_assign_pointer|RCU_INIT_POINTER|rcu_replace_pointer|swap|smp_store_release|memset|memcpy|memmove|strscpy|strncpy|put_unaligned\w*)$")]
    private static partial Regex Setter();

    // Where the other arguments say what becomes of it.
    [GeneratedRegex(@"^_*(?:atomic|refcount|kref|percpu_ref|set_bit|clear_bit|change_bit|x?chg|cmpxchg|try_cmpxchg|h?list|INIT|init|mod|queue|timer|hrtimer|mem|xa|idr|rb|rcu|RCU|smp|swap)(?:_|[a-z]*$)")]
    private static partial Regex Valued();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
