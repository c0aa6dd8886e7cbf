/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/client.h"
#include "core/base/json.h"

/* The one place that talks to a server: JSON there, JSON back, everything else a CsError. */
typedef struct {
	const char *method;
	const char *path;	    /* from the origin, with its slash */
	const char *json;	    /* (nullable) body */
	guint status;		    /* the one status that is a success */
	const char *const *members; /* all that the answer has, NULL-terminated */
} CsServerCall;

/* CS_ERROR_REFUSED with the problem's code, CS_ERROR_UNREACHABLE where there was no valid answer. */
cJSON *cs_server_call_run(const CsServerCall *call,
			  const CsClient *client,
			  const char *url,
			  GCancellable *cancellable,
			  GError **error);
/* An answer whose content is not what the protocol says: CS_ERROR_UNREACHABLE. */
gboolean cs_server_call_fail(GError **error, const char *url, const char *what);
const char *
cs_server_call_get_string(const cJSON *answer, const char *name, const char *url, GError **error);
/* *code NULL where the server, of an earlier version, gives none; FALSE where it is malformed. */
gboolean cs_server_call_get_helpdesk_code(const cJSON *answer, const char **code);
/* One token in a body of its own: {"name": token}. */
char *cs_server_call_wrap(const char *name, const char *token);

/* The server's time, carried on by the monotonic clock. */
typedef struct {
	gint64 unix_s;
	gint64 heard_at_us;
} CsServerTime;

CsServerTime cs_server_time_start(const CsClient *client, gint64 unix_s);
gint64 cs_server_time_get_now(const CsServerTime *time, const CsClient *client);

/* POST /v1/nonce */
char *cs_server_call_get_nonce(const CsClient *client,
			       const char *url,
			       CsServerTime *time,
			       GCancellable *cancellable,
			       GError **error);
