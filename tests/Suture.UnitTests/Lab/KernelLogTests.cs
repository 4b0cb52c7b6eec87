using Shouldly;
using Suture.Host.Health;
using Suture.Lab;
using Xunit;

namespace Suture.UnitTests.Lab;

public sealed class KernelLogTests
{
    [Theory]
    [InlineData("[   17.244207] BUG: kernel NULL pointer dereference, address: 0000000000000008", "bug")]
    [InlineData("[   17.245677] Oops: 0002 [#1] PREEMPT SMP NOPTI", "oops")]
    [InlineData("[   12.822412] BUG: unable to handle page fault for address: 00007f2e52bd48e0", "oops")]
    [InlineData("[    9.1] general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP", "oops")]
    [InlineData("[    9.123456] int3: 0000 [#1] PREEMPT SMP PTI", "oops")]
    [InlineData("[    9.123456] Missing ENDBR: foo+0x0/0x20", "oops")]
    [InlineData("[   11.354771] Kernel panic - not syncing: sample panic", "panic")]
    [InlineData("[   15.800005] ------------[ cut here ]------------", "warning")]
    [InlineData("[   15.820433] WARNING: CPU: 0 PID: 1 at fs/proc/cmdline.c:16 lp_init+0x11/0x1000 [lp_warn]", "warning")]
    [InlineData("[   15.820433][    T1] WARNING: possible recursive locking detected", "lockdep")]
    [InlineData("[   15.820433] INFO: possible circular locking dependency detected", "lockdep")]
    [InlineData("[   15.820433] BUG: sleeping function called from invalid context at mm/slab.h:100", "lockdep")]
    [InlineData("[  242.000000] INFO: task cat:77 blocked for more than 120 seconds.", "hung task")]
    [InlineData("[   44.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:80]", "soft lockup")]
    [InlineData("[   44.000000] rcu: INFO: rcu_preempt self-detected stall on CPU", "rcu stall")]
    [InlineData("[   44.000000] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:", "rcu stall")]
    [InlineData("[   44.000000] livepatch: symbol 'nope' not found in symbol table", "livepatch")]
    [InlineData("[   44.000000] livepatch: failed to initialize patch 'suture_fix' for module 'xfs' (-22)", "livepatch")]
    [InlineData("[   44.000000] x86/modules: Skipping invalid relocation target, existing value is nonzero for type 1", "livepatch")]
    [InlineData("[   44.000000] suture_fix: disagrees about version of symbol module_layout", "module")]
    [InlineData("[   44.000000] suture_fix: version magic '6.1.0' should be '6.12.0'", "module")]
    [InlineData("[   44.000000] suture_fix: Unknown symbol foo (err -2)", "module")]
    [InlineData("[   44.000000] Call Trace:", "call trace")]
    [InlineData("[   44.000000] refcount_t: underflow; use-after-free.", "bug")]
    [InlineData("[   44.000000] kernel BUG at mm/slub.c:431!", "bug")]
    public void Harm_is_named(string line, string kind) => KernelHarm.KindOf(line).ShouldBe(kind);

    [Fact]
    public void What_was_left_out_is_not_clean() => KernelLog.Findings("Linux version\n[… 17 bytes left out …]\n[   9.1] done\n").ShouldHaveSingleItem().Kind.ShouldBe("not read");

    [Theory]
    [InlineData("[    8.421933] lp_cmdline: loading out-of-tree module taints kernel.")]
    [InlineData("[    8.423066] lp_cmdline: tainting kernel with TAINT_LIVEPATCH")]
    [InlineData("[    8.423428] lp_cmdline: module verification failed: signature and/or required key missing - tainting kernel")]
    [InlineData("[    8.454176] livepatch: enabling patch 'lp_cmdline'")]
    [InlineData("[    8.455160] livepatch: 'lp_cmdline': initializing patching transition")]
    [InlineData("[    8.519621] livepatch: 'lp_cmdline': starting patching transition")]
    [InlineData("[   14.141785] livepatch: 'lp_cmdline': completing patching transition")]
    [InlineData("[   14.158258] livepatch: 'lp_cmdline': patching complete")]
    [InlineData("[   18.255449] livepatch: 'lp_cmdline': unpatching complete")]
    [InlineData("[   18.255449] livepatch: 'lp_cmdline': reversing transition from patching to unpatching")]
    [InlineData("[   18.255449] livepatch: signaling remaining tasks")]
    [InlineData("[   18.255449] livepatch: applying patch 'lp_bonding' to loading module 'bonding'")]
    [InlineData("[   18.255449] livepatch: reverting patch 'lp_bonding' on unloading module 'bonding'")]
    [InlineData("[    0.300000] RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!")]
    [InlineData("[    0.300000] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!")]
    [InlineData("[   17.490336] traps: reproducer[81] general protection fault ip:7fa2063e850f sp:7ffc3e8e3ee0 error:0 in libc.so.6")]
    [InlineData("[   17.490336] Oops[81]: segfault at 0 ip 00007fa2063e850f sp 00007ffc3e8e3ee0 error 4 in libc.so.6")]
    [InlineData("[   17.490336] Out of memory: Killed process 812 (BUG: x) total-vm:1024kB")]
    [InlineData("[    0.000000] Command line: console=ttyS0 oops=panic")]
    [InlineData("[    0.000000] Kernel command line: console=ttyS0 oops=panic panic=-1")]
    [InlineData("[    1.000000] pci 0000:00:01.3: quirk: [io  0x0600-0x063f] claimed by PIIX4 ACPI")]
    [InlineData("[    1.000000] x86/mm: Checked W+X mappings: passed, no W+X pages found.")]
    [InlineData("")]
    public void Ordinary_lines_are_no_harm(string line) => KernelHarm.KindOf(line).ShouldBeNull();

    [Fact]
    public void Findings_keep_their_order_and_have_a_bound()
    {
        var log = "[ 1.0] Linux version 6.1\n[ 2.0] WARNING: CPU: 0\r\n[ 3.0] Call Trace:\n" + string.Concat(Enumerable.Repeat("BUG: x\n", 1000));

        var findings = KernelLog.Findings(log);

        findings[0].ShouldBe(new LogFinding("warning", "[ 2.0] WARNING: CPU: 0"));
        findings[1].Kind.ShouldBe("call trace");
        findings.Count.ShouldBe(200);
    }

    private const string DriverWarns = "[ 2.0] ------------[ cut here ]------------\n[ 2.1] WARNING: CPU: 0 PID: 70 at drivers/a.c:3 a_init+0x1/0x2 [a]\n[ 2.2] RIP: 0010:a_init\n[ 2.3] Call Trace:\n";

    [Fact]
    public void What_the_unpatched_kernel_said_too_is_not_the_livepatchs_fault() =>
        KernelLog.Findings(DriverWarns.Replace("PID: 70", "PID: 99", StringComparison.Ordinal).Replace("[ 2.", "[ 9.", StringComparison.Ordinal), DriverWarns).ShouldBeEmpty();

    [Fact]
    public void Another_warning_than_the_unpatched_kernels_is()
    {
        var other = DriverWarns.Replace("a.c:3 a_init", "a.c:9 a_exit", StringComparison.Ordinal);

        KernelLog.Findings(DriverWarns + other, DriverWarns).Select(f => f.Kind).ShouldBe(["warning", "warning", "call trace"]);
        KernelLog.Findings("[ 9.0] Call Trace:\n", DriverWarns).ShouldHaveSingleItem();
        KernelLog.Findings("[ 9.0] ------------[ cut here ]------------\n", DriverWarns).ShouldHaveSingleItem();
        KernelLog.Findings("** 9 printk messages dropped **\n", "** 9 printk messages dropped **\n").ShouldHaveSingleItem();
    }
}
