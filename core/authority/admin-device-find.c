/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/base/error.h"
#include "core/protocol/helpdesk-code.h"

#include <glib/gi18n-lib.h>

/* One search by what somebody said on the telephone. */
typedef struct {
	const char *name;
	cJSON *candidates; /* (nullable) */
	char *list;	   /* the same for people */
} Search;

static void
search_clear(Search *search)
{
	g_clear_pointer(&search->candidates, cJSON_Delete);
	g_clear_pointer(&search->list, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static void
add_candidate(Search *search, const CsDeviceRow *device)
{
	cJSON *json = cJSON_CreateObject();
	g_autofree char *code = cs_helpdesk_code_format(device->helpdesk_code);
	g_autofree char *before = search->list;
	/* Translators: a helpdesk code, the device's name, its id. */
	g_autofree char *text =
		g_strdup_printf(_("%s (%s, device %s)"), code, device->name, device->id);

	cs_json_add_string(json, "helpdesk_code", device->helpdesk_code);
	cs_json_add_string(json, "id", device->id);
	cs_json_add_string(json, "name", device->name);
	cs_json_add_string(json, "state", cs_device_state_to_text(device->state));
	if (search->candidates == NULL)
		search->candidates = cJSON_CreateArray();
	cs_json_append(search->candidates, json);
	search->list = before == NULL ? g_strdup(text) : g_strconcat(before, ", ", text, NULL);
}

/* Whatever was misheard: the codes it may have been that some record has. */
static gboolean
list_candidates(CsRegistry *registry, const char *normal, Search *search, GError **error)
{
	g_auto(GStrv) codes = cs_helpdesk_code_list_candidates(normal);

	for (char **code = codes; *code != NULL; code++) {
		g_autoptr(CsDeviceRow) device = NULL;

		if (!cs_registry_find_device_by_helpdesk_code(registry, *code, &device, error))
			return FALSE;
		if (device != NULL)
			add_candidate(search, device);
	}
	return TRUE;
}

static void
set_not_found(const Search *search, const char *normal, GError **error)
{
	g_autofree char *code = cs_helpdesk_code_format(normal);

	if (search->candidates != NULL)
		cs_error_set(error, CS_ERROR_NOT_FOUND, "helpdesk-code-misheard",
			     _("no device has the helpdesk code %s; where one character was "
			       "misheard it is: %s"),
			     code, search->list);
	else
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
			     _("no device has the helpdesk code %s, nor one that differs in one "
			       "character"),
			     code);
}

/* By code only; NULL with the error where no record has it. */
static CsDeviceRow *
find_by_code(CsRegistry *registry, const char *normal, Search *search, GError **error)
{
	CsDeviceRow *device = NULL;

	if (!cs_registry_find_device_by_helpdesk_code(registry, normal, &device, error))
		return NULL;
	if (device == NULL && list_candidates(registry, normal, search, error))
		set_not_found(search, normal, error);
	return device;
}

static cJSON *
find_device(CsAdminAct *act, gpointer data, GError **error)
{
	Search *search = data;
	g_autofree char *normal = cs_helpdesk_code_normalise(search->name);
	g_autoptr(GError) cause = NULL;
	g_autoptr(CsDeviceRow) device = cs_registry_get_device(act->registry, search->name, &cause);

	if (g_error_matches(cause, CS_ERROR, CS_ERROR_NOT_FOUND) && normal != NULL)
		device = find_by_code(act->registry, normal, search, error);
	else if (cause != NULL)
		g_propagate_error(error, g_steal_pointer(&cause));
	return device != NULL ? cJSON_CreateString(device->id) : NULL;
}

/**
 * cs_admin_find_device:
 * @a: the authority
 * @name: a device's id, or its helpdesk code as somebody heard it: whatever case, with spaces and
 *   hyphens, and perhaps with one character misheard or two neighbours swapped
 * @candidates: (out) (transfer full) (nullable): where a character was misheard, the records whose
 *   code it may have been: [{"helpdesk_code", "id", "name", "state"}]; %NULL where there is none.
 *   They are for a person to choose from: not even a single one is taken for the one that was meant
 * @error: where to put the error
 *
 * Finds the record, a deleted one too. A helpdesk code says which device somebody speaks of; that he
 * has it in his hands, or may speak for it, it does not say.
 *
 * Returns: (transfer full) (nullable): the device's id; CS_ERROR_NOT_FOUND,
 *   "helpdesk-code-misheard" where there are candidates, which the message names too;
 *   CS_ERROR_STATE
 */
char *
cs_admin_find_device(CsAuthority *a, const char *name, cJSON **candidates, GError **error)
{
	g_auto(Search) search = {.name = name};
	g_autoptr(cJSON) found = cs_admin_read(a, find_device, &search, error);

	*candidates = g_steal_pointer(&search.candidates);
	return g_strdup(cJSON_GetStringValue(found));
}
