/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/authority/revocation-store.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/pki/issuer.h"
#include "core/protocol/tokens.h"

#include <glib/gi18n-lib.h>

#define ID_LENGTH 16

typedef struct {
	CsCertificate *certificate;
	const CsRevocationChoice *choice;
	gboolean built_in;
} IssuerArguments;

/**
 * cs_admin_issuer_to_json:
 * @row: an issuer
 *
 * Returns: (transfer full): {"id", "fingerprint", "subject"}
 */
cJSON *
cs_admin_issuer_to_json(const CsIssuerRow *row)
{
	cJSON *json = cJSON_CreateObject();

	cs_json_add_string(json, "id", row->id);
	cs_json_add_string(json, "fingerprint", row->fingerprint);
	cs_json_add_string(json, "subject", row->subject);
	return json;
}

/* Rule 13: a CA certificate, whose key can be used. Its validity, its own issuer and whether that
 * one revoked it are not asked, now or later. */
static gboolean
check_certificate(CsCertificate *certificate, GError **error)
{
	g_autofree char *detail = NULL;
	g_autoptr(GError) local_error = NULL;
	g_autoptr(CsIssuer) issuer = NULL;

	if (!cs_certificate_is_authority(certificate, &detail)) {
		cs_error_set(error, CS_ERROR_REFUSED, "not-an-authority",
			     _("this is not a CA certificate: %s"), detail);
		return FALSE;
	}
	issuer = cs_issuer_new(certificate, &local_error);
	if (issuer != NULL)
		return TRUE;
	cs_error_set(error, CS_ERROR_REFUSED, "certificate-unsuitable",
		     _("the issuer's public key cannot be used: %s"), local_error->message);
	return FALSE;
}

/* Room in the list that travels with every challenge, and no certificate twice in it. */
static gboolean
check_list(CsAdminAct *act, const char *fingerprint, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(act->registry, error);

	if (rows == NULL)
		return FALSE;
	for (guint i = 0; i < rows->len; i++) {
		const CsIssuerRow *row = g_ptr_array_index(rows, i);

		if (g_str_equal(row->fingerprint, fingerprint)) {
			cs_error_set(error, CS_ERROR_REFUSED, "issuer-exists",
				     _("this issuer is listed already"));
			return FALSE;
		}
	}
	if (rows->len < CS_MAX_ISSUERS)
		return TRUE;
	cs_error_set(error, CS_ERROR_REFUSED, "too-many-issuers",
		     _("at most %d issuers can be listed"), CS_MAX_ISSUERS);
	return FALSE;
}

static cJSON *
add_issuer(CsAdminAct *act, gpointer data, GError **error)
{
	const IssuerArguments *arguments = data;
	CsCertificate *certificate = arguments->certificate;
	const char *fingerprint = cs_certificate_get_fingerprint(certificate);
	g_autoptr(CsIssuerRow) row = NULL;

	act->certificate = g_strdup(fingerprint);
	if (!check_certificate(certificate, error) || !check_list(act, fingerprint, error))
		return NULL;
	row = g_new0(CsIssuerRow, 1);
	row->id = cs_random_id(ID_LENGTH, error);
	if (row->id == NULL)
		return NULL;
	row->fingerprint = g_strdup(fingerprint);
	row->subject = g_strdup(cs_certificate_get_subject_text(certificate));
	row->der = g_bytes_ref(cs_certificate_get_der(certificate));
	row->built_in = arguments->built_in;
	row->created_at = act->now;
	if (!cs_admin_choose_revocation(row, arguments->choice, error))
		return NULL;
	if (!row->built_in)
		act->detail = cs_admin_describe_revocation(row);
	return cs_registry_put_issuer(act->registry, row, error) ? cs_admin_issuer_to_json(row)
								 : NULL;
}

/* The built-in CA's status is known here, whichever way its certificate came. */
static cJSON *
add_certificate(CsAuthority *a,
		CsCertificate *certificate,
		const CsRevocationChoice *choice,
		GError **error)
{
	CsCertificate *built_in = cs_ca_get_certificate(cs_authority_get_ca(a));
	gboolean is_built_in = g_str_equal(cs_certificate_get_fingerprint(built_in),
					   cs_certificate_get_fingerprint(certificate));
	IssuerArguments arguments = {
		.certificate = certificate,
		.choice = is_built_in ? NULL : choice,
		.built_in = is_built_in,
	};

	return cs_admin_run(a, "issuer-add", add_issuer, &arguments, error);
}

static cJSON *
refuse_file(CsAdminAct *act, gpointer data, GError **error)
{
	g_propagate_error(error, g_error_copy(data));
	return NULL;
}

/* A file that cannot be read as one certificate is a refused act as well. */
static cJSON *
log_bad_file(CsAuthority *a, GError *cause, GError **error)
{
	return cs_admin_run(a, "issuer-add", refuse_file, cause, error);
}

/**
 * cs_admin_add_issuer:
 * @a: the authority
 * @file: one CA certificate, PEM or DER
 * @choice: (nullable): where answers about revocation come from (rule 12); nothing is said of the
 *   built-in CA, whichever way its certificate came
 * @error: where to put the error
 *
 * Trusts an issuer from the next authentication on (rules 13, 14). It may be an intermediate, be
 * expired or have no chain: nothing above it is validated. A file with several certificates is
 * refused, since which of them is meant would be a guess. That whoever can enrol with that CA by
 * himself can spoof management (rule 3) is the caller's to say.
 *
 * Returns: (transfer full) (nullable): {"id", "fingerprint", "subject"}; CS_ERROR_INVALID
 *   "certificate-malformed" or "certificate-missing"; CS_ERROR_REFUSED "not-an-authority",
 *   "certificate-unsuitable", "issuer-exists", "too-many-issuers"; CS_ERROR_USAGE as
 *   cs_admin_set_issuer_revocation(); CS_ERROR_STATE
 */
cJSON *
cs_admin_add_issuer(CsAuthority *a, GBytes *file, const CsRevocationChoice *choice, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GPtrArray) certificates = cs_certificates_decode(file, &cause);

	if (certificates == NULL)
		return log_bad_file(a, cause, error);
	if (certificates->len != 1) {
		cs_error_set(&cause, CS_ERROR_INVALID, "certificate-malformed",
			     _("the file holds %u certificates: give one issuer at a time"),
			     certificates->len);
		return log_bad_file(a, cause, error);
	}
	return add_certificate(a, g_ptr_array_index(certificates, 0), choice, error);
}

/**
 * cs_admin_add_built_in_issuer:
 * @a: the authority
 * @error: where to put the error
 *
 * Trusts the authority's own CA (rule 13).
 *
 * Returns: (transfer full) (nullable): {"id", "fingerprint", "subject"}; CS_ERROR_REFUSED
 *   "issuer-exists", "too-many-issuers"; CS_ERROR_STATE
 */
cJSON *
cs_admin_add_built_in_issuer(CsAuthority *a, GError **error)
{
	return add_certificate(a, cs_ca_get_certificate(cs_authority_get_ca(a)), NULL, error);
}

static const char *
describe_revocation(const CsIssuerRow *row)
{
	if (row->built_in)
		return "built-in";
	if (row->revocation != NULL)
		return row->revocation;
	return row->revocation_none ? "none" : "unknown";
}

static cJSON *
list_issuers(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(act->registry, error);
	g_autoptr(GPtrArray) records =
		cs_revocation_store_list(cs_authority_get_folder(act->authority));
	cJSON *json = NULL;
	cJSON *issuers = NULL;

	if (rows == NULL)
		return NULL;
	json = cJSON_CreateObject();
	issuers = cs_json_add_array(json, "issuers");
	for (guint i = 0; i < rows->len; i++) {
		const CsIssuerRow *row = g_ptr_array_index(rows, i);
		cJSON *issuer = cs_admin_issuer_to_json(row);

		cs_json_add_string(issuer, "revocation", describe_revocation(row));
		cs_json_add_boolean(issuer, "built_in", row->built_in);
		cs_json_add_time(issuer, "added_at", row->created_at);
		cs_json_add(
			issuer, "sources",
			cs_admin_list_revocation_sources(act->authority, row, records, act->now));
		cs_json_append(issuers, issuer);
	}
	return json;
}

/**
 * cs_admin_list_issuers:
 * @a: the authority
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): {"issuers": [{"id", "fingerprint", "subject", "revocation",
 *   "built_in", "added_at", "sources"}]} in the administrator's order, revocation being "built-in",
 *   "crl", "ocsp", "any", "none" or "unknown" (rule 12); CS_ERROR_STATE
 */
cJSON *
cs_admin_list_issuers(CsAuthority *a, GError **error)
{
	return cs_admin_read(a, list_issuers, NULL, error);
}

/**
 * cs_admin_get_issuer:
 * @act: the act
 * @id: the issuer's
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): the issuer; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
CsIssuerRow *
cs_admin_get_issuer(CsAdminAct *act, const char *id, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(act->registry, error);

	if (rows == NULL)
		return NULL;
	for (guint i = 0; i < rows->len; i++) {
		const CsIssuerRow *row = g_ptr_array_index(rows, i);

		if (g_str_equal(row->id, id))
			return g_ptr_array_steal_index(rows, i);
	}
	cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("there is no such issuer"));
	return NULL;
}

static cJSON *
delete_issuer(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(CsIssuerRow) row = cs_admin_get_issuer(act, data, error);

	if (row == NULL)
		return NULL;
	act->certificate = g_strdup(row->fingerprint);
	return cs_registry_delete_issuer(act->registry, row->id, error)
		       ? cs_admin_issuer_to_json(row)
		       : NULL;
}

/**
 * cs_admin_delete_issuer:
 * @a: the authority
 * @id: the issuer's
 * @error: where to put the error
 *
 * No longer trusts an issuer, from the next authentication on (rule 14). Links stay (rule 15), so
 * that it may be added again.
 *
 * Returns: (transfer full) (nullable): {"id", "fingerprint", "subject"}; CS_ERROR_NOT_FOUND;
 *   CS_ERROR_STATE
 */
cJSON *
cs_admin_delete_issuer(CsAuthority *a, const char *id, GError **error)
{
	return cs_admin_run(a, "issuer-delete", delete_issuer, (gpointer)id, error);
}
