/* SPDX-License-Identifier: MIT */
/*
 * Patched: fdinfo of an eventfd tells how many writes it took, each eventfd its own; the one that no one
 * wrote to has no such line.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static long writes(int fd)
{
	char path[64], line[128];
	long count = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	if (!info)
		return -2;
	while (fgets(line, sizeof(line), info))
		sscanf(line, "eventfd-writes: %ld", &count);
	fclose(info);
	return count;
}

int main(void)
{
	int three = eventfd(0, 0), one = eventfd(0, 0), none = eventfd(0, 0);
	uint64_t value = 5;
	int i, failed = 0;

	for (i = 0; i < 3; i++)
		failed |= write(three, &value, sizeof(value)) != sizeof(value);
	failed |= write(one, &value, sizeof(value)) != sizeof(value);
	printf("writes: %ld %ld %ld\n", writes(three), writes(one), writes(none));
	if (failed)
		return 2;
	return !(writes(three) == 3 && writes(one) == 1 && writes(none) == -1);
}
