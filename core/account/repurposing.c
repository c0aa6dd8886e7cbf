/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/repurposing.h"

#include "core/account/account-book-private.h"
#include "core/account/server-call.h"
#include "core/base/error.h"
#include "core/protocol/repurpose-step.h"
#include "core/protocol/tokens.h"

#define DEVICE_UNKNOWN "device-unknown"

G_STATIC_ASSERT((int)CS_REPURPOSING_STEPS == CS_REPURPOSE_STEPS);

static const char *const actors[CS_ACTOR_COUNT] = {
	[CS_ACTOR_USER] = "user",
	[CS_ACTOR_ADMINISTRATOR] = "administrator",
	[CS_ACTOR_NEW_USER] = "new-user",
};

static const char *const states[] = {"active", "suspended", "deactivated", "deleted"};

/**
 * cs_repurposing_free:
 * @repurposing: (nullable) (transfer full): what a server said
 */
void
cs_repurposing_free(CsRepurposing *repurposing)
{
	if (repurposing == NULL)
		return;
	g_free(repurposing->organisation);
	g_free(repurposing->url);
	g_free(repurposing->device_id);
	g_free(repurposing->helpdesk_code);
	g_free(repurposing->error_code);
	g_free(repurposing);
}

/**
 * cs_repurposing_get_next:
 * @repurposing: what a server said
 *
 * Returns: the first step that is not done; %CS_REPURPOSING_STEPS where all are
 */
guint
cs_repurposing_get_next(const CsRepurposing *repurposing)
{
	guint step = 0;

	while (step < CS_REPURPOSING_STEPS && repurposing->steps[step].is_done)
		step++;
	return step;
}

/**
 * cs_repurposing_get_step_text:
 * @step: below %CS_REPURPOSING_STEPS
 *
 * Returns: (transfer none): the step as a person reads it, translated
 */
const char *
cs_repurposing_get_step_text(guint step)
{
	g_return_val_if_fail(step < CS_REPURPOSING_STEPS, NULL);
	return cs_repurpose_step_get_text(step);
}

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
	static const char *const members[] = {"device", "name",	    "helpdesk_code", "state",
					      "key",	"approved", "steps",	     NULL};
	g_autofree char *query = sign_query(client, organisation, cancellable, error);
	g_autofree char *body = NULL;
	CsServerCall call = {"POST", "/v1/device", NULL, 200, members};

	if (query == NULL)
		return NULL;
	body = cs_server_call_wrap("query", query);
	call.json = body;
	return cs_server_call_run(&call, client, organisation->url, cancellable, error);
}

static gboolean
read_actor(const char *text, CsActor *actor)
{
	for (guint i = 0; i < CS_ACTOR_COUNT; i++) {
		if (g_strcmp0(text, actors[i]) != 0)
			continue;
		*actor = (CsActor)i;
		return TRUE;
	}
	return FALSE;
}

/* (nullable): one of ours, so that nothing else is ever shown. */
static const char *
find_state(const char *text)
{
	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		if (g_strcmp0(text, states[i]) == 0)
			return states[i];
	}
	return NULL;
}

static gboolean
read_steps(CsRepurposing *read, const cJSON *answer)
{
	const cJSON *list = cs_json_get_array(answer, "steps", NULL);
	const cJSON *item = NULL;
	guint place = 0;

	if (cJSON_GetArraySize(list) != CS_REPURPOSING_STEPS)
		return FALSE;
	cJSON_ArrayForEach (item, list) {
		const char *step = cs_json_get_string(item, "step", NULL);

		if (g_strcmp0(step, cs_repurpose_step_get_id(place)) != 0 ||
		    !read_actor(cs_json_get_string(item, "by", NULL), &read->steps[place].actor) ||
		    !cs_json_get_boolean(item, "done", &read->steps[place].is_done, NULL))
			return FALSE;
		place++;
	}
	return TRUE;
}

static gboolean
read_answer(CsRepurposing *read, const cJSON *answer)
{
	const char *device = cs_json_get_string(answer, "device", NULL);
	const char *state = find_state(cs_json_get_string(answer, "state", NULL));
	const char *helpdesk_code = NULL;

	if (!cs_book_is_id(device) || state == NULL ||
	    !cs_server_call_get_helpdesk_code(answer, &helpdesk_code) || !read_steps(read, answer))
		return FALSE;
	g_free(read->device_id);
	read->device_id = g_strdup(device);
	g_free(read->helpdesk_code);
	read->helpdesk_code = g_strdup(helpdesk_code);
	read->state = state;
	return TRUE;
}

static CsRepurposing *
repurposing_new(const CsOrganisation *organisation)
{
	CsRepurposing *repurposing = g_new0(CsRepurposing, 1);

	repurposing->organisation = g_strdup(organisation->name);
	repurposing->url = g_strdup(organisation->url);
	repurposing->device_id = g_strdup(organisation->device_id);
	repurposing->helpdesk_code = g_strdup(organisation->helpdesk_code);
	return repurposing;
}

/* Whatever made a server unreachable, or its answer useless, is known by one word, as in an account's
 * check. NULL without error where there is nothing to show: an enrolment was tried, and the server
 * never came to know this device key. */
static CsRepurposing *
query_organisation(const CsClient *client,
		   const CsOrganisation *organisation,
		   GCancellable *cancellable,
		   GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(cJSON) answer = ask(client, organisation, cancellable, &cause);
	g_autoptr(CsRepurposing) shown = NULL;

	if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	if (answer == NULL && organisation->device_id == NULL &&
	    g_str_equal(cs_error_get_reason(cause), DEVICE_UNKNOWN))
		return NULL;
	shown = repurposing_new(organisation);
	shown->is_asked = TRUE;
	if (answer != NULL && read_answer(shown, answer))
		return g_steal_pointer(&shown);
	shown->error_code =
		g_strdup(answer != NULL || g_error_matches(cause, CS_ERROR, CS_ERROR_UNREACHABLE)
				 ? "unreachable"
				 : cs_error_get_reason(cause));
	return g_steal_pointer(&shown);
}

/* @asked NULL: every one. */
static GPtrArray *
query_book(const CsClient *client,
	   const CsBook *book,
	   const CsOrganisation *asked,
	   GCancellable *cancellable,
	   GError **error)
{
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_repurposing_free);

	for (guint i = 0; i < book->organisations->len; i++) {
		const CsOrganisation *organisation = g_ptr_array_index(book->organisations, i);
		g_autoptr(GError) cause = NULL;
		CsRepurposing *item =
			asked != NULL && asked != organisation
				? repurposing_new(organisation)
				: query_organisation(client, organisation, cancellable, &cause);

		if (item != NULL)
			g_ptr_array_add(list, item);
		if (cause == NULL)
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	return g_steal_pointer(&list);
}

/**
 * cs_repurposing_follow:
 * @client: whose device keys
 * @url: (nullable): the organisation that is followed, so that no other keeps its answer waiting
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Asks one organisation how far the repurposing of this device is (rule 25), with the device key,
 * which needs no account: that of @url, or the first where there is none such.
 *
 * Returns: (transfer full) (element-type CsRepurposing): all organisations that know this device key,
 *   one of them asked; %NULL with %CS_ERROR_STATE where the book cannot be read, or
 *   %G_IO_ERROR_CANCELLED
 */
GPtrArray *
cs_repurposing_follow(const CsClient *client,
		      const char *url,
		      GCancellable *cancellable,
		      GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	const CsOrganisation *asked = NULL;

	if (book == NULL)
		return NULL;
	asked = url == NULL ? NULL : cs_book_find_organisation(book, url);
	if (asked == NULL && book->organisations->len > 0)
		asked = g_ptr_array_index(book->organisations, 0);
	return query_book(client, book, asked, cancellable, error);
}

static void
add_steps(cJSON *json, const CsRepurposing *repurposing)
{
	cJSON *list = cs_json_add_array(json, "steps");

	for (guint i = 0; repurposing->state != NULL && i < CS_REPURPOSING_STEPS; i++) {
		cJSON *step = cs_json_add_object(list, NULL);

		cs_json_add_string(step, "step", cs_repurpose_step_get_id(i));
		cs_json_add_boolean(step, "done", repurposing->steps[i].is_done);
		cs_json_add_string(step, "by", actors[repurposing->steps[i].actor]);
		cs_json_add_string(step, "text", cs_repurposing_get_step_text(i));
	}
}

static cJSON *
to_json(const CsRepurposing *repurposing)
{
	cJSON *json = cJSON_CreateObject();

	cs_json_add_string(json, "organisation", repurposing->organisation);
	cs_json_add_string(json, "url", repurposing->url);
	cs_json_add_string(json, "device_id", repurposing->device_id);
	cs_json_add_string(json, "helpdesk_code", repurposing->helpdesk_code);
	cs_json_add_string(json, "state", repurposing->state);
	add_steps(json, repurposing);
	cs_json_add_string(json, "error", repurposing->error_code);
	return json;
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
 * Returns: (transfer full): an array of {"organisation", "url", "device_id", "helpdesk_code",
 *   "state", "steps": [{"step", "done", "by", "text"}], "error"}; %NULL with %CS_ERROR_STATE where the book
 *   cannot be read, or %G_IO_ERROR_CANCELLED
 */
cJSON *
cs_repurposing_query(const CsClient *client, GCancellable *cancellable, GError **error)
{
	g_autoptr(CsBook) book = cs_book_read(client, error);
	g_autoptr(GPtrArray) list =
		book == NULL ? NULL : query_book(client, book, NULL, cancellable, error);
	cJSON *shown;

	if (list == NULL)
		return NULL;
	shown = cJSON_CreateArray();
	for (guint i = 0; i < list->len; i++)
		cs_json_append(shown, to_json(g_ptr_array_index(list, i)));
	return shown;
}
