#!/bin/sh
# SPDX-License-Identifier: MIT
# What a server does, for suture lab run --workload: tasks, memory, timers, pipes, TCP over loopback, files on an ext4 of its own,
# modules that come and go. Give it the programs and modules:
#   --workload examples/workloads/server.sh --file /usr/bin/stress-ng:/bin/stress-ng --file /sbin/mke2fs
#   --file .../loop.ko:/lab/loop.ko (and mbcache, jbd2, crc16, crc32c_generic, ext4; dummy)
# Prints one line a class, in operations per second.
set -e
seconds=$1

module() { [ -e "/lab/$1.ko" ] && { insmod "/lab/$1.ko" 2>/dev/null || true; } || true; }

scratch=/mnt/scratch
if [ ! -d $scratch ]; then
    mkdir -p $scratch
    for m in loop crc16 crc32c_generic libcrc32c mbcache jbd2 ext4; do module $m; done
    dd if=/dev/zero of=/tmp/disk bs=1M count=96 2>/dev/null
    /lab/mke2fs -q -F -t ext4 /tmp/disk
    loop=$(losetup -f)
    losetup "$loop" /tmp/disk
    mount -t ext4 "$loop" $scratch
fi

# Modules come and go all the while.
(
    end=$(($(cut -d. -f1 /proc/uptime) + seconds))
    n=0
    while [ "$(cut -d. -f1 /proc/uptime)" -lt $end ]; do
        insmod /lab/dummy.ko && rmmod dummy || break
        n=$((n + 1))
        sleep 1
    done
    echo $n > /tmp/module-loads
) 2>/dev/null &

stress-ng --temp-path $scratch --metrics-brief --timeout "${seconds}s" \
    --cpu 1 --vm 1 --vm-bytes 32m --hdd 1 --hdd-bytes 8m --sock 1 --sock-type stream --fork 1 --pipe 1 --timer 1 --dentry 1 > /tmp/stress.out 2>&1 ||
    { tail -n 5 /tmp/stress.out; exit 1; }
wait

# stress-ng: metrc: [12] cpu  3210  60.00  55.10  0.10  53.50  58.15
sed -n 's/.*\] \([a-z][a-z0-9-]*\)  *\([0-9][0-9]*\)  *\([0-9.][0-9.]*\) .*/\1 \2 \3/p' /tmp/stress.out |
    while read -r class operations real; do
        echo "$class $(echo "$operations $real" | awk '{ printf "%.2f", $1 / $2 }')"
    done
[ ! -e /lab/dummy.ko ] || echo "module-loads $(awk -v s="$seconds" '{ printf "%.2f", $1 / s }' /tmp/module-loads)"
