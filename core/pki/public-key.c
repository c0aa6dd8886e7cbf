/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/public-key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#define POINT_UNCOMPRESSED	0x04
#define RSA_MAX_BITS		16384 /* OpenSSL's own limit */
#define RSA_MAX_EXPONENT_OCTETS 8
#define POINT_MAX_OCTETS	(1 + 2 * 66)
#define GROUP_NAME_MAX		64

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM, OSSL_PARAM_free)

static const guint8 oid_rsa[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const guint8 oid_rsa_pss[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
static const guint8 oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const guint8 oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const guint8 oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const guint8 oid_p521[] = {0x2b, 0x81, 0x04, 0x00, 0x23};

typedef struct {
	CsKeyKind kind;
	const guint8 *oid;
	gsize oid_length;
	gsize point_length;
	const char *group;
} Curve;

static const Curve curves[] = {
	{CS_KEY_KIND_P256, oid_p256, sizeof(oid_p256), 1 + 2 * 32, "prime256v1"},
	{CS_KEY_KIND_P384, oid_p384, sizeof(oid_p384), 1 + 2 * 48, "secp384r1"},
	{CS_KEY_KIND_P521, oid_p521, sizeof(oid_p521), 1 + 2 * 66, "secp521r1"},
};

static const Curve *
find_curve(CsKeyKind kind)
{
	for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
		if (curves[i].kind == kind)
			return &curves[i];
	}
	return NULL;
}

/**
 * cs_public_key_get_group:
 * @kind: a kind
 *
 * Returns: (nullable): OpenSSL's name of the curve; NULL for a kind that is on none
 */
const char *
cs_public_key_get_group(CsKeyKind kind)
{
	const Curve *curve = find_curve(kind);
	return curve != NULL ? curve->group : NULL;
}

/**
 * cs_public_key_find_curve:
 * @oid: the contents of a curve's OBJECT IDENTIFIER
 *
 * Returns: its kind; CS_KEY_KIND_OTHER for a curve that is none of ours
 */
CsKeyKind
cs_public_key_find_curve(CsDer oid)
{
	for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
		if (cs_der_equal(oid, curves[i].oid, curves[i].oid_length))
			return curves[i].kind;
	}
	return CS_KEY_KIND_OTHER;
}

/**
 * cs_public_key_find_algorithm:
 * @oid: the contents of a public key algorithm's OBJECT IDENTIFIER
 *
 * Returns: which one it is
 */
CsKeyAlgorithm
cs_public_key_find_algorithm(CsDer oid)
{
	if (cs_der_equal(oid, oid_ec, sizeof(oid_ec)))
		return CS_KEY_ALGORITHM_EC;
	if (cs_der_equal(oid, oid_rsa, sizeof(oid_rsa)))
		return CS_KEY_ALGORITHM_RSA;
	if (cs_der_equal(oid, oid_rsa_pss, sizeof(oid_rsa_pss)))
		return CS_KEY_ALGORITHM_RSA_PSS;
	return CS_KEY_ALGORITHM_OTHER;
}

/* ---- reading ---- */

static gboolean
read_positive_integer(CsDer *der, CsDer *number)
{
	if (!cs_der_expect(der, CS_DER_INTEGER, number, NULL) || !cs_der_is_integer(*number) ||
	    (number->data[0] & 0x80) != 0)
		return FALSE;
	if (number->data[0] == 0) {
		number->data++;
		number->length--;
	}
	return number->length > 0;
}

static guint
count_bits(CsDer number)
{
	guint bits = (guint)(number.length - 1) * 8;
	for (guint first = number.data[0]; first != 0; first >>= 1)
		bits++;
	return bits;
}

/* An even modulus or exponent is no key's; an exponent of 1 would let anybody sign. */
static gboolean
is_sane_rsa(const CsPublicKeyInfo *info)
{
	const CsDer *n = &info->modulus;
	const CsDer *e = &info->exponent;

	if ((n->data[n->length - 1] & 1) == 0 || (e->data[e->length - 1] & 1) == 0)
		return FALSE;
	if (e->length == 1 && e->data[0] == 1)
		return FALSE;
	return info->bits <= RSA_MAX_BITS && e->length <= RSA_MAX_EXPONENT_OCTETS;
}

static void
read_rsa(CsKeyKind kind, CsDer key, CsPublicKeyInfo *info)
{
	CsDer sequence;

	if (!cs_der_expect(&key, CS_DER_SEQUENCE, &sequence, NULL) || key.length != 0 ||
	    !read_positive_integer(&sequence, &info->modulus) ||
	    !read_positive_integer(&sequence, &info->exponent) || sequence.length != 0)
		return;
	info->kind = kind;
	info->bits = count_bits(info->modulus);
	info->sane = is_sane_rsa(info);
}

static void
read_curve(CsDer parameters, CsDer key, CsPublicKeyInfo *info)
{
	CsDer oid;

	if (!cs_der_expect(&parameters, CS_DER_OID, &oid, NULL) || parameters.length != 0)
		return;
	const Curve *curve = find_curve(cs_public_key_find_curve(oid));
	if (curve == NULL || key.length != curve->point_length || key.data[0] != POINT_UNCOMPRESSED)
		return;
	info->kind = curve->kind;
	info->point = key;
}

/**
 * cs_public_key_read:
 * @spki: a whole SubjectPublicKeyInfo
 * @info: (out): what it holds, lent from @spki's memory
 *
 * One key must have one encoding, because the link of rule 15 is keyed on it: rsaEncryption with
 * NULL parameters, curves by their name and with uncompressed points; all else is
 * CS_KEY_KIND_OTHER. That a point lies on its curve is seen when the key is decoded.
 *
 * Returns: FALSE where it is malformed
 */
gboolean
cs_public_key_read(CsDer spki, CsPublicKeyInfo *info)
{
	static const guint8 null[] = {CS_DER_NULL, 0};
	CsDer sequence, algorithm, oid, bits, key;

	*info = (CsPublicKeyInfo){.kind = CS_KEY_KIND_OTHER, .sane = TRUE};
	if (!cs_der_expect(&spki, CS_DER_SEQUENCE, &sequence, NULL) || spki.length != 0 ||
	    !cs_der_expect(&sequence, CS_DER_SEQUENCE, &algorithm, NULL) ||
	    !cs_der_expect(&algorithm, CS_DER_OID, &oid, NULL) || !cs_der_is_oid(oid) ||
	    !cs_der_expect(&sequence, CS_DER_BIT_STRING, &bits, NULL) || sequence.length != 0 ||
	    !cs_der_read_octets(bits, &key))
		return FALSE;

	CsKeyAlgorithm kind = cs_public_key_find_algorithm(oid);
	if (kind == CS_KEY_ALGORITHM_EC)
		read_curve(algorithm, key, info);
	else if (kind == CS_KEY_ALGORITHM_RSA && cs_der_equal(algorithm, null, sizeof(null)))
		read_rsa(CS_KEY_KIND_RSA, key, info);
	else if (kind == CS_KEY_ALGORITHM_RSA_PSS)
		read_rsa(CS_KEY_KIND_RSA_PSS, key, info);
	return TRUE;
}

/* ---- decoding ---- */

static EVP_PKEY *
key_from_parameters(const char *type, OSSL_PARAM_BLD *builder)
{
	g_autoptr(OSSL_PARAM) parameters = OSSL_PARAM_BLD_to_param(builder);
	g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return NULL;
	return key;
}

static EVP_PKEY *
decode_rsa(const CsPublicKeyInfo *info)
{
	g_autoptr(OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new();
	g_autoptr(BIGNUM) n = BN_bin2bn(info->modulus.data, (int)info->modulus.length, NULL);
	g_autoptr(BIGNUM) e = BN_bin2bn(info->exponent.data, (int)info->exponent.length, NULL);

	if (builder == NULL || n == NULL || e == NULL ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return NULL;
	return key_from_parameters("RSA", builder);
}

/* A key without a point. Making a group of a curve's name costs OpenSSL three times what copying
 * one costs, so the first is kept for as long as the program runs; it is never changed. */
static EVP_PKEY *
get_bare_key(const Curve *curve)
{
	static EVP_PKEY *bare_keys[G_N_ELEMENTS(curves)];
	EVP_PKEY **place = &bare_keys[curve - curves];
	EVP_PKEY *key = g_atomic_pointer_get(place);
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve->group,
						 0),
		OSSL_PARAM_construct_end(),
	};

	if (key != NULL)
		return key;
	context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEY_PARAMETERS, parameters) != 1)
		return NULL;
	if (g_atomic_pointer_compare_and_exchange(place, NULL, key))
		return key;
	EVP_PKEY_free(key);
	return g_atomic_pointer_get(place);
}

/**
 * cs_public_key_from_point:
 * @kind: a kind on a curve
 * @point: 04 || X || Y
 * @length: the curve's own number of octets
 *
 * A coordinate beyond the field and a point off the curve are refused; the curves' cofactor is 1,
 * so that is all there is to check. Any thread.
 *
 * Returns: (transfer full) (nullable): the key; OpenSSL's queue says what was wrong
 */
EVP_PKEY *
cs_public_key_from_point(CsKeyKind kind, const guint8 *point, gsize length)
{
	const Curve *curve = find_curve(kind);
	EVP_PKEY *bare = NULL;
	g_autoptr(EVP_PKEY) key = NULL;

	g_return_val_if_fail(curve != NULL && length == curve->point_length &&
				     point[0] == POINT_UNCOMPRESSED,
			     NULL);
	bare = get_bare_key(curve);
	key = bare != NULL ? EVP_PKEY_dup(bare) : NULL;
	if (key == NULL || EVP_PKEY_set1_encoded_public_key(key, point, length) != 1)
		return NULL;
	return g_steal_pointer(&key);
}

/* id-RSASSA-PSS has parameters that OpenSSL reads; other kinds are an issuer's business. What it
 * cannot write again (a negative length of salt) it has read too generously. */
static EVP_PKEY *
decode_any(CsDer spki)
{
	const guint8 *data = spki.data;
	g_autoptr(EVP_PKEY) key = d2i_PUBKEY(NULL, &data, (long)spki.length);

	if (key == NULL || data != spki.data + spki.length || i2d_PUBKEY(key, NULL) <= 0)
		return NULL;
	return g_steal_pointer(&key);
}

/**
 * cs_public_key_decode:
 * @spki: a whole SubjectPublicKeyInfo, at most G_MAXINT bytes
 * @error: CS_ERROR_UNSUPPORTED, "key-unsupported"
 *
 * Decodes the key for OpenSSL; RSA and the three curves without its decoders, which cost many
 * times the rest. A point off its curve and an RSA key that cannot be one are refused; weakness
 * is the caller's question.
 *
 * Returns: (transfer full)
 */
EVP_PKEY *
cs_public_key_decode(CsDer spki, GError **error)
{
	CsPublicKeyInfo info;
	EVP_PKEY *key = NULL;

	ERR_clear_error();
	if (spki.length > G_MAXINT || !cs_public_key_read(spki, &info) || !info.sane) {
		cs_error_set(error, CS_ERROR_UNSUPPORTED, "key-unsupported",
			     "the public key is malformed");
		return NULL;
	}
	if (info.kind == CS_KEY_KIND_RSA)
		key = decode_rsa(&info);
	else if (info.point.length > 0)
		key = cs_public_key_from_point(info.kind, info.point.data, info.point.length);
	else
		key = decode_any(spki);
	if (key == NULL)
		cs_openssl_set_error(error, CS_ERROR_UNSUPPORTED, "key-unsupported",
				     "read the public key");
	return key;
}

/* ---- encoding ---- */

static GBytes *
wrap_key(GByteArray *algorithm, const guint8 *key, gsize length)
{
	g_autoptr(GByteArray) bits = g_byte_array_new();
	g_autoptr(GByteArray) both = g_byte_array_new();
	GByteArray *spki = g_byte_array_new();

	g_byte_array_append(bits, (const guint8 *)"", 1);
	g_byte_array_append(bits, key, (guint)length);
	cs_der_append(both, CS_DER_SEQUENCE, algorithm->data, algorithm->len);
	cs_der_append(both, CS_DER_BIT_STRING, bits->data, bits->len);
	cs_der_append(spki, CS_DER_SEQUENCE, both->data, both->len);
	return g_byte_array_free_to_bytes(spki);
}

/* A key that was read with a compressed point gives it back so. */
static gboolean
compute_point(EVP_PKEY *key, guint8 *point, gsize length)
{
	g_autoptr(BIGNUM) x = NULL;
	g_autoptr(BIGNUM) y = NULL;
	int half = (int)(length / 2);

	point[0] = POINT_UNCOMPRESSED;
	return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	       BN_bn2binpad(x, point + 1, half) == half &&
	       BN_bn2binpad(y, point + 1 + half, half) == half;
}

static GBytes *
encode_curve(EVP_PKEY *key, const Curve *curve)
{
	guint8 point[POINT_MAX_OCTETS] = {0};
	gsize length = 0;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					    &length) != 1)
		return NULL;
	if ((length != curve->point_length || point[0] != POINT_UNCOMPRESSED) &&
	    !compute_point(key, point, curve->point_length))
		return NULL;
	g_autoptr(GByteArray) algorithm = g_byte_array_new();
	cs_der_append(algorithm, CS_DER_OID, oid_ec, sizeof(oid_ec));
	cs_der_append(algorithm, CS_DER_OID, curve->oid, curve->oid_length);
	return wrap_key(algorithm, point, curve->point_length);
}

static void
append_integer(GByteArray *out, const BIGNUM *number)
{
	gsize octets = (gsize)BN_num_bytes(number);
	g_autofree guint8 *padded = g_malloc0(octets + 1);

	/* A leading zero where the first bit would read as a sign. */
	BN_bn2bin(number, padded + 1);
	gboolean pad = BN_num_bits(number) % 8 == 0;
	cs_der_append(out, CS_DER_INTEGER, pad ? padded : padded + 1, pad ? octets + 1 : octets);
}

static GBytes *
encode_rsa(EVP_PKEY *key)
{
	g_autoptr(BIGNUM) n = NULL;
	g_autoptr(BIGNUM) e = NULL;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return NULL;
	g_autoptr(GByteArray) numbers = g_byte_array_new();
	g_autoptr(GByteArray) both = g_byte_array_new();
	g_autoptr(GByteArray) algorithm = g_byte_array_new();
	append_integer(numbers, n);
	append_integer(numbers, e);
	cs_der_append(both, CS_DER_SEQUENCE, numbers->data, numbers->len);
	cs_der_append(algorithm, CS_DER_OID, oid_rsa, sizeof(oid_rsa));
	cs_der_append(algorithm, CS_DER_NULL, NULL, 0);
	return wrap_key(algorithm, both->data, both->len);
}

static GBytes *
encode_any(EVP_PKEY *key)
{
	guint8 *data = NULL;
	int length = i2d_PUBKEY(key, &data);

	if (length <= 0)
		return NULL;
	GBytes *spki = g_bytes_new(data, (gsize)length);
	OPENSSL_free(data);
	return spki;
}

/**
 * cs_public_key_encode:
 * @key: a key, public or private
 * @error: CS_ERROR_UNSUPPORTED, "key-unsupported"
 *
 * The one encoding that cs_public_key_read() takes; for the common kinds without OpenSSL's
 * encoders, which cost as much as its decoders.
 *
 * Returns: (transfer full): the SubjectPublicKeyInfo of its public half
 */
GBytes *
cs_public_key_encode(EVP_PKEY *key, GError **error)
{
	CsKeyKind kind = cs_public_key_get_kind(key);
	const Curve *curve = find_curve(kind);
	GBytes *spki = NULL;

	ERR_clear_error();
	if (curve != NULL)
		spki = encode_curve(key, curve);
	else if (kind == CS_KEY_KIND_RSA)
		spki = encode_rsa(key);
	else
		spki = encode_any(key);
	if (spki == NULL)
		cs_openssl_set_error(error, CS_ERROR_UNSUPPORTED, "key-unsupported",
				     "encode the public key");
	return spki;
}

/**
 * cs_public_key_get_kind:
 * @key: a key, public or private
 *
 * Returns: its kind, whatever its size
 */
CsKeyKind
cs_public_key_get_kind(EVP_PKEY *key)
{
	char group[GROUP_NAME_MAX] = "";

	if (EVP_PKEY_is_a(key, "RSA") == 1)
		return CS_KEY_KIND_RSA;
	if (EVP_PKEY_is_a(key, "RSA-PSS") == 1)
		return CS_KEY_KIND_RSA_PSS;
	if (EVP_PKEY_is_a(key, "EC") != 1 ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return CS_KEY_KIND_OTHER;
	for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
		if (strcmp(group, curves[i].group) == 0)
			return curves[i].kind;
	}
	return CS_KEY_KIND_OTHER;
}
