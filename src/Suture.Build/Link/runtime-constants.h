/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Constants that the kernel's boot would write into the code of its own image: in a livepatch the variable is read
 * instead, as on architectures that have no such patching, and as in modules.
 */
#ifndef SUTURE_RUNTIME_CONSTANTS_H
#define SUTURE_RUNTIME_CONSTANTS_H

/* It claims the guard of the architecture's own header, which is then left out. */
#include <asm-generic/runtime-const.h>

#endif
