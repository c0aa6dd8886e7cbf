/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-errand.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/http-fetch.h"
#include "core/pki/crl.h"
#include "core/pki/ocsp.h"

#define CRL_TIMEOUT_MS	20000
#define OCSP_TIMEOUT_MS 5000

static char *
make_key(const CsRevocationRecord *wanted)
{
	g_autofree char *certificate =
		wanted->certificate == NULL
			? NULL
			: cs_sha256_hex(g_bytes_get_data(wanted->certificate, NULL),
					g_bytes_get_size(wanted->certificate));

	return g_strjoin("\n", wanted->kind, wanted->issuer, wanted->url, certificate, NULL);
}

static gboolean
set_question(CsRevocationErrand *errand, CsIssuer *issuer, GError **error)
{
	g_autoptr(CsCertificate) certificate = NULL;

	if (errand->wanted->certificate == NULL)
		return TRUE;
	errand->max_bytes = CS_OCSP_MAX_BYTES;
	errand->timeout_ms = OCSP_TIMEOUT_MS;
	certificate = cs_certificate_new(errand->wanted->certificate, error);
	if (certificate != NULL)
		errand->body = cs_ocsp_request_new(certificate, cs_issuer_get_certificate(issuer));
	return certificate != NULL;
}

/**
 * cs_revocation_errand_new:
 * @wanted: what to fetch; copied, without its data
 * @issuer: whose
 * @private_allowed: from private networks, too: the administrator named the address
 *
 * Where the record's certificate or address cannot be used, the errand has its problem already, and
 * running it asks nobody.
 *
 * Returns: (transfer full): what to do
 */
CsRevocationErrand *
cs_revocation_errand_new(const CsRevocationRecord *wanted,
			 CsIssuer *issuer,
			 gboolean private_allowed)
{
	CsRevocationErrand *errand = g_new0(CsRevocationErrand, 1);
	g_autoptr(GError) error = NULL;

	errand->wanted = cs_revocation_record_copy(wanted);
	g_clear_pointer(&errand->wanted->data, g_bytes_unref);
	g_clear_pointer(&errand->wanted->failure, g_free);
	errand->key = make_key(wanted);
	errand->max_bytes = CS_CRL_MAX_BYTES;
	errand->timeout_ms = CRL_TIMEOUT_MS;
	errand->private_allowed = private_allowed;
	errand->host = cs_http_dup_host(wanted->url, &error);
	if (errand->host == NULL || !set_question(errand, issuer, &error))
		errand->problem = g_intern_string(cs_error_get_reason(error));
	if (errand->host == NULL)
		errand->host = g_strdup("");
	return errand;
}

/**
 * cs_revocation_errand_free:
 * @errand: (nullable) (transfer full): an errand that is not being run
 */
void
cs_revocation_errand_free(CsRevocationErrand *errand)
{
	if (errand == NULL)
		return;
	cs_revocation_record_free(errand->wanted);
	g_free(errand->key);
	g_free(errand->host);
	g_clear_pointer(&errand->body, g_bytes_unref);
	g_clear_pointer(&errand->data, g_bytes_unref);
	g_free(errand);
}

/**
 * cs_revocation_errand_run:
 * @errand: an errand
 * @cancellable: (nullable): ends it, within a second
 *
 * Fetches, blocking: up to 20 s and 32 MiB for a CRL, 5 s and 64 KiB for an OCSP answer. Any thread.
 */
void
cs_revocation_errand_run(CsRevocationErrand *errand, GCancellable *cancellable)
{
	const CsHttpFetch fetch = {
		.url = errand->wanted->url,
		.body = errand->body,
		.content_type = "application/ocsp-request",
		.max_bytes = errand->max_bytes,
		.timeout_ms = errand->timeout_ms,
		.private_allowed = errand->private_allowed,
	};
	g_autoptr(GError) error = NULL;

	if (errand->problem != NULL)
		return;
	errand->data = cs_http_fetch(&fetch, cancellable, &error);
	if (errand->data == NULL)
		errand->problem = error->domain == CS_ERROR
					  ? g_intern_string(cs_error_get_reason(error))
					  : "cancelled";
}

/**
 * cs_revocation_errand_met_nobody:
 * @errand: an errand that was run
 *
 * Returns: whether nothing came from its host, which then is as good as gone for the others, too
 */
gboolean
cs_revocation_errand_met_nobody(const CsRevocationErrand *errand)
{
	return g_strcmp0(errand->problem, "timed-out") == 0 ||
	       g_strcmp0(errand->problem, "unreachable") == 0;
}
