/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/tokens.h"

#include <string.h>

#include "core/base/error.h"
#include "tests/fixtures/token-fixture.h"

#define DAY_S (24 * 60 * 60)

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
assert_same(const CsVerdict *a, const CsVerdict *b)
{
	g_assert_cmpstr(a->kid, ==, b->kid);
	g_assert_cmpstr(a->iss, ==, b->iss);
	g_assert_cmpstr(a->aud, ==, b->aud);
	g_assert_cmpint(a->iat, ==, b->iat);
	g_assert_cmpstr(a->rsh, ==, b->rsh);
	g_assert_cmpint(a->authenticated, ==, b->authenticated);
	g_assert_cmpint(a->reason, ==, b->reason);
	g_assert_cmpstr(a->account, ==, b->account);
	g_assert_cmpstr(a->device_id, ==, b->device_id);
	g_assert_cmpint(a->managed, ==, b->managed);
	g_assert_cmpint(a->device_reason, ==, b->device_reason);
	g_assert_cmpstr(a->hint, ==, b->hint);
	g_assert_cmpstr(a->request, ==, b->request);
	g_assert_cmpstr(a->certificate_fingerprint, ==, b->certificate_fingerprint);
	g_assert_cmpstr(a->certificate_issuer, ==, b->certificate_issuer);
	g_assert_cmpint(a->certificate_not_before, ==, b->certificate_not_before);
	g_assert_cmpint(a->certificate_not_after, ==, b->certificate_not_after);
	g_assert_cmpstr(a->application, ==, b->application);
	g_assert_cmpint(a->access_allowed, ==, b->access_allowed);
	g_assert_cmpint(a->access_reason, ==, b->access_reason);
}

static void
judge(const Fixture *fixture, const CsVerdict *verdict, gboolean good)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_verdict_sign(verdict, fixture->keys->server, &error);
	g_autoptr(CsVerdict) verified = NULL;

	if (!good) {
		g_assert_null(token);
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "token-malformed");
		return;
	}
	g_assert_no_error(error);
	verified = cs_verdict_verify(token, fixture->keys->server_jwk, &error);
	g_assert_no_error(error);
	assert_same(verified, verdict);
}

/* The certificate's members go together. */
static void
drop_certificate(CsVerdict *verdict)
{
	verdict->certificate_fingerprint = NULL;
	verdict->certificate_issuer = NULL;
	verdict->certificate_not_before = 0;
	verdict->certificate_not_after = 0;
}

static CsVerdict
make_refused(const Fixture *fixture, CsReason reason)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);

	verdict.authenticated = FALSE;
	verdict.reason = reason;
	verdict.managed = FALSE;
	verdict.device_reason = CS_REASON_NONE;
	verdict.device_id = NULL;
	verdict.hint = NULL;
	drop_certificate(&verdict);
	return verdict;
}

static CsVerdict
make_unmanaged(const Fixture *fixture, CsReason reason)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);

	verdict.managed = FALSE;
	verdict.device_reason = reason;
	return verdict;
}

/* The shape of docs/protocol.md, "Verdict", to the letter. */
static void
test_verdict_shape(Fixture *fixture, gconstpointer data)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);
	CsVerdict refused = make_refused(fixture, CS_REASON_ACCOUNT_DELETED);
	g_autofree char *token = cs_verdict_sign(&verdict, fixture->keys->server, NULL);
	g_autofree char *refusal = cs_verdict_sign(&refused, fixture->keys->server, NULL);
	g_autofree char *payload = cs_test_token_dup_payload(token);
	g_autofree char *short_payload = cs_test_token_dup_payload(refusal);
	g_autofree char *expected = g_strdup_printf(
		"{\"iss\":\"%s\",\"aud\":\"account1\",\"iat\":%d,\"rsh\":\"%s\","
		"\"authenticated\":true,\"reason\":null,\"account\":\"account1\","
		"\"device\":{\"id\":\"device1\",\"managed\":true,\"reason\":\"managed\","
		"\"hint\":\"same-hardware\",\"certificate\":{\"fingerprint\":\"%s\","
		"\"issuer\":\"%s\",\"not_before\":1577836800,\"not_after\":2208988800}},"
		"\"request\":\"request1\"}",
		CS_TEST_ISS, CS_TEST_TIME, cs_test_hash(6), verdict.certificate_fingerprint,
		verdict.certificate_issuer);
	g_autofree char *short_expected = g_strdup_printf(
		"{\"iss\":\"%s\",\"aud\":\"account1\",\"iat\":%d,\"rsh\":\"%s\","
		"\"authenticated\":false,\"reason\":\"account-deleted\","
		"\"account\":\"account1\",\"device\":{\"id\":null,\"managed\":false,"
		"\"reason\":null,\"certificate\":null},\"request\":\"request1\"}",
		CS_TEST_ISS, CS_TEST_TIME, cs_test_hash(6));

	g_assert_cmpstr(payload, ==, expected);
	g_assert_cmpstr(short_payload, ==, short_expected);
}

/* rule 21: only where an application was named; a refusal says why, and nobody gets in who did not
 * authenticate */
static void
test_verdict_access(Fixture *fixture, gconstpointer data)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);
	CsVerdict refused = make_refused(fixture, CS_REASON_USER_SUSPENDED);
	g_autofree char *long_name = g_strnfill(65, 'a');

	verdict.application = (char *)"mail.example.com";
	judge(fixture, &verdict, FALSE);
	verdict.access_allowed = TRUE;
	judge(fixture, &verdict, TRUE);
	verdict.access_reason = CS_REASON_NO_CERTIFICATE;
	judge(fixture, &verdict, FALSE);
	verdict.access_allowed = FALSE;
	judge(fixture, &verdict, TRUE);
	verdict.application = long_name;
	judge(fixture, &verdict, FALSE);
	verdict.application = (char *)"";
	judge(fixture, &verdict, FALSE);
	refused.application = (char *)"mail";
	refused.access_reason = CS_REASON_USER_SUSPENDED;
	judge(fixture, &refused, TRUE);
	refused.access_reason = CS_REASON_NONE;
	refused.access_allowed = TRUE;
	judge(fixture, &refused, FALSE);
}

/* rule 21: the shape of docs/protocol.md, "Verdict" */
static void
test_verdict_access_shape(Fixture *fixture, gconstpointer data)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);
	g_autofree char *token = NULL;
	g_autofree char *payload = NULL;

	verdict.application = (char *)"mail";
	verdict.access_reason = CS_REASON_REVOCATION_UNKNOWN;
	token = cs_verdict_sign(&verdict, fixture->keys->server, NULL);
	payload = cs_test_token_dup_payload(token);
	g_assert_nonnull(strstr(payload, "\"access\":{\"application\":\"mail\",\"allowed\":false,"
					 "\"reason\":\"revocation-unknown\"}"));
}

/* rule 2: no failure of the attestation fails the authentication, and neither side's words are the
 * other's */
static void
test_verdict_reasons(Fixture *fixture, gconstpointer data)
{
	for (int i = CS_REASON_NONE; i < CS_REASON_COUNT; i++) {
		CsReason reason = (CsReason)i;
		CsVerdict refused = make_refused(fixture, reason);
		CsVerdict unmanaged = make_unmanaged(fixture, reason);

		judge(fixture, &refused, cs_reason_is_of(reason, CS_REASON_SIDE_AUTHENTICATION));
		judge(fixture, &unmanaged,
		      cs_reason_is_of(reason, CS_REASON_SIDE_CLIENT) ||
			      cs_reason_is_of(reason, CS_REASON_SIDE_SERVER));
	}
}

static void
test_verdict_contradictions(Fixture *fixture, gconstpointer data)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);

	judge(fixture, &verdict, TRUE);
	verdict.hint = NULL;
	judge(fixture, &verdict, TRUE);
	verdict.device_reason = CS_REASON_NO_CERTIFICATE;
	judge(fixture, &verdict, FALSE);
	verdict = cs_test_verdict(fixture->keys);
	verdict.authenticated = FALSE;
	judge(fixture, &verdict, FALSE);
	verdict.reason = CS_REASON_DEVICE_SUSPENDED;
	judge(fixture, &verdict, FALSE);
	verdict = cs_test_verdict(fixture->keys);
	verdict.reason = CS_REASON_DEVICE_SUSPENDED;
	judge(fixture, &verdict, FALSE);
	verdict = cs_test_verdict(fixture->keys);
	verdict.device_id = NULL;
	judge(fixture, &verdict, FALSE);
	verdict = cs_test_verdict(fixture->keys);
	drop_certificate(&verdict);
	judge(fixture, &verdict, FALSE);
	verdict = make_unmanaged(fixture, CS_REASON_NO_CERTIFICATE);
	drop_certificate(&verdict);
	judge(fixture, &verdict, TRUE);
	verdict.device_id = NULL;
	judge(fixture, &verdict, TRUE);
	verdict = cs_test_verdict(fixture->keys);
	verdict.certificate_issuer = NULL;
	judge(fixture, &verdict, FALSE);
	cs_verdict_free(NULL);
}

/* What a certificate says must not keep a verdict from being signed. */
static void
test_verdict_odd_certificates(Fixture *fixture, gconstpointer data)
{
	CsVerdict verdict = cs_test_verdict(fixture->keys);
	g_autofree char *keys = g_strnfill(600, 'k');
	g_autoptr(GString) longest = g_string_new(NULL);
	g_autoptr(CsVerdict) verified = NULL;
	g_autofree char *token = NULL;
	g_autoptr(GError) error = NULL;

	verdict.certificate_not_before = -1577836800;
	verdict.certificate_not_after = 253402300799;
	verdict.certificate_issuer = (char *)"";
	judge(fixture, &verdict, TRUE);
	for (const char *p = keys; *p != '\0'; p++)
		g_string_append(longest, "\xf0\x9f\x94\x91");
	verdict.certificate_issuer = longest->str;
	token = cs_verdict_sign(&verdict, fixture->keys->server, &error);
	g_assert_no_error(error);
	verified = cs_verdict_verify(token, fixture->keys->server_jwk, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_utf8_strlen(verified->certificate_issuer, -1), ==, 501);
	g_assert_true(g_str_has_suffix(verified->certificate_issuer, "\xe2\x80\xa6"));
}

static void
judge_keys(const Fixture *fixture, const CsKeysToken *keys, gboolean good)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = cs_keys_token_sign(keys, fixture->keys->server, &error);
	g_autoptr(CsKeysToken) verified = NULL;

	if (!good) {
		g_assert_null(token);
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		return;
	}
	g_assert_no_error(error);
	verified = cs_keys_token_verify(token, fixture->keys->server_jwk, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(verified->kid, ==, keys->kid);
	g_assert_cmpstr(verified->iss, ==, keys->iss);
	g_assert_cmpint(verified->sequence, ==, keys->sequence);
	g_assert_cmpint(verified->iat, ==, keys->iat);
	g_assert_cmpint(verified->overlap_until, ==, keys->overlap_until);
	g_assert_cmpstr(cs_jwk_get_thumbprint(verified->next), ==,
			cs_jwk_get_thumbprint(keys->next));
}

static void
test_keys_token(Fixture *fixture, gconstpointer data)
{
	CsKeysToken keys = cs_test_keys_token(fixture->keys);

	judge_keys(fixture, &keys, TRUE);
	keys.sequence = 0;
	judge_keys(fixture, &keys, FALSE);
	keys = cs_test_keys_token(fixture->keys);
	keys.overlap_until = keys.iat + 90 * DAY_S + 1;
	judge_keys(fixture, &keys, FALSE);
	keys.overlap_until = keys.iat;
	judge_keys(fixture, &keys, FALSE);
	keys = cs_test_keys_token(fixture->keys);
	keys.next = fixture->keys->server_jwk;
	judge_keys(fixture, &keys, FALSE);
	keys.next = NULL;
	judge_keys(fixture, &keys, FALSE);
	cs_keys_token_free(NULL);
}

/* A private key never travels as the next one. */
static void
test_keys_token_private(Fixture *fixture, gconstpointer data)
{
	CsKeysToken keys = cs_test_keys_token(fixture->keys);
	g_autofree char *good = cs_keys_token_sign(&keys, fixture->keys->server, NULL);
	g_autofree char *header = cs_test_token_dup_header(good);
	g_autofree char *payload = cs_test_token_dup_payload(good);
	g_autofree char *bent = cs_test_replace(payload, "\"kty\"", "\"d\":\"AQAB\",\"kty\"");
	g_autofree char *token = cs_test_token_craft(fixture->keys->server, header, bent);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_keys_token_verify(token, fixture->keys->server_jwk, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
}

#define ADD(name, function)                                                                        \
	g_test_add("/tokens-server/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("verdict-shape", test_verdict_shape);
	ADD("verdict-reasons", test_verdict_reasons);
	ADD("verdict-access", test_verdict_access);
	ADD("verdict-access-shape", test_verdict_access_shape);
	ADD("verdict-contradictions", test_verdict_contradictions);
	ADD("verdict-odd-certificates", test_verdict_odd_certificates);
	ADD("keys-token", test_keys_token);
	ADD("keys-token-private", test_keys_token_private);
	return g_test_run();
}
