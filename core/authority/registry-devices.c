/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define SELECT_DEVICES                                                                             \
	"SELECT id, hardware_id, name, platform, state, created_at, deactivated_at,"               \
	" reactivated_at, helpdesk_code FROM devices"
#define SELECT_KEYS                                                                                \
	"SELECT k.id, k.device_id, k.thumbprint, k.jwk, k.approval, k.hardware, k.created_at"      \
	" FROM device_keys k"

static gpointer
read_device(CsStatement *s)
{
	CsDeviceRow *row = g_new0(CsDeviceRow, 1);

	row->id = cs_statement_dup_text(s, 0);
	row->hardware_id = cs_statement_dup_text(s, 1);
	row->name = cs_statement_dup_text(s, 2);
	row->platform = cs_statement_dup_text(s, 3);
	row->state = (CsDeviceState)cs_statement_get_choice(s, 4, cs_registry_device_states);
	row->created_at = cs_statement_get_int64(s, 5);
	row->deactivated_at = cs_statement_get_int64(s, 6);
	row->reactivated_at = cs_statement_get_int64(s, 7);
	row->helpdesk_code = cs_statement_dup_text(s, 8);
	return row;
}

static gboolean
find_device(CsRegistry *r, const char *sql, const char *value, CsDeviceRow **row, GError **error)
{
	g_auto(CsStatement) s = {0};

	*row = NULL;
	if (!cs_statement_open(&s, r, sql, error))
		return FALSE;
	cs_statement_add_text(&s, value);
	return cs_statement_find(&s, read_device, (GDestroyNotify)cs_device_row_free,
				 (gpointer *)row, error);
}

/**
 * cs_registry_get_device:
 * @r: the registry
 * @id: a device's id
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): the record in whatever state; CS_ERROR_NOT_FOUND;
 *   CS_ERROR_STATE
 */
CsDeviceRow *
cs_registry_get_device(CsRegistry *r, const char *id, GError **error)
{
	CsDeviceRow *row = NULL;

	if (find_device(r, SELECT_DEVICES " WHERE id = ?", id, &row, error) && row == NULL)
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("there is no such device"));
	return row;
}

/**
 * cs_registry_find_device_by_hardware:
 * @r: the registry
 * @hardware_id: what a device claims to be (rule 26): it proposes a record, and proves nothing
 * @row: (out) (transfer full) (nullable): the record that is not deleted; %NULL where there is none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_device_by_hardware(CsRegistry *r,
				    const char *hardware_id,
				    CsDeviceRow **row,
				    GError **error)
{
	return find_device(r, SELECT_DEVICES " WHERE hardware_id = ? AND state <> 'deleted'",
			   hardware_id, row, error);
}

/**
 * cs_registry_find_device_by_helpdesk_code:
 * @r: the registry
 * @code: a helpdesk code in its normal form
 * @row: (out) (transfer full) (nullable): the record in whatever state; %NULL where there is none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_device_by_helpdesk_code(CsRegistry *r,
					 const char *code,
					 CsDeviceRow **row,
					 GError **error)
{
	return find_device(r, SELECT_DEVICES " WHERE helpdesk_code = ?", code, row, error);
}

/**
 * cs_registry_list_devices:
 * @r: the registry
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsDeviceRow): all records, deleted ones too, in
 *   the order created; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_devices(CsRegistry *r, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_DEVICES " ORDER BY seq", error))
		return NULL;
	return cs_statement_list(&s, read_device, (GDestroyNotify)cs_device_row_free, error);
}

/**
 * cs_registry_put_device:
 * @r: the registry
 * @row: the record
 * @error: where to put the error
 *
 * Inserts or replaces by id. Which move is allowed is not asked here (lifecycle.c).
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where another record that is not
 *   deleted claims the hardware, or where the helpdesk code is missing, another record's, or not
 *   the one that the record has
 */
gboolean
cs_registry_put_device(CsRegistry *r, const CsDeviceRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO devices (id, hardware_id, name, platform, state,"
			       " created_at, deactivated_at, reactivated_at, helpdesk_code)"
			       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
			       " hardware_id = excluded.hardware_id, name = excluded.name,"
			       " platform = excluded.platform, state = excluded.state,"
			       " created_at = excluded.created_at,"
			       " deactivated_at = excluded.deactivated_at,"
			       " reactivated_at = excluded.reactivated_at,"
			       " helpdesk_code = excluded.helpdesk_code",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->id);
	cs_statement_add_text(&s, row->hardware_id);
	cs_statement_add_text(&s, row->name);
	cs_statement_add_text(&s, row->platform);
	cs_statement_add_text(&s, cs_device_state_to_text(row->state));
	cs_statement_add_int64(&s, row->created_at);
	cs_statement_add_int64(&s, row->deactivated_at);
	cs_statement_add_int64(&s, row->reactivated_at);
	cs_statement_add_text(&s, row->helpdesk_code);
	return cs_statement_run(&s, NULL, error);
}

static gpointer
read_key(CsStatement *s)
{
	CsDeviceKeyRow *row = g_new0(CsDeviceKeyRow, 1);

	row->id = cs_statement_dup_text(s, 0);
	row->device_id = cs_statement_dup_text(s, 1);
	row->thumbprint = cs_statement_dup_text(s, 2);
	row->jwk = cs_statement_dup_text(s, 3);
	row->approval = (CsApproval)cs_statement_get_choice(s, 4, cs_registry_approvals);
	row->hardware = cs_statement_get_int64(s, 5) != 0;
	row->created_at = cs_statement_get_int64(s, 6);
	return row;
}

/**
 * cs_registry_find_device_key:
 * @r: the registry
 * @thumbprint: of a device key
 * @row: (out) (transfer full) (nullable): the key in the newest record that holds it, a deleted
 *   record only where no other does (rule 24); %NULL where there is none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_device_key(CsRegistry *r,
			    const char *thumbprint,
			    CsDeviceKeyRow **row,
			    GError **error)
{
	g_auto(CsStatement) s = {0};

	*row = NULL;
	if (!cs_statement_open(&s, r,
			       SELECT_KEYS " JOIN devices d ON d.id = k.device_id"
					   " WHERE k.thumbprint = ?"
					   " ORDER BY d.state = 'deleted', k.seq DESC LIMIT 1",
			       error))
		return FALSE;
	cs_statement_add_text(&s, thumbprint);
	return cs_statement_find(&s, read_key, (GDestroyNotify)cs_device_key_row_free,
				 (gpointer *)row, error);
}

/**
 * cs_registry_get_device_key:
 * @r: the registry
 * @id: a device key's id
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): the key; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
CsDeviceKeyRow *
cs_registry_get_device_key(CsRegistry *r, const char *id, GError **error)
{
	g_auto(CsStatement) s = {0};
	gpointer row = NULL;

	if (!cs_statement_open(&s, r, SELECT_KEYS " WHERE k.id = ?", error))
		return NULL;
	cs_statement_add_text(&s, id);
	if (cs_statement_find(&s, read_key, (GDestroyNotify)cs_device_key_row_free, &row, error) &&
	    row == NULL)
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
			     _("there is no such device key"));
	return row;
}

/**
 * cs_registry_list_device_keys:
 * @r: the registry
 * @device_id: a device's id
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsDeviceKeyRow): the record's keys, in the
 *   order created; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_device_keys(CsRegistry *r, const char *device_id, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_KEYS " WHERE k.device_id = ? ORDER BY k.seq", error))
		return NULL;
	cs_statement_add_text(&s, device_id);
	return cs_statement_list(&s, read_key, (GDestroyNotify)cs_device_key_row_free, error);
}

/**
 * cs_registry_put_device_key:
 * @r: the registry
 * @row: the key
 * @error: where to put the error
 *
 * Inserts or replaces by id.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where another record that is not
 *   deleted holds the key, or where the record does not exist
 */
gboolean
cs_registry_put_device_key(CsRegistry *r, const CsDeviceKeyRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO device_keys (id, device_id, thumbprint, jwk, approval,"
			       " hardware, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET device_id = excluded.device_id,"
			       " thumbprint = excluded.thumbprint, jwk = excluded.jwk,"
			       " approval = excluded.approval, hardware = excluded.hardware,"
			       " created_at = excluded.created_at",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->id);
	cs_statement_add_text(&s, row->device_id);
	cs_statement_add_text(&s, row->thumbprint);
	cs_statement_add_text(&s, row->jwk);
	cs_statement_add_text(&s, cs_registry_approvals[row->approval]);
	cs_statement_add_int64(&s, row->hardware ? 1 : 0);
	cs_statement_add_int64(&s, row->created_at);
	return cs_statement_run(&s, NULL, error);
}
