/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-private.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/random.h"

#include <glib/gi18n-lib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#define CA_LIFETIME_S	  (G_GINT64_CONSTANT(3652) * 24 * 60 * 60) /* 10 years */
#define SERIAL_SIZE_BYTES 16
#define CSR_MAX_BYTES	  16384
/* ub-common-name (RFC 5280, appendix A.1) less " built-in CA xxxxxx". */
#define COMMON_NAME_CHARS (64 - 19)

/* An extension in openssl.cnf's words; all texts here are our own. */
typedef struct {
	int nid;
	const char *value;
} ExtensionText;

static const ExtensionText authority_extensions[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{0, NULL},
};

/* Rule 5's client certificate, and no more than it asks. */
static const ExtensionText client_extensions[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "clientAuth"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
	{0, NULL},
};

static gboolean
set_failed(GError **error, const char *what)
{
	cs_openssl_set_error(error, CS_ERROR_STATE, "ca-failed", what);
	return FALSE;
}

static gboolean
add_extensions(X509 *x509, X509 *issuer, const ExtensionText *texts, GError **error)
{
	X509V3_CTX context = {0};

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	for (gsize i = 0; texts[i].value != NULL; i++) {
		g_autoptr(X509_EXTENSION) extension =
			X509V3_EXT_conf_nid(NULL, &context, texts[i].nid, texts[i].value);

		if (extension == NULL || X509_add_ext(x509, extension, -1) != 1)
			return set_failed(error, "add an extension");
	}
	return TRUE;
}

/* 126 random bits; the two highest are 01, so that the number is positive and always as long. */
static gboolean
set_serial(X509 *x509, GError **error)
{
	guint8 bytes[SERIAL_SIZE_BYTES];
	g_autoptr(BIGNUM) number = NULL;

	if (!cs_random_bytes(bytes, sizeof(bytes), error))
		return FALSE;
	bytes[0] = (bytes[0] & 0x3f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	if (number == NULL || BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) == NULL)
		return set_failed(error, "set the serial number");
	return TRUE;
}

/* Version 3, a fresh serial number and the validity. */
static X509 *
begin_certificate(gint64 not_before, gint64 not_after, GError **error)
{
	g_autoptr(X509) x509 = X509_new();

	ERR_clear_error();
	if (x509 == NULL || X509_set_version(x509, X509_VERSION_3) != 1 ||
	    ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)not_before) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)not_after) == NULL) {
		set_failed(error, "begin a certificate");
		return NULL;
	}
	return set_serial(x509, error) ? g_steal_pointer(&x509) : NULL;
}

static GBytes *
encode(X509 *x509, GError **error)
{
	unsigned char *der = NULL;
	int length = i2d_X509(x509, &der);
	GBytes *bytes = NULL;

	if (length <= 0) {
		set_failed(error, "encode a certificate");
		return NULL;
	}
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

static CsCertificate *
finish_certificate(X509 *x509, CsPrivateKey *key, GError **error)
{
	g_autoptr(GBytes) der = NULL;

	if (X509_sign(x509, cs_private_key_get_pkey(key), EVP_sha256()) <= 0) {
		set_failed(error, "sign a certificate");
		return NULL;
	}
	der = encode(x509, error);
	return der != NULL ? cs_certificate_new(der, error) : NULL;
}

static gboolean
add_name(X509_NAME *name, const char *field, const char *text, GError **error)
{
	if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1,
				       -1, 0) == 1)
		return TRUE;
	return set_failed(error, "set the CA's name");
}

/* Two authorities may bear one name; their CAs do not. */
static X509_NAME *
make_name(const char *organisation, GError **error)
{
	g_autoptr(X509_NAME) name = X509_NAME_new();
	g_autofree char *shortened = g_utf8_substring(
		organisation, 0, MIN(g_utf8_strlen(organisation, -1), COMMON_NAME_CHARS));
	g_autofree char *suffix = NULL;
	g_autofree char *common_name = NULL;
	guint8 random[3];

	if (!cs_random_bytes(random, sizeof(random), error))
		return NULL;
	suffix = cs_hex_encode(random, sizeof(random));
	common_name = g_strdup_printf("%s built-in CA %s", shortened, suffix);
	if (name == NULL || !add_name(name, "O", organisation, error) ||
	    !add_name(name, "CN", common_name, error))
		return NULL;
	return g_steal_pointer(&name);
}

static CsCertificate *
make_authority(CsPrivateKey *key, const char *organisation, gint64 now, GError **error)
{
	g_autoptr(X509) x509 = begin_certificate(now, now + CA_LIFETIME_S, error);
	g_autoptr(X509_NAME) name = NULL;

	if (x509 == NULL)
		return NULL;
	name = make_name(organisation, error);
	if (name == NULL)
		return NULL;
	if (X509_set_subject_name(x509, name) != 1 || X509_set_issuer_name(x509, name) != 1 ||
	    X509_set_pubkey(x509, cs_private_key_get_pkey(key)) != 1) {
		set_failed(error, "fill in the CA's certificate");
		return NULL;
	}
	if (!add_extensions(x509, x509, authority_extensions, error))
		return NULL;
	return finish_certificate(x509, key, error);
}

/**
 * cs_ca_create:
 * @folder: of mode 0700, which exists
 * @organisation: its name, at most 64 characters
 * @clock: the time, from which it is valid
 * @error: where to put the error
 *
 * Makes the built-in CA and writes ca.key and ca.pem, both 0600; what was there is replaced.
 *
 * Returns: (transfer full) (nullable): the CA; CS_ERROR_STATE
 */
CsCa *
cs_ca_create(const char *folder, const char *organisation, const CsClock *clock, GError **error)
{
	g_autofree char *key_path = g_build_filename(folder, "ca.key", NULL);
	g_autofree char *certificate_path = g_build_filename(folder, "ca.pem", NULL);
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(error);
	g_autoptr(CsCertificate) certificate = NULL;
	g_autofree char *pem = NULL;

	if (key == NULL || !cs_private_key_save(key, key_path, error))
		return NULL;
	certificate = make_authority(key, organisation, cs_clock_get_unix_s(clock), error);
	if (certificate == NULL)
		return NULL;
	pem = cs_certificate_to_pem(certificate);
	if (!cs_file_write_atomically(certificate_path, pem, strlen(pem), error))
		return NULL;
	return cs_ca_open(folder, error);
}

static gboolean
load_certificate(CsCa *ca, const char *path, GError **error)
{
	g_autoptr(GBytes) file = cs_file_read(path, CSR_MAX_BYTES, error);
	g_autoptr(GPtrArray) certificates = NULL;
	const guint8 *der = NULL;
	gsize length = 0;

	if (file == NULL)
		return FALSE;
	certificates = cs_certificates_decode(file, error);
	if (certificates == NULL)
		return FALSE;
	ca->certificate = cs_certificate_ref(g_ptr_array_index(certificates, 0));
	der = g_bytes_get_data(cs_certificate_get_der(ca->certificate), &length);
	ERR_clear_error();
	ca->x509 = d2i_X509(NULL, &der, (long)length);
	return ca->x509 != NULL || set_failed(error, "decode the CA's certificate");
}

static gboolean
check_pair(const CsCa *ca, GError **error)
{
	GBytes *key_spki = cs_private_key_get_spki(ca->key);
	GBytes *certificate_spki = cs_certificate_get_spki(ca->certificate);

	if (g_bytes_equal(key_spki, certificate_spki) &&
	    cs_certificate_is_authority(ca->certificate, NULL))
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "ca-broken",
		     _("ca.pem is not the certificate of the key in ca.key"));
	return FALSE;
}

/**
 * cs_ca_open:
 * @folder: where cs_ca_create() made one
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): the CA; CS_ERROR_STATE "ca-broken" where key and
 *   certificate do not belong together, or the errors of reading either
 */
CsCa *
cs_ca_open(const char *folder, GError **error)
{
	g_autofree char *key_path = g_build_filename(folder, "ca.key", NULL);
	g_autofree char *certificate_path = g_build_filename(folder, "ca.pem", NULL);
	g_autoptr(CsCa) ca = g_new0(CsCa, 1);

	ca->key = cs_private_key_load(key_path, error);
	if (ca->key == NULL || !load_certificate(ca, certificate_path, error) ||
	    !check_pair(ca, error))
		return NULL;
	return g_steal_pointer(&ca);
}

/**
 * cs_ca_free:
 * @ca: (nullable) (transfer full): the CA
 */
void
cs_ca_free(CsCa *ca)
{
	if (ca == NULL)
		return;
	g_clear_pointer(&ca->x509, X509_free);
	g_clear_pointer(&ca->certificate, cs_certificate_unref);
	g_clear_pointer(&ca->key, cs_private_key_unref);
	g_free(ca->crl_location);
	g_free(ca->ocsp_location);
	g_free(ca);
}

/**
 * cs_ca_get_certificate:
 * @ca: the CA
 *
 * Returns: (transfer none): its certificate
 */
CsCertificate *
cs_ca_get_certificate(const CsCa *ca)
{
	return ca->certificate;
}

/**
 * cs_ca_get_id:
 * @ca: the CA
 *
 * Returns: (transfer none): what names it in the addresses of its CRL and its OCSP responder
 */
const char *
cs_ca_get_id(const CsCa *ca)
{
	return cs_certificate_get_key_fingerprint(ca->certificate);
}

/**
 * cs_ca_set_status_url:
 * @ca: the CA
 * @url: an origin, as cs_http_normalise_origin() writes it
 *
 * From now on certificates say where their CRL and OCSP responder are (RFC 5280, sections 4.2.1.13
 * and 4.2.2.1). Whether anybody answers there is not looked at.
 */
void
cs_ca_set_status_url(CsCa *ca, const char *url)
{
	g_free(ca->crl_location);
	g_free(ca->ocsp_location);
	ca->crl_location = g_strdup_printf("URI:%s/crl/%s.crl", url, cs_ca_get_id(ca));
	ca->ocsp_location = g_strdup_printf("OCSP;URI:%s/ocsp/%s", url, cs_ca_get_id(ca));
}

static X509_REQ *
set_csr_malformed(GError **error, const char *message)
{
	cs_error_set(error, CS_ERROR_INVALID, "csr-malformed", "%s", message);
	return NULL;
}

static X509_REQ *
decode_der(const guint8 *data, gsize length)
{
	const unsigned char *end = data;
	g_autoptr(X509_REQ) request = d2i_X509_REQ(NULL, &end, (long)length);

	return request != NULL && end == data + length ? g_steal_pointer(&request) : NULL;
}

/* A request is never encrypted; without this OpenSSL would ask at the terminal. */
static int
refuse_password_cb(char *buffer, int size, int writing, void *data)
{
	return -1;
}

static X509_REQ *
decode_pem(const guint8 *data, gsize length)
{
	g_autoptr(BIO) bio = BIO_new_mem_buf(data, (int)length);

	return bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, refuse_password_cb, NULL) : NULL;
}

/* DER begins with a SEQUENCE's 0x30, the digit 0: no PEM file does. */
static X509_REQ *
decode_request(GBytes *csr, GError **error)
{
	gsize length = 0;
	const guint8 *data = g_bytes_get_data(csr, &length);
	X509_REQ *request = NULL;

	if (length == 0 || length > CSR_MAX_BYTES)
		return set_csr_malformed(error,
					 _("a certificate request is 1 to 16384 bytes long"));
	ERR_clear_error();
	request = data[0] == 0x30 ? decode_der(data, length) : decode_pem(data, length);
	ERR_clear_error();
	if (request == NULL)
		return set_csr_malformed(error, _("this is not a certificate request (PKCS#10)"));
	return request;
}

/* Proof of possession: whoever made the request has the key. */
static gboolean
check_request(X509_REQ *request, GError **error)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	gboolean signed_by_key = FALSE;

	ERR_clear_error();
	signed_by_key = key != NULL && X509_REQ_verify(request, key) == 1;
	ERR_clear_error();
	if (!signed_by_key)
		set_csr_malformed(error, _("the request is not signed by the key that it names"));
	else if (X509_NAME_entry_count(X509_REQ_get_subject_name(request)) == 0)
		set_csr_malformed(error, _("the request names no subject"));
	else
		return TRUE;
	return FALSE;
}

static gboolean
fill_client(CsCa *ca, X509 *x509, X509_REQ *request, GError **error)
{
	const ExtensionText locations[] = {
		{NID_crl_distribution_points, ca->crl_location},
		{NID_info_access, ca->ocsp_location},
		{0, NULL},
	};

	if (X509_set_subject_name(x509, X509_REQ_get_subject_name(request)) != 1 ||
	    X509_set_issuer_name(x509, X509_get_subject_name(ca->x509)) != 1 ||
	    X509_set_pubkey(x509, X509_REQ_get0_pubkey(request)) != 1)
		return set_failed(error, "fill in the certificate");
	return add_extensions(x509, ca->x509, client_extensions, error) &&
	       (ca->crl_location == NULL || add_extensions(x509, ca->x509, locations, error));
}

/* Rule 5 has one judge; it sees what it would see on the client. */
static gboolean
check_client(const CsCertificate *certificate, GError **error)
{
	g_autofree char *detail = NULL;

	if (cs_certificate_is_client(certificate, &detail))
		return TRUE;
	cs_error_set(error, CS_ERROR_REFUSED, "key-unsuitable",
		     _("no client certificate can be made of this request: %s"), detail);
	return FALSE;
}

/**
 * cs_ca_issue:
 * @ca: the CA
 * @csr: a PKCS#10 request, PEM or DER, at most 16384 bytes
 * @not_before: Unix seconds
 * @not_after: Unix seconds, later
 * @error: where to put the error
 *
 * Makes a client certificate (rule 5). The request's signature proves possession of the key; that
 * its sender may have a certificate at all, and with this subject, is the caller's to know. What
 * extensions it asks for is not looked at. Nothing is remembered here.
 *
 * Returns: (transfer full) (nullable): the certificate; CS_ERROR_INVALID "csr-malformed";
 *   CS_ERROR_REFUSED "key-unsuitable"; CS_ERROR_STATE
 */
CsCertificate *
cs_ca_issue(CsCa *ca, GBytes *csr, gint64 not_before, gint64 not_after, GError **error)
{
	g_autoptr(X509_REQ) request = decode_request(csr, error);
	g_autoptr(X509) x509 = NULL;
	g_autoptr(CsCertificate) certificate = NULL;

	g_return_val_if_fail(not_before < not_after, NULL);
	if (request == NULL || !check_request(request, error))
		return NULL;
	x509 = begin_certificate(not_before, not_after, error);
	if (x509 == NULL || !fill_client(ca, x509, request, error))
		return NULL;
	certificate = finish_certificate(x509, ca->key, error);
	if (certificate == NULL || !check_client(certificate, error))
		return NULL;
	return g_steal_pointer(&certificate);
}
