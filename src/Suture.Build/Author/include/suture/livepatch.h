/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * For patches that Suture turns into livepatches: add #include <suture/livepatch.h> to a source file that
 * the patch changes. Callbacks, states and marks: suture/marks.h; shadow variables: suture/shadow.h.
 */
#ifndef SUTURE_LIVEPATCH_H
#define SUTURE_LIVEPATCH_H

#include <linux/livepatch.h>
#include <suture/marks.h>
#include <suture/shadow.h>

/* The livepatch that the patch becomes. */
extern struct klp_patch suture_patch;

/* This livepatch's own record of a state, NULL when it declares none of that id. */
static inline struct klp_state *suture_state(unsigned long id)
{
	return klp_get_state(&suture_patch, id);
}

/*
 * The record of the livepatch that changed the state last before this one, NULL when there is none. To be
 * called from callbacks only.
 */
static inline struct klp_state *suture_previous_state(unsigned long id)
{
	return klp_get_prev_state(id);
}

#endif
