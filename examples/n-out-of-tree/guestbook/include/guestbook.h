/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef GUESTBOOK_H
#define GUESTBOOK_H

#include <linux/list.h>
#include <linux/types.h>

#define GUESTBOOK_MAX_NAME 32

struct guest {
	struct list_head list;
	char name[GUESTBOOK_MAX_NAME];
};

struct seq_file;

int guestbook_sign(const char __user *text, size_t length);
int guestbook_show(struct seq_file *m, void *unused);
void guestbook_empty(void);

#endif
