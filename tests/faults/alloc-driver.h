/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tests/faults/alloc-shim.h"

/* An act that is repeated, each time with the next allocation of one library failing, until none
 * does. */
typedef struct {
	const char *name;
	guint owners;	    /* bits 1 << CsAllocOwner: one after the other */
	gboolean good;	    /* FALSE: it must be refused, whatever fails */
	gboolean elsewhere; /* it is the other threads' allocations that fail */
	guint tries;	    /* 0: all; else about so many of them, unless with "-m thorough" */
	gpointer (*set_up)(gconstpointer data);
	/* TRUE: accepted, done; else *error says why not. */
	gboolean (*act)(gpointer world, gconstpointer data, GError **error);
	void (*tear_down)(gpointer world);
	gconstpointer data;
} CsFaultyAct;

/* As tests: "/faults/allocation/NAME/LIBRARY". */
void cs_faulty_act_add(const CsFaultyAct *act);
