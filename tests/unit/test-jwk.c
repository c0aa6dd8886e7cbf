/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/jwk.h"

#include <string.h>

#include "core/base/encoding.h"
#include "core/base/error.h"

/* A public key out of RFC 7515, appendix A.3.1; its thumbprint was computed by hand (sha256sum of
 * the canonical form). */
#define RFC_X	       "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC_Y	       "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC_THUMBPRINT "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"

#define KEY(members) "{\"kty\":\"EC\",\"crv\":\"P-256\"," members "}"
#define XY	     "\"x\":\"" RFC_X "\",\"y\":\"" RFC_Y "\""

static void
test_known_answer(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_text(KEY(XY), &error);
	g_autofree char *text = NULL;
	g_autoptr(GBytes) thumbprint = NULL;
	g_autoptr(EVP_PKEY_CTX) context = NULL;
	g_autofree char *hex = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(cs_jwk_get_thumbprint(jwk), ==, RFC_THUMBPRINT);
	thumbprint = cs_base64url_decode(RFC_THUMBPRINT, -1, NULL);
	hex = cs_hex_encode(g_bytes_get_data(thumbprint, NULL), g_bytes_get_size(thumbprint));
	g_assert_cmpstr(cs_jwk_get_fingerprint(jwk), ==, hex);
	text = cs_jwk_to_text(jwk);
	g_assert_cmpstr(text, ==, KEY(XY));
	context = EVP_PKEY_CTX_new(cs_jwk_get_pkey(jwk), NULL);
	g_assert_cmpint(EVP_PKEY_public_check(context), ==, 1);
}

static void
test_members_that_agree(void)
{
	static const char *const keys[] = {
		KEY(XY ",\"alg\":\"ES256\""),
		KEY(XY ",\"use\":\"sig\""),
		KEY(XY ",\"kid\":\"" RFC_THUMBPRINT "\""),
		"{\"y\":\"" RFC_Y "\", \"x\":\"" RFC_X "\", \"crv\":\"P-256\", \"kty\":\"EC\"}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CsJwk) jwk = cs_jwk_new_from_text(keys[i], &error);
		g_autofree char *text = NULL;

		g_assert_no_error(error);
		text = cs_jwk_to_text(jwk);
		g_assert_cmpstr(text, ==, KEY(XY));
	}
}

static void
test_refused(void)
{
	static const char *const keys[] = {
		"",
		"null",
		"[]",
		"\"EC\"",
		"{}",
		/* a member missing, null, of another type, twice, unknown, in other letters */
		KEY("\"x\":\"" RFC_X "\""),
		"{\"kty\":\"EC\"," XY "}",
		"{\"crv\":\"P-256\"," XY "}",
		KEY("\"x\":null,\"y\":\"" RFC_Y "\""),
		KEY("\"x\":1,\"y\":\"" RFC_Y "\""),
		KEY("\"x\":\"" RFC_X "\"," XY),
		KEY(XY ",\"key_ops\":[\"verify\"]"),
		KEY(XY ",\"x5c\":[]"),
		"{\"Kty\":\"EC\",\"crv\":\"P-256\"," XY "}",
		/* private keys and other kinds */
		KEY(XY ",\"d\":\"" RFC_X "\""),
		KEY(XY ",\"d\":null"),
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"oct\",\"k\":\"AQAB\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\"," XY "}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\"," XY "}",
		/* what stands beside does not agree */
		KEY(XY ",\"alg\":\"ES384\""),
		KEY(XY ",\"alg\":null"),
		KEY(XY ",\"use\":\"enc\""),
		KEY(XY ",\"kid\":\"another\""),
		/* the coordinates: padding, trailing bits, too short, too long, other alphabets */
		KEY("\"x\":\"" RFC_X "=\",\"y\":\"" RFC_Y "\""),
		KEY("\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\",\"y\":\"" RFC_Y "\""),
		KEY("\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\",\"y\":\"" RFC_Y "\""),
		KEY("\"x\":\"AH_NzidwtsRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\",\"y\":\"" RFC_Y "\""),
		KEY("\"x\":\"" RFC_X "\",\"y\":\"x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0\""),
		KEY("\"x\":\"" RFC_X "\",\"y\":\"\""),
		/* off the curve, (0, 0), and beyond the field: p itself */
		KEY("\"x\":\"" RFC_X "\",\"y\":\"" RFC_X "\""),
		KEY("\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
		KEY("\"x\":\"_____wAAAAEAAAAAAAAAAAAAAAD_______________8\",\"y\":\"" RFC_Y "\""),
	};

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(cs_jwk_new_from_text(keys[i], &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "key-malformed");
	}
	g_assert_null(cs_jwk_new_from_json(NULL, NULL));
}

/* The first eight bits are zero. */
static gboolean
has_short(const char *text, const char *member)
{
	const char *value = strstr(text, member) + strlen(member);

	return value[0] == 'A' && value[1] >= 'A' && value[1] <= 'P';
}

/* A coordinate with leading zero bytes keeps its 32 bytes: about one key in 128. */
static void
test_short_coordinates(void)
{
	guint shorts = 0;

	for (guint i = 0; i < 2000 && shorts < 3; i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(&error);
		g_autoptr(CsJwk) jwk = cs_jwk_new_from_private_key(key, &error);
		g_autoptr(CsJwk) again = NULL;
		g_autofree char *text = NULL;

		g_assert_no_error(error);
		text = cs_jwk_to_text(jwk);
		if (!has_short(text, "\"x\":\"") && !has_short(text, "\"y\":\""))
			continue;
		shorts++;
		again = cs_jwk_new_from_text(text, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(cs_jwk_get_thumbprint(jwk), ==, cs_jwk_get_thumbprint(again));
	}
	g_assert_cmpuint(shorts, ==, 3);
}

static void
test_from_private_key(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(&error);
	g_autoptr(CsJwk) jwk = cs_jwk_new_from_private_key(key, &error);
	g_autofree char *text = NULL;
	CsJwk *second;

	g_assert_no_error(error);
	g_assert_cmpint(EVP_PKEY_eq(cs_jwk_get_pkey(jwk), cs_private_key_get_pkey(key)), ==, 1);
	text = cs_jwk_to_text(jwk);
	g_assert_null(strstr(text, "\"d\""));
	second = cs_jwk_ref(jwk);
	g_assert_true(second == jwk);
	cs_jwk_unref(second);
	cs_jwk_unref(NULL);
}

static void
test_from_unsuitable_private_key(void)
{
	g_autoptr(EVP_PKEY) curve = EVP_EC_gen("P-384");
	g_autoptr(GError) error = NULL;
	g_autoptr(CsPrivateKey) p384 = cs_private_key_new_from_pkey(curve, &error);
	g_autoptr(CsPrivateKey) rsa = cs_private_key_generate_rsa(2048, &error);

	g_assert_no_error(error);
	g_assert_null(cs_jwk_new_from_private_key(p384, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_clear_error(&error);
	g_assert_null(cs_jwk_new_from_private_key(rsa, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_KEY);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "key-unsuitable");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/jwk/known-answer", test_known_answer);
	g_test_add_func("/jwk/members-that-agree", test_members_that_agree);
	g_test_add_func("/jwk/refused", test_refused);
	g_test_add_func("/jwk/short-coordinates", test_short_coordinates);
	g_test_add_func("/jwk/from-private-key", test_from_private_key);
	g_test_add_func("/jwk/from-unsuitable-private-key", test_from_unsuitable_private_key);
	return g_test_run();
}
