/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define MIN_HAND_OVER_S 3600
#define MAX_HAND_OVER_S 7776000 /* 90 days */

static const char *const move_events[] = {
	[CS_MOVE_SUSPEND] = "device-suspend",	    [CS_MOVE_RESUME] = "device-resume",
	[CS_MOVE_DEACTIVATE] = "device-deactivate", [CS_MOVE_REACTIVATE] = "device-reactivate",
	[CS_MOVE_DELETE] = "device-delete",
};

typedef struct {
	const char *id;
	CsDeviceMove move;
	gint64 hand_over_s;
} MoveArguments;

static CsDeviceRow *
get_device(CsAdminAct *act, const char *id, GError **error)
{
	CsDeviceRow *device = cs_registry_get_device(act->registry, id, error);

	if (device != NULL)
		act->device = g_strdup(device->id);
	return device;
}

static gboolean
end_accounts(CsAdminAct *act, const CsDeviceRow *device, GError **error)
{
	g_autoptr(GPtrArray) accounts =
		cs_registry_list_accounts(act->registry, NULL, device->id, error);

	for (guint i = 0; accounts != NULL && i < accounts->len; i++)
		if (!cs_admin_end_account(act, g_ptr_array_index(accounts, i), error))
			return FALSE;
	return accounts != NULL;
}

/* What a move does to one link. *event: NULL where it does nothing. */
static void
change_link(const CsAdminAct *act,
	    const MoveArguments *arguments,
	    CsLinkRow *link,
	    const char **event)
{
	*event = NULL;
	if (link->state == CS_LINK_REFUSED)
		return;
	if (arguments->move == CS_MOVE_DEACTIVATE) {
		*event = "link-suspend";
		link->state = CS_LINK_SUSPENDED;
		link->hand_over_until = 0;
	} else if (arguments->move == CS_MOVE_DELETE) {
		*event = "link-refuse";
		link->state = CS_LINK_REFUSED;
		link->hand_over_until = 0;
	} else if (arguments->move == CS_MOVE_REACTIVATE && link->state == CS_LINK_SUSPENDED) {
		*event = "hand-over-open";
		link->hand_over_until = act->now + arguments->hand_over_s;
	}
}

/* Everything that the built-in CA issued for a refused link's key: CRLs and other verifiers are to
 * know it too. */
static gboolean
revoke_key(CsAdminAct *act, const char *key_fingerprint, GError **error)
{
	g_autoptr(GPtrArray) rows =
		cs_registry_list_issued_by_key(act->registry, key_fingerprint, error);

	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		CsIssuedRow *issued = g_ptr_array_index(rows, i);

		if (issued->revoked_at != 0)
			continue;
		if (!cs_admin_revoke(act, issued, error) ||
		    !cs_admin_log_effect(act, "certificate-revoke", NULL, issued->fingerprint,
					 error))
			return FALSE;
	}
	return rows != NULL;
}

static gboolean
move_link(CsAdminAct *act, const MoveArguments *arguments, CsLinkRow *link, GError **error)
{
	const char *event = NULL;

	change_link(act, arguments, link, &event);
	if (event != NULL && (!cs_registry_put_link(act->registry, link, error) ||
			      !cs_admin_log_effect(act, event, NULL, link->certificate, error)))
		return FALSE;
	return arguments->move != CS_MOVE_DELETE || revoke_key(act, link->key_fingerprint, error);
}

static gboolean
move_links(CsAdminAct *act, const MoveArguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) links = cs_registry_list_links(act->registry, arguments->id, error);

	for (guint i = 0; links != NULL && i < links->len; i++)
		if (!move_link(act, arguments, g_ptr_array_index(links, i), error))
			return FALSE;
	return links != NULL;
}

static cJSON *
move_device(CsAdminAct *act, gpointer data, GError **error)
{
	const MoveArguments *arguments = data;
	g_autoptr(CsDeviceRow) device = get_device(act, arguments->id, error);
	cJSON *json = NULL;

	if (device == NULL ||
	    !cs_lifecycle_decide(device->state, arguments->move, &device->state, error))
		return NULL;
	if (arguments->move == CS_MOVE_DEACTIVATE) {
		device->deactivated_at = act->now;
		if (!end_accounts(act, device, error))
			return NULL;
	}
	if (arguments->move == CS_MOVE_REACTIVATE)
		device->reactivated_at = act->now;
	if (!move_links(act, arguments, error) ||
	    !cs_registry_put_device(act->registry, device, error))
		return NULL;
	json = cJSON_CreateObject();
	cs_json_add_string(json, "id", device->id);
	cs_json_add_string(json, "state", cs_device_state_to_text(device->state));
	return json;
}

/**
 * cs_admin_move_device:
 * @a: the authority
 * @id: the device's
 * @move: which way
 * @hand_over_s: for how long a reactivation lets each suspended link be handed over (rule 26), 3600
 *   to 7776000; of no account in other moves
 * @error: where to put the error
 *
 * Rule 22. Suspending and resuming change the state and nothing else. Deactivating suspends the
 * links and ends the accounts on the device for good. Reactivating opens a hand-over for each
 * suspended link. Deleting refuses the links for ever and revokes what the built-in CA issued for
 * their keys.
 *
 * Returns: (transfer full) (nullable): {"id", "state"}; CS_ERROR_NOT_FOUND; CS_ERROR_REFUSED
 *   "transition-forbidden"; CS_ERROR_USAGE "hand-over-invalid"; CS_ERROR_STATE
 */
cJSON *
cs_admin_move_device(
	CsAuthority *a, const char *id, CsDeviceMove move, gint64 hand_over_s, GError **error)
{
	MoveArguments arguments = {id, move, hand_over_s};

	g_return_val_if_fail((guint)move < G_N_ELEMENTS(move_events), NULL);
	if (move == CS_MOVE_REACTIVATE &&
	    (hand_over_s < MIN_HAND_OVER_S || hand_over_s > MAX_HAND_OVER_S)) {
		cs_error_set(error, CS_ERROR_USAGE, "hand-over-invalid",
			     _("a hand-over is open for %d to %d seconds"), MIN_HAND_OVER_S,
			     MAX_HAND_OVER_S);
		return NULL;
	}
	return cs_admin_run(a, move_events[move], move_device, &arguments, error);
}

typedef struct {
	const char *device_id;
	const char *name; /* the key's id, or the fingerprint */
} DeviceArguments;

static gboolean
join_links(CsAdminAct *act, const CsDeviceKeyRow *key, GError **error)
{
	g_autoptr(GPtrArray) links = cs_registry_list_links(act->registry, key->device_id, error);

	for (guint i = 0; links != NULL && i < links->len; i++) {
		CsLinkRow *link = g_ptr_array_index(links, i);

		if (link->state == CS_LINK_REFUSED)
			continue;
		cs_link_row_add_key(link, key->id);
		if (!cs_registry_put_link(act->registry, link, error))
			return FALSE;
	}
	return links != NULL;
}

static CsDeviceKeyRow *
get_key_of(CsAdminAct *act, const CsDeviceRow *device, const char *key_id, GError **error)
{
	g_autoptr(CsDeviceKeyRow) key = cs_registry_get_device_key(act->registry, key_id, error);

	if (key == NULL || g_str_equal(key->device_id, device->id))
		return g_steal_pointer(&key);
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("the device has no such key"));
	return NULL;
}

static cJSON *
approve_key(CsAdminAct *act, gpointer data, GError **error)
{
	const DeviceArguments *arguments = data;
	g_autoptr(CsDeviceRow) device = get_device(act, arguments->device_id, error);
	g_autoptr(CsDeviceKeyRow) key = NULL;
	cJSON *json = NULL;

	if (device == NULL)
		return NULL;
	key = get_key_of(act, device, arguments->name, error);
	if (key == NULL)
		return NULL;
	if (device->state == CS_DEVICE_DELETED) {
		cs_error_set(error, CS_ERROR_REFUSED, "device-deleted",
			     _("the device is deleted: its certificates are refused for ever"));
		return NULL;
	}
	key->approval = CS_APPROVAL_ADMINISTRATOR;
	if (!cs_registry_put_device_key(act->registry, key, error) || !join_links(act, key, error))
		return NULL;
	json = cJSON_CreateObject();
	cs_json_add_string(json, "id", device->id);
	cs_json_add_string(json, "key", key->id);
	cs_json_add_boolean(json, "approved", TRUE);
	return json;
}

/**
 * cs_admin_approve_key:
 * @a: the authority
 * @device_id: the device's
 * @key_id: the device key's, which must be one of that device
 * @error: where to put the error
 *
 * Rule 26: the key may use all the record's links, those to come too. Approved already is fine.
 *
 * Returns: (transfer full) (nullable): {"id", "key", "approved"}; CS_ERROR_NOT_FOUND;
 *   CS_ERROR_REFUSED "device-deleted"; CS_ERROR_STATE
 */
cJSON *
cs_admin_approve_key(CsAuthority *a, const char *device_id, const char *key_id, GError **error)
{
	DeviceArguments arguments = {device_id, key_id};

	return cs_admin_run(a, "device-approve", approve_key, &arguments, error);
}

/* The device's link that a fingerprint names: of its key, or of a certificate with that key. */
static CsLinkRow *
get_link_of(CsAdminAct *act, const CsDeviceRow *device, const char *fingerprint, GError **error)
{
	g_autofree char *key_fingerprint = NULL;
	g_autoptr(CsLinkRow) link = NULL;

	if (!cs_registry_find_link(act->registry, fingerprint, &link, error) ||
	    (link == NULL && !cs_registry_find_key_of_certificate(act->registry, fingerprint,
								  &key_fingerprint, error)))
		return NULL;
	if (key_fingerprint != NULL &&
	    !cs_registry_find_link(act->registry, key_fingerprint, &link, error))
		return NULL;
	if (link != NULL && g_str_equal(link->device_id, device->id))
		return g_steal_pointer(&link);
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
		     _("the device has no link to such a certificate"));
	return NULL;
}

static cJSON *
release_link(CsAdminAct *act, gpointer data, GError **error)
{
	const DeviceArguments *arguments = data;
	g_autoptr(CsDeviceRow) device = get_device(act, arguments->device_id, error);
	g_autoptr(CsLinkRow) link = NULL;
	cJSON *json = NULL;

	if (device == NULL)
		return NULL;
	link = get_link_of(act, device, arguments->name, error);
	if (link == NULL)
		return NULL;
	act->certificate = g_strdup(link->certificate);
	if (link->state == CS_LINK_REFUSED) {
		cs_error_set(error, CS_ERROR_REFUSED, "link-refused",
			     _("the certificate is refused for ever: give the device a new one, "
			       "with a new key"));
		return NULL;
	}
	if (!cs_registry_delete_link(act->registry, link->key_fingerprint, error))
		return NULL;
	json = cJSON_CreateObject();
	cs_json_add_string(json, "id", device->id);
	cs_json_add_string(json, "certificate", link->certificate);
	cs_json_add_string(json, "key_fingerprint", link->key_fingerprint);
	return json;
}

/**
 * cs_admin_release_link:
 * @a: the authority
 * @device_id: the device's
 * @fingerprint: SHA-256 of a certificate, or of its public key
 * @error: where to put the error
 *
 * Rule 15: the certificate is bound to nothing, and the next device that authenticates with it
 * gets it.
 *
 * Returns: (transfer full) (nullable): {"id", "certificate", "key_fingerprint"};
 *   CS_ERROR_NOT_FOUND where the device or its link is not there; CS_ERROR_REFUSED "link-refused";
 *   CS_ERROR_STATE
 */
cJSON *
cs_admin_release_link(CsAuthority *a,
		      const char *device_id,
		      const char *fingerprint,
		      GError **error)
{
	g_autofree char *normal = cs_admin_normalise_fingerprint(fingerprint);
	DeviceArguments arguments = {device_id, normal};

	return cs_admin_run(a, "device-release", release_link, &arguments, error);
}
