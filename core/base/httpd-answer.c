/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#include <string.h>

#define CONNECTIONS_MANY (CS_HTTPD_CONNECTIONS_MAX / 4 * 3)
#define PROBLEM_TYPE	 "application/problem+json"

static gboolean
add_headers(CsHttpd *httpd, struct MHD_Response *response, const char *content_type, const char *id)
{
	gboolean closes = httpd->stopping || httpd->connections.length > CONNECTIONS_MANY;

	if (content_type != NULL &&
	    MHD_add_response_header(response, "Content-Type", content_type) != MHD_YES)
		return FALSE;
	/* When it gets crowded nobody keeps a seat between two requests. */
	if (closes && MHD_add_response_header(response, "Connection", "close") != MHD_YES)
		return FALSE;
	if (id != NULL && MHD_add_response_header(response, "Request-Id", id) != MHD_YES)
		return FALSE;
	return MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
	       MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
}

static void
unref_bytes_cb(void *bytes)
{
	g_bytes_unref(bytes);
}

/* However many ask for them, the bytes are there once. */
static struct MHD_Response *
make_shared_response(CsHttpdUpload *upload)
{
	CsHttpdResponse *answer = &upload->answer;
	gsize length = 0;
	gconstpointer data = g_bytes_get_data(answer->bytes, &length);
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		length, (void *)data, unref_bytes_cb, answer->bytes);

	if (response == NULL)
		return NULL;
	answer->bytes = NULL;
	upload->sent_bytes = length;
	return response;
}

static struct MHD_Response *
make_response(CsHttpdUpload *upload)
{
	CsHttpdResponse *answer = &upload->answer;

	if (answer->bytes != NULL)
		return make_shared_response(upload);
	if (answer->body == NULL)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	upload->sent_bytes = strlen(answer->body);
	return MHD_create_response_from_buffer_with_free_callback(upload->sent_bytes, answer->body,
								  g_free);
}

static enum MHD_Result
queue_answer(CsHttpd *httpd, CsHttpdUpload *upload)
{
	CsHttpdResponse *answer = &upload->answer;
	gboolean is_empty = answer->body == NULL && answer->bytes == NULL;
	const char *content_type = is_empty ? NULL : answer->content_type;
	struct MHD_Response *response = make_response(upload);
	enum MHD_Result result = MHD_NO;

	if (response == NULL) /* the body is let go of with the request */
		return MHD_NO;
	answer->body = NULL;
	if (add_headers(httpd, response, content_type, upload->id))
		result = MHD_queue_response(upload->handle, answer->status, response);
	if (result == MHD_YES)
		upload->sent_status = answer->status;
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
queue_problem(
	CsHttpd *httpd, CsHttpdUpload *upload, guint status, const char *code, const char *title)
{
	CsHttpdResponse *answer = &upload->answer;

	g_free(answer->body);
	answer->status = status;
	answer->code = code;
	answer->content_type = PROBLEM_TYPE;
	g_clear_pointer(&answer->bytes, g_bytes_unref);
	answer->body = g_strdup_printf(
		"{\"request\":\"%s\",\"status\":%u,\"code\":\"%s\",\"title\":\"%s\"}",
		upload->id != NULL ? upload->id : "", status, code, title);
	return queue_answer(httpd, upload);
}

/**
 * cs_httpd_queue_too_large:
 * @httpd: the server
 * @upload: the request
 *
 * Answers 413.
 *
 * Returns: %MHD_NO where it cannot be sent: the connection is closed
 */
enum MHD_Result
cs_httpd_queue_too_large(CsHttpd *httpd, CsHttpdUpload *upload)
{
	return queue_problem(httpd, upload, 413, "too-large", "the body is too large");
}

/**
 * cs_httpd_send_answer:
 * @httpd: the server
 * @upload: the request, with the handler's answer; the answer's body is taken
 *
 * Sends it; 500 where it is none.
 *
 * Returns: %MHD_NO where it cannot be sent: the connection is closed
 */
enum MHD_Result
cs_httpd_send_answer(CsHttpd *httpd, CsHttpdUpload *upload)
{
	if (upload->answer.status >= 200 && upload->answer.status <= 599)
		return queue_answer(httpd, upload);
	return queue_problem(httpd, upload, 500, "internal", "no answer was made");
}

/**
 * cs_httpd_hold:
 * @httpd: the server
 * @upload: the request, with its answer; lent until cs_httpd_end_turn()
 *
 * The answer waits for the end of the turn. Nothing happens on the connection until then.
 *
 * Returns: %MHD_YES
 */
enum MHD_Result
cs_httpd_hold(CsHttpd *httpd, CsHttpdUpload *upload)
{
	MHD_suspend_connection(upload->handle);
	g_ptr_array_add(httpd->held, upload);
	g_ptr_array_add(httpd->held_answers, &upload->answer);
	return MHD_YES;
}

/**
 * cs_httpd_end_turn:
 * @httpd: the server
 *
 * All that was ready has been handed over: what was held is decided, and sent in the next run.
 */
void
cs_httpd_end_turn(CsHttpd *httpd)
{
	if (httpd->handled && httpd->settle != NULL)
		httpd->settle(httpd->held_answers, httpd->settle_data);
	for (guint i = 0; i < httpd->held->len; i++) {
		CsHttpdUpload *upload = g_ptr_array_index(httpd->held, i);

		upload->is_answered = TRUE;
		MHD_resume_connection(upload->handle);
		httpd->resumed = TRUE;
	}
	g_ptr_array_set_size(httpd->held, 0);
	g_ptr_array_set_size(httpd->held_answers, 0);
	httpd->handled = FALSE;
}
