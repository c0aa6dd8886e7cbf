/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* Rule 25's steps as a server sees them now. Nobody signed that, and nothing is decided by it: it is
 * for people to follow. */
enum {
	CS_REPURPOSING_DELETE,
	CS_REPURPOSING_DEACTIVATE,
	CS_REPURPOSING_REACTIVATE,
	CS_REPURPOSING_ADD,
	CS_REPURPOSING_AUTHENTICATE,
	CS_REPURPOSING_STEPS,
};

/* Whose a step is. */
typedef enum {
	CS_ACTOR_USER,
	CS_ACTOR_ADMINISTRATOR,
	CS_ACTOR_NEW_USER,
	CS_ACTOR_COUNT,
} CsActor;

typedef struct {
	char *organisation;
	char *url;
	char *device_id;     /* (nullable) before the first account */
	char *helpdesk_code; /* (nullable) of the device, where the server gave one */
	gboolean is_asked;   /* FALSE: this one was not asked, and the rest says nothing */
	const char *state;   /* (nullable) of the device, where there was an answer */
	char *error_code;    /* (nullable) why there was none: "unreachable", ... */
	struct {
		gboolean is_done;
		CsActor actor;
	} steps[CS_REPURPOSING_STEPS]; /* where there was an answer */
} CsRepurposing;

void cs_repurposing_free(CsRepurposing *repurposing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRepurposing, cs_repurposing_free)

/* The first that is not done; CS_REPURPOSING_STEPS where all are. */
guint cs_repurposing_get_next(const CsRepurposing *repurposing);
const char *cs_repurposing_get_step_text(guint step); /* translated */

/* (element-type CsRepurposing): every organisation; url's is asked, or the first where there is
 * none such. */
GPtrArray *cs_repurposing_follow(const CsClient *client,
				 const char *url,
				 GCancellable *cancellable,
				 GError **error);
/* Every one is asked: an array of
 * {"organisation", "url", "device_id", "helpdesk_code", "state",
 * "steps": [{"step", "done", "by", "text"}], "error"}. */
cJSON *cs_repurposing_query(const CsClient *client, GCancellable *cancellable, GError **error);
