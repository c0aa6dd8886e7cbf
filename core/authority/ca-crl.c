/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-private.h"
#include "core/authority/ca-status.h"

#include <openssl/err.h>

static gboolean
set_failed(GError **error, const char *what)
{
	cs_openssl_set_error(error, CS_ERROR_STATE, "ca-failed", what);
	return FALSE;
}

/**
 * cs_revoked_serial_free:
 * @revoked: (nullable) (transfer full): an entry
 */
void
cs_revoked_serial_free(CsRevokedSerial *revoked)
{
	if (revoked == NULL)
		return;
	g_free(revoked->serial);
	g_free(revoked);
}

static ASN1_INTEGER *
make_integer(const char *hexadecimal)
{
	BIGNUM *number = NULL;
	ASN1_INTEGER *integer = NULL;

	if (BN_hex2bn(&number, hexadecimal) > 0)
		integer = BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	return integer;
}

static gboolean
add_revoked(X509_CRL *crl, const CsRevokedSerial *revoked, GError **error)
{
	g_autoptr(X509_REVOKED) entry = X509_REVOKED_new();
	g_autoptr(ASN1_INTEGER) serial = make_integer(revoked->serial);
	g_autoptr(ASN1_TIME) date = ASN1_TIME_set(NULL, (time_t)revoked->revoked_at);

	if (entry == NULL || serial == NULL || date == NULL ||
	    X509_REVOKED_set_serialNumber(entry, serial) != 1 ||
	    X509_REVOKED_set_revocationDate(entry, date) != 1 ||
	    X509_CRL_add0_revoked(crl, entry) != 1)
		return set_failed(error, "add an entry to the CRL");
	(void)g_steal_pointer(&entry);
	return TRUE;
}

/* RFC 5280, section 5.2: the two extensions that every CRL has. */
static gboolean
add_extensions(CsCa *ca, X509_CRL *crl, gint64 number, GError **error)
{
	X509V3_CTX context = {0};
	g_autoptr(X509_EXTENSION) key_id = NULL;
	g_autoptr(ASN1_INTEGER) crl_number = ASN1_INTEGER_new();

	X509V3_set_ctx(&context, ca->x509, NULL, NULL, crl, 0);
	key_id = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
	if (key_id == NULL || X509_CRL_add_ext(crl, key_id, -1) != 1 || crl_number == NULL ||
	    ASN1_INTEGER_set_int64(crl_number, number) != 1 ||
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, crl_number, 0, X509V3_ADD_DEFAULT) != 1)
		return set_failed(error, "add the CRL's extensions");
	return TRUE;
}

static X509_CRL *
begin_crl(CsCa *ca, gint64 this_update, gint64 next_update, GError **error)
{
	g_autoptr(X509_CRL) crl = X509_CRL_new();
	g_autoptr(ASN1_TIME) from = ASN1_TIME_set(NULL, (time_t)this_update);
	g_autoptr(ASN1_TIME) until = ASN1_TIME_set(NULL, (time_t)next_update);

	if (crl != NULL && from != NULL && until != NULL &&
	    X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->x509)) == 1 &&
	    X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1)
		return g_steal_pointer(&crl);
	set_failed(error, "begin a CRL");
	return NULL;
}

static GBytes *
sign(CsCa *ca, X509_CRL *crl, GError **error)
{
	unsigned char *der = NULL;
	int length = 0;
	GBytes *bytes = NULL;

	if (X509_CRL_sort(crl) != 1 ||
	    X509_CRL_sign(crl, cs_private_key_get_pkey(ca->key), EVP_sha256()) <= 0) {
		set_failed(error, "sign the CRL");
		return NULL;
	}
	length = i2d_X509_CRL(crl, &der);
	if (length <= 0) {
		set_failed(error, "encode the CRL");
		return NULL;
	}
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

/**
 * cs_ca_make_crl:
 * @ca: the CA
 * @revoked: (element-type CsRevokedSerial): what is revoked, in any order, each serial once
 * @number: the CRL's number, larger than any before (RFC 5280, section 5.2.3)
 * @this_update: Unix seconds
 * @next_update: Unix seconds, later; until then the next one is out
 * @error: where to put the error
 *
 * Makes a complete CRL of the CA's own certificates. It is as true as @revoked was when asked for.
 *
 * Returns: (transfer full) (nullable): DER; CS_ERROR_STATE "ca-failed"
 */
GBytes *
cs_ca_make_crl(CsCa *ca,
	       GPtrArray *revoked,
	       gint64 number,
	       gint64 this_update,
	       gint64 next_update,
	       GError **error)
{
	g_autoptr(X509_CRL) crl = NULL;

	g_return_val_if_fail(this_update < next_update, NULL);
	ERR_clear_error();
	crl = begin_crl(ca, this_update, next_update, error);
	if (crl == NULL || !add_extensions(ca, crl, number, error))
		return NULL;
	for (guint i = 0; i < revoked->len; i++) {
		if (!add_revoked(crl, g_ptr_array_index(revoked, i), error))
			return NULL;
	}
	return sign(ca, crl, error);
}
