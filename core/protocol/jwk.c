/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/jwk.h"

#include <openssl/err.h>
#include <string.h>

#include "core/base/encoding.h"
#include "core/pki/public-key.h"

#define COORDINATE_SIZE_BYTES 32
#define COORDINATE_LENGTH     43 /* of its base64url text */
#define POINT_SIZE_BYTES      (1 + 2 * COORDINATE_SIZE_BYTES)

struct _CsJwk {
	gatomicrefcount references;
	guint8 point[POINT_SIZE_BYTES];
	EVP_PKEY
	*pkey; /* atomically: a private key's public half is decoded when first asked for */
	char x[COORDINATE_LENGTH + 1];
	char y[COORDINATE_LENGTH + 1];
	char *thumbprint;
	char *fingerprint;
};

static gboolean
jwk_malformed(GError **error, const char *why)
{
	cs_error_set(error, CS_ERROR_INVALID, "key-malformed", "public key: %s", why);
	return FALSE;
}

/* RFC 7638 section 3.2: the required members only, in lexicographic order, no white space. */
static void
jwk_compute_thumbprint(CsJwk *jwk)
{
	guint8 digest[CS_SHA256_SIZE_BYTES];
	g_autofree char *canonical = g_strdup_printf(
		"{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", jwk->x, jwk->y);

	cs_sha256(canonical, strlen(canonical), digest);
	jwk->thumbprint = cs_base64url_encode(digest, sizeof(digest));
	jwk->fingerprint = cs_hex_encode(digest, sizeof(digest));
}

static EVP_PKEY *
jwk_decode_point(const guint8 point[POINT_SIZE_BYTES], GError **error)
{
	EVP_PKEY *pkey = NULL;

	ERR_clear_error();
	pkey = cs_public_key_from_point(CS_KEY_KIND_P256, point, POINT_SIZE_BYTES);
	if (pkey == NULL)
		cs_openssl_set_error(error, CS_ERROR_INVALID, "key-malformed", "read public key");
	return pkey;
}

/* The point is not looked at: jwk_decode_point() does. */
static CsJwk *
jwk_new_from_point(const guint8 point[POINT_SIZE_BYTES])
{
	CsJwk *jwk = g_new0(CsJwk, 1);
	g_autofree char *x = cs_base64url_encode(point + 1, COORDINATE_SIZE_BYTES);
	g_autofree char *y =
		cs_base64url_encode(point + 1 + COORDINATE_SIZE_BYTES, COORDINATE_SIZE_BYTES);

	g_atomic_ref_count_init(&jwk->references);
	memcpy(jwk->point, point, POINT_SIZE_BYTES);
	g_strlcpy(jwk->x, x, sizeof(jwk->x));
	g_strlcpy(jwk->y, y, sizeof(jwk->y));
	jwk_compute_thumbprint(jwk);
	return jwk;
}

/**
 * cs_jwk_new_from_private_key:
 * @key: a P-256 key
 *
 * Returns: (transfer full): its public half; %NULL with %CS_ERROR_KEY, "key-unsuitable", where
 * @key is of another kind
 */
CsJwk *
cs_jwk_new_from_private_key(const CsPrivateKey *key, GError **error)
{
	CsPublicKeyInfo info = {0};
	CsDer spki = {0};

	g_return_val_if_fail(key != NULL, NULL);
	spki.data = g_bytes_get_data(cs_private_key_get_spki(key), &spki.length);
	if (cs_private_key_get_algorithm(key) != CS_SIGNATURE_ES256 ||
	    !cs_public_key_read(spki, &info) || info.kind != CS_KEY_KIND_P256 ||
	    info.point.length != POINT_SIZE_BYTES) {
		cs_error_set(error, CS_ERROR_KEY, "key-unsuitable", "the key is not a P-256 key");
		return NULL;
	}
	return jwk_new_from_point(info.point.data);
}

static gboolean
jwk_check_value(const cJSON *json, const char *name, const char *wanted, GError **error)
{
	const char *value = cs_json_get_string(json, name, error);

	if (value == NULL)
		return FALSE;
	if (strcmp(value, wanted) != 0)
		return jwk_malformed(error, "a member has a value that is not accepted");
	return TRUE;
}

static gboolean
jwk_check_optional(const cJSON *json, const char *name, const char *wanted, GError **error)
{
	return cJSON_GetObjectItemCaseSensitive(json, name) == NULL ||
	       jwk_check_value(json, name, wanted, error);
}

static gboolean
jwk_read_coordinate(const cJSON *json, const char *name, guint8 *coordinate, GError **error)
{
	const char *text = cs_json_get_string(json, name, error);
	g_autoptr(GBytes) bytes = NULL;

	if (text == NULL)
		return FALSE;
	if (strlen(text) != COORDINATE_LENGTH)
		return jwk_malformed(error, "a coordinate is not of 32 bytes");
	bytes = cs_base64url_decode(text, COORDINATE_LENGTH, error);
	if (bytes == NULL)
		return FALSE;
	memcpy(coordinate, g_bytes_get_data(bytes, NULL), COORDINATE_SIZE_BYTES);
	return TRUE;
}

static CsJwk *
jwk_read(const cJSON *json, GError **error)
{
	static const char *const members[] = {"kty", "crv", "x", "y", "alg", "use", "kid", NULL};
	guint8 point[POINT_SIZE_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
	g_autoptr(CsJwk) jwk = NULL;

	if (!cs_json_check_members(json, members, error) ||
	    !jwk_check_value(json, "kty", "EC", error) ||
	    !jwk_check_value(json, "crv", "P-256", error) ||
	    !jwk_check_optional(json, "alg", "ES256", error) ||
	    !jwk_check_optional(json, "use", "sig", error) ||
	    !jwk_read_coordinate(json, "x", point + 1, error) ||
	    !jwk_read_coordinate(json, "y", point + 1 + COORDINATE_SIZE_BYTES, error))
		return NULL;
	jwk = jwk_new_from_point(point);
	jwk->pkey = jwk_decode_point(point, error);
	if (jwk->pkey == NULL || !jwk_check_optional(json, "kid", jwk->thumbprint, error))
		return NULL;
	return g_steal_pointer(&jwk);
}

/**
 * cs_jwk_new_from_json:
 * @json: (nullable): an object out of cs_json_parse(), so that it holds no member twice
 *
 * RFC 7517, RFC 7518 section 6.2.1: kty "EC", crv "P-256", x and y of exactly 32 bytes, on the
 * curve. alg must be "ES256", use "sig" and kid the key's thumbprint where they stand there; d or
 * any other member is refused. Proves nothing of who holds the private half.
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_INVALID, "key-malformed"
 */
CsJwk *
cs_jwk_new_from_json(const cJSON *json, GError **error)
{
	g_autoptr(GError) inner = NULL;
	CsJwk *jwk;

	if (!cJSON_IsObject(json)) {
		jwk_malformed(error, "not an object");
		return NULL;
	}
	jwk = jwk_read(json, &inner);
	if (jwk == NULL)
		jwk_malformed(error, inner->message);
	return jwk;
}

/**
 * cs_jwk_new_from_text:
 * @json: JSON text
 *
 * As cs_jwk_new_from_json(), from text.
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_INVALID, "key-malformed"
 */
CsJwk *
cs_jwk_new_from_text(const char *json, GError **error)
{
	g_autoptr(GError) inner = NULL;
	g_autoptr(cJSON) parsed = NULL;

	g_return_val_if_fail(json != NULL, NULL);
	parsed = cs_json_parse(json, strlen(json), &inner);
	if (parsed == NULL) {
		jwk_malformed(error, inner->message);
		return NULL;
	}
	return cs_jwk_new_from_json(parsed, error);
}

/**
 * cs_jwk_ref:
 * @jwk: a key
 *
 * Returns: (transfer full): @jwk
 */
CsJwk *
cs_jwk_ref(CsJwk *jwk)
{
	g_return_val_if_fail(jwk != NULL, NULL);
	g_atomic_ref_count_inc(&jwk->references);
	return jwk;
}

/**
 * cs_jwk_unref:
 * @jwk: (nullable) (transfer full): a key
 */
void
cs_jwk_unref(CsJwk *jwk)
{
	if (jwk == NULL || !g_atomic_ref_count_dec(&jwk->references))
		return;
	EVP_PKEY_free(jwk->pkey);
	g_free(jwk->thumbprint);
	g_free(jwk->fingerprint);
	g_free(jwk);
}

/**
 * cs_jwk_to_json:
 * @jwk: a key
 *
 * Returns: (transfer full): kty, crv, x and y
 */
cJSON *
cs_jwk_to_json(const CsJwk *jwk)
{
	cJSON *json = cJSON_CreateObject();

	cs_json_add_string(json, "kty", "EC");
	cs_json_add_string(json, "crv", "P-256");
	cs_json_add_string(json, "x", jwk->x);
	cs_json_add_string(json, "y", jwk->y);
	return json;
}

/**
 * cs_jwk_to_text:
 * @jwk: a key
 *
 * Returns: (transfer full): cs_jwk_to_json() as compact text; g_free()
 */
char *
cs_jwk_to_text(const CsJwk *jwk)
{
	g_autoptr(cJSON) json = cs_jwk_to_json(jwk);

	return cs_json_print(json);
}

/**
 * cs_jwk_get_thumbprint:
 * @jwk: a key
 *
 * Returns: (transfer none): RFC 7638 thumbprint with SHA-256, base64url; the key's kid
 */
const char *
cs_jwk_get_thumbprint(const CsJwk *jwk)
{
	return jwk->thumbprint;
}

/**
 * cs_jwk_get_fingerprint:
 * @jwk: a key
 *
 * Returns: (transfer none): the thumbprint's 32 bytes in lower-case hexadecimal, for people to
 * compare
 */
const char *
cs_jwk_get_fingerprint(const CsJwk *jwk)
{
	return jwk->fingerprint;
}

/**
 * cs_jwk_get_pkey:
 * @jwk: a key
 *
 * Returns: (transfer none) (nullable): the public key for OpenSSL; callers only read it. %NULL only
 * where OpenSSL has no memory for it
 */
EVP_PKEY *
cs_jwk_get_pkey(const CsJwk *jwk)
{
	EVP_PKEY **place = (EVP_PKEY **)&jwk->pkey;
	EVP_PKEY *pkey = g_atomic_pointer_get(place);

	if (pkey != NULL)
		return pkey;
	pkey = jwk_decode_point(jwk->point, NULL);
	if (pkey == NULL || g_atomic_pointer_compare_and_exchange(place, NULL, pkey))
		return pkey;
	EVP_PKEY_free(pkey);
	return g_atomic_pointer_get(place);
}
