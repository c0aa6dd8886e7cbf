/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/error.h"

#define TRY_AGAIN	     "try again later"
#define PROBLEM_CONTENT_TYPE "application/problem+json"

static const struct {
	guint status;
	const char *code;
	const char *title;
} problems[CS_PROBLEM_COUNT] = {
	[CS_PROBLEM_REQUEST_MALFORMED] = {400, "request-malformed", "The request is malformed"},
	[CS_PROBLEM_CONTENT_TYPE] = {415, "request-malformed", "The content type is not accepted"},
	[CS_PROBLEM_TOKEN_MALFORMED] = {400, "token-malformed", "A token is not as it must be"},
	[CS_PROBLEM_NONCE_INVALID] = {403, "nonce-invalid", "The nonce is not open"},
	[CS_PROBLEM_CODE_INVALID] = {403, "code-invalid", "The activation code is not valid"},
	[CS_PROBLEM_USER_SUSPENDED] = {403, "user-suspended", "The user is suspended"},
	[CS_PROBLEM_DEVICE_NOT_ACTIVE] = {403, "device-not-active", "The device is not active"},
	[CS_PROBLEM_CHALLENGE_UNKNOWN] = {404, "challenge-unknown", "The challenge is unknown"},
	[CS_PROBLEM_DEVICE_UNKNOWN] = {404, "device-unknown", "The device is unknown"},
	[CS_PROBLEM_NOT_FOUND] = {404, "not-found", "There is nothing here"},
	[CS_PROBLEM_METHOD_NOT_ALLOWED] = {405, "method-not-allowed", "The method is not allowed"},
	[CS_PROBLEM_BUSY] = {503, "busy", "The server is busy"},
	[CS_PROBLEM_DISK_FULL] = {503, "disk-full", "The server has no room to write"},
	[CS_PROBLEM_INTERNAL] = {503, "internal", "The server has failed"},
};

/**
 * cs_answer_set_problem:
 * @answer: the answer to a call
 * @problem: what stands in the way
 * @detail: a static sentence for whoever develops a client; never anything out of the request
 *
 * Answers with a problem (RFC 9457).
 */
void
cs_answer_set_problem(CsAnswer *answer, CsProblem problem, const char *detail)
{
	g_clear_pointer(&answer->body, cJSON_Delete);
	answer->status = problems[problem].status;
	answer->problem = problem;
	answer->detail = detail;
}

/**
 * cs_answer_set:
 * @answer: the answer to a call
 * @status: HTTP status
 * @body_taken: (transfer full) (nullable): the JSON object; %NULL where memory ran out, which
 *   becomes a problem
 *
 * Answers.
 */
void
cs_answer_set(CsAnswer *answer, guint status, cJSON *body_taken)
{
	if (body_taken == NULL) {
		cs_answer_set_problem(answer, CS_PROBLEM_INTERNAL, TRY_AGAIN);
		return;
	}
	cJSON_Delete(answer->body);
	answer->status = status;
	answer->body = body_taken;
}

/**
 * cs_answer_set_bytes:
 * @answer: the answer to a call
 * @content_type: a static string
 * @bytes: at least one octet
 *
 * Answers 200 with what is no JSON.
 */
void
cs_answer_set_bytes(CsAnswer *answer, const char *content_type, GBytes *bytes)
{
	answer->status = 200;
	answer->content_type = content_type;
	answer->bytes = g_bytes_ref(bytes);
}

/**
 * cs_answer_set_fault:
 * @answer: the answer to a call
 * @error: what has failed
 *
 * Answers with a problem of the server's own. A full disk has a code of its own: who runs the server
 * is told by whoever calls helpdesk.
 */
void
cs_answer_set_fault(CsAnswer *answer, const GError *error)
{
	gboolean full = error->domain == CS_ERROR &&
			g_strcmp0(cs_error_get_reason(error), CS_REGISTRY_DISK_FULL) == 0;

	cs_answer_set_problem(answer, full ? CS_PROBLEM_DISK_FULL : CS_PROBLEM_INTERNAL, TRY_AGAIN);
}

static char *
print_problem(const CsAnswer *answer, const char *request)
{
	g_autoptr(cJSON) problem = cJSON_CreateObject();

	cs_json_add_string(problem, "type", "about:blank");
	cs_json_add_string(problem, "title", problems[answer->problem].title);
	cs_json_add_int64(problem, "status", answer->status);
	cs_json_add_string(problem, "code", problems[answer->problem].code);
	cs_json_add_string(problem, "detail", answer->detail);
	cs_json_add_string(problem, "request", request);
	return cs_json_print(problem);
}

static void
write_bytes(CsAnswer *answer, CsHttpdResponse *response)
{
	response->content_type = answer->content_type;
	response->bytes = g_steal_pointer(&answer->bytes);
}

/**
 * cs_answer_write:
 * @answer: the answer to a call; what it holds is let go of
 * @response: what is sent; what it held is let go of
 *
 * Turns an answer into octets.
 */
void
cs_answer_write(CsAnswer *answer, CsHttpdResponse *response)
{
	g_clear_pointer(&response->body, g_free);
	g_clear_pointer(&response->bytes, g_bytes_unref);
	response->status = answer->status;
	if (answer->bytes != NULL) {
		write_bytes(answer, response);
		return;
	}
	response->content_type = answer->body != NULL ? "application/json" : PROBLEM_CONTENT_TYPE;
	response->code = answer->body != NULL ? NULL : problems[answer->problem].code;
	response->body = answer->body != NULL ? cs_json_print(answer->body)
					      : print_problem(answer, response->request);
	/* The status alone, then: it must not promise what was lost. */
	if (response->body == NULL)
		response->status = problems[CS_PROBLEM_INTERNAL].status;
	g_clear_pointer(&answer->body, cJSON_Delete);
}
