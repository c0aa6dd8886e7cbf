/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-tls.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

struct _CsHttpdTls {
	grefcount references;
	gnutls_certificate_credentials_t credentials;
	gint64 not_before;
	gint64 not_after;
};

static gnutls_datum_t
wrap(const char *pem)
{
	return (gnutls_datum_t){(unsigned char *)pem, (unsigned int)strlen(pem)};
}

/* What a PEM text or two are made into, in steps: the call that does all of it leaks the certificates
 * where it refuses them. */
typedef struct {
	gnutls_x509_crt_t *certificates; /* GnuTLS's memory */
	unsigned int n_certificates;
	gnutls_x509_privkey_t key;
} Pair;

static void
pair_clear(Pair *pair)
{
	for (unsigned int i = 0; i < pair->n_certificates; i++)
		gnutls_x509_crt_deinit(pair->certificates[i]);
	gnutls_free(pair->certificates);
	if (pair->key != NULL)
		gnutls_x509_privkey_deinit(pair->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pair, pair_clear)

/* GnuTLS refuses a key that is not the certificate's. */
static gboolean
load(CsHttpdTls *tls, const char *certificate_pem, const char *key_pem)
{
	const gnutls_datum_t certificate = wrap(certificate_pem);
	const gnutls_datum_t key = wrap(key_pem);
	g_auto(Pair) pair = {NULL};

	return gnutls_x509_crt_list_import2(&pair.certificates, &pair.n_certificates, &certificate,
					    GNUTLS_X509_FMT_PEM, 0) >= 0 &&
	       pair.n_certificates <= G_MAXINT && gnutls_x509_privkey_init(&pair.key) >= 0 &&
	       gnutls_x509_privkey_import2(pair.key, &key, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0 &&
	       gnutls_certificate_set_x509_key(tls->credentials, pair.certificates,
					       (int)pair.n_certificates, pair.key) >= 0;
}

static gboolean
read_validity(CsHttpdTls *tls)
{
	gnutls_datum_t der = {NULL, 0};
	gnutls_x509_crt_t leaf = NULL;
	gboolean is_read;

	if (gnutls_certificate_get_crt_raw(tls->credentials, 0, 0, &der) < 0 ||
	    gnutls_x509_crt_init(&leaf) < 0)
		return FALSE;
	is_read = gnutls_x509_crt_import(leaf, &der, GNUTLS_X509_FMT_DER) >= 0;
	tls->not_before = is_read ? gnutls_x509_crt_get_activation_time(leaf) : -1;
	tls->not_after = is_read ? gnutls_x509_crt_get_expiration_time(leaf) : -1;
	gnutls_x509_crt_deinit(leaf);
	return tls->not_before != -1 && tls->not_after != -1;
}

/**
 * cs_httpd_tls_new:
 * @certificate_pem: the server's own certificate, and then its chain; not kept
 * @key_pem: its key; not kept, but GnuTLS keeps a copy
 * @error: %CS_ERROR_INVALID "tls-invalid", where they cannot be read or do not fit
 *
 * That they fit says nothing of whom a client trusts.
 *
 * Returns: (transfer full) (nullable): the pair
 */
CsHttpdTls *
cs_httpd_tls_new(const char *certificate_pem, const char *key_pem, GError **error)
{
	g_autoptr(CsHttpdTls) tls = g_new0(CsHttpdTls, 1);

	g_ref_count_init(&tls->references);
	if (strlen(certificate_pem) <= G_MAXINT && strlen(key_pem) <= G_MAXINT &&
	    gnutls_certificate_allocate_credentials(&tls->credentials) >= 0 &&
	    load(tls, certificate_pem, key_pem) && read_validity(tls))
		return g_steal_pointer(&tls);
	cs_error_set(error, CS_ERROR_INVALID, "tls-invalid", "%s",
		     _("the server's certificate and key cannot be used together"));
	return NULL;
}

/**
 * cs_httpd_tls_ref:
 * @tls: a pair
 *
 * Returns: (transfer full): @tls
 */
CsHttpdTls *
cs_httpd_tls_ref(CsHttpdTls *tls)
{
	g_ref_count_inc(&tls->references);
	return tls;
}

/**
 * cs_httpd_tls_unref:
 * @tls: (transfer full): a pair
 */
void
cs_httpd_tls_unref(CsHttpdTls *tls)
{
	if (!g_ref_count_dec(&tls->references))
		return;
	if (tls->credentials != NULL)
		gnutls_certificate_free_credentials(tls->credentials);
	g_free(tls);
}

/**
 * cs_httpd_tls_get_not_after:
 * @tls: a pair
 *
 * Returns: until when its certificate is valid, Unix seconds
 */
gint64
cs_httpd_tls_get_not_after(const CsHttpdTls *tls)
{
	return tls->not_after;
}

/**
 * cs_httpd_tls_is_valid_at:
 * @tls: a pair
 * @unix_s: a time
 *
 * Returns: whether that is within its certificate's validity
 */
gboolean
cs_httpd_tls_is_valid_at(const CsHttpdTls *tls, gint64 unix_s)
{
	return unix_s >= tls->not_before && unix_s <= tls->not_after;
}

/**
 * cs_httpd_tls_use:
 * @tls: a pair, which the caller keeps for as long as @session lives
 * @session: a gnutls_session_t of libmicrohttpd's, before its handshake
 *
 * Stands in place of the pair that libmicrohttpd was started with.
 */
void
cs_httpd_tls_use(CsHttpdTls *tls, gpointer session)
{
	if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
		g_debug("a connection is answered with the first certificate");
}
