/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

/**
 * cs_httpd_set_prepare:
 * @httpd: a server, before its context runs
 * @prepare: called once for each request that has arrived whole, on the context's thread, before any
 *   that was prepared beside it is handed over
 * @free_prepared: frees what @prepare returned, when the request is over
 * @data: for @prepare
 *
 * So that what takes long, and needs nothing but the request, can go on in other threads for all
 * requests of a turn at once. The handler gets what @prepare returned, however often it is tried; a
 * request for which that was %NULL is handed over as if there were no @prepare.
 */
void
cs_httpd_set_prepare(CsHttpd *httpd,
		     CsHttpdPrepare prepare,
		     GDestroyNotify free_prepared,
		     gpointer data)
{
	httpd->prepare = prepare;
	httpd->free_prepared = free_prepared;
	httpd->prepare_data = data;
}

/**
 * cs_httpd_prepare:
 * @httpd: the server
 * @upload: a request that has arrived; lent until it is handed over
 * @request: the same, as the handler will see it
 *
 * Returns: %TRUE where it was prepared just now: its connection is suspended until
 *   cs_httpd_hand_over_prepared()
 */
gboolean
cs_httpd_prepare(CsHttpd *httpd, CsHttpdUpload *upload, const CsHttpdRequest *request)
{
	/* While it stops nobody is suspended who might not be handed over any more. */
	if (httpd->prepare == NULL || upload->is_prepared || httpd->stopping)
		return FALSE;
	upload->is_prepared = TRUE;
	upload->free_prepared = httpd->free_prepared;
	upload->prepared = httpd->prepare(request, httpd->prepare_data);
	if (upload->prepared == NULL)
		return FALSE;
	MHD_suspend_connection(upload->handle);
	g_ptr_array_add(httpd->prepared, upload);
	return TRUE;
}

/**
 * cs_httpd_hand_over_prepared:
 * @httpd: the server
 *
 * Those prepared go to the handler in the next run.
 *
 * Returns: whether there are any
 */
gboolean
cs_httpd_hand_over_prepared(CsHttpd *httpd)
{
	gboolean any = httpd->prepared->len > 0;

	for (guint i = 0; i < httpd->prepared->len; i++) {
		const CsHttpdUpload *upload = g_ptr_array_index(httpd->prepared, i);

		MHD_resume_connection(upload->handle);
	}
	g_ptr_array_set_size(httpd->prepared, 0);
	return any;
}
