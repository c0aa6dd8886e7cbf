/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

/* One statement, so that a link and its keys are always of one moment. */
#define SELECT_LINKS                                                                               \
	"SELECT key_fingerprint, certificate, device_id, state, bound_at, hand_over_until,"        \
	" (SELECT group_concat(key_id, ' ') FROM (SELECT key_id FROM link_keys k"                  \
	" WHERE k.key_fingerprint = links.key_fingerprint ORDER BY k.place)) FROM links"

static gpointer
read_link(CsStatement *s)
{
	CsLinkRow *row = g_new0(CsLinkRow, 1);
	g_autofree char *key_ids = cs_statement_dup_text(s, 6);

	row->key_fingerprint = cs_statement_dup_text(s, 0);
	row->certificate = cs_statement_dup_text(s, 1);
	row->device_id = cs_statement_dup_text(s, 2);
	row->state = (CsLinkState)cs_statement_get_choice(s, 3, cs_registry_link_states);
	row->bound_at = cs_statement_get_int64(s, 4);
	row->hand_over_until = cs_statement_get_int64(s, 5);
	row->key_ids = g_strsplit(key_ids != NULL ? key_ids : "", " ", -1);
	return row;
}

/**
 * cs_registry_find_link:
 * @r: the registry
 * @key_fingerprint: SHA-256 of a certificate's public key, in hexadecimal
 * @row: (out) (transfer full) (nullable): the link; %NULL where the key is bound to nothing
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_link(CsRegistry *r, const char *key_fingerprint, CsLinkRow **row, GError **error)
{
	g_auto(CsStatement) s = {0};

	*row = NULL;
	if (!cs_statement_open(&s, r, SELECT_LINKS " WHERE key_fingerprint = ?", error))
		return FALSE;
	cs_statement_add_text(&s, key_fingerprint);
	return cs_statement_find(&s, read_link, (GDestroyNotify)cs_link_row_free, (gpointer *)row,
				 error);
}

/**
 * cs_registry_list_links:
 * @r: the registry
 * @device_id: a device's id
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsLinkRow): the record's links in whatever
 *   state, in the order created; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_links(CsRegistry *r, const char *device_id, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_LINKS " WHERE device_id = ? ORDER BY seq", error))
		return NULL;
	cs_statement_add_text(&s, device_id);
	return cs_statement_list(&s, read_link, (GDestroyNotify)cs_link_row_free, error);
}

static gboolean
write_link(CsRegistry *r, const CsLinkRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO links (key_fingerprint, certificate, device_id, state,"
			       " bound_at, hand_over_until) VALUES (?, ?, ?, ?, ?, ?)"
			       " ON CONFLICT (key_fingerprint) DO UPDATE SET"
			       " certificate = excluded.certificate,"
			       " device_id = excluded.device_id, state = excluded.state,"
			       " bound_at = excluded.bound_at,"
			       " hand_over_until = excluded.hand_over_until",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->key_fingerprint);
	cs_statement_add_text(&s, row->certificate);
	cs_statement_add_text(&s, row->device_id);
	cs_statement_add_text(&s, cs_link_state_to_text(row->state));
	cs_statement_add_int64(&s, row->bound_at);
	cs_statement_add_int64(&s, row->hand_over_until);
	return cs_statement_run(&s, NULL, error);
}

static gboolean
clear_keys(CsRegistry *r, const char *key_fingerprint, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, "DELETE FROM link_keys WHERE key_fingerprint = ?", error))
		return FALSE;
	cs_statement_add_text(&s, key_fingerprint);
	return cs_statement_run(&s, NULL, error);
}

static gboolean
write_key(
	CsRegistry *r, const char *key_fingerprint, guint place, const char *key_id, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO link_keys (key_fingerprint, place, key_id)"
			       " VALUES (?, ?, ?)",
			       error))
		return FALSE;
	cs_statement_add_text(&s, key_fingerprint);
	cs_statement_add_int64(&s, place);
	cs_statement_add_text(&s, key_id);
	return cs_statement_run(&s, NULL, error);
}

static gboolean
write_link_and_keys(CsRegistry *r, const CsLinkRow *row, GError **error)
{
	guint n_keys = row->key_ids != NULL ? g_strv_length(row->key_ids) : 0;

	if (!write_link(r, row, error) || !clear_keys(r, row->key_fingerprint, error))
		return FALSE;
	for (guint i = 0; i < n_keys; i++)
		if (!write_key(r, row->key_fingerprint, i, row->key_ids[i], error))
			return FALSE;
	return TRUE;
}

/**
 * cs_registry_put_link:
 * @r: the registry
 * @row: the link
 * @error: where to put the error
 *
 * Inserts or replaces by the certificate key's fingerprint, its device keys with it. Whether the
 * link may be made is the verifier's to say, in the transaction around this (rule 15).
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where a refused link would come back
 *   (rule 22), or where the record or a key does not exist
 */
gboolean
cs_registry_put_link(CsRegistry *r, const CsLinkRow *row, GError **error)
{
	gboolean own = FALSE;

	if (!cs_registry_begin_write(r, &own, error))
		return FALSE;
	return cs_registry_end_write(r, own, write_link_and_keys(r, row, error), error);
}

/**
 * cs_registry_delete_link:
 * @r: the registry
 * @key_fingerprint: of the certificate's public key
 * @error: where to put the error
 *
 * Deletes a link; the key is then bound to nothing. Gone already is fine.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where the link is refused (rule 22)
 */
gboolean
cs_registry_delete_link(CsRegistry *r, const char *key_fingerprint, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, "DELETE FROM links WHERE key_fingerprint = ?", error))
		return FALSE;
	cs_statement_add_text(&s, key_fingerprint);
	return cs_statement_run(&s, NULL, error);
}
