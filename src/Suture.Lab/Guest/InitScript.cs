namespace Suture.Lab.Guest;

/// <summary>The guest's own small texts.</summary>
internal static class InitScript
{
    /// <summary>
    /// /init: what a program can expect of a Linux system, then the guest program as process 1. A shell does it because
    /// the guest program cannot start without /proc.
    /// </summary>
    public const string Init = """
        #!/bin/sh
        export PATH=/bin:/lab HOME=/root TERM=dumb DOTNET_TieredCompilation=1
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        mount -t devtmpfs dev /dev
        mkdir -p /dev/pts /dev/shm
        mount -t devpts pts /dev/pts
        mount -t tmpfs shm /dev/shm
        ip link set lo up
        stty -F /dev/ttyS1 raw -echo
        exec /bin/suture-guest

        """;

    /// <summary>
    /// The built-in workload: a shell that counts, sleeps a hundredth of a second and reads the clock through the kernel,
    /// without starting other processes.
    /// </summary>
    public const string Workload = """
        #!/bin/sh
        mkfifo /tmp/never
        exec 3<>/tmp/never
        i=0
        while :; do
            i=$((i+1))
            read -r uptime idle < /proc/uptime
            echo "$i $uptime"
            read -r -t 0.01 nothing <&3
        done

        """;
}
