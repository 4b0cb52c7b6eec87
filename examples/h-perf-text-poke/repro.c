// SPDX-License-Identifier: MIT
// CVE-2026-98655: a process that may only look at its own user space (perf_event_paranoid 2, the
// kernel's default) can ask perf for "text poke" records, which carry the addresses and the bytes
// of kernel code as the kernel modifies itself.
//
// Debian sets perf_event_paranoid to 3, which forbids perf altogether; this program sets it to 2
// while it runs, then a child without privileges (uid 65534) asks.
//
// Exit 0 = refused (fixed), 1 = granted (the flaw), 2 = cannot tell. Needs root.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIXED = 0, FLAW = 1, UNKNOWN = 2, NOBODY = 65534 };

static const char PARANOID[] = "/proc/sys/kernel/perf_event_paranoid";

static int cannot_tell(const char *what)
{
    printf("cannot tell: %s: %s\n", what, strerror(errno));
    return UNKNOWN;
}

static int set_paranoid(int level)
{
    FILE *file = fopen(PARANOID, "w");
    if (!file)
        return -1;
    fprintf(file, "%d\n", level);
    return fclose(file);
}

// A dummy event of this process on any CPU, kernel mode excluded.
static int open_event(int text_poke)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attributes,
        .config = PERF_COUNT_SW_DUMMY,
        .disabled = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .text_poke = text_poke != 0,
    };
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static int ask(void)
{
    if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
        return cannot_tell("dropping privileges");
    // What is allowed must work, else a refusal below would say nothing.
    if (open_event(0) < 0)
        return cannot_tell("opening an ordinary event");
    if (open_event(1) >= 0) {
        printf("FLAW: uid %d may record changes of the kernel's code\n", NOBODY);
        return FLAW;
    }
    if (errno != EACCES && errno != EPERM)
        return cannot_tell("opening a text poke event");
    printf("fixed: uid %d may not record changes of the kernel's code (%s)\n", NOBODY, strerror(errno));
    return FIXED;
}

int main(void)
{
    int before, status;
    FILE *file = fopen(PARANOID, "r");
    if (!file || fscanf(file, "%d", &before) != 1)
        return cannot_tell(PARANOID);
    fclose(file);
    if (set_paranoid(2) < 0)
        return cannot_tell("setting perf_event_paranoid (are we root?)");

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int result = ask();
        fflush(stdout);
        _exit(result);
    }
    int ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
    set_paranoid(before);
    return ended ? WEXITSTATUS(status) : UNKNOWN;
}
