/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/server-call.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/event.h"
#include "core/protocol/helpdesk-code.h"
#include "core/protocol/reason.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_RESPONSE_BYTES ((gsize)1024 * 1024)
#define JSON_TYPE	   "application/json"
#define PROBLEM_TYPE	   "application/problem+json"
#define FIRST_ERROR_STATUS 400
#define FIRST_FAULT_STATUS 500
#define MAX_REQUEST_LENGTH 64

/* The protocol's problem codes that are no reason codes, and those of them that say "try later". */
static const char *const problem_codes[] = {
	"request-malformed", "too-large", "nonce-invalid",	"token-malformed",
	"device-unknown",    "not-found", "method-not-allowed", NULL,
};
static const char *const later_codes[] = {"busy", "disk-full", "internal", NULL};

static gboolean
is_stable_code(const char *code)
{
	CsReason reason = cs_reason_from_code(code);

	return g_strv_contains(problem_codes, code) ||
	       (reason != CS_REASON_NONE && reason != CS_REASON_MANAGED);
}

/**
 * cs_server_call_fail:
 * @error: return location
 * @url: the server's origin
 * @what: what is wrong with its answer, translated
 *
 * Returns: %FALSE, with %CS_ERROR_UNREACHABLE, "unreachable"
 */
gboolean
cs_server_call_fail(GError **error, const char *url, const char *what)
{
	cs_error_set(error, CS_ERROR_UNREACHABLE, "unreachable", _("no valid answer from %s: %s"),
		     url, what);
	return FALSE;
}

/* The server's own words are not shown: nobody has signed them. */
static void
set_refusal(GError **error, const CsHttpResponse *response, const cJSON *problem, const char *url)
{
	const char *code = problem == NULL ? NULL : cs_json_get_string(problem, "code", NULL);

	if (code == NULL)
		cs_server_call_fail(error, url, _("the error that it reports is malformed"));
	else if (g_strv_contains(later_codes, code))
		cs_server_call_fail(error, url, _("it cannot answer now"));
	else if (!is_stable_code(code))
		cs_error_set(error, CS_ERROR_REFUSED, "server-refused",
			     _("%s refused (HTTP status %u)"), url, response->status);
	else
		cs_error_set(error, CS_ERROR_REFUSED, code, _("%s refused: %s"), url, code);
}

/* Its id of the request, where it is one: it is kept and shown, so that helpdesk finds the line in
 * the server's log. */
static const char *
get_request(const cJSON *problem)
{
	const char *id = problem == NULL ? NULL : cs_json_get_string(problem, "request", NULL);
	gsize length = id == NULL ? 0 : strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789");

	return length > 0 && length <= MAX_REQUEST_LENGTH && id[length] == '\0' ? id : NULL;
}

static GError *
make_failure(const CsHttpResponse *response, const char *url)
{
	gboolean is_problem = g_strcmp0(response->content_type, PROBLEM_TYPE) == 0;
	g_autoptr(cJSON) problem = is_problem ? cs_json_parse_bytes(response->body, NULL) : NULL;
	g_autofree char *what = NULL;
	GError *failure = NULL;

	if (is_problem && response->status >= FIRST_ERROR_STATUS &&
	    response->status < FIRST_FAULT_STATUS) {
		set_refusal(&failure, response, problem, url);
	} else {
		what = g_strdup_printf(_("unexpected HTTP status %u"), response->status);
		cs_server_call_fail(&failure, url, what);
	}
	cs_error_set_request(failure, get_request(problem));
	return failure;
}

static gboolean
check_status(const CsServerCall *call,
	     const CsHttpResponse *response,
	     const char *url,
	     GError **error)
{
	g_autofree char *status = g_strdup_printf("%u", response->status);

	cs_event(CS_EVENT_DEBUG, "answer", CS_FIELD_SERVER, url, CS_FIELD_STATUS, status,
		 CS_FIELD_END);
	if (response->status == call->status)
		return TRUE;
	g_propagate_error(error, make_failure(response, url));
	return FALSE;
}

static cJSON *
parse_answer(const CsServerCall *call,
	     const CsHttpResponse *response,
	     const char *url,
	     GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(cJSON) answer = NULL;

	if (g_strcmp0(response->content_type, JSON_TYPE) != 0) {
		cs_server_call_fail(error, url, _("it is not JSON"));
		return NULL;
	}
	answer = cs_json_parse_bytes(response->body, &cause);
	if (answer != NULL && cs_json_check_members(answer, call->members, &cause))
		return g_steal_pointer(&answer);
	cs_server_call_fail(error, url, cause->message);
	return NULL;
}

/**
 * cs_server_call_run:
 * @call: what to ask
 * @client: lends the HTTP client
 * @url: the server's origin
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Asks, and accepts exactly the answer's status, type and members. The answer proves no more than
 * TLS does; what matters is signed inside it.
 *
 * Returns: (transfer full): the answer; %NULL with %CS_ERROR_REFUSED and the problem's stable code
 *   ("server-refused" for a code that the protocol does not know), %CS_ERROR_UNREACHABLE where the
 *   server could not be reached, has a fault, or is none of ours, or %G_IO_ERROR_CANCELLED; where
 *   the server named the request, cs_error_get_request() does
 */
cJSON *
cs_server_call_run(const CsServerCall *call,
		   const CsClient *client,
		   const char *url,
		   GCancellable *cancellable,
		   GError **error)
{
	g_autofree char *address = g_strconcat(url, call->path, NULL);
	g_autoptr(CsHttpResponse) response = NULL;

	/* Only GET has no body: another's was lost. */
	if (call->json == NULL && !g_str_equal(call->method, "GET")) {
		cs_json_set_lost(error);
		return NULL;
	}
	response = cs_http_client_request(client->http, call->method, address, call->json,
					  MAX_RESPONSE_BYTES, cancellable, error);
	if (response == NULL || !check_status(call, response, url, error))
		return NULL;
	return parse_answer(call, response, url, error);
}

/**
 * cs_server_call_get_string:
 * @answer: an answer
 * @name: a member that must be there
 * @url: the server's origin, for the message
 * @error: return location
 *
 * Returns: (transfer none): the text; %NULL with %CS_ERROR_UNREACHABLE
 */
const char *
cs_server_call_get_string(const cJSON *answer, const char *name, const char *url, GError **error)
{
	g_autoptr(GError) cause = NULL;
	const char *value = cs_json_get_string(answer, name, &cause);

	if (value == NULL)
		cs_server_call_fail(error, url, cause->message);
	return value;
}

/**
 * cs_server_call_get_helpdesk_code:
 * @answer: an answer that speaks of a device
 * @code: (out) (transfer none) (nullable): its helpdesk code; %NULL where the server gives none, as
 *   one of an earlier version
 *
 * Returns: %FALSE where what it gives is no helpdesk code
 */
gboolean
cs_server_call_get_helpdesk_code(const cJSON *answer, const char **code)
{
	return cs_json_get_optional_string(answer, "helpdesk_code", code, NULL) &&
	       (*code == NULL || cs_helpdesk_code_is_valid(*code));
}

/**
 * cs_server_call_wrap:
 * @name: the member
 * @token: its value
 *
 * Returns: (transfer full) (nullable): the JSON object with this one member; NULL where memory ran
 *   out, and then cs_server_call_run() says so
 */
char *
cs_server_call_wrap(const char *name, const char *token)
{
	g_autoptr(cJSON) body = cJSON_CreateObject();

	cs_json_add_string(body, name, token);
	return cs_json_print(body);
}

/**
 * cs_server_time_start:
 * @client: lends the clock
 * @unix_s: the time that the server has just told
 *
 * Returns: a time that goes on from there
 */
CsServerTime
cs_server_time_start(const CsClient *client, gint64 unix_s)
{
	return (CsServerTime){
		.unix_s = unix_s,
		.heard_at_us = cs_clock_get_monotonic_us(client->clock),
	};
}

/**
 * cs_server_time_get_now:
 * @time: a server's time
 * @client: lends the clock
 *
 * What the server's clock shows now, to within the way of its answer; the device's own clock, which
 * may be wrong, is not asked.
 *
 * Returns: Unix seconds
 */
gint64
cs_server_time_get_now(const CsServerTime *time, const CsClient *client)
{
	gint64 elapsed_us = cs_clock_get_monotonic_us(client->clock) - time->heard_at_us;

	return time->unix_s + elapsed_us / G_USEC_PER_SEC;
}

static gboolean
is_nonce(const char *nonce)
{
	g_autoptr(GBytes) bytes = cs_base64url_decode(nonce, -1, NULL);

	return bytes != NULL && g_bytes_get_size(bytes) == CS_SHA256_SIZE_BYTES;
}

/**
 * cs_server_call_get_nonce:
 * @client: lends HTTP client and clock
 * @url: the server's origin
 * @time: (out): the server's time, for what is signed with the nonce
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Returns: (transfer full): a nonce for one use; %NULL as for cs_server_call_run()
 */
char *
cs_server_call_get_nonce(const CsClient *client,
			 const char *url,
			 CsServerTime *time,
			 GCancellable *cancellable,
			 GError **error)
{
	static const char *const members[] = {"nonce", "iat", NULL};
	const CsServerCall call = {"POST", "/v1/nonce", "{}", 200, members};
	g_autoptr(cJSON) answer = cs_server_call_run(&call, client, url, cancellable, error);
	const char *nonce = NULL;
	gint64 iat = 0;

	if (answer == NULL)
		return NULL;
	nonce = cs_server_call_get_string(answer, "nonce", url, error);
	if (nonce == NULL)
		return NULL;
	if (!is_nonce(nonce) || !cs_json_get_int64(answer, "iat", &iat, NULL) || iat < 0) {
		cs_server_call_fail(error, url, _("its nonce is malformed"));
		return NULL;
	}
	*time = cs_server_time_start(client, iat);
	return g_strdup(nonce);
}
