// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A guestbook in /proc/guestbook: write a name to sign, read to see who was here. */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include "guestbook.h"

static int guestbook_open(struct inode *inode, struct file *file)
{
	return single_open(file, guestbook_show, NULL);
}

static ssize_t guestbook_write(struct file *file, const char __user *text, size_t length, loff_t *offset)
{
	int error = guestbook_sign(text, length);

	return error ? error : length;
}

static const struct proc_ops guestbook_ops = {
	.proc_open = guestbook_open,
	.proc_read = seq_read,
	.proc_write = guestbook_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init guestbook_start(void)
{
	return proc_create("guestbook", 0666, NULL, &guestbook_ops) ? 0 : -ENOMEM;
}

static void __exit guestbook_end(void)
{
	remove_proc_entry("guestbook", NULL);
	guestbook_empty();
}

module_init(guestbook_start);
module_exit(guestbook_end);
MODULE_DESCRIPTION("A guestbook");
MODULE_LICENSE("Dual MIT/GPL");
