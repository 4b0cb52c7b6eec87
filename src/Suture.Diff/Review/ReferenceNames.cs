namespace Suture.Diff.Review;

/// <summary>What a function does to references, by its name and the kernel's customs, or an instruction by the name that <see cref="InlineCount"/> gives it.</summary>
internal static class ReferenceNames
{
    // Numbers, memory, buffers, file descriptors and times; names without leading underscores begin so.
    private static readonly string[] OtherThings =
    [
        "klp_shadow_", "get_user", "put_user", "get_random", "get_cpu", "put_cpu", "get_unaligned", "put_unaligned", "get_option", "get_unused_fd", "put_unused_fd",
        "get_timespec", "put_timespec", "get_itimerspec", "put_itimerspec", "get_old_", "put_old_", "get_compat_", "put_compat_", "get_free_page", "get_zeroed_page",
        "get_vm_area", "get_next_ino", "get_jiffies", "get_state_synchronize", "get_signal", "get_task_comm", "get_nr_", "get_max_", "get_wchan", "get_stack", "ktime_get",
    ];

    private static readonly string[] DataPuts = ["nla_put", "skb_put", "pskb_put", "seq_put", "nlmsg_put", "genlmsg_put", "put_cmsg", "tty_put_char"];

    private static readonly string[] Counted =
        ["dev", "device", "intf", "hcd", "kvm", "parent", "node", "adapter", "master", "zero", "live", "safe", "task", "pid", "mm", "page", "pages", "folio", "net", "cred", "file", "sb", "super"];

    private static readonly string[] Buffers = ["kfree_skb", "consume_skb", "dev_kfree_skb", "dev_consume_skb", "napi_consume_skb", "sk_skb_reason_drop"];

    /// <summary>Whether it drops a reference.</summary>
    public static bool Drops(string callee)
    {
        var name = callee.TrimStart('_');
        return InlineCount.IsDown(callee) || (!IsOther(name) && (name is "fput" or "iput" or "dput" or "mmput" or "mmdrop" or "mntput" || name.StartsWith("put_", StringComparison.Ordinal)
            || Buffers.Any(b => name.StartsWith(b, StringComparison.Ordinal)) || name.StartsWith("unpin_user_page", StringComparison.Ordinal)
            || Ends(name, "_put", "_release", "_unref") || name.Contains("_put_", StringComparison.Ordinal)));
    }

    /// <summary>
    /// Whether it takes a reference, or does what comes with taking and dropping. <paramref name="isOwn"/>: it is a function of the file, where names that begin with "get" are
    /// for anything and the counting is seen in their own code.
    /// </summary>
    public static bool Takes(string callee, bool isOwn)
    {
        var name = callee.TrimStart('_');
        return InlineCount.IsUp(callee) || IsCheck(callee) || (!IsOther(name) && !Drops(callee) && (name is "fget" or "fget_raw" or "fget_task" or "fdget" or "fdget_pos" or "dget" or "mntget" or "ihold" or "dget_parent"
            || Ends(name, "_get", "_hold", "_tryget") || name.Contains("grab", StringComparison.Ordinal) || name.Contains("_get_by_", StringComparison.Ordinal)
            || name.StartsWith("find_get_", StringComparison.Ordinal) || name.StartsWith("pin_user_page", StringComparison.Ordinal)
            || (name.Contains("_get_", StringComparison.Ordinal) && Counted.Contains(name[(name.LastIndexOf('_') + 1)..])) || (!isOwn && name.StartsWith("get_", StringComparison.Ordinal))));
    }

    /// <summary>Whether it is one of the functions that come with refcount_t, up and down alike.</summary>
    public static bool IsCheck(string callee) => callee is "refcount_warn_saturate" or "refcount_dec_not_one" || callee.StartsWith("refcount_dec_and_", StringComparison.Ordinal);

    /// <summary>Whether a function of this name puts data into a buffer: attributes of netlink messages, bytes of packets.</summary>
    public static bool PutsData(string callee) => callee.TrimStart('_') is var name && DataPuts.Any(p => name.StartsWith(p, StringComparison.Ordinal));

    private static bool IsOther(string name) => !name.StartsWith("get_user_pages", StringComparison.Ordinal) && (PutsData(name) || OtherThings.Any(o => name.StartsWith(o, StringComparison.Ordinal)));

    private static bool Ends(string name, params ReadOnlySpan<string> suffixes)
    {
        foreach (var suffix in suffixes)
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
            {
                return true;
            }
        }
        return false;
    }
}
