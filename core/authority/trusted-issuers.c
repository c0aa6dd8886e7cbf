/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/trusted-issuers.h"

#include "core/protocol/tokens.h"

struct _CsTrustedIssuers {
	GPtrArray *rows;	 /* (element-type CsIssuerRow), what the rest was made from */
	GPtrArray *issuers;	 /* (element-type CsIssuer) */
	GPtrArray *certificates; /* (element-type CsCertificate), the same in the same places */
	GArray *revocation_none; /* (element-type gboolean), the same */
	char *hash;
};

static void
set_rows(CsTrustedIssuers *trusted, GPtrArray *rows_taken)
{
	g_clear_pointer(&trusted->rows, g_ptr_array_unref);
	trusted->rows = rows_taken;
	g_ptr_array_set_size(trusted->issuers, 0);
	g_ptr_array_set_size(trusted->certificates, 0);
	g_array_set_size(trusted->revocation_none, 0);
}

static gboolean
same_rows(const GPtrArray *a, const GPtrArray *b)
{
	if (a->len != b->len)
		return FALSE;
	for (guint i = 0; i < a->len; i++) {
		if (!cs_issuer_row_equal(a->pdata[i], b->pdata[i]))
			return FALSE;
	}
	return TRUE;
}

/* One that cannot be decoded trusts nobody, and keeps nobody else from being trusted: uploading
 * has looked at it, so it was another version's. */
static void
add_row(CsTrustedIssuers *trusted, const CsIssuerRow *row)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsCertificate) certificate = cs_certificate_new(row->der, &error);
	CsIssuer *issuer = certificate != NULL ? cs_issuer_new(certificate, &error) : NULL;

	if (issuer == NULL) {
		g_debug("issuer %s is passed over: %s", row->id, error->message);
		return;
	}
	g_ptr_array_add(trusted->issuers, issuer);
	g_ptr_array_add(trusted->certificates, g_steal_pointer(&certificate));
	g_array_append_val(trusted->revocation_none, row->revocation_none);
}

/**
 * cs_trusted_issuers_new:
 *
 * Returns: (transfer full): an empty list: nobody is trusted before the first refresh
 */
CsTrustedIssuers *
cs_trusted_issuers_new(void)
{
	CsTrustedIssuers *trusted = g_new0(CsTrustedIssuers, 1);

	trusted->issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_unref);
	trusted->certificates =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	trusted->revocation_none = g_array_new(FALSE, FALSE, sizeof(gboolean));
	trusted->rows = g_ptr_array_new();
	trusted->hash = cs_issuer_list_hash(trusted->certificates);
	return trusted;
}

/**
 * cs_trusted_issuers_free:
 * @trusted: (transfer full): the list
 *
 * Forgets it.
 */
void
cs_trusted_issuers_free(CsTrustedIssuers *trusted)
{
	g_ptr_array_unref(trusted->rows);
	g_ptr_array_unref(trusted->issuers);
	g_ptr_array_unref(trusted->certificates);
	g_array_unref(trusted->revocation_none);
	g_free(trusted->hash);
	g_free(trusted);
}

/**
 * cs_trusted_issuers_refresh:
 * @trusted: the list
 * @registry: where the administrator keeps it
 *
 * Reads the list anew, in the administrator's order and at most %CS_MAX_ISSUERS of it; decodes it
 * only where it has changed. A deleted issuer is gone with this call (rule 14).
 *
 * Returns: %FALSE where the registry fails, @trusted unchanged: %CS_ERROR_STATE
 */
gboolean
cs_trusted_issuers_refresh(CsTrustedIssuers *trusted, CsRegistry *registry, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(registry, error);
	GPtrArray *kept = NULL;

	if (rows == NULL)
		return FALSE;
	if (same_rows(rows, trusted->rows))
		return TRUE;
	kept = rows;
	set_rows(trusted, g_steal_pointer(&rows));
	for (guint i = 0; i < kept->len && trusted->issuers->len < CS_MAX_ISSUERS; i++)
		add_row(trusted, g_ptr_array_index(kept, i));
	g_free(trusted->hash);
	trusted->hash = cs_issuer_list_hash(trusted->certificates);
	return TRUE;
}

/**
 * cs_trusted_issuers_get_issuers:
 * @trusted: the list
 *
 * Returns: (transfer none) (element-type CsIssuer): the issuers, prepared
 */
GPtrArray *
cs_trusted_issuers_get_issuers(const CsTrustedIssuers *trusted)
{
	return trusted->issuers;
}

/**
 * cs_trusted_issuers_get_certificates:
 * @trusted: the list
 *
 * Returns: (transfer none) (element-type CsCertificate): their certificates, as sent with every
 *   challenge (rule 4)
 */
GPtrArray *
cs_trusted_issuers_get_certificates(const CsTrustedIssuers *trusted)
{
	return trusted->certificates;
}

/**
 * cs_trusted_issuers_get_hash:
 * @trusted: the list
 *
 * Returns: (transfer none): the hash of that list for the challenge's ilh
 */
const char *
cs_trusted_issuers_get_hash(const CsTrustedIssuers *trusted)
{
	return trusted->hash;
}

/**
 * cs_trusted_issuers_get_rows:
 * @trusted: the list
 *
 * Returns: (transfer none) (element-type CsIssuerRow): what the administrator keeps; the same array
 *   as long as nothing of it changes
 */
GPtrArray *
cs_trusted_issuers_get_rows(const CsTrustedIssuers *trusted)
{
	return trusted->rows;
}

/**
 * cs_trusted_issuers_has_revocation_none:
 * @trusted: the list
 * @issuer: one of its issuers
 *
 * Returns: %TRUE where the administrator added @issuer with --revocation none (rule 12)
 */
gboolean
cs_trusted_issuers_has_revocation_none(const CsTrustedIssuers *trusted, const CsIssuer *issuer)
{
	guint place = 0;

	if (!g_ptr_array_find(trusted->issuers, issuer, &place))
		return FALSE;
	return g_array_index(trusted->revocation_none, gboolean, place);
}
