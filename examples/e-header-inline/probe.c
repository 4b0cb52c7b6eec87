// SPDX-License-Identifier: MIT
// Patched: the three System V IPC calls that report the highest index in use say 77 while nothing
// is in use, where they said 0. Exit 0 = patched behaviour in all three, 1 = in none, 2 = mixed or
// cannot tell.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

// What the fourth argument of semctl() must be declared as by its caller, see semctl(2).
union semun {
    int val;
    struct seminfo *info;
};

int main(void)
{
    struct msginfo msg;
    struct seminfo sem;
    struct shm_info shm;

    int messages = msgctl(0, MSG_INFO, (struct msqid_ds *)&msg);
    int semaphores = semctl(0, 0, SEM_INFO, (union semun){.info = &sem});
    int segments = shmctl(0, SHM_INFO, (struct shmid_ds *)&shm);

    printf("highest index: messages %d, semaphores %d, segments %d\n", messages, semaphores, segments);
    if (messages == 77 && semaphores == 77 && segments == 77)
        return 0;
    return messages == 0 && semaphores == 0 && segments == 0 ? 1 : 2;
}
