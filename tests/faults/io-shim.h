/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Makes input and output fail on purpose: the calls of core/ by the linker's --wrap (io-shim.c,
 * meson.build), those of SQLite by a VFS around its own (io-vfs.c). One counter for both. */

typedef enum {
	CS_IO_FAULT_ONCE,   /* the nth call fails, and no other */
	CS_IO_FAULT_ONWARD, /* and all that follow: the disk is full, or gone */
} CsIoFaultMode;

/* From here on every thread's calls count, from 1. */
void cs_io_faults_arm(guint nth, CsIoFaultMode mode);
/* How many failed since. */
guint cs_io_faults_disarm(void);
/* The first call that failed since it was armed; for messages. */
const char *cs_io_faults_get_name(void);

/* Whether this call is to fail; errno is then set. For the shims alone. */
gboolean cs_io_faults_hit(const char *name);
/* Before SQLite is used: its default VFS counts and fails too. */
void cs_io_faults_register_vfs(void);
