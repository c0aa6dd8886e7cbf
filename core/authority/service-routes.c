/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include <string.h>

#define ID_PLACE "{id}"

static void
add_endpoint(cJSON *endpoints, const CsService *service, const char *name)
{
	g_autofree char *url =
		g_strconcat(cs_authority_get_url(service->authority), "/v1/", name, NULL);

	cs_json_add_string(endpoints, name, url);
}

/* Who this is, for a client that has not met it: it proves nothing until the key is pinned. */
static gboolean
get_introduction(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	static const char *const names[] = {"nonce", "accounts", "transactions", "device"};
	cJSON *introduction = cJSON_CreateObject();
	cJSON *endpoints;

	cs_json_add_string(introduction, "issuer", cs_authority_get_url(service->authority));
	cs_json_add_string(introduction, "name", cs_authority_get_name(service->authority));
	cs_json_append(cs_json_add_array(introduction, "keys"),
		       cs_jwk_to_json(cs_authority_get_server_jwk(service->authority)));
	cs_json_add_array(introduction, "rotations");
	cs_json_add_array(introduction, "origins");
	endpoints = cs_json_add_object(introduction, "endpoints");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		add_endpoint(endpoints, service, names[i]);
	cs_answer_set(answer, 200, introduction);
	return TRUE;
}

static const struct {
	const char *method;
	const char *path;   /* with one {id} at the most; what log and metrics name */
	CsServiceCall call; /* NULL: raw */
	CsServiceRawCall raw;
	const char *content_type; /* of a raw call's body */
} routes[] = {
	{"GET", "/.well-known/countersign", get_introduction},
	{"POST", "/v1/nonce", cs_service_make_nonce},
	{"POST", "/v1/accounts", cs_service_enrol},
	{"DELETE", "/v1/accounts/{id}", cs_service_delete_account},
	{"POST", "/v1/transactions", cs_service_open_transaction},
	{"POST", "/v1/transactions/{id}/response", cs_service_respond},
	{"POST", "/v1/device", cs_service_query_device},
	{"GET", "/healthz", cs_service_get_health},
	{"HEAD", "/healthz", cs_service_get_health},
	{"GET", "/metrics", NULL, cs_service_get_metrics},
	{"GET", "/crl/{id}.crl", NULL, cs_service_get_crl},
	{"POST", "/ocsp/{id}", NULL, cs_service_answer_ocsp, "application/ocsp-request"},
};

/* The path's id, or "" for a route without one; NULL where the route is another's. */
static char *
match_path(gsize route, const char *path)
{
	const char *prefix = routes[route].path;
	const char *id_place = strstr(prefix, ID_PLACE);
	gsize prefix_length = id_place != NULL ? (gsize)(id_place - prefix) : 0;
	const char *suffix;
	g_autofree char *id = NULL;

	if (id_place == NULL)
		return strcmp(path, prefix) == 0 ? g_strdup("") : NULL;
	suffix = id_place + strlen(ID_PLACE);
	if (strncmp(path, prefix, prefix_length) != 0 ||
	    !g_str_has_suffix(path + prefix_length, suffix))
		return NULL;
	id = g_strndup(path + prefix_length, strlen(path + prefix_length) - strlen(suffix));
	return cs_service_is_id(id) ? g_steal_pointer(&id) : NULL;
}

/* That media type, with parameters or without. */
static gboolean
is_of_type(const char *content_type, const char *name)
{
	gsize length = strlen(name);

	return content_type != NULL && g_ascii_strncasecmp(content_type, name, length) == 0 &&
	       (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}

static void
fail_call(CsService *service, const GError *error, CsAnswer *answer)
{
	cs_service_report_fault(service, error);
	cs_answer_set_fault(answer, error);
}

static void
run_raw_call(CsService *service,
	     gsize route,
	     const char *id,
	     const CsHttpdRequest *request,
	     CsAnswer *answer)
{
	const char *wanted = routes[route].content_type;
	g_autoptr(GError) error = NULL;

	if (wanted != NULL && !is_of_type(request->content_type, wanted))
		cs_answer_set_problem(answer, CS_PROBLEM_CONTENT_TYPE,
				      "this call has another content type");
	else if (!routes[route].raw(service, id, request->body, answer, &error))
		fail_call(service, error, answer);
}

static void
run_call(CsService *service,
	 gsize route,
	 const char *id,
	 const CsHttpdRequest *request,
	 CsAnswer *answer)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) read = NULL;
	const cJSON *body = cs_service_get_prepared_body(service);
	gboolean has_body = strcmp(routes[route].method, "GET") != 0 &&
			    strcmp(routes[route].method, "HEAD") != 0;

	if (has_body && !is_of_type(request->content_type, "application/json")) {
		cs_answer_set_problem(answer, CS_PROBLEM_CONTENT_TYPE,
				      "only application/json is accepted");
		return;
	}
	if (has_body && body == NULL)
		body = read = cs_json_parse_bytes(request->body, NULL);
	if (has_body && !cJSON_IsObject(body)) {
		cs_answer_set_problem(answer, CS_PROBLEM_REQUEST_MALFORMED,
				      "the body is not one JSON object");
		return;
	}
	if (!routes[route].call(service, id, body, answer, &error))
		fail_call(service, error, answer);
	cs_json_wipe(read); /* an activation code may be in it */
}

/**
 * cs_service_dup_response_id:
 * @request: a request
 *
 * Returns: (transfer full) (nullable): where it is cs_service_respond()'s, the transaction's id
 */
char *
cs_service_dup_response_id(const CsHttpdRequest *request)
{
	for (gsize i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (routes[i].call == cs_service_respond &&
		    strcmp(routes[i].method, request->method) == 0)
			return match_path(i, request->path);
	}
	return NULL;
}

/**
 * cs_service_answer_request:
 * @service: the service
 * @request: a request
 * @answer: the answer, set: by the call whose path and method these are, or to a problem
 *
 * A failure of the server's own is reported to whoever runs it.
 */
void
cs_service_answer_request(CsService *service, const CsHttpdRequest *request, CsAnswer *answer)
{
	gboolean known_path = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(routes); i++) {
		g_autofree char *id = match_path(i, request->path);

		if (id == NULL)
			continue;
		known_path = TRUE;
		answer->route = routes[i].path;
		if (strcmp(routes[i].method, request->method) == 0) {
			(routes[i].call != NULL ? run_call : run_raw_call)(service, i, id, request,
									   answer);
			return;
		}
	}
	if (known_path)
		cs_answer_set_problem(answer, CS_PROBLEM_METHOD_NOT_ALLOWED,
				      "this path has another method");
	else
		cs_answer_set_problem(answer, CS_PROBLEM_NOT_FOUND, "no such path");
}
