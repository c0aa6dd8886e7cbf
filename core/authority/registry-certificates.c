/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/authority/ca-status.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define SELECT_ISSUERS                                                                             \
	"SELECT id, fingerprint, subject, der, revocation_none, built_in, created_at, revocation," \
	" crl_file, revocation_url, allowed_urls, max_age_s FROM issuers"
#define SELECT_ISSUED                                                                              \
	"SELECT serial, fingerprint, key_fingerprint, subject, der, not_after, issued_at,"         \
	" revoked_at FROM issued"

/* URLs have no spaces. */
static char **
split_words(char *text_taken)
{
	g_autofree char *text = text_taken;

	return text != NULL ? g_strsplit(text, " ", -1) : NULL;
}

static gpointer
read_issuer(CsStatement *s)
{
	CsIssuerRow *row = g_new0(CsIssuerRow, 1);

	row->id = cs_statement_dup_text(s, 0);
	row->fingerprint = cs_statement_dup_text(s, 1);
	row->subject = cs_statement_dup_text(s, 2);
	row->der = cs_statement_dup_blob(s, 3);
	row->revocation_none = cs_statement_get_int64(s, 4) != 0;
	row->built_in = cs_statement_get_int64(s, 5) != 0;
	row->created_at = cs_statement_get_int64(s, 6);
	row->revocation = cs_statement_dup_text(s, 7);
	row->crl_file = cs_statement_dup_text(s, 8);
	row->revocation_url = cs_statement_dup_text(s, 9);
	row->allowed_urls = split_words(cs_statement_dup_text(s, 10));
	row->max_age_s = cs_statement_get_int64(s, 11);
	return row;
}

/**
 * cs_registry_list_issuers:
 * @r: the registry
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsIssuerRow): the issuers trusted now (rule
 *   13), in the order in which the administrator added them; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_issuers(CsRegistry *r, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_ISSUERS " ORDER BY seq", error))
		return NULL;
	return cs_statement_list(&s, read_issuer, (GDestroyNotify)cs_issuer_row_free, error);
}

/**
 * cs_registry_put_issuer:
 * @r: the registry
 * @row: the issuer
 * @error: where to put the error
 *
 * Inserts or replaces by id.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where the certificate is listed already
 */
gboolean
cs_registry_put_issuer(CsRegistry *r, const CsIssuerRow *row, GError **error)
{
	g_autofree char *allowed =
		row->allowed_urls != NULL ? g_strjoinv(" ", row->allowed_urls) : NULL;
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO issuers (id, fingerprint, subject, der,"
			       " revocation_none, built_in, created_at, revocation, crl_file,"
			       " revocation_url, allowed_urls, max_age_s)"
			       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			       " ON CONFLICT (id) DO UPDATE SET"
			       " fingerprint = excluded.fingerprint, subject = excluded.subject,"
			       " der = excluded.der, revocation_none = excluded.revocation_none,"
			       " built_in = excluded.built_in, created_at = excluded.created_at,"
			       " revocation = excluded.revocation, crl_file = excluded.crl_file,"
			       " revocation_url = excluded.revocation_url,"
			       " allowed_urls = excluded.allowed_urls,"
			       " max_age_s = excluded.max_age_s",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->id);
	cs_statement_add_text(&s, row->fingerprint);
	cs_statement_add_text(&s, row->subject);
	cs_statement_add_blob(&s, row->der);
	cs_statement_add_int64(&s, row->revocation_none ? 1 : 0);
	cs_statement_add_int64(&s, row->built_in ? 1 : 0);
	cs_statement_add_int64(&s, row->created_at);
	cs_statement_add_text(&s, row->revocation);
	cs_statement_add_text(&s, row->crl_file);
	cs_statement_add_text(&s, row->revocation_url);
	cs_statement_add_text(&s, allowed);
	cs_statement_add_int64(&s, row->max_age_s);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_delete_issuer:
 * @r: the registry
 * @id: an issuer's id
 * @error: where to put the error
 *
 * Deletes an issuer; the next authentication no longer trusts it (rule 14). Links outlive it
 * (rule 15).
 *
 * Returns: %FALSE with CS_ERROR_NOT_FOUND or CS_ERROR_STATE
 */
gboolean
cs_registry_delete_issuer(CsRegistry *r, const char *id, GError **error)
{
	g_auto(CsStatement) s = {0};
	int changed = 0;

	if (!cs_statement_open(&s, r, "DELETE FROM issuers WHERE id = ?", error))
		return FALSE;
	cs_statement_add_text(&s, id);
	if (!cs_statement_run(&s, &changed, error))
		return FALSE;
	if (changed == 1)
		return TRUE;
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("there is no such issuer"));
	return FALSE;
}

static gpointer
read_issued(CsStatement *s)
{
	CsIssuedRow *row = g_new0(CsIssuedRow, 1);

	row->serial = cs_statement_dup_text(s, 0);
	row->fingerprint = cs_statement_dup_text(s, 1);
	row->key_fingerprint = cs_statement_dup_text(s, 2);
	row->subject = cs_statement_dup_text(s, 3);
	row->der = cs_statement_dup_blob(s, 4);
	row->not_after = cs_statement_get_int64(s, 5);
	row->issued_at = cs_statement_get_int64(s, 6);
	row->revoked_at = cs_statement_get_int64(s, 7);
	return row;
}

static gboolean
find_issued(CsRegistry *r, const char *sql, const char *value, CsIssuedRow **row, GError **error)
{
	g_auto(CsStatement) s = {0};

	*row = NULL;
	if (!cs_statement_open(&s, r, sql, error))
		return FALSE;
	cs_statement_add_text(&s, value);
	return cs_statement_find(&s, read_issued, (GDestroyNotify)cs_issued_row_free,
				 (gpointer *)row, error);
}

/**
 * cs_registry_find_issued:
 * @r: the registry
 * @fingerprint: of a certificate
 * @row: (out) (transfer full) (nullable): what the built-in CA issued; %NULL where it did not
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_issued(CsRegistry *r, const char *fingerprint, CsIssuedRow **row, GError **error)
{
	return find_issued(r, SELECT_ISSUED " WHERE fingerprint = ?", fingerprint, row, error);
}

/**
 * cs_registry_find_issued_by_serial:
 * @r: the registry
 * @serial: a serial number in hexadecimal, as cs_certificate_get_serial() writes it
 * @row: (out) (transfer full) (nullable): what the built-in CA issued; %NULL where it did not
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_issued_by_serial(CsRegistry *r,
				  const char *serial,
				  CsIssuedRow **row,
				  GError **error)
{
	return find_issued(r, SELECT_ISSUED " WHERE serial = ?", serial, row, error);
}

/**
 * cs_registry_list_issued_by_key:
 * @r: the registry
 * @key_fingerprint: of a public key
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsIssuedRow): what the built-in CA issued for
 *   this key, in that order; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_issued_by_key(CsRegistry *r, const char *key_fingerprint, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, SELECT_ISSUED " WHERE key_fingerprint = ? ORDER BY seq",
			       error))
		return NULL;
	cs_statement_add_text(&s, key_fingerprint);
	return cs_statement_list(&s, read_issued, (GDestroyNotify)cs_issued_row_free, error);
}

static gpointer
read_revoked(CsStatement *s)
{
	CsRevokedSerial *revoked = g_new0(CsRevokedSerial, 1);

	revoked->serial = cs_statement_dup_text(s, 0);
	revoked->revoked_at = cs_statement_get_int64(s, 1);
	return revoked;
}

/**
 * cs_registry_list_revoked:
 * @r: the registry
 * @not_expired_at: Unix seconds
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable) (element-type CsRevokedSerial): what the built-in CA issued
 *   and revoked, without what expired before then; CS_ERROR_STATE
 */
GPtrArray *
cs_registry_list_revoked(CsRegistry *r, gint64 not_expired_at, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "SELECT serial, revoked_at FROM issued"
			       " WHERE revoked_at <> 0 AND not_after >= ?",
			       error))
		return NULL;
	cs_statement_add_int64(&s, not_expired_at);
	return cs_statement_list(&s, read_revoked, (GDestroyNotify)cs_revoked_serial_free, error);
}

/**
 * cs_registry_count_revoked:
 * @r: the registry
 * @count: (out): how many certificates of the built-in CA were ever revoked: it only grows
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_count_revoked(CsRegistry *r, gint64 *count, GError **error)
{
	return cs_registry_read_number(r, "SELECT count(*) FROM issued WHERE revoked_at <> 0",
				       count, error);
}

/**
 * cs_registry_put_issued:
 * @r: the registry
 * @row: the certificate and its status
 * @error: where to put the error
 *
 * Inserts or replaces by serial number.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-conflict" where a revocation would be undone
 */
gboolean
cs_registry_put_issued(CsRegistry *r, const CsIssuedRow *row, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO issued (serial, fingerprint, key_fingerprint, subject,"
			       " der, not_after, issued_at, revoked_at)"
			       " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (serial) DO UPDATE SET"
			       " fingerprint = excluded.fingerprint,"
			       " key_fingerprint = excluded.key_fingerprint,"
			       " subject = excluded.subject, der = excluded.der,"
			       " not_after = excluded.not_after, issued_at = excluded.issued_at,"
			       " revoked_at = excluded.revoked_at",
			       error))
		return FALSE;
	cs_statement_add_text(&s, row->serial);
	cs_statement_add_text(&s, row->fingerprint);
	cs_statement_add_text(&s, row->key_fingerprint);
	cs_statement_add_text(&s, row->subject);
	cs_statement_add_blob(&s, row->der);
	cs_statement_add_int64(&s, row->not_after);
	cs_statement_add_int64(&s, row->issued_at);
	cs_statement_add_int64(&s, row->revoked_at);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_note_certificate:
 * @r: the registry
 * @fingerprint: of a certificate
 * @key_fingerprint: of its public key
 * @error: where to put the error
 *
 * Remembers which key a certificate carries, so that `device release` and the list of conflicts
 * find the link. Known already is fine: a certificate's key cannot change.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_note_certificate(CsRegistry *r,
			     const char *fingerprint,
			     const char *key_fingerprint,
			     GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO certificates (fingerprint, key_fingerprint)"
			       " VALUES (?, ?) ON CONFLICT (fingerprint) DO NOTHING",
			       error))
		return FALSE;
	cs_statement_add_text(&s, fingerprint);
	cs_statement_add_text(&s, key_fingerprint);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_find_key_of_certificate:
 * @r: the registry
 * @fingerprint: of a certificate
 * @key_fingerprint: (out) (transfer full) (nullable): of its public key; %NULL where the
 *   certificate was never seen
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_find_key_of_certificate(CsRegistry *r,
				    const char *fingerprint,
				    char **key_fingerprint,
				    GError **error)
{
	g_auto(CsStatement) s = {0};
	CsStep step = CS_STEP_ERROR;

	*key_fingerprint = NULL;
	if (!cs_statement_open(
		    &s, r, "SELECT key_fingerprint FROM certificates WHERE fingerprint = ?", error))
		return FALSE;
	cs_statement_add_text(&s, fingerprint);
	step = cs_statement_step(&s, error);
	if (step == CS_STEP_ROW)
		*key_fingerprint = cs_statement_dup_text(&s, 0);
	return step != CS_STEP_ERROR;
}
