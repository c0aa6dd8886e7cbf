/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/tokens.h"

#include <string.h>

#include "core/base/error.h"
#include "tests/fixtures/token-fixture.h"

typedef struct {
	CsTestKeys *keys;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->keys = cs_test_keys_new();
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_keys_free(fixture->keys);
}

static void
judge_device(const Fixture *fixture, const CsDeviceToken *device, gboolean good)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_device_token_sign(device, fixture->keys->device, &error);
	g_autoptr(CsDeviceToken) verified = NULL;

	if (!good) {
		g_assert_null(token);
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
		return;
	}
	g_assert_no_error(error);
	verified = cs_device_token_verify(token, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(verified->aud, ==, device->aud);
	g_assert_cmpstr(verified->nonce, ==, device->nonce);
	g_assert_cmpint(verified->iat, ==, device->iat);
	g_assert_cmpstr(verified->hardware_id, ==, device->hardware_id);
	g_assert_cmpstr(verified->name, ==, device->name);
	g_assert_cmpstr(verified->platform, ==, device->platform);
	g_assert_cmpint(verified->hardware_key, ==, device->hardware_key);
	g_assert_cmpstr(verified->ak_jkt, ==, device->ak_jkt);
	g_assert_cmpstr(cs_jwk_get_thumbprint(verified->key), ==,
			cs_jwk_get_thumbprint(fixture->keys->device_jwk));
}

/* The key in the header is the signer's, whatever the struct says. */
static void
test_device_token(Fixture *fixture, gconstpointer data)
{
	CsDeviceToken device = cs_test_device_token(fixture->keys);

	judge_device(fixture, &device, TRUE);
	device.hardware_key = FALSE;
	device.key = NULL;
	judge_device(fixture, &device, TRUE);
	device.key = fixture->keys->server_jwk;
	judge_device(fixture, &device, TRUE);
	device.ak_jkt = (char *)cs_jwk_get_thumbprint(fixture->keys->device_jwk);
	judge_device(fixture, &device, FALSE);
	cs_device_token_free(NULL);
}

/* What an administrator reads must not fake other text. */
static void
test_device_names(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *name;
		gboolean good;
	} cases[] = {
		{"a", TRUE},
		{"laptop-7 (\xe6\x9d\xb1\xe4\xba\xac)", TRUE},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TRUE},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FALSE},
		{"", FALSE},
		{"a\nb", FALSE},
		{"a\x1b[2Jb", FALSE},
		{"a\x7f", FALSE},
		{"a\xc2\x85", FALSE},	  /* U+0085, next line */
		{"a\xe2\x80\xa8", FALSE}, /* U+2028, line separator */
		{"a\xe2\x80\xa9", FALSE}, /* U+2029, paragraph separator */
		{"a\xe2\x80\xae", FALSE}, /* U+202E, right-to-left override */
		{"a\xe2\x80\x8b", FALSE}, /* U+200B, zero-width space */
		{"a\xff", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		CsDeviceToken device = cs_test_device_token(fixture->keys);

		device.name = (char *)cases[i].name;
		judge_device(fixture, &device, cases[i].good);
	}
}

static void
test_device_query(Fixture *fixture, gconstpointer data)
{
	CsDeviceQuery query = cs_test_device_query(fixture->keys);
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_device_query_sign(&query, fixture->keys->device, &error);
	g_autoptr(CsDeviceQuery) verified = NULL;

	g_assert_no_error(error);
	verified = cs_device_query_verify(token, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(verified->aud, ==, query.aud);
	g_assert_cmpstr(verified->nonce, ==, query.nonce);
	g_assert_cmpint(verified->iat, ==, query.iat);
	g_assert_cmpstr(cs_jwk_get_thumbprint(verified->key), ==,
			cs_jwk_get_thumbprint(fixture->keys->device_jwk));
	cs_device_query_free(NULL);
}

static void
test_enroll_token(Fixture *fixture, gconstpointer data)
{
	CsEnrollToken enroll = cs_test_enroll_token(fixture->keys);
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_enroll_token_sign(&enroll, fixture->keys->account, &error);
	g_autofree char *payload = NULL;
	g_autoptr(CsEnrollToken) verified = NULL;

	g_assert_no_error(error);
	verified = cs_enroll_token_verify(token, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(verified->aud, ==, enroll.aud);
	g_assert_cmpstr(verified->nonce, ==, enroll.nonce);
	g_assert_cmpint(verified->iat, ==, enroll.iat);
	g_assert_cmpstr(verified->code_hash, ==, enroll.code_hash);
	g_assert_cmpstr(verified->dk_jkt, ==, enroll.dk_jkt);
	g_assert_cmpstr(cs_jwk_get_thumbprint(verified->key), ==,
			cs_jwk_get_thumbprint(fixture->keys->account_jwk));
	payload = cs_test_token_dup_payload(token);
	g_assert_nonnull(strstr(payload, "\"ch\":"));
	enroll.dk_jkt = (char *)cs_jwk_get_thumbprint(fixture->keys->account_jwk);
	g_assert_null(cs_enroll_token_sign(&enroll, fixture->keys->account, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	cs_enroll_token_free(NULL);
}

/* The key in the header is the one whose signature counts. */
static void
test_exchanged_key(Fixture *fixture, gconstpointer data)
{
	CsEnrollToken enroll = cs_test_enroll_token(fixture->keys);
	g_autofree char *good = cs_enroll_token_sign(&enroll, fixture->keys->account, NULL);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	g_autofree char *own = cs_jwk_to_text(fixture->keys->account_jwk);
	g_autofree char *their = cs_jwk_to_text(fixture->keys->server_jwk);
	g_autofree char *bent = cs_test_replace(header, own, their);
	g_autofree char *token = cs_test_token_craft(fixture->keys->account, bent, payload);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_enroll_token_verify(token, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
}

static void
test_header_keys_refused(Fixture *fixture, gconstpointer data)
{
	static const char *const keys[] = {
		"{}",
		"{\"kty\":\"oct\",\"k\":\"AQAB\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
	};
	CsDeviceQuery query = cs_test_device_query(fixture->keys);
	g_autofree char *good = cs_device_query_sign(&query, fixture->keys->device, NULL);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	g_autofree char *own = cs_jwk_to_text(fixture->keys->device_jwk);
	g_autofree char *private = cs_test_replace(own, "\"kty\"", "\"d\":\"AQAB\",\"kty\"");

	for (gsize i = 0; i <= G_N_ELEMENTS(keys); i++) {
		const char *key = i < G_N_ELEMENTS(keys) ? keys[i] : private;
		g_autofree char *bent = cs_test_replace(header, own, key);
		g_autofree char *token = cs_test_token_craft(fixture->keys->device, bent, payload);
		g_autoptr(GError) error = NULL;

		g_assert_null(cs_device_query_verify(token, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
	}
}

/* rule 23: signed by the account's own key */
static void
test_delete_token(Fixture *fixture, gconstpointer data)
{
	CsDeleteToken deletion = cs_test_delete_token(fixture->keys);
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_delete_token_sign(&deletion, fixture->keys->account, &error);
	g_autoptr(CsDeleteToken) parsed = NULL;
	g_autoptr(CsDeleteToken) verified = NULL;

	g_assert_no_error(error);
	parsed = cs_delete_token_parse(token, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(parsed->account, ==, "account1");
	verified = cs_delete_token_verify(token, fixture->keys->account_jwk, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(verified->kid, ==, deletion.kid);
	g_assert_cmpstr(verified->aud, ==, deletion.aud);
	g_assert_cmpstr(verified->nonce, ==, deletion.nonce);
	g_assert_cmpint(verified->iat, ==, deletion.iat);
	g_assert_cmpstr(verified->account, ==, deletion.account);
	g_assert_null(cs_delete_token_verify(token, fixture->keys->device_jwk, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_SIGNATURE);
	cs_delete_token_free(NULL);
}

#define ADD(name, function)                                                                        \
	g_test_add("/tokens-enrolment/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("device-token", test_device_token);
	ADD("device-names", test_device_names);
	ADD("device-query", test_device_query);
	ADD("enroll-token", test_enroll_token);
	ADD("exchanged-key", test_exchanged_key);
	ADD("header-keys-refused", test_header_keys_refused);
	ADD("delete-token", test_delete_token);
	return g_test_run();
}
