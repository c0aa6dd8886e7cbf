/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define SELECT_USERS "SELECT id, login, state, created_at FROM users"
#define SELECT_ACCOUNTS                                                                            \
	"SELECT id, user_id, device_id, key_id, thumbprint, jwk, code_hash, deleted, created_at,"  \
	" deleted_at FROM accounts"
#define SELECT_CODES "SELECT user_id, hash, groups, expires_at, wrong_tries FROM codes"

static gpointer
read_user(CsStatement *s)
{
	CsUserRow *row = g_new0(CsUserRow, 1);

	row->id = cs_statement_dup_text(s, 0);
	row->login = cs_statement_dup_text(s, 1);
	row->state = (CsUserState)cs_statement_get_choice(s, 2, cs_registry_user_states);
	row->created_at = cs_statement_get_int64(s, 3);
	return row;
}

/**
 * cs_registry_find_user:
 * @r: the registry
 * @login: a login
 * @row: (out) (transfer full) (nullable): the user who bears it now, %NULL where nobody does
 * @error: where to put the error
 *
 * Users who were deleted are not found: their login may be another user's.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_user(CsRegistry *r, const char *login, CsUserRow **row, GError **error)
{
	g_auto(CsStatement) s = {0};

	*row = NULL;
	if (!cs_statement_open(&s, r, SELECT_USERS " WHERE login = ? AND state <> 'deleted'",
			       error))
		return FALSE;
	cs_statement_add_text(&s, login);
	return cs_statement_find(&s, read_user, (GDestroyNotify)cs_user_row_free, (gpointer *)row,
				 error);
}

/**
 * cs_registry_get_user_by_id:
 * @r: the registry
 * @id: a user's id
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): the user in whatever state; CS_ERROR_NOT_FOUND;
 *   CS_ERROR_STATE
 */
CsUserRow *
cs_registry_get_user_by_id(CsRegistry *r, const char *id, GError **error)
{
	g_auto(CsStatement) s = {0};
	gpointer row = NULL;

	if (!cs_statement_open(&s, r, SELECT_USERS " WHERE id = ?", error))
		return NULL;
	cs_statement_add_text(&s, id);
	if (cs_statement_find(&s, read_user, (GDestroyNotify)cs_user_row_free, &row, error) &&
	    row == NULL)
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("there is no such user"));
	return row;
}

/**
 * cs_registry_list_users:
 * @r: the registry
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsUserRow): the users who are not deleted, in
 *   the order created; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_users(CsRegistry *r, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_USERS " WHERE state <> 'deleted' ORDER BY seq", error))
		return NULL;
	return cs_statement_list(&s, read_user, (GDestroyNotify)cs_user_row_free, error);
}

/**
 * cs_registry_put_user:
 * @r: the registry
 * @row: the user
 * @error: where to put the error
 *
 * Inserts or replaces by id.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where the login is another live user's
 */
gboolean
cs_registry_put_user(CsRegistry *r, const CsUserRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO users (id, login, state, created_at)"
			       " VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
			       " login = excluded.login, state = excluded.state,"
			       " created_at = excluded.created_at",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->id);
	cs_statement_add_text(&s, row->login);
	cs_statement_add_text(&s, cs_user_state_to_text(row->state));
	cs_statement_add_int64(&s, row->created_at);
	return cs_statement_run(&s, NULL, error);
}

static gpointer
read_account(CsStatement *s)
{
	CsAccountRow *row = g_new0(CsAccountRow, 1);

	row->id = cs_statement_dup_text(s, 0);
	row->user_id = cs_statement_dup_text(s, 1);
	row->device_id = cs_statement_dup_text(s, 2);
	row->key_id = cs_statement_dup_text(s, 3);
	row->thumbprint = cs_statement_dup_text(s, 4);
	row->jwk = cs_statement_dup_text(s, 5);
	row->code_hash = cs_statement_dup_text(s, 6);
	row->deleted = cs_statement_get_int64(s, 7) != 0;
	row->created_at = cs_statement_get_int64(s, 8);
	row->deleted_at = cs_statement_get_int64(s, 9);
	return row;
}

static gboolean
find_account(CsRegistry *r, const char *sql, const char *value, CsAccountRow **row, GError **error)
{
	g_auto(CsStatement) s = {0};

	*row = NULL;
	if (!cs_statement_open(&s, r, sql, error))
		return FALSE;
	cs_statement_add_text(&s, value);
	return cs_statement_find(&s, read_account, (GDestroyNotify)cs_account_row_free,
				 (gpointer *)row, error);
}

/**
 * cs_registry_find_account:
 * @r: the registry
 * @id: an account's id
 * @row: (out) (transfer full) (nullable): the account, deleted or not; %NULL where there is none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_account(CsRegistry *r, const char *id, CsAccountRow **row, GError **error)
{
	return find_account(r, SELECT_ACCOUNTS " WHERE id = ?", id, row, error);
}

/**
 * cs_registry_find_account_by_thumbprint:
 * @r: the registry
 * @thumbprint: of an account key
 * @row: (out) (transfer full) (nullable): the account, deleted or not; %NULL where there is none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_account_by_thumbprint(CsRegistry *r,
				       const char *thumbprint,
				       CsAccountRow **row,
				       GError **error)
{
	return find_account(r, SELECT_ACCOUNTS " WHERE thumbprint = ?", thumbprint, row, error);
}

/**
 * cs_registry_find_account_by_code:
 * @r: the registry
 * @code_hash: cs_activation_hash() of an activation code
 * @row: (out) (transfer full) (nullable): the account that the code made, deleted or not; %NULL
 *   where it made none
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_account_by_code(CsRegistry *r,
				 const char *code_hash,
				 CsAccountRow **row,
				 GError **error)
{
	return find_account(r, SELECT_ACCOUNTS " WHERE code_hash = ? LIMIT 1", code_hash, row,
			    error);
}

/**
 * cs_registry_list_accounts:
 * @r: the registry
 * @user_id: (nullable): only this user's
 * @device_id: (nullable): only those under this record
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsAccountRow): the accounts, deleted ones too,
 *   in the order created; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_accounts(CsRegistry *r, const char *user_id, const char *device_id, GError **error)
{
	static const char *const sql[] = {
		SELECT_ACCOUNTS " ORDER BY seq",
		SELECT_ACCOUNTS " WHERE user_id = ? ORDER BY seq",
		SELECT_ACCOUNTS " WHERE device_id = ? ORDER BY seq",
		SELECT_ACCOUNTS " WHERE user_id = ? AND device_id = ? ORDER BY seq",
	};
	g_auto(CsStatement) s = {0};
	guint which = (user_id != NULL ? 1 : 0) + (device_id != NULL ? 2 : 0);

	if (!cs_statement_open(&s, r, sql[which], error))
		return NULL;
	if (user_id != NULL)
		cs_statement_add_text(&s, user_id);
	if (device_id != NULL)
		cs_statement_add_text(&s, device_id);
	return cs_statement_list(&s, read_account, (GDestroyNotify)cs_account_row_free, error);
}

/**
 * cs_registry_put_account:
 * @r: the registry
 * @row: the account
 * @error: where to put the error
 *
 * Inserts or replaces by id.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where the account key is another
 *   account's, where a deleted account would come back (rule 22), or where user, device or key do
 *   not exist
 */
gboolean
cs_registry_put_account(CsRegistry *r, const CsAccountRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO accounts (id, user_id, device_id, key_id, thumbprint,"
			       " jwk, code_hash, deleted, created_at, deleted_at)"
			       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id,"
			       " device_id = excluded.device_id, key_id = excluded.key_id,"
			       " thumbprint = excluded.thumbprint, jwk = excluded.jwk,"
			       " code_hash = excluded.code_hash, deleted = excluded.deleted,"
			       " created_at = excluded.created_at,"
			       " deleted_at = excluded.deleted_at",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->id);
	cs_statement_add_text(&s, row->user_id);
	cs_statement_add_text(&s, row->device_id);
	cs_statement_add_text(&s, row->key_id);
	cs_statement_add_text(&s, row->thumbprint);
	cs_statement_add_text(&s, row->jwk);
	cs_statement_add_text(&s, row->code_hash);
	cs_statement_add_int64(&s, row->deleted ? 1 : 0);
	cs_statement_add_int64(&s, row->created_at);
	cs_statement_add_int64(&s, row->deleted_at);
	return cs_statement_run(&s, NULL, error);
}

static gpointer
read_code(CsStatement *s)
{
	CsCodeRow *row = g_new0(CsCodeRow, 1);
	g_autofree char *groups = cs_statement_dup_text(s, 2);

	row->user_id = cs_statement_dup_text(s, 0);
	row->hash = cs_statement_dup_text(s, 1);
	row->groups = g_strsplit(groups, " ", -1);
	row->expires_at = cs_statement_get_int64(s, 3);
	row->wrong_tries = (int)cs_statement_get_int64(s, 4);
	return row;
}

/**
 * cs_registry_list_codes:
 * @r: the registry
 * @now: Unix seconds
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsCodeRow): the codes that expire after @now,
 *   void ones too; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_codes(CsRegistry *r, gint64 now, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_CODES " WHERE expires_at > ? ORDER BY rowid", error))
		return NULL;
	cs_statement_add_int64(&s, now);
	return cs_statement_list(&s, read_code, (GDestroyNotify)cs_code_row_free, error);
}

/**
 * cs_registry_put_code:
 * @r: the registry
 * @row: the code
 * @error: where to put the error
 *
 * Inserts or replaces by user: one code a user.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_put_code(CsRegistry *r, const CsCodeRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autofree char *groups = g_strjoinv(" ", row->groups);

	if (!cs_statement_open(&s, r,
			       "INSERT INTO codes (user_id, hash, groups, expires_at, wrong_tries)"
			       " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET"
			       " hash = excluded.hash, groups = excluded.groups,"
			       " expires_at = excluded.expires_at,"
			       " wrong_tries = excluded.wrong_tries",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->user_id);
	cs_statement_add_text(&s, row->hash);
	cs_statement_add_text(&s, groups);
	cs_statement_add_int64(&s, row->expires_at);
	cs_statement_add_int64(&s, row->wrong_tries);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_delete_code:
 * @r: the registry
 * @user_id: whose
 * @error: where to put the error
 *
 * Deletes a user's code. Gone already is fine.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_delete_code(CsRegistry *r, const char *user_id, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, "DELETE FROM codes WHERE user_id = ?", error))
		return FALSE;
	cs_statement_add_text(&s, user_id);
	return cs_statement_run(&s, NULL, error);
}
