/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/pipeline.h"
#include "core/base/encoding.h"
#include "core/protocol/tokens.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>
#include <stdio.h>

/* The client's hot path, each figure beside its limit, measured in the same run. A row that misses
 * its target is reported, never failed: machines are noisy, and a bench is no test. */

#define CERTIFICATES 10000
#define ISSUERS	     20
#define SCANS	     7
#define ANSWERS	     300
#define LOOK_UPS     2000

typedef struct {
	char *folder;
	char *store;
	CsTestIdentity *issuers[ISSUERS];
	GPtrArray *list; /* of CsCertificate: the server's issuers */
} Bench;

static int
compare_times(gconstpointer a, gconstpointer b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Microseconds a call, the median of `runs`. */
static double
measure(void (*call)(gpointer data), gpointer data, guint runs)
{
	g_autofree double *times = g_new(double, runs);

	call(data);
	for (guint run = 0; run < runs; run++) {
		gint64 began = g_get_monotonic_time();

		call(data);
		times[run] = (double)(g_get_monotonic_time() - began);
	}
	qsort(times, runs, sizeof(double), compare_times);
	return times[runs / 2];
}

static void
report(const char *row, double us, const char *limit, double limit_us, double target)
{
	double ratio = us / limit_us;

	printf("%-44s %12.1f us | %-34s %12.1f us | ratio %8.2f, target %6.2f: %s\n", row, us,
	       limit, limit_us, ratio, target, ratio <= target ? "pass" : "not reached");
}

static Bench *
make_bench(void)
{
	Bench *bench = g_new0(Bench, 1);

	bench->folder = cs_test_make_folder();
	bench->store = g_build_filename(bench->folder, "store", NULL);
	g_assert_cmpint(g_mkdir(bench->store, 0700), ==, 0);
	bench->list = g_ptr_array_new();
	for (guint place = 0; place < ISSUERS; place++) {
		g_autofree char *subject = g_strdup_printf("CN=Issuer %u,O=Example", place);
		const CsTestProfile profile = {.subject = subject, .ca = TRUE};

		bench->issuers[place] = cs_test_identity_new(&profile, NULL);
		g_ptr_array_add(bench->list,
				cs_test_identity_get_certificate(bench->issuers[place]));
	}
	for (guint number = 0; number < CERTIFICATES; number++) {
		g_autofree char *name = g_strdup_printf("%05u.pem", number);
		const CsTestProfile profile = {.key_number = 1 + number % 50,
					       .not_before = 1600000000 + number};
		g_autoptr(CsTestIdentity) leaf =
			cs_test_identity_new(&profile, bench->issuers[number % ISSUERS]);
		g_autofree char *key = cs_test_identity_dup_key_pem(leaf, CS_TEST_KEY_PKCS8, NULL);
		g_autofree char *text = g_strconcat(cs_test_identity_get_pem(leaf), key, NULL);

		g_free(cs_test_write_text(bench->store, name, text));
	}
	return bench;
}

static void
free_bench(Bench *bench)
{
	for (guint place = 0; place < ISSUERS; place++)
		cs_test_identity_free(bench->issuers[place]);
	g_ptr_array_unref(bench->list);
	cs_test_delete_folder(bench->folder);
	g_free(bench->folder);
	g_free(bench->store);
	g_free(bench);
}

static void
read_files(gpointer data)
{
	Bench *bench = data;
	g_autoptr(GDir) folder = g_dir_open(bench->store, 0, NULL);
	const char *name = NULL;

	while ((name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *path = g_build_filename(bench->store, name, NULL);
		g_autofree char *text = NULL;

		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	}
}

static CsStores *
open_stores(Bench *bench)
{
	const char *const user[] = {bench->store, NULL};
	const char *const machine[] = {NULL};
	CsStores *stores = cs_stores_new(user, machine);

	cs_stores_refresh(stores, NULL);
	g_assert_cmpuint(cs_stores_count(stores), ==, CERTIFICATES);
	return stores;
}

static void
scan(gpointer data)
{
	cs_stores_free(open_stores(data));
}

static void
run_storeutl(gpointer data)
{
	Bench *bench = data;
	const char *const command[] = {"openssl", "storeutl",	"-r", "-noout",
				       "-certs",  bench->store, NULL};

	g_assert_true(g_spawn_sync(NULL, (char **)command, NULL,
				   G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
				   NULL, NULL, NULL, NULL));
}

typedef struct {
	Bench *bench;
	CsStores *stores;
	CsPrivateKey *account_key;
	CsPrivateKey *device_key;
	CsPrivateKey *certificate_key;
	CsJwk *account_jwk;
	CsJwk *device_jwk;
	char *hash;
} Answer;

static void
look_up(gpointer data)
{
	Answer *answer = data;

	for (guint place = 0; place < ISSUERS; place++) {
		CsCertificate *issuer = answer->bench->list->pdata[place];

		g_ptr_array_unref(cs_stores_look_up(answer->stores, CS_STORE_USER,
						    cs_certificate_get_subject_name(issuer)));
	}
}

static void
sign_raw(gpointer data)
{
	Answer *answer = data;
	static const char payload[600] = {0};
	CsPrivateKey *const keys[] = {answer->certificate_key, answer->account_key,
				      answer->device_key};

	for (gsize at = 0; at < G_N_ELEMENTS(keys); at++)
		g_bytes_unref(cs_private_key_sign(keys[at], payload, sizeof(payload), NULL));
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

	g_assert_true(cs_pipeline_attest(answer->stores, answer->bench->list, NULL, 1700000000,
					 &ties, NULL, &attestation, &explanation, NULL));
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

/* One store with one certificate of the kind: challenge's list to signed answer, warm. */
static void
measure_answer(Bench *bench, CsKeyKind kind, const char *row)
{
	g_autofree char *folder = g_build_filename(bench->folder, row, NULL);
	const char *const user[] = {folder, NULL};
	const char *const machine[] = {NULL};
	const CsTestProfile profile = {.key_kind = kind};
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(&profile, bench->issuers[3]);
	g_autofree char *key = cs_test_identity_dup_key_pem(leaf, CS_TEST_KEY_PKCS8, NULL);
	guint8 digest[32] = {1};
	Answer answer = {.bench = bench};
	double raw = 0;

	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	g_free(cs_test_write_text(folder, "a.pem", cs_test_identity_get_pem(leaf)));
	g_free(cs_test_write_text(folder, "a.key", key));
	answer.stores = cs_stores_new(user, machine);
	answer.account_key = cs_private_key_generate_p256(NULL);
	answer.device_key = cs_private_key_generate_p256(NULL);
	answer.certificate_key =
		cs_private_key_new_from_pkey(cs_test_identity_get_pkey(leaf), NULL);
	answer.account_jwk = cs_jwk_new_from_private_key(answer.account_key, NULL);
	answer.device_jwk = cs_jwk_new_from_private_key(answer.device_key, NULL);
	answer.hash = cs_base64url_encode(digest, sizeof(digest));
	raw = measure(sign_raw, &answer, ANSWERS);
	report(row, measure(sign_answer, &answer, ANSWERS), "the three raw signatures", raw, 1.1);
	cs_stores_free(answer.stores);
	cs_private_key_unref(answer.account_key);
	cs_private_key_unref(answer.device_key);
	cs_private_key_unref(answer.certificate_key);
	cs_jwk_unref(answer.account_jwk);
	cs_jwk_unref(answer.device_jwk);
	g_free(answer.hash);
}

int
main(void)
{
	Bench *bench = make_bench();
	Answer answer = {.bench = bench};
	double reading = measure(read_files, bench, SCANS);
	double scanning = measure(scan, bench, SCANS);
	double peer = measure(run_storeutl, bench, 3);

	report("warm scan, 10,000 certificates", scanning, "reading the files", reading, 1.25);
	report("warm scan, 10,000 certificates", scanning, "openssl storeutl", peer, 1.0 / 25);
	answer.stores = open_stores(bench);
	report("look-up, 20 issuers in 10,000", measure(look_up, &answer, LOOK_UPS),
	       "the goal (absolute)", 5.0, 1.0);
	cs_stores_free(answer.stores);
	measure_answer(bench, CS_KEY_KIND_RSA, "challenge to signed answer, RSA-2048");
	measure_answer(bench, CS_KEY_KIND_P256, "challenge to signed answer, P-256");
	free_bench(bench);
	return 0;
}
