// SPDX-License-Identifier: MIT
// CVE-2026-93146: a time namespace accepts a clock offset with a negative number of nanoseconds,
// which no timespec may have. (A hugely negative one keeps the kernel busy for many seconds while
// it normalises the value; this program only asks for minus one.) Any user can do it, in a user
// namespace of its own.
//
// Exit 0 = refused with EINVAL (fixed), 1 = accepted (the flaw), 2 = cannot tell.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FIXED = 0, FLAW = 1, UNKNOWN = 2, NOBODY = 65534 };

static int cannot_tell(const char *what)
{
    printf("cannot tell: %s: %s\n", what, strerror(errno));
    return UNKNOWN;
}

static int set_offset(const char *line)
{
    int file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t written = write(file, line, strlen(line));
    int error = errno;
    close(file);
    errno = error;
    return written < 0 ? -1 : 0;
}

int main(void)
{
    // Root gives up all it has first: the flaw is open to everyone.
    if (getuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        return cannot_tell("dropping privileges");
    uid_t uid = getuid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWTIME) < 0)
        return cannot_tell("unshare(CLONE_NEWUSER | CLONE_NEWTIME)");
    // Changing credentials gave our /proc files to root: take them back.
    if (prctl(PR_SET_DUMPABLE, 1) < 0)
        return cannot_tell("prctl(PR_SET_DUMPABLE)");
    // A sane offset must be taken, else a refusal below would say nothing.
    if (set_offset("monotonic 1 1") < 0)
        return cannot_tell("setting an offset of 1.000000001 s");

    // The file's nanoseconds are read as an unsigned long: this is -1.
    if (set_offset("monotonic 1 18446744073709551615") == 0) {
        printf("FLAW: uid %u set a clock offset of -1 nanoseconds\n", uid);
        return FLAW;
    }
    if (errno != EINVAL)
        return cannot_tell("setting an offset of -1 nanoseconds");
    printf("fixed: a clock offset of -1 nanoseconds is refused (%s)\n", strerror(errno));
    return FIXED;
}
