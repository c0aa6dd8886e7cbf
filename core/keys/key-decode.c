/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/keys/key-decode.h"

#include <glib/gi18n-lib.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "core/pki/pem.h"
#include "core/pki/public-key.h"

#define RSA_NUMBERS	   8
#define PKCS8_LAST_VERSION 1 /* RFC 5958's, with the public key */
#define SEC1_VERSION	   1

/* Decodes the DER of one form; NULL with the error set. */
typedef EVP_PKEY *(*KeyReader)(CsDer der, GError **error);

static EVP_PKEY *
refuse_malformed(GError **error)
{
	cs_error_set(error, CS_ERROR_KEY, "key-malformed", _("the private key is malformed"));
	return NULL;
}

static EVP_PKEY *
refuse_unsupported(GError **error)
{
	cs_error_set(error, CS_ERROR_UNSUPPORTED, "key-unsupported",
		     _("the private key is of a kind that is not supported"));
	return NULL;
}

static EVP_PKEY *
refuse_encrypted(CsDer der, GError **error)
{
	cs_error_set(error, CS_ERROR_KEY, "key-encrypted",
		     _("the private key is encrypted with a password"));
	return NULL;
}

static EVP_PKEY *
refuse_missing(GError **error)
{
	cs_error_set(error, CS_ERROR_NOT_FOUND, "key-missing", _("there is no private key in it"));
	return NULL;
}

/* OpenSSL's own decoders, for what is rare: they take many times as long as a signature. */
static EVP_PKEY *
read_through_openssl(CsDer der, GError **error)
{
	const guint8 *data = der.data;

	ERR_clear_error();
	g_autoptr(EVP_PKEY) key = d2i_AutoPrivateKey(NULL, &data, (long)der.length);
	ERR_clear_error();
	if (key == NULL || data != der.data + der.length)
		return refuse_malformed(error);
	return g_steal_pointer(&key);
}

/* ---- keys out of numbers ---- */

/* Copies of a key's numbers in the machine's byte order, wiped with the struct. */
typedef struct {
	guint8 *data;
	gsize length;
} Scratch;

static void
scratch_clear(Scratch *scratch)
{
	cs_secret_wipe(scratch->data, scratch->length);
	g_free(scratch->data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scratch, scratch_clear)

static void
copy_number(guint8 *target, CsDer number)
{
	for (gsize i = 0; i < number.length; i++)
		target[i] = G_BYTE_ORDER == G_LITTLE_ENDIAN ? number.data[number.length - 1 - i]
							    : number.data[i];
}

static EVP_PKEY *
key_from_parameters(const char *type, OSSL_PARAM *parameters, GError **error)
{
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	EVP_PKEY *key = NULL;

	ERR_clear_error();
	context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) != 1) {
		ERR_clear_error();
		return refuse_malformed(error);
	}
	return key;
}

static gboolean
read_number(CsDer *der, CsDer *number)
{
	return cs_der_expect(der, CS_DER_INTEGER, number, NULL) && cs_der_is_integer(*number) &&
	       (number->data[0] & 0x80) == 0;
}

static gboolean
read_version(CsDer *der, guint8 last)
{
	CsDer number;
	return cs_der_expect(der, CS_DER_INTEGER, &number, NULL) && number.length == 1 &&
	       number.data[0] <= last;
}

/* ---- PKCS#1, RFC 8017 appendix A.1.2 ---- */

static EVP_PKEY *
key_from_rsa_numbers(const CsDer numbers[RSA_NUMBERS], GError **error)
{
	static const char *const names[RSA_NUMBERS] = {
		OSSL_PKEY_PARAM_RSA_N,	       OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D,	       OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	OSSL_PARAM parameters[RSA_NUMBERS + 1];
	g_auto(Scratch) scratch = {NULL, 0};
	gsize at = 0;

	for (gsize i = 0; i < RSA_NUMBERS; i++)
		scratch.length += numbers[i].length;
	scratch.data = g_malloc(scratch.length);
	for (gsize i = 0; i < RSA_NUMBERS; i++) {
		copy_number(scratch.data + at, numbers[i]);
		parameters[i] =
			OSSL_PARAM_construct_BN(names[i], scratch.data + at, numbers[i].length);
		at += numbers[i].length;
	}
	parameters[RSA_NUMBERS] = OSSL_PARAM_construct_end();
	return key_from_parameters("RSA", parameters, error);
}

static EVP_PKEY *
read_pkcs1(CsDer der, GError **error)
{
	CsDer sequence, numbers[RSA_NUMBERS];

	if (!cs_der_expect(&der, CS_DER_SEQUENCE, &sequence, NULL) || der.length != 0 ||
	    !read_version(&sequence, 0))
		return refuse_malformed(error);
	for (gsize i = 0; i < RSA_NUMBERS; i++) {
		if (!read_number(&sequence, &numbers[i]))
			return refuse_malformed(error);
	}
	if (sequence.length != 0)
		return refuse_malformed(error);
	return key_from_rsa_numbers(numbers, error);
}

/* ---- SEC1, RFC 5915 ---- */

typedef struct {
	CsDer number;
	CsDer curve; /* OID's contents; empty: not named */
	CsDer point; /* empty: not given */
} CurveKey;

static gboolean
read_curve_key(CsDer der, CurveKey *key)
{
	CsDer sequence, tagged, bits;

	*key = (CurveKey){0};
	if (!cs_der_expect(&der, CS_DER_SEQUENCE, &sequence, NULL) || der.length != 0 ||
	    !read_version(&sequence, SEC1_VERSION) ||
	    !cs_der_expect(&sequence, CS_DER_OCTET_STRING, &key->number, NULL) ||
	    key->number.length == 0)
		return FALSE;
	if (cs_der_expect(&sequence, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL) &&
	    (!cs_der_expect(&tagged, CS_DER_OID, &key->curve, NULL) || tagged.length != 0))
		return FALSE;
	if (cs_der_expect(&sequence, CS_DER_CONTEXT_CONSTRUCTED(1), &tagged, NULL) &&
	    (!cs_der_expect(&tagged, CS_DER_BIT_STRING, &bits, NULL) || tagged.length != 0 ||
	     !cs_der_read_octets(bits, &key->point)))
		return FALSE;
	return sequence.length == 0;
}

static EVP_PKEY *
key_from_curve(const CurveKey *key, CsKeyKind kind, GError **error)
{
	g_auto(Scratch) scratch = {g_malloc(key->number.length), key->number.length};

	copy_number(scratch.data, key->number);
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)cs_public_key_get_group(kind), 0),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scratch.data, scratch.length),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						  (gpointer)key->point.data, key->point.length),
		OSSL_PARAM_construct_end(),
	};
	return key_from_parameters("EC", parameters, error);
}

/* whole: the file's DER, for OpenSSL, which works out a public half that is not given. */
static EVP_PKEY *
read_curve(CsDer der, CsDer curve, CsDer whole, GError **error)
{
	CurveKey key;

	if (!read_curve_key(der, &key))
		return refuse_malformed(error);
	if (curve.length == 0)
		curve = key.curve;
	else if (key.curve.length != 0 && !cs_der_equal(key.curve, curve.data, curve.length))
		return refuse_malformed(error);
	CsKeyKind kind = cs_public_key_find_curve(curve);
	if (kind == CS_KEY_KIND_OTHER)
		return refuse_unsupported(error);
	if (key.point.length == 0)
		return read_through_openssl(whole, error);
	return key_from_curve(&key, kind, error);
}

static EVP_PKEY *
read_sec1(CsDer der, GError **error)
{
	return read_curve(der, (CsDer){0}, der, error);
}

/* ---- PKCS#8, RFC 5208 and 5958 ---- */

static EVP_PKEY *
read_inner(CsDer algorithm, CsDer key, CsDer whole, GError **error)
{
	CsDer oid, curve;

	if (!cs_der_expect(&algorithm, CS_DER_OID, &oid, NULL))
		return refuse_malformed(error);
	switch (cs_public_key_find_algorithm(oid)) {
	case CS_KEY_ALGORITHM_RSA:
		return read_pkcs1(key, error);
	case CS_KEY_ALGORITHM_RSA_PSS:
		return read_through_openssl(whole, error);
	case CS_KEY_ALGORITHM_EC:
		/* Curves by their parameters are none of ours. */
		if (!cs_der_expect(&algorithm, CS_DER_OID, &curve, NULL))
			return refuse_unsupported(error);
		return read_curve(key, curve, whole, error);
	case CS_KEY_ALGORITHM_OTHER:
	default:
		return refuse_unsupported(error);
	}
}

/* What follows the key, attributes and a public half, is not asked for. */
static EVP_PKEY *
read_pkcs8(CsDer der, GError **error)
{
	CsDer whole = der;
	CsDer sequence, algorithm, key;

	if (!cs_der_expect(&der, CS_DER_SEQUENCE, &sequence, NULL) || der.length != 0 ||
	    !read_version(&sequence, PKCS8_LAST_VERSION) ||
	    !cs_der_expect(&sequence, CS_DER_SEQUENCE, &algorithm, NULL) ||
	    !cs_der_expect(&sequence, CS_DER_OCTET_STRING, &key, NULL))
		return refuse_malformed(error);
	return read_inner(algorithm, key, whole, error);
}

/* ---- files ---- */

/* The four forms differ in their first two elements. */
static const struct {
	guint8 first;
	guint8 second;
	KeyReader read;
} der_forms[] = {
	{CS_DER_INTEGER, CS_DER_SEQUENCE, read_pkcs8},
	{CS_DER_INTEGER, CS_DER_INTEGER, read_pkcs1},
	{CS_DER_INTEGER, CS_DER_OCTET_STRING, read_sec1},
	{CS_DER_SEQUENCE, CS_DER_OCTET_STRING, refuse_encrypted}, /* EncryptedPrivateKeyInfo */
};

static EVP_PKEY *
read_der(CsDer der, GError **error)
{
	CsDer rest = der, sequence, version, contents;
	guint8 first = 0, second = 0;

	if (!cs_der_expect(&rest, CS_DER_SEQUENCE, &sequence, NULL) ||
	    !cs_der_next(&sequence, &first, &version, NULL) ||
	    !cs_der_next(&sequence, &second, &contents, NULL))
		return refuse_missing(error);
	/* A PKCS#12 file begins like PKCS#8, but for the number. */
	if (first == CS_DER_INTEGER && cs_der_equal(version, "\x03", 1))
		return refuse_missing(error);
	for (gsize i = 0; i < G_N_ELEMENTS(der_forms); i++) {
		if (der_forms[i].first == first && der_forms[i].second == second)
			return der_forms[i].read(der, error);
	}
	return refuse_missing(error);
}

static const struct {
	const char *label;
	KeyReader read;
} pem_forms[] = {
	{"PRIVATE KEY", read_pkcs8},
	{"RSA PRIVATE KEY", read_pkcs1},
	{"EC PRIVATE KEY", read_sec1},
	{"ENCRYPTED PRIVATE KEY", refuse_encrypted},
};

static EVP_PKEY *
read_block(const CsPemBlock *block, KeyReader read, GError **error)
{
	static const char encrypted[] = "Proc-Type: 4,ENCRYPTED"; /* RFC 1421 */
	g_auto(Scratch) scratch = {NULL, 0};

	if (memmem(block->body, block->body_length, encrypted, strlen(encrypted)) != NULL)
		return refuse_encrypted((CsDer){0}, error);
	scratch.data = cs_pem_decode(block, &scratch.length);
	if (scratch.data == NULL)
		return refuse_malformed(error);
	return read((CsDer){scratch.data, scratch.length}, error);
}

static gboolean
is_private_key(const CsPemBlock *block)
{
	static const char ending[] = "PRIVATE KEY";
	return block->label_length >= strlen(ending) &&
	       memcmp(block->label + block->label_length - strlen(ending), ending,
		      strlen(ending)) == 0;
}

/* The first private key counts. Sets *found where there is a block that is one, known or not. */
static EVP_PKEY *
read_pem(const char *text, gsize length, gboolean *found, GError **error)
{
	CsPemBlock block;

	while (cs_pem_next(&text, &length, &block)) {
		if (!is_private_key(&block))
			continue;
		*found = TRUE;
		for (gsize i = 0; i < G_N_ELEMENTS(pem_forms); i++) {
			if (cs_pem_is(&block, pem_forms[i].label))
				return read_block(&block, pem_forms[i].read, error);
		}
		return refuse_unsupported(error);
	}
	*found = FALSE;
	return NULL;
}

/**
 * cs_key_decode:
 * @data: a file's bytes
 * @error: CS_ERROR_KEY: "key-encrypted", or "key-malformed"; CS_ERROR_UNSUPPORTED,
 *   "key-unsupported": of a kind or on a curve that is none of ours; CS_ERROR_NOT_FOUND,
 *   "key-missing"
 *
 * Decodes PKCS#8, PKCS#1 or SEC1, PEM or DER. In PEM the first private key counts, and other
 * blocks ("CERTIFICATE", "EC PARAMETERS") are passed over. That the private half belongs to the
 * public one is not proven here, but by use (rule 7). No copy of the key's bytes stays behind but
 * OpenSSL's own, which it wipes.
 *
 * Returns: (transfer full)
 */
EVP_PKEY *
cs_key_decode(CsSecret *data, GError **error)
{
	gsize length = 0;
	const guint8 *bytes = cs_secret_get_data(data, &length);
	gboolean found = FALSE;

	EVP_PKEY *key = read_pem((const char *)bytes, length, &found, error);
	return found ? key : read_der((CsDer){bytes, length}, error);
}
