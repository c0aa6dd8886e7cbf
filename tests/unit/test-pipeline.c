/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/pipeline.h"
#include "core/base/encoding.h"
#include "core/protocol/tokens.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/unprivileged.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define DAY	  (24 * 60 * 60)
#define JUDGED_AT G_GINT64_CONSTANT(1700000000)

typedef struct {
	char *folder;
	char *user;
	char *machine;
	char *hash;
	CsStores *stores;
	CsTestIdentity *one;
	CsTestIdentity *two;
	GPtrArray *issuers; /* (element-type CsCertificate) */
	CsAttestationTies ties;
} Fixture;

static CsTestIdentity *
make_authority(const char *subject, guint key_number)
{
	const CsTestProfile profile = {.subject = subject, .ca = TRUE, .key_number = key_number};
	return cs_test_identity_new(&profile, NULL);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = cs_test_make_folder();
	fixture->user = g_build_filename(fixture->folder, "user", NULL);
	fixture->machine = g_build_filename(fixture->folder, "machine", NULL);
	g_assert_cmpint(g_mkdir(fixture->user, 0755), ==, 0);
	g_assert_cmpint(g_mkdir(fixture->machine, 0755), ==, 0);
	const char *const user[] = {fixture->user, NULL};
	const char *const machine[] = {fixture->machine, NULL};
	fixture->stores = cs_stores_new(user, machine);
	fixture->one = make_authority("CN=One", 1);
	fixture->two = make_authority("CN=Two", 2);
	fixture->issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	fixture->hash = cs_sha256_base64url("x", 1);
	fixture->ties = (CsAttestationTies){.iss = "https://id.example.org",
					    .nonce = fixture->hash,
					    .chh = fixture->hash,
					    .device_id = "device",
					    .account_jkt = fixture->hash,
					    .device_jkt = fixture->hash,
					    .iat = JUDGED_AT};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_stores_free(fixture->stores);
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->user);
	g_free(fixture->machine);
	g_free(fixture->hash);
	cs_test_identity_free(fixture->one);
	cs_test_identity_free(fixture->two);
	g_ptr_array_unref(fixture->issuers);
}

static void
list_issuer(Fixture *fixture, CsTestIdentity *issuer)
{
	g_ptr_array_add(fixture->issuers,
			cs_certificate_ref(cs_test_identity_get_certificate(issuer)));
}

/* Puts a certificate of that age with its key (or, wrong_key, with another's); its fingerprint. */
static char *
put(const char *folder, const char *name, CsTestIdentity *issuer, int days_old, gboolean wrong_key)
{
	const CsTestProfile profile = {.not_before = JUDGED_AT - (gint64)days_old * DAY};
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(&profile, issuer);
	g_autofree char *pem_name = g_strconcat(name, ".pem", NULL);
	g_autofree char *key_name = g_strconcat(name, ".key", NULL);
	g_autofree char *key =
		cs_test_identity_dup_key_pem(wrong_key ? issuer : leaf, CS_TEST_KEY_PKCS8, NULL);
	g_free(cs_test_write_text(folder, key_name, key));
	g_autofree char *path =
		cs_test_write_text(folder, pem_name, cs_test_identity_get_pem(leaf));
	g_assert_cmpint(chmod(path, 0644), ==, 0);
	return g_strdup(cs_certificate_get_fingerprint(cs_test_identity_get_certificate(leaf)));
}

/* Both ways through, which must agree. attestation (out) (nullable). */
static CsExplanation *
run(Fixture *fixture, const char *const *allowed, char **attestation)
{
	CsExplanation *explanation = NULL;
	g_autofree char *token = NULL;
	g_autoptr(GError) error = NULL;
	g_assert_true(cs_pipeline_attest(fixture->stores, fixture->issuers, allowed, JUDGED_AT,
					 &fixture->ties, NULL, &token, &explanation, &error));
	g_assert_no_error(error);
	g_assert_true((token != NULL) == (explanation->selected != NULL));
	g_assert_false(explanation->by_device_clock);
	g_autoptr(CsExplanation) explained = cs_pipeline_explain(
		fixture->stores, fixture->issuers, allowed, JUDGED_AT, TRUE, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(explained->by_device_clock);
	explained->by_device_clock = FALSE;
	g_autoptr(cJSON) left = cs_explanation_to_json(explanation);
	g_autoptr(cJSON) right = cs_explanation_to_json(explained);
	g_assert_true(cJSON_Compare(left, right, TRUE));
	if (attestation != NULL)
		*attestation = g_steal_pointer(&token);
	return explanation;
}

static const CsCandidate *
get_candidate(const CsExplanation *explanation, guint place, guint at)
{
	const CsIssuerExplanation *issuer = g_ptr_array_index(explanation->issuers, place);
	g_assert_cmpuint(issuer->candidates->len, >, at);
	const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, at);
	g_assert_cmpuint(candidate->issuer_index, ==, place);
	return candidate;
}

/* rule 7: in an authentication the proof is the attestation itself */
static void
test_attests(Fixture *fixture, gconstpointer data)
{
	g_autofree char *attestation = NULL;
	g_free(put(fixture->user, "old", fixture->one, 9, FALSE));
	g_autofree char *new = put(fixture->machine, "new", fixture->two, 1, FALSE);
	list_issuer(fixture, fixture->one);
	list_issuer(fixture, fixture->two);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL, &attestation);
	g_assert_cmpstr(explanation->selected, ==, new);
	g_assert_cmpint(get_candidate(explanation, 0, 0)->outcome, ==, CS_OUTCOME_OLDER);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAttestation) verified = cs_attestation_verify(attestation, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(cs_certificate_get_fingerprint(verified->certificate), ==, new);
	g_assert_cmpstr(verified->aud, ==, "https://id.example.org/management");
}

/* rule 7: a key that fails gives way to the next, and the explanation says why */
static void
test_gives_way(Fixture *fixture, gconstpointer data)
{
	g_autofree char *old = put(fixture->user, "old", fixture->one, 9, FALSE);
	g_autofree char *new = put(fixture->user, "new", fixture->one, 1, TRUE);
	list_issuer(fixture, fixture->one);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL, NULL);
	g_assert_cmpstr(explanation->selected, ==, old);
	const CsCandidate *failed = get_candidate(explanation, 0, 0);
	g_assert_cmpstr(failed->fingerprint, ==, new);
	g_assert_cmpint(failed->reason, ==, CS_REASON_KEY_INACCESSIBLE);
	g_assert_nonnull(strstr(failed->detail, "new.key"));
}

/* rule 4: each run goes by its own list, and by what the stores hold then */
static void
test_each_list(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	g_autoptr(CsExplanation) before = run(fixture, NULL, NULL);
	g_assert_cmpint(before->reason, ==, CS_REASON_NO_CERTIFICATE);
	g_autofree char *leaf = put(fixture->user, "a", fixture->one, 1, FALSE);
	g_autoptr(CsExplanation) with = run(fixture, NULL, NULL);
	g_assert_cmpstr(with->selected, ==, leaf);
	g_ptr_array_set_size(fixture->issuers, 0);
	g_autoptr(CsExplanation) without = run(fixture, NULL, NULL);
	g_assert_cmpint(without->reason, ==, CS_REASON_NO_ISSUERS);
	list_issuer(fixture, fixture->two);
	g_autoptr(CsExplanation) other = run(fixture, NULL, NULL);
	g_assert_cmpint(other->reason, ==, CS_REASON_NO_CERTIFICATE);
}

/* The configuration limits what an organisation may list; the others stay in the explanation. */
static void
test_allowed_issuers(Fixture *fixture, gconstpointer data)
{
	g_autofree char *by_one = put(fixture->user, "one", fixture->one, 9, FALSE);
	g_autofree char *by_two = put(fixture->user, "two", fixture->two, 1, FALSE);
	const char *const neither[] = {by_one, NULL};
	const char *const one[] = {
		by_two,
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(fixture->one)),
		NULL};
	list_issuer(fixture, fixture->two);
	list_issuer(fixture, fixture->one);
	g_autoptr(CsExplanation) limited = run(fixture, one, NULL);
	g_assert_cmpstr(limited->selected, ==, by_one);
	g_assert_cmpint(get_candidate(limited, 1, 0)->outcome, ==, CS_OUTCOME_SELECTED);
	const CsIssuerExplanation *excluded = g_ptr_array_index(limited->issuers, 0);
	g_assert_cmpuint(excluded->candidates->len, ==, 0);
	g_assert_false(excluded->answered);
	g_assert_cmpstr(excluded->subject, ==, "CN=Two");
	g_autoptr(CsExplanation) none = run(fixture, neither, NULL);
	g_assert_null(none->selected);
	g_assert_cmpint(none->reason, ==, CS_REASON_CONSENT_MISSING);
	g_assert_cmpuint(none->issuers->len, ==, 2);
	g_ptr_array_set_size(fixture->issuers, 0);
	g_autoptr(CsExplanation) empty = run(fixture, neither, NULL);
	g_assert_cmpint(empty->reason, ==, CS_REASON_NO_ISSUERS);
}

/* A listed issuer whose key cannot be used stays in the explanation, and harms nothing. */
static void
test_unusable_issuer(Fixture *fixture, gconstpointer data)
{
	CsCertificate *good = cs_test_identity_get_certificate(fixture->one);
	gsize spki_length = 0;
	const guint8 *spki = g_bytes_get_data(cs_certificate_get_spki(good), &spki_length);
	GBytes *der = cs_certificate_get_der(good);
	g_autofree guint8 *bent = g_memdup2(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	guint8 *point = memmem(bent, g_bytes_get_size(der), spki, spki_length);
	point[spki_length - 1] ^= 1;
	g_autoptr(GBytes) bytes = g_bytes_new(bent, g_bytes_get_size(der));
	CsCertificate *odd = cs_certificate_new(bytes, NULL);
	g_assert_nonnull(odd);
	g_ptr_array_add(fixture->issuers, odd);
	g_autoptr(CsExplanation) alone = run(fixture, NULL, NULL);
	g_assert_cmpint(alone->reason, ==, CS_REASON_NO_CERTIFICATE);
	g_autofree char *leaf = put(fixture->user, "a", fixture->one, 1, FALSE);
	list_issuer(fixture, fixture->one);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL, NULL);
	g_assert_cmpstr(explanation->selected, ==, leaf);
	g_assert_cmpuint(explanation->issuers->len, ==, 2);
	g_assert_cmpint(get_candidate(explanation, 1, 0)->outcome, ==, CS_OUTCOME_SELECTED);
}

static void
test_passed_over(Fixture *fixture, gconstpointer data)
{
	g_free(cs_test_write_text(fixture->user, "junk", "junk"));
	list_issuer(fixture, fixture->one);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL, NULL);
	g_assert_cmpuint(explanation->passed_over->len, ==, 1);
}

static void
explain_forbidden(gpointer data)
{
	Fixture *fixture = data;
	g_autoptr(CsExplanation) explanation = run(fixture, NULL, NULL);
	const CsCandidate *candidate = get_candidate(explanation, 0, 0);
	g_assert_cmpint(candidate->reason, ==, CS_REASON_KEY_INACCESSIBLE);
	g_assert_nonnull(strstr(candidate->detail, "a.key"));
	g_assert_nonnull(strstr(candidate->detail, "0600"));
}

/* rule 10: a machine key that this user may not use is named, with its owner and mode */
static void
test_forbidden(Fixture *fixture, gconstpointer data)
{
	if (geteuid() != 0) {
		g_test_skip("only root can make another user's key");
		return;
	}
	g_free(put(fixture->machine, "a", fixture->one, 1, FALSE));
	list_issuer(fixture, fixture->one);
	g_assert_cmpint(chmod(fixture->folder, 0755), ==, 0);
	cs_test_run_unprivileged(explain_forbidden, fixture);
}

static void
test_cancelled(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autofree char *leaf = put(fixture->user, "a", fixture->one, 1, FALSE);
	CsExplanation *explanation = NULL;
	char *attestation = NULL;
	g_autoptr(GError) error = NULL;
	list_issuer(fixture, fixture->one);
	g_cancellable_cancel(cancellable);
	g_assert_false(cs_pipeline_attest(fixture->stores, fixture->issuers, NULL, JUDGED_AT,
					  &fixture->ties, cancellable, &attestation, &explanation,
					  &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_assert_null(attestation);
	g_assert_null(explanation);
	g_clear_error(&error);
	g_assert_null(cs_pipeline_explain(fixture->stores, fixture->issuers, NULL, JUDGED_AT, TRUE,
					  cancellable, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	g_autoptr(CsExplanation) later = run(fixture, NULL, NULL);
	g_assert_cmpstr(later->selected, ==, leaf);
}

#define ADD(name, function)                                                                        \
	g_test_add("/pipeline/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("attests", test_attests);
	ADD("gives-way", test_gives_way);
	ADD("each-list", test_each_list);
	ADD("allowed-issuers", test_allowed_issuers);
	ADD("unusable-issuer", test_unusable_issuer);
	ADD("passed-over", test_passed_over);
	ADD("forbidden", test_forbidden);
	ADD("cancelled", test_cancelled);
	return g_test_run();
}
