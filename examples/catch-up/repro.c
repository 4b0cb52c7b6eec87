// SPDX-License-Identifier: MIT
// Three flaws that 6.1.192 mends and 6.1.190 has, in one probe for a catch-up's livepatch. Needs root.
//   fcntl    the write hint of an immutable file can be changed (must be EPERM)
//   timens   a clock offset of minus one nanosecond is taken (must be EINVAL)
//   tmpfile  an unnamed file is made for an owner that the file system cannot name (must be EOVERFLOW)
//
// Exit 0 = all mended, 1 = all there, 2 = some, or cannot tell.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef F_SET_RW_HINT
#define F_SET_RW_HINT (1024 + 12)
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { FIXED = 0, FLAW = 1, UNKNOWN = 2 };

static int verdict(const char *what, int refused, int with)
{
    int is = !refused ? FLAW : errno == with ? FIXED : UNKNOWN;
    printf("%s: %s%s\n", what, is == FIXED ? "mended" : is == FLAW ? "FLAW" : "cannot tell: ", is == UNKNOWN ? strerror(errno) : "");
    return is;
}

static int unknown(const char *what)
{
    printf("%s: cannot tell: %s\n", what, strerror(errno));
    return UNKNOWN;
}

static int rw_hint(const char *directory)
{
    char path[64];
    snprintf(path, sizeof path, "%s/immutable", directory);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int flags = FS_IMMUTABLE_FL, none = 0;
    if (file < 0 || ioctl(file, FS_IOC_SETFLAGS, &flags) < 0)
        return unknown("fcntl");
    uint64_t hint = 2; // RWH_WRITE_LIFE_SHORT
    int result = fcntl(file, F_SET_RW_HINT, &hint), error = errno;
    ioctl(file, FS_IOC_SETFLAGS, &none);
    close(file);
    unlink(path);
    errno = error;
    return verdict("fcntl", result < 0, EPERM);
}

static int time_offset(void)
{
    // A namespace of one's own, so that the second run finds a fresh one.
    pid_t child = fork();
    if (child == 0) {
        static const char sane[] = "monotonic 1 1", wild[] = "monotonic 1 18446744073709551615";
        int file;
        if (unshare(CLONE_NEWTIME) < 0 || (file = open("/proc/self/timens_offsets", O_WRONLY)) < 0 || write(file, sane, sizeof sane - 1) < 0)
            _exit(unknown("timens"));
        int again = open("/proc/self/timens_offsets", O_WRONLY);
        int result = write(again, wild, sizeof wild - 1);
        int is = verdict("timens", result < 0, EINVAL);
        fflush(stdout);
        _exit(is);
    }
    int status;
    return child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ? unknown("timens") : WEXITSTATUS(status);
}

static int map(pid_t process, const char *which)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", process, which);
    int file = open(path, O_WRONLY | O_CLOEXEC), written = file >= 0 && write(file, "0 0 1", 5) == 5;
    close(file);
    return written;
}

// A file system of a user namespace that knows root alone: nobody else may own a file there.
static int unowned(const char *directory)
{
    int ready[2], go[2], done[2];
    char byte = 0, path[64];
    if (pipe(ready) < 0 || pipe(go) < 0 || pipe(done) < 0)
        return unknown("tmpfile");
    pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || write(ready[1], "", 1) < 0 || read(go[0], &byte, 1) < 0
            || mount("tmpfs", directory, "tmpfs", 0, "mode=1777") < 0)
            _exit(1);
        byte = 'm';
        _exit(write(done[1], &byte, 1) < 0 || read(go[0], &byte, 1) < 0);
    }
    int file = -1, error = 0, mounted = child > 0 && read(ready[0], &byte, 1) == 1
        && map(child, "uid_map") && map(child, "gid_map") && write(go[1], "", 1) == 1 && read(done[0], &byte, 1) == 1 && byte == 'm';
    if (mounted) {
        snprintf(path, sizeof path, "/proc/%d/root%s", child, directory);
        setfsgid(1000);
        setfsuid(1000);
        file = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        error = errno;
        setfsuid(0);
        setfsgid(0);
        close(file);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    errno = error;
    return mounted ? verdict("tmpfile", file < 0, EOVERFLOW) : unknown("tmpfile");
}

int main(void)
{
    static const char directory[] = "/mnt/repro";
    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("/mnt", 0755);
    mkdir(directory, 0755);
    if (mount("tmpfs", directory, "tmpfs", 0, NULL) < 0)
        return unknown("tmpfs");
    int verdicts[] = { rw_hint(directory), time_offset(), unowned(directory) };
    umount2(directory, MNT_DETACH);
    for (int i = 1; i < 3; i++)
        if (verdicts[i] != verdicts[0])
            return UNKNOWN;
    return verdicts[0];
}
