// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The pages of the guestbook. */
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "guestbook.h"

static LIST_HEAD(guests);
static DEFINE_MUTEX(guests_lock);
static unsigned int guest_count;

int guestbook_sign(const char __user *text, size_t length)
{
	struct guest *guest;

	if (length == 0 || length >= GUESTBOOK_MAX_NAME)
		return -EINVAL;
	guest = kzalloc(sizeof(*guest), GFP_KERNEL);
	if (!guest)
		return -ENOMEM;
	if (copy_from_user(guest->name, text, length)) {
		kfree(guest);
		return -EFAULT;
	}
	if (guest->name[length - 1] == '\n')
		guest->name[length - 1] = 0;
	mutex_lock(&guests_lock);
	list_add_tail(&guest->list, &guests);
	guest_count++;
	mutex_unlock(&guests_lock);
	return 0;
}

int guestbook_show(struct seq_file *m, void *unused)
{
	struct guest *guest;

	mutex_lock(&guests_lock);
	seq_printf(m, "%u guests\n", guest_count);
	list_for_each_entry(guest, &guests, list)
		seq_printf(m, "%s\n", guest->name);
	mutex_unlock(&guests_lock);
	return 0;
}

void guestbook_empty(void)
{
	struct guest *guest, *next;

	list_for_each_entry_safe(guest, next, &guests, list) {
		list_del(&guest->list);
		kfree(guest);
	}
}
