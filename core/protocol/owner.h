/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Whose the next step is, where something is not as it should be. */
typedef enum {
	CS_OWNER_NOBODY, /* nothing is to be done */
	CS_OWNER_USER,	 /* the person at the device */
	CS_OWNER_HELPDESK,
	CS_OWNER_ADMINISTRATOR,
	CS_OWNER_COUNT,
} CsOwner;

/* "It is the helpdesk's turn. ...": whose it is, and the one thing to do; translated, free with
 * g_free(). */
char *cs_owner_dup_step(CsOwner owner, const char *step);
