/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#define US_PER_MS 1000

/* Until it is handed over again its place is nobody else's. */
static void
leave_place(CsHttpd *httpd, CsHttpdUpload *upload)
{
	if (!upload->is_resumed)
		return;
	upload->is_resumed = FALSE;
	g_clear_pointer(&upload->answer.awaited, g_free);
	g_ptr_array_remove(httpd->postponed, upload);
}

/**
 * cs_httpd_may_postpone:
 * @httpd: the server
 * @upload: a request that has arrived, about to be handed over
 * @now_us: monotonic time
 *
 * The time that it may take begins with the first call. A place that it had is free from here on, for
 * itself before anybody else.
 *
 * Returns: whether the handler may postpone it: not when its time is up, not where others have taken
 *   every place, and not while the server stops
 */
gboolean
cs_httpd_may_postpone(CsHttpd *httpd, CsHttpdUpload *upload, gint64 now_us)
{
	leave_place(httpd, upload);
	if (upload->last_try_at_us == 0)
		upload->last_try_at_us = now_us + (gint64)httpd->patience_ms * US_PER_MS;
	return !httpd->stopping && httpd->postponed->len < httpd->postponed_max &&
	       now_us < upload->last_try_at_us;
}

/**
 * cs_httpd_postpone:
 * @httpd: the server
 * @upload: the request; lent until it is handed over again
 *
 * Nothing happens on the connection until then: that its peer has gone is not noticed before.
 *
 * Returns: %MHD_YES
 */
enum MHD_Result
cs_httpd_postpone(CsHttpd *httpd, CsHttpdUpload *upload)
{
	MHD_suspend_connection(upload->handle);
	g_ptr_array_add(httpd->postponed, upload);
	return MHD_YES;
}

/* In the next run libmicrohttpd hands the same request over once more. */
static void
try_again(CsHttpd *httpd, CsHttpdUpload *upload)
{
	upload->is_resumed = TRUE;
	MHD_resume_connection(upload->handle);
	httpd->resumed = TRUE;
}

/**
 * cs_httpd_retry_late:
 * @httpd: the server
 * @now_us: monotonic time; %G_MAXINT64: all of them
 *
 * Those postponed whose time is up are handed over in the next run.
 */
void
cs_httpd_retry_late(CsHttpd *httpd, gint64 now_us)
{
	for (guint i = httpd->postponed->len; i > 0; i--) {
		CsHttpdUpload *upload = g_ptr_array_index(httpd->postponed, i - 1);

		if (!upload->is_resumed && upload->last_try_at_us <= now_us)
			try_again(httpd, upload);
	}
}

/**
 * cs_httpd_get_next_try:
 * @httpd: the server
 *
 * Returns: the monotonic time at which the first of those postponed has waited long enough;
 *   %G_MAXINT64 where there is none
 */
gint64
cs_httpd_get_next_try(const CsHttpd *httpd)
{
	gint64 next_us = G_MAXINT64;

	for (guint i = 0; i < httpd->postponed->len; i++) {
		const CsHttpdUpload *upload = g_ptr_array_index(httpd->postponed, i);

		if (!upload->is_resumed)
			next_us = MIN(next_us, upload->last_try_at_us);
	}
	return next_us;
}

/**
 * cs_httpd_set_patience:
 * @httpd: a server, before its context runs
 * @patience_ms: how long a request may be postponed, since it has arrived; 2000 unless set
 * @max_postponed: how many may be at a time; 64 unless set
 *
 * A handler postpones a request by setting what it awaits (CsHttpdResponse), and doing nothing else
 * that lasts. Its connection is suspended, everybody else is served, and the same request is handed
 * over again after cs_httpd_retry(), at the latest when its patience ends; that is its last try.
 * Beyond @max_postponed every first try is the last: nobody can park all connections.
 */
void
cs_httpd_set_patience(CsHttpd *httpd, guint patience_ms, guint max_postponed)
{
	httpd->patience_ms = patience_ms;
	httpd->postponed_max = max_postponed;
}

/**
 * cs_httpd_retry:
 * @httpd: a server
 * @awaits: whether a postponed request goes on waiting, by what it awaited
 * @data: for @awaits
 *
 * Hands those requests over again, in the next turn, that need wait no longer. On the context's
 * thread.
 */
void
cs_httpd_retry(CsHttpd *httpd, CsHttpdAwaits awaits, gpointer data)
{
	for (guint i = httpd->postponed->len; i > 0; i--) {
		CsHttpdUpload *upload = g_ptr_array_index(httpd->postponed, i - 1);

		if (!upload->is_resumed && !awaits(upload->answer.awaited, data))
			try_again(httpd, upload);
	}
	if (httpd->resumed)
		g_source_set_ready_time(httpd->source, 0);
}

/**
 * cs_httpd_count_awaiting:
 * @httpd: a server
 * @awaited: what may be awaited
 *
 * For a handler that lets only so many wait for one thing.
 *
 * Returns: how many other requests await that, those included that are about to be handed over again
 */
guint
cs_httpd_count_awaiting(const CsHttpd *httpd, const char *awaited)
{
	guint count = 0;

	for (guint i = 0; i < httpd->postponed->len; i++) {
		const CsHttpdUpload *upload = g_ptr_array_index(httpd->postponed, i);

		count += g_strcmp0(upload->answer.awaited, awaited) == 0;
	}
	return count;
}
