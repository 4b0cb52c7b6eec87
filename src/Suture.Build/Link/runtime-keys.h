/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Static branches that look at their key each time instead of being patched in place. A livepatch may be loaded
 * before the module that a key belongs to: the kernel cannot wire such a branch up then.
 */
#ifndef SUTURE_RUNTIME_KEYS_H
#define SUTURE_RUNTIME_KEYS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct static_key;
struct jump_entry;
#include <asm/jump_label.h>

/* Each is true when the branch would have been patched to jump: when the key's state is not the initial one. */
#define arch_static_branch(key, branch) ((READ_ONCE((key)->enabled.counter) > 0) != (branch))
#define arch_static_branch_jump(key, branch) ((READ_ONCE((key)->enabled.counter) > 0) != (branch))

#endif
