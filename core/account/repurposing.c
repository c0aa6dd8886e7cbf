/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/repurposing.h"

#include "core/account/account-book-private.h"
#include "core/account/server-call.h"
#include "core/base/error.h"
#include "core/protocol/tokens.h"

#include <glib/gi18n-lib.h>

#define DEVICE_UNKNOWN "device-unknown"

/* Rule 25's steps, in its order, as a person reads them. */
static const struct {
	const char *step;
	const char *text;
} steps[] = {
	{"delete-account", N_("Delete the account on the device")},
	{"deactivate", N_("The administrator deactivates the device")},
	{"reactivate", N_("The administrator reactivates the device")},
	{"add-account", N_("The new user adds an account on the device")},
	{"first-authentication", N_("The new user authenticates for the first time")},
};

static const char *const actors[] = {"user", "administrator", "new-user", NULL};
static const char *const states[] = {"active", "suspended", "deactivated", "deleted", NULL};

static char *
sign_query(const CsClient *client,
	   const CsOrganisation *organisation,
	   GCancellable *cancellable,
	   GError **error)
{
	g_autoptr(CsPrivateKey) key =
		cs_book_load_key(client, organisation->device_key_file, error);
	g_autofree char *nonce = NULL;
	CsServerTime time = {0};
	CsDeviceQuery query = {.aud = organisation->url};

	if (key == NULL)
		return NULL;
	nonce = cs_server_call_get_nonce(client, organisation->url, &time, cancellable, error);
	if (nonce == NULL)
		return NULL;
	query.nonce = nonce;
	query.iat = cs_server_time_get_now(&time, client);
	return cs_device_query_sign(&query, key, error);
}

static cJSON *
ask(const CsClient *client,
    const CsOrganisation *organisation,
    GCancellable *cancellable,
    GError **error)
{
	static const char *const members[] = {"device",	  "name",  "state", "key",
					      "approved", "steps", NULL};
	g_autofree char *query = sign_query(client, organisation, cancellable, error);
	g_autofree char *body = NULL;
	CsServerCall call = {"POST", "/v1/device", NULL, 200, members};

	if (query == NULL)
		return NULL;
	body = cs_server_call_wrap("query", query);
	call.json = body;
	return cs_server_call_run(&call, client, organisation->url, cancellable, error);
}

static cJSON *
read_step(const cJSON *answered, gsize place)
{
	const char *step = cs_json_get_string(answered, "step", NULL);
	const char *by = cs_json_get_string(answered, "by", NULL);
	gboolean done = FALSE;
	cJSON *read;

	if (step == NULL || by == NULL || !cs_json_get_boolean(answered, "done", &done, NULL) ||
	    !g_str_equal(step, steps[place].step) || !g_strv_contains(actors, by))
		return NULL;
	read = cJSON_CreateObject();
	cs_json_add_string(read, "step", step);
	cs_json_add_boolean(read, "done", done);
	cs_json_add_string(read, "by", by);
	cs_json_add_string(read, "text", _(steps[place].text));
	return read;
}

static cJSON *
read_steps(const cJSON *answer)
{
	const cJSON *list = cs_json_get_array(answer, "steps", NULL);
	g_autoptr(cJSON) read = cJSON_CreateArray();
	const cJSON *item = NULL;
	gsize place = 0;

	if (cJSON_GetArraySize(list) != G_N_ELEMENTS(steps))
		return NULL;
	cJSON_ArrayForEach (item, list) {
		cJSON *step = read_step(item, place++);

		if (step == NULL)
			return NULL;
		cs_json_append(read, step);
	}
	return g_steal_pointer(&read);
}

/* Fills in what the server says, or nothing where that is malformed; nobody signed it, and it is
 * shown, no more. */
static gboolean
read_answer(cJSON *shown, const cJSON *answer)
{
	const char *device = cs_json_get_string(answer, "device", NULL);
	const char *state = cs_json_get_string(answer, "state", NULL);
	cJSON *list;

	if (!cs_book_is_id(device) || state == NULL || !g_strv_contains(states, state))
		return FALSE;
	list = read_steps(answer);
	if (list == NULL)
		return FALSE;
	cs_json_add_string(shown, "device_id", device);
	cs_json_add_string(shown, "state", state);
	cs_json_add(shown, "steps", list);
	cs_json_add_null(shown, "error");
	return TRUE;
}

/* Whatever made a server unreachable, scripts know it by one word, as in an account's check. */
static void
show_failure(cJSON *shown, const CsOrganisation *organisation, const GError *cause)
{
	gboolean is_away = cause == NULL || g_error_matches(cause, CS_ERROR, CS_ERROR_UNREACHABLE);

	cs_json_add_string(shown, "device_id", organisation->device_id);
	cs_json_add_null(shown, "state");
	cs_json_add_array(shown, "steps");
	cs_json_add_string(shown, "error", is_away ? "unreachable" : cs_error_get_reason(cause));
}

/* NULL without error where there is nothing to show: an enrolment was tried, and the server never
 * came to know this device key. */
static cJSON *
query_organisation(const CsClient *client,
		   const CsOrganisation *organisation,
		   GCancellable *cancellable,
		   GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(cJSON) answer = ask(client, organisation, cancellable, &cause);
	g_autoptr(cJSON) shown = cJSON_CreateObject();

	if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	if (answer == NULL && organisation->device_id == NULL &&
	    g_str_equal(cs_error_get_reason(cause), DEVICE_UNKNOWN))
		return NULL;
	cs_json_add_string(shown, "organisation", organisation->name);
	cs_json_add_string(shown, "url", organisation->url);
	if (answer == NULL)
		show_failure(shown, organisation, cause);
	else if (!read_answer(shown, answer))
		show_failure(shown, organisation, NULL);
	return g_steal_pointer(&shown);
}

/**
 * cs_repurposing_query:
 * @client: whose device keys
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Asks every organisation whose device key this user holds how far its device's repurposing is
 * (rule 25), with the device key, which needs no account. An organisation that does not answer has
 * its `error` set, null in the others. It is what the servers say, for people to follow; nothing is
 * decided by it.
 *
 * Returns: (transfer full): an array of {"organisation", "url", "device_id", "state",
 *   "steps": [{"step", "done", "by", "text"}], "error"}; %NULL with %CS_ERROR_STATE where the book
 *   cannot be read, or %G_IO_ERROR_CANCELLED
 */
cJSON *
cs_repurposing_query(const CsClient *client, GCancellable *cancellable, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	g_autoptr(cJSON) shown = cJSON_CreateArray();
	g_autoptr(GError) cause = NULL;

	if (book == NULL)
		return NULL;
	for (guint i = 0; i < book->organisations->len && cause == NULL; i++) {
		const CsOrganisation *organisation = g_ptr_array_index(book->organisations, i);
		cJSON *item = query_organisation(client, organisation, cancellable, &cause);

		if (item != NULL)
			cs_json_append(shown, item);
	}
	if (cause == NULL)
		return g_steal_pointer(&shown);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}
