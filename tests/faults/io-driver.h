/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* One write that is tried again and again, each time with the next I/O call failing, until it comes
 * through without a failure. Each try has a world of its own. */
typedef struct _CsFaultyWrite CsFaultyWrite;
struct _CsFaultyWrite {
	const char *name;
	gpointer (*set_up)(const CsFaultyWrite *write);
	/* The write. TRUE: it is acknowledged; else *error says why not. */
	gboolean (*act)(gpointer world, GError **error);
	/* Without faults again: what is on the disk is the old or the new, the new where it was
	 * acknowledged, and a second try ends well. */
	void (*check)(gpointer world, gboolean acknowledged);
	void (*tear_down)(gpointer world);
	gconstpointer data; /* (nullable) for set_up */
	gboolean is_local;  /* asks no server and writes no JSON: of the libraries only OpenSSL */
};

/* As a test: "/faults/io/NAME/once" and "/onward". */
void cs_faulty_write_add(const CsFaultyWrite *write);
