/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/pipeline.h"
#include "core/base/encoding.h"
#include "core/base/openssl.h"
#include "core/protocol/tokens.h"
#include "tests/bench/measure.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>

/* From a challenge's issuer list to the three signed tokens of the answer, in a resident client; and
 * from the start of a process to a signature. */

#define ISSUERS	      20
#define ANSWERS	      1000
#define STARTS	      15
#define PAYLOAD_BYTES 900 /* about what is signed */
#define MAX_SIGNATURE 512

typedef struct {
	char *folder;
	GPtrArray *list; /* of CsCertificate: the server's issuers */
	CsTestIdentity *issuers[ISSUERS];
	CsStores *stores;
	CsPrivateKey *account_key;
	CsPrivateKey *device_key;
	CsJwk *account_jwk;
	CsJwk *device_jwk;
	char *hash;
	EVP_PKEY *raw[3]; /* the certificate's key and two of P-256 */
	char *key_path;	  /* the certificate's, for a process */
	char *issuer_path;
	char **environment;
} Answer;

static void
sign_with(EVP_PKEY *key)
{
	static const guint8 payload[PAYLOAD_BYTES] = {0};
	guint8 signature[MAX_SIGNATURE];
	gsize length = sizeof(signature);
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

	g_assert_cmpint(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), ==, 1);
	g_assert_cmpint(EVP_DigestSign(context, signature, &length, payload, sizeof(payload)), ==,
			1);
}

/* What any answer must cost. */
static void
sign_raw(gpointer data)
{
	Answer *answer = data;

	for (gsize at = 0; at < G_N_ELEMENTS(answer->raw); at++)
		sign_with(answer->raw[at]);
}

/* What it must cost where rule 7's proof, that the certificate verifies what its key signed, is
 * part of it. */
static void
sign_and_verify_raw(gpointer data)
{
	static const guint8 payload[PAYLOAD_BYTES] = {0};
	Answer *answer = data;
	guint8 signature[MAX_SIGNATURE];
	gsize length = sizeof(signature);
	g_autoptr(EVP_MD_CTX) signing = EVP_MD_CTX_new();
	g_autoptr(EVP_MD_CTX) verifying = EVP_MD_CTX_new();
	EVP_PKEY *key = answer->raw[0];

	g_assert_cmpint(EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key), ==, 1);
	g_assert_cmpint(EVP_DigestSign(signing, signature, &length, payload, sizeof(payload)), ==,
			1);
	g_assert_cmpint(EVP_DigestVerifyInit(verifying, NULL, EVP_sha256(), NULL, key), ==, 1);
	g_assert_cmpint(EVP_DigestVerify(verifying, signature, length, payload, sizeof(payload)),
			==, 1);
	sign_with(answer->raw[1]);
	sign_with(answer->raw[2]);
}

static void
sign_answer(gpointer data)
{
	Answer *answer = data;
	const CsAttestationTies ties = {
		.iss = "https://id.example.org",
		.nonce = answer->hash,
		.chh = answer->hash,
		.device_id = "device",
		.account_jkt = cs_jwk_get_thumbprint(answer->account_jwk),
		.device_jkt = cs_jwk_get_thumbprint(answer->device_jwk),
		.iat = 1700000000,
	};
	g_autofree char *attestation = NULL;
	g_autofree char *response = NULL;
	g_autofree char *proof = NULL;
	g_autofree char *mah = NULL;
	g_autofree char *ath = NULL;
	g_autoptr(CsExplanation) explanation = NULL;

	g_assert_true(cs_pipeline_attest(answer->stores, answer->list, NULL, 1700000000, &ties,
					 NULL, &attestation, &explanation, NULL));
	g_assert_nonnull(attestation);
	mah = cs_sha256_base64url(attestation, strlen(attestation));
	const CsAuthToken token = {
		.iss = (char *)"account",
		.sub = (char *)"account",
		.aud = (char *)"https://id.example.org",
		.iat = 1700000000,
		.exp = 1700000060,
		.jti = (char *)"jti",
		.nonce = answer->hash,
		.chh = answer->hash,
		.device_id = (char *)"device",
		.transport = (char *)"direct",
		.mah = mah,
		.amr = (char *[]){(char *)"pop", (char *)"swk", NULL},
	};
	response = cs_auth_token_sign(&token, answer->account_key, NULL);
	g_assert_nonnull(response);
	ath = cs_sha256_base64url(response, strlen(response));
	const CsDeviceProof device_proof = {
		.aud = (char *)"https://id.example.org",
		.nonce = answer->hash,
		.chh = answer->hash,
		.device_id = (char *)"device",
		.ath = ath,
		.mah = mah,
	};
	proof = cs_device_proof_sign(&device_proof, answer->device_key, NULL);
	g_assert_nonnull(proof);
}

static void
make_list(Answer *answer)
{
	answer->folder = cs_test_make_folder();
	answer->list = g_ptr_array_new();
	for (guint place = 0; place < ISSUERS; place++) {
		g_autofree char *subject = g_strdup_printf("CN=Issuer %u,O=Example", place);
		const CsTestProfile profile = {.subject = subject, .ca = TRUE};

		answer->issuers[place] = cs_test_identity_new(&profile, NULL);
		g_ptr_array_add(answer->list,
				cs_test_identity_get_certificate(answer->issuers[place]));
	}
}

static void
free_list(Answer *answer)
{
	for (guint place = 0; place < ISSUERS; place++)
		cs_test_identity_free(answer->issuers[place]);
	g_ptr_array_unref(answer->list);
	cs_test_delete_folder(answer->folder);
	g_free(answer->folder);
}

/* One store with one certificate of the kind. */
static void
open_answer(Answer *answer, CsTestIdentity *leaf, const char *store)
{
	g_autofree char *key = cs_test_identity_dup_key_pem(leaf, CS_TEST_KEY_PKCS8, NULL);
	const char *const user[] = {store, NULL};
	const char *const machine[] = {NULL};
	guint8 digest[32] = {1};

	g_assert_cmpint(g_mkdir_with_parents(store, 0700), ==, 0);
	g_free(cs_test_write_text(store, "a.pem", cs_test_identity_get_pem(leaf)));
	answer->key_path = cs_test_write_text(store, "a.key", key);
	answer->stores = cs_stores_new(user, machine);
	answer->account_key = cs_private_key_generate_p256(NULL);
	answer->device_key = cs_private_key_generate_p256(NULL);
	answer->account_jwk = cs_jwk_new_from_private_key(answer->account_key, NULL);
	answer->device_jwk = cs_jwk_new_from_private_key(answer->device_key, NULL);
	answer->hash = cs_base64url_encode(digest, sizeof(digest));
	answer->raw[0] = cs_test_identity_get_pkey(leaf);
	answer->raw[1] = EVP_EC_gen("P-256");
	answer->raw[2] = EVP_EC_gen("P-256");
}

static void
close_answer(Answer *answer)
{
	cs_stores_free(answer->stores);
	cs_private_key_unref(answer->account_key);
	cs_private_key_unref(answer->device_key);
	cs_jwk_unref(answer->account_jwk);
	cs_jwk_unref(answer->device_jwk);
	g_free(answer->hash);
	g_free(answer->key_path);
	EVP_PKEY_free(answer->raw[1]);
	EVP_PKEY_free(answer->raw[2]);
}

/* ---- from the start of a process ---- */

static void
run(const Answer *answer, const char *const *command)
{
	gint status = 0;

	g_assert_true(g_spawn_sync(NULL, (char **)command, answer->environment,
				   G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
					   G_SPAWN_STDERR_TO_DEV_NULL,
				   NULL, NULL, NULL, NULL, &status, NULL));
	g_assert_cmpint(status, ==, 0);
}

/* Scan, select, sign, and the explanation printed. */
static void
start_and_sign(gpointer data)
{
	const Answer *answer = data;
	const char *const command[] = {g_getenv("COUNTERSIGN"), "explain", "--issuer",
				       answer->issuer_path, NULL};

	run(answer, command);
}

static void
start_peer_and_sign(gpointer data)
{
	const Answer *answer = data;
	const char *const command[] = {"openssl",	 "dgst",	   "-sha256", "-sign",
				       answer->key_path, answer->key_path, NULL};

	run(answer, command);
}

static void
measure_start(Answer *answer, const char *row)
{
	static const CsBenchSide ours = {"the program", start_and_sign, NULL};
	static const CsBenchSide peer = {"openssl dgst -sign, a process", start_peer_and_sign,
					 NULL};

	answer->issuer_path = cs_test_write_text(answer->folder, "issuer.pem",
						 cs_test_identity_get_pem(answer->issuers[3]));
	answer->environment = g_get_environ();
	answer->environment =
		g_environ_setenv(answer->environment, "XDG_DATA_HOME", answer->folder, TRUE);
	answer->environment =
		g_environ_setenv(answer->environment, "XDG_CONFIG_HOME", answer->folder, TRUE);
	answer->environment =
		g_environ_setenv(answer->environment, "XDG_STATE_HOME", answer->folder, TRUE);
	cs_bench_compare(row, &ours, &peer, answer, STARTS, 0);
	g_strfreev(answer->environment);
	g_free(answer->issuer_path);
}

static void
measure_kind(CsKeyKind kind, const char *name)
{
	static const CsBenchSide whole = {"the answer", sign_answer, NULL};
	static const CsBenchSide raw = {"the three signatures", sign_raw, NULL};
	static const CsBenchSide proven = {"the same and rule 7's verification",
					   sign_and_verify_raw, NULL};
	const CsTestProfile profile = {.key_kind = kind};
	Answer answer = {0};

	make_list(&answer);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(&profile, answer.issuers[3]);
	g_autofree char *store =
		g_build_filename(answer.folder, "countersign", "certificates", NULL);
	g_autofree char *row = g_strdup_printf("challenge to signed answer, %s", name);
	g_autofree char *start_row = g_strdup_printf("first start to signature, %s", name);
	open_answer(&answer, leaf, store);
	cs_bench_compare(row, &whole, &raw, &answer, ANSWERS, 1.1);
	cs_bench_compare(row, &whole, &proven, &answer, ANSWERS, 0);
	measure_start(&answer, start_row);
	close_answer(&answer);
	free_list(&answer);
}

int
main(void)
{
	measure_kind(CS_KEY_KIND_RSA, "RSA-2048");
	measure_kind(CS_KEY_KIND_P256, "P-256");
	return 0;
}
