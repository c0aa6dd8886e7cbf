/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Requests that were made before, over connections that stay open, by one thread that does nothing
 * else: what a client costs must not be taken for what the server costs. Whatever fails ends the
 * bench. */
typedef struct {
	GString *request; /* head and body */
	GString *answer;  /* the same, once it was heard */
	double time_ms;	  /* from the first octet sent to the last one heard */
} CsLoadCall;

/* body (nullable): JSON. */
void cs_load_call_init(CsLoadCall *call, const char *method, const char *path, const char *body);
void cs_load_call_clear(CsLoadCall *call);
/* Lent: behind the head. */
const char *cs_load_call_get_body(const CsLoadCall *call);
/* Each client sends its n_calls calls one after another, all clients at once; client i's begin at
 * i * n_calls. Returns the seconds that it took, without the connecting. */
double cs_load_run(guint16 port, CsLoadCall *const *calls, guint n_clients, guint n_calls);
