/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Shadow variables with types: a field that a structure lacks, kept beside it by the livepatch core
 * (kernel documentation, livepatch/shadow-vars.rst).
 */
#ifndef SUTURE_SHADOW_H
#define SUTURE_SHADOW_H

#include <linux/livepatch.h>
#include <linux/gfp.h>

/*
 * 64-bit FNV-1a of name and size. All livepatches of a system share one space of ids: as long as the name is
 * the patch's own nothing collides, and two versions of a patch that disagree about the type never share.
 */
static __always_inline unsigned long suture_shadow_id(const char *name, unsigned long size)
{
	unsigned long id = 0xcbf29ce484222325UL;

	for (; *name; name++)
		id = (id ^ (unsigned char)*name) * 0x100000001b3UL;
	return (id ^ size) * 0x100000001b3UL;
}

/*
 * SUTURE_SHADOW(name, owner, type): a TYPE for objects of type OWNER. Defines
 *
 *	type *name_get(owner *)				NULL when the object has none
 *	type *name_get_or_alloc(owner *, gfp_t)		a new one is zeroed; NULL when out of memory
 *	type *name_alloc(owner *, gfp_t)		warns and gives NULL when there is one already
 *	void name_free(owner *)				call it where the object is freed
 *	void name_free_all(void)			call it from the post-unpatch callback
 *
 * SUTURE_SHADOW_WITH(name, owner, type, ctor, dtor) also calls int ctor(owner *, type *) on each new one and
 * void dtor(owner *, type *) before each is freed; both run under a spin lock and must not sleep.
 */
#define SUTURE_SHADOW(name, owner, type) __SUTURE_SHADOW(name, owner, type, NULL, NULL)

#define SUTURE_SHADOW_WITH(name, owner, type, ctor, dtor)				\
	static int __maybe_unused name##_ctor(void *object, void *data, void *unused)	\
	{										\
		int (*construct)(owner *, type *) = ctor;				\
		return construct(object, data);						\
	}										\
	static void __maybe_unused name##_dtor(void *object, void *data)		\
	{										\
		void (*destroy)(owner *, type *) = dtor;				\
		destroy(object, data);							\
	}										\
	__SUTURE_SHADOW(name, owner, type, name##_ctor, name##_dtor)

#define __SUTURE_SHADOW(name, owner, type, ctor, dtor)					\
	static __always_inline unsigned long name##_id(void)				\
	{										\
		return suture_shadow_id(#name, sizeof(type));				\
	}										\
	static inline __maybe_unused type *name##_get(owner *object)			\
	{										\
		return klp_shadow_get((void *)object, name##_id());			\
	}										\
	static inline __maybe_unused type *name##_get_or_alloc(owner *object, gfp_t gfp) \
	{										\
		return klp_shadow_get_or_alloc((void *)object, name##_id(), sizeof(type), \
					       gfp, ctor, NULL);			\
	}										\
	static inline __maybe_unused type *name##_alloc(owner *object, gfp_t gfp)	\
	{										\
		return klp_shadow_alloc((void *)object, name##_id(), sizeof(type),	\
					gfp, ctor, NULL);				\
	}										\
	static inline __maybe_unused void name##_free(owner *object)			\
	{										\
		klp_shadow_free((void *)object, name##_id(), dtor);			\
	}										\
	static inline __maybe_unused void name##_free_all(void)				\
	{										\
		klp_shadow_free_all(name##_id(), dtor);					\
	}										\
	struct klp_object

#endif
