/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Makes allocations fail on purpose inside the libraries that have a hook for it. GLib has none:
 * where it runs out of memory the process ends. */

typedef enum {
	CS_ALLOC_OPENSSL,
	CS_ALLOC_CJSON,
	CS_ALLOC_SQLITE,
	CS_ALLOC_CURL,
	CS_ALLOC_OWNERS,
} CsAllocOwner;

extern const char *const cs_alloc_owner_names[CS_ALLOC_OWNERS];

/* First of all in main(). */
void cs_alloc_faults_install(void);
/* The nth allocation of that library by this thread, or by the others (elsewhere), fails, and no
 * more. */
void cs_alloc_faults_arm(CsAllocOwner owner, gboolean elsewhere, guint nth);
/* Whether it came to that. */
gboolean cs_alloc_faults_disarm(void);
/* How many more it would have taken. */
guint cs_alloc_faults_get_left(void);
/* Nothing fails meanwhile; what it answers goes to resume. */
gboolean cs_alloc_faults_pause(void);
void cs_alloc_faults_resume(gboolean was_armed);
/* How many of a library's allocations are held, by all threads. */
gint cs_alloc_faults_count_held(CsAllocOwner owner);
