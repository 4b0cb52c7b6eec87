/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What a patch tells Suture about itself. Each macro stands at file scope and leaves a record in a section
 * named .suture.*, which the build reads and no module ever carries (Marks.cs). Needs no kernel header.
 */
#ifndef SUTURE_MARKS_H
#define SUTURE_MARKS_H

/*
 * The name goes in as text: a reference would count as "address taken" and make the compiler treat the
 * marked function differently from the one that runs. sizeof only makes a wrong name a compiler error.
 */
#define __SUTURE_MARK(kind, name)							\
	_Static_assert(sizeof(&(name)) == sizeof(void *), "no such name");		\
	__asm__(".pushsection .suture.marks,\"\",@progbits\n"				\
		"\t.asciz \"" kind " " #name "\"\n"					\
		"\t.popsection")

/* Replace this function even when its code did not change. */
#define SUTURE_ALWAYS_REPLACE(function) __SUTURE_MARK("always", function)

/* Leave this function as it runs even though its code changed. */
#define SUTURE_NEVER_REPLACE(function) __SUTURE_MARK("never", function)

/* The new initial value of this variable does not matter: keep the running one. */
#define SUTURE_IGNORE_DATA(variable) __SUTURE_MARK("ignore-data", variable)

/* The same for all data of a section and of those named SECTION.something. */
#define SUTURE_IGNORE_SECTION(section)							\
	__asm__(".pushsection .suture.marks,\"\",@progbits\n"				\
		"\t.asciz \"ignore-section " section "\"\n"				\
		"\t.popsection")

struct klp_object;

#define __SUTURE_CALLBACK(kind, result, function)					\
	static result (*const __suture_##kind)(struct klp_object *)			\
	__attribute__((used, section(".suture.callback." #kind))) = function

/*
 * Functions that the livepatch core calls when it patches or unpatches the object (vmlinux or the module)
 * that this source file is part of. One of each kind for an object. A pre-patch callback may refuse by
 * returning a negative error code. On an atomic replace only those of the new patch run.
 */
#define SUTURE_PRE_PATCH(function) __SUTURE_CALLBACK(pre_patch, int, function)
#define SUTURE_POST_PATCH(function) __SUTURE_CALLBACK(post_patch, void, function)
#define SUTURE_PRE_UNPATCH(function) __SUTURE_CALLBACK(pre_unpatch, void, function)
#define SUTURE_POST_UNPATCH(function) __SUTURE_CALLBACK(post_unpatch, void, function)

struct suture_state_record {
	unsigned long id;
	unsigned long version;
	void *data;
};

/*
 * SUTURE_STATE(id, version[, data]): the patch changes the system's state number ID in a way that outlives
 * the code. The kernel refuses to replace this livepatch by one that does not list ID, or lists it with a
 * lower version.
 */
#define SUTURE_STATE(number, revision, ...)						\
	_Static_assert((number) != 0, "a state's id is not 0");				\
	_Static_assert((revision) >= 0 && (revision) <= 0xffffffffUL,			\
		       "a state's version has 32 bits");				\
	static const struct suture_state_record __suture_state_##number			\
	__attribute__((used, aligned(8), section(".suture.states"))) =			\
		{ (number), (revision), __VA_ARGS__ }

#endif
