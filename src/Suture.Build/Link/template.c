// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What every Suture livepatch module has in common. Compiled once per kernel; Suture then adds the replaced
 * functions and the klp_patch that describes them, laid out by the table below.
 */
#define INCLUDE_VERMAGIC
#include <linux/bug.h>
#include <linux/jump_label.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/vermagic.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 10, 0)
#include <linux/static_call_types.h>
#define SUTURE_STATIC_CALL_SIZE sizeof(struct static_call_site)
#else
#define SUTURE_STATIC_CALL_SIZE 0
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 5, 0)
#error "Suture builds livepatches for kernels from 5.5 on"
#endif
#ifdef CONFIG_JUMP_LABEL
#define SUTURE_JUMP_SIZE sizeof(struct jump_entry)
#else
#define SUTURE_JUMP_SIZE 0
#endif
#ifdef SUTURE_FORGET
#include <linux/elf.h>
#include <linux/memory.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <asm/text-patching.h>
#endif
#include <asm/alternative.h>
#include <asm/extable.h>
#include <asm/orc_types.h>
#ifdef CONFIG_PARAVIRT
#include <asm/paravirt_types.h>
#endif

extern struct klp_patch suture_patch;

static int suture_init(void)
{
	return klp_enable_patch(&suture_patch);
}

static void suture_exit(void)
{
}

#ifdef SUTURE_FORGET
/*
 * Kernels before 6.3 write a module's addresses into a livepatch when the module is loaded, do not take them back when it is
 * unloaded, and refuse to write where something stands already: the module could not be loaded a second time. So
 * this is a callback of every module's klp_object, and takes them back.
 */
void suture_forget(struct klp_object *obj);
void suture_forget(struct klp_object *obj)
{
	static const char prefix[] = ".klp.rela.";
	static const u64 nothing;
	const struct klp_modinfo *info = THIS_MODULE->klp_info;
	size_t length = strlen(obj->name);
	unsigned int i;

	/* When the livepatch is reverted the module stays, and this one's code ends. */
	if (obj->mod->state == MODULE_STATE_LIVE)
		return;
	mutex_lock(&text_mutex);
	for (i = 1; i < info->hdr.e_shnum; i++) {
		const Elf_Shdr *section = &info->sechdrs[i];
		const char *name = info->secstrings + section->sh_name;
		const Elf_Rela *rela = (const Elf_Rela *)section->sh_addr;
		size_t left = section->sh_size / sizeof(*rela);

		if (!(section->sh_flags & SHF_RELA_LIVEPATCH) || strncmp(name, prefix, sizeof(prefix) - 1))
			continue;
		name += sizeof(prefix) - 1;
		if (strncmp(name, obj->name, length) || name[length] != '.')
			continue;
		for (; left; left--, rela++) {
			void *place = (void *)(info->sechdrs[section->sh_info].sh_addr + rela->r_offset);

			switch (ELF_R_TYPE(rela->r_info)) {
			case R_X86_64_64:
			case R_X86_64_PC64:
				text_poke(place, &nothing, 8);
				break;
			case R_X86_64_32:
			case R_X86_64_32S:
			case R_X86_64_PC32:
			case R_X86_64_PLT32:
				text_poke(place, &nothing, 4);
				break;
			}
		}
	}
	mutex_unlock(&text_mutex);
}
#endif

module_init(suture_init);
module_exit(suture_exit);

MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_INFO(vermagic, VERMAGIC_STRING);
#if defined(CONFIG_RETPOLINE) || defined(CONFIG_MITIGATION_RETPOLINE)
MODULE_INFO(retpoline, "Y");
#endif

__visible struct module __this_module __section(".gnu.linkonce.this_module") = {
	.name = "suture",
	.init = init_module,
	.exit = cleanup_module,
	.arch = MODULE_ARCH_INIT,
};

#if defined(CONFIG_PARAVIRT) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define SUTURE_PARA_SIZE sizeof(struct paravirt_patch_site)
#else
#define SUTURE_PARA_SIZE 0
#endif

/* Read by Suture (ModuleTemplate.cs, in this order), then dropped: sizes and offsets in bytes. */
static const unsigned int suture_layout[] __used __section(".suture.layout") = {
	sizeof(struct klp_func),
	offsetof(struct klp_func, old_name),
	offsetof(struct klp_func, new_func),
	offsetof(struct klp_func, old_sympos),
	sizeof(struct klp_object),
	offsetof(struct klp_object, name),
	offsetof(struct klp_object, funcs),
	offsetof(struct klp_object, callbacks.pre_patch),
	offsetof(struct klp_object, callbacks.post_patch),
	offsetof(struct klp_object, callbacks.pre_unpatch),
	offsetof(struct klp_object, callbacks.post_unpatch),
	sizeof(struct klp_patch),
	offsetof(struct klp_patch, mod),
	offsetof(struct klp_patch, objs),
	offsetof(struct klp_patch, states),
	offsetof(struct klp_patch, replace),
	sizeof(struct klp_state),
	offsetof(struct klp_state, id),
	offsetof(struct klp_state, version),
	offsetof(struct klp_state, data),
	offsetof(struct module, name),
	sizeof(((struct module *)0)->name),
	sizeof(struct alt_instr),
	sizeof(struct bug_entry),
	sizeof(struct exception_table_entry),
	SUTURE_JUMP_SIZE,
	SUTURE_STATIC_CALL_SIZE,
	sizeof(struct orc_entry),
	SUTURE_PARA_SIZE,
};
