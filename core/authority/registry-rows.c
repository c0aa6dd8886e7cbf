/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

const char *const cs_registry_user_states[] = {
	[CS_USER_ACTIVE] = "active",
	[CS_USER_SUSPENDED] = "suspended",
	[CS_USER_DELETED] = "deleted",
	NULL,
};

const char *const cs_registry_device_states[] = {
	[CS_DEVICE_ACTIVE] = "active",
	[CS_DEVICE_SUSPENDED] = "suspended",
	[CS_DEVICE_DEACTIVATED] = "deactivated",
	[CS_DEVICE_DELETED] = "deleted",
	NULL,
};

const char *const cs_registry_link_states[] = {
	[CS_LINK_BOUND] = "bound",
	[CS_LINK_SUSPENDED] = "suspended",
	[CS_LINK_REFUSED] = "refused",
	NULL,
};

const char *const cs_registry_approvals[] = {
	[CS_APPROVAL_NONE] = "none",
	[CS_APPROVAL_FOUNDER] = "founder",
	[CS_APPROVAL_ADMINISTRATOR] = "administrator",
	NULL,
};

/**
 * cs_user_state_to_text:
 * @state: a user's state
 *
 * Returns: (transfer none): "active", "suspended" or "deleted"
 */
const char *
cs_user_state_to_text(CsUserState state)
{
	g_return_val_if_fail((guint)state <= CS_USER_DELETED, NULL);
	return cs_registry_user_states[state];
}

/**
 * cs_device_state_to_text:
 * @state: a device's state (rule 22)
 *
 * Returns: (transfer none): "active", "suspended", "deactivated" or "deleted"
 */
const char *
cs_device_state_to_text(CsDeviceState state)
{
	g_return_val_if_fail((guint)state <= CS_DEVICE_DELETED, NULL);
	return cs_registry_device_states[state];
}

/**
 * cs_link_state_to_text:
 * @state: a link's state
 *
 * Returns: (transfer none): "bound", "suspended" or "refused"
 */
const char *
cs_link_state_to_text(CsLinkState state)
{
	g_return_val_if_fail((guint)state <= CS_LINK_REFUSED, NULL);
	return cs_registry_link_states[state];
}

/**
 * cs_user_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_user_row_free(CsUserRow *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->login);
	g_free(row);
}

/**
 * cs_device_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_device_row_free(CsDeviceRow *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->hardware_id);
	g_free(row->helpdesk_code);
	g_free(row->name);
	g_free(row->platform);
	g_free(row);
}

/**
 * cs_device_key_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_device_key_row_free(CsDeviceKeyRow *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->device_id);
	g_free(row->thumbprint);
	g_free(row->jwk);
	g_free(row);
}

/**
 * cs_account_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_account_row_free(CsAccountRow *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->user_id);
	g_free(row->device_id);
	g_free(row->key_id);
	g_free(row->thumbprint);
	g_free(row->jwk);
	g_free(row->code_hash);
	g_free(row);
}

/**
 * cs_issuer_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_issuer_row_free(CsIssuerRow *row)
{
	if (row == NULL)
		return;
	g_free(row->id);
	g_free(row->fingerprint);
	g_free(row->subject);
	g_clear_pointer(&row->der, g_bytes_unref);
	cs_issuer_row_clear_revocation(row);
	g_free(row);
}

/**
 * cs_issuer_row_clear_revocation:
 * @row: a row
 *
 * As if nothing had been chosen about revocation.
 */
void
cs_issuer_row_clear_revocation(CsIssuerRow *row)
{
	row->revocation_none = FALSE;
	g_clear_pointer(&row->revocation, g_free);
	g_clear_pointer(&row->crl_file, g_free);
	g_clear_pointer(&row->revocation_url, g_free);
	g_clear_pointer(&row->allowed_urls, g_strfreev);
	row->max_age_s = 0;
}

/**
 * cs_issuer_row_copy:
 * @row: a row
 *
 * Returns: (transfer full): another like it
 */
CsIssuerRow *
cs_issuer_row_copy(const CsIssuerRow *row)
{
	CsIssuerRow *copy = g_new0(CsIssuerRow, 1);

	copy->id = g_strdup(row->id);
	copy->fingerprint = g_strdup(row->fingerprint);
	copy->subject = g_strdup(row->subject);
	copy->der = g_bytes_ref(row->der);
	copy->revocation_none = row->revocation_none;
	copy->built_in = row->built_in;
	copy->created_at = row->created_at;
	copy->revocation = g_strdup(row->revocation);
	copy->crl_file = g_strdup(row->crl_file);
	copy->revocation_url = g_strdup(row->revocation_url);
	copy->allowed_urls = g_strdupv(row->allowed_urls);
	copy->max_age_s = row->max_age_s;
	return copy;
}

static gboolean
same_words(char **a, char **b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return g_strv_equal((const char *const *)a, (const char *const *)b);
}

/**
 * cs_issuer_row_equal:
 * @a: a row
 * @b: another
 *
 * Returns: whether it is the same issuer, uploaded at the same time, with the same choice about
 *   revocation
 */
gboolean
cs_issuer_row_equal(const CsIssuerRow *a, const CsIssuerRow *b)
{
	return g_strcmp0(a->id, b->id) == 0 && a->revocation_none == b->revocation_none &&
	       g_strcmp0(a->revocation, b->revocation) == 0 &&
	       g_strcmp0(a->crl_file, b->crl_file) == 0 &&
	       g_strcmp0(a->revocation_url, b->revocation_url) == 0 &&
	       same_words(a->allowed_urls, b->allowed_urls) && a->max_age_s == b->max_age_s &&
	       g_bytes_equal(a->der, b->der);
}

/**
 * cs_link_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_link_row_free(CsLinkRow *row)
{
	if (row == NULL)
		return;
	g_free(row->key_fingerprint);
	g_free(row->certificate);
	g_free(row->device_id);
	g_strfreev(row->key_ids);
	g_free(row);
}

/**
 * cs_link_row_add_key:
 * @row: a link
 * @key_id: id of a device key that may use it (rule 26)
 *
 * Adds the key behind the others, where it is not among them. Nothing is written.
 */
void
cs_link_row_add_key(CsLinkRow *row, const char *key_id)
{
	guint count = row->key_ids != NULL ? g_strv_length(row->key_ids) : 0;

	if (count > 0 && g_strv_contains((const char *const *)row->key_ids, key_id))
		return;
	row->key_ids = g_renew(char *, row->key_ids, count + 2);
	row->key_ids[count] = g_strdup(key_id);
	row->key_ids[count + 1] = NULL;
}

/**
 * cs_code_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_code_row_free(CsCodeRow *row)
{
	if (row == NULL)
		return;
	g_free(row->user_id);
	g_free(row->hash);
	g_strfreev(row->groups);
	g_free(row);
}

/**
 * cs_issued_row_free:
 * @row: (nullable) (transfer full): a row
 */
void
cs_issued_row_free(CsIssuedRow *row)
{
	if (row == NULL)
		return;
	g_free(row->serial);
	g_free(row->fingerprint);
	g_free(row->key_fingerprint);
	g_free(row->subject);
	g_clear_pointer(&row->der, g_bytes_unref);
	g_free(row);
}
