/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#include <string.h>

#define CONNECTIONS_MANY (CS_HTTPD_CONNECTIONS_MAX / 4 * 3)
#define PROBLEM_TYPE	 "application/problem+json"

static gboolean
add_headers(CsHttpd *httpd, struct MHD_Response *response, const char *content_type)
{
	gboolean closes = httpd->stopping || httpd->connections.length > CONNECTIONS_MANY;

	if (content_type != NULL &&
	    MHD_add_response_header(response, "Content-Type", content_type) != MHD_YES)
		return FALSE;
	/* When it gets crowded nobody keeps a seat between two requests. */
	if (closes && MHD_add_response_header(response, "Connection", "close") != MHD_YES)
		return FALSE;
	return MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
	       MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
}

static enum MHD_Result
queue_answer(CsHttpd *httpd, struct MHD_Connection *handle, CsHttpdResponse *answer)
{
	enum MHD_Result result = MHD_NO;
	struct MHD_Response *response;

	if (answer->body != NULL)
		response = MHD_create_response_from_buffer_with_free_callback(
			answer->body_length > 0 ? answer->body_length : strlen(answer->body),
			answer->body, g_free);
	else
		response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response == NULL) {
		g_free(answer->body);
		return MHD_NO;
	}
	if (add_headers(httpd, response, answer->body != NULL ? answer->content_type : NULL))
		result = MHD_queue_response(handle, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
queue_problem(CsHttpd *httpd,
	      struct MHD_Connection *handle,
	      guint status,
	      const char *code,
	      const char *title)
{
	CsHttpdResponse answer = {status, PROBLEM_TYPE, NULL};

	answer.body = g_strdup_printf("{\"status\":%u,\"code\":\"%s\",\"title\":\"%s\"}", status,
				      code, title);
	return queue_answer(httpd, handle, &answer);
}

/**
 * cs_httpd_queue_too_large:
 * @httpd: the server
 * @handle: the request's connection
 *
 * Answers 413.
 *
 * Returns: %MHD_NO where it cannot be sent: the connection is closed
 */
enum MHD_Result
cs_httpd_queue_too_large(CsHttpd *httpd, struct MHD_Connection *handle)
{
	return queue_problem(httpd, handle, 413, "too-large", "the body is too large");
}

/**
 * cs_httpd_send_answer:
 * @httpd: the server
 * @handle: the request's connection
 * @answer: the handler's; its body is taken
 *
 * Sends it; 500 where it is none.
 *
 * Returns: %MHD_NO where it cannot be sent: the connection is closed
 */
enum MHD_Result
cs_httpd_send_answer(CsHttpd *httpd, struct MHD_Connection *handle, CsHttpdResponse *answer)
{
	CsHttpdResponse sent = *answer;

	answer->body = NULL;
	if (sent.status >= 200 && sent.status <= 599)
		return queue_answer(httpd, handle, &sent);
	g_free(sent.body);
	return queue_problem(httpd, handle, 500, "internal", "no answer was made");
}

/**
 * cs_httpd_hold:
 * @httpd: the server
 * @handle: the request's connection
 * @upload: the request, with its answer; lent until cs_httpd_end_turn()
 *
 * The answer waits for the end of the turn. Nothing happens on the connection until then.
 *
 * Returns: %MHD_YES
 */
enum MHD_Result
cs_httpd_hold(CsHttpd *httpd, struct MHD_Connection *handle, CsHttpdUpload *upload)
{
	upload->handle = handle;
	MHD_suspend_connection(handle);
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
