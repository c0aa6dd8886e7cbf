/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/event.h"

#define US_PER_MS     1000
#define US_PER_TENTH  100
#define NUMBER_SIZE   24
#define FIRST_FAILURE 500

/* The route stands in the path's place: a path may be or hold what a log must not. */
static void
tell_request(const CsHttpdOutcome *outcome)
{
	gboolean failed = outcome->status >= FIRST_FAILURE;
	char status[NUMBER_SIZE];
	char duration[NUMBER_SIZE];
	char received[NUMBER_SIZE];
	char sent[NUMBER_SIZE];

	g_snprintf(status, sizeof(status), "%u", outcome->status);
	/* Not %f: a number of the log is the same in every language. */
	g_snprintf(duration, sizeof(duration), "%" G_GINT64_FORMAT ".%d",
		   outcome->duration_us / US_PER_MS,
		   (int)(outcome->duration_us % US_PER_MS / US_PER_TENTH));
	g_snprintf(received, sizeof(received), "%" G_GUINT64_FORMAT, outcome->received_bytes);
	g_snprintf(sent, sizeof(sent), "%" G_GUINT64_FORMAT, outcome->sent_bytes);
	cs_event(failed ? CS_EVENT_WARNING : CS_EVENT_INFO,
		 outcome->complete ? "request" : "request-lost", CS_FIELD_REQUEST, outcome->id,
		 CS_FIELD_PEER, outcome->peer, CS_FIELD_METHOD, outcome->method, CS_FIELD_ROUTE,
		 outcome->route, CS_FIELD_STATUS, outcome->status > 0 ? status : NULL,
		 CS_FIELD_CODE, outcome->code, CS_FIELD_DURATION, duration, CS_FIELD_RECEIVED,
		 received, CS_FIELD_SENT, sent, CS_FIELD_END);
}

/**
 * cs_service_observe_cb:
 * @outcome: what became of a request
 * @data: the service
 *
 * Counts it, and tells the server's log: one line a request, also of one that nobody waited for.
 */
void
cs_service_observe_cb(const CsHttpdOutcome *outcome, gpointer data)
{
	CsService *service = data;

	cs_service_counts_note_request(service->counts, outcome->route, outcome->status,
				       outcome->duration_us);
	tell_request(outcome);
}
