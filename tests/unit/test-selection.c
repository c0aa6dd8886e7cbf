/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/selection.h"
#include "tests/fixtures/pki-fixture.h"

#define DAY	  (24 * 60 * 60)
#define JUDGED_AT G_GINT64_CONSTANT(1700000000)
#define MAX_LIST  3

/* Issuers by place, and what each store answers for each of them. */
typedef struct {
	CsTestIdentity *one;
	CsTestIdentity *two;
	CsTestIdentity *namesake; /* one's name, another key */
	GPtrArray *issuers;
	GPtrArray *user[MAX_LIST];
	GPtrArray *machine[MAX_LIST];
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
	fixture->one = make_authority("CN=One", 1);
	fixture->two = make_authority("CN=Two", 2);
	fixture->namesake = make_authority("CN=One", 3);
	fixture->issuers = g_ptr_array_new_with_free_func((GDestroyNotify)cs_issuer_unref);
	for (guint i = 0; i < MAX_LIST; i++) {
		fixture->user[i] =
			g_ptr_array_new_with_free_func((GDestroyNotify)cs_store_entry_unref);
		fixture->machine[i] =
			g_ptr_array_new_with_free_func((GDestroyNotify)cs_store_entry_unref);
	}
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_identity_free(fixture->one);
	cs_test_identity_free(fixture->two);
	cs_test_identity_free(fixture->namesake);
	g_ptr_array_unref(fixture->issuers);
	for (guint i = 0; i < MAX_LIST; i++) {
		g_ptr_array_unref(fixture->user[i]);
		g_ptr_array_unref(fixture->machine[i]);
	}
}

static void
list_issuer(Fixture *fixture, CsTestIdentity *issuer)
{
	g_ptr_array_add(fixture->issuers,
			cs_issuer_new(cs_test_identity_get_certificate(issuer), NULL));
}

/* A leaf of that issuer, days old, in a store; answered for the issuer at that place. */
static CsStoreEntry *
put(Fixture *fixture,
    CsStoreKind kind,
    guint place,
    CsTestIdentity *issuer,
    const CsTestProfile *wanted,
    int days_old)
{
	CsTestProfile profile = wanted != NULL ? *wanted : (CsTestProfile){0};
	profile.key_number = 4;
	profile.not_before = JUDGED_AT - (gint64)days_old * DAY;
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(&profile, issuer);
	GPtrArray *answer = kind == CS_STORE_USER ? fixture->user[place] : fixture->machine[place];
	g_autofree char *location =
		g_strdup_printf("/%s/%u/%u", cs_store_kind_to_text(kind), place, answer->len);
	CsStoreEntry *entry = cs_store_entry_new(cs_test_identity_get_certificate(leaf), location,
						 kind, NULL, NULL, NULL);
	g_ptr_array_add(answer, entry);
	return entry;
}

/* Runs the selection; keys of `broken` (element-type CsStoreEntry) fail. */
static CsExplanation *
run(Fixture *fixture, GPtrArray *broken)
{
	CsSelection *selection =
		cs_selection_new(fixture->issuers, fixture->user, fixture->machine, JUDGED_AT);
	g_autoptr(GError) failure = NULL;
	cs_error_set(&failure, CS_ERROR_KEY, "key-missing", "no key");
	for (CsCandidate *candidate = cs_selection_get_next(selection); candidate != NULL;
	     candidate = cs_selection_get_next(selection)) {
		g_assert_true(cs_selection_get_next(selection) == candidate);
		gboolean fails = broken != NULL && g_ptr_array_find(broken, candidate->entry, NULL);
		cs_selection_tell(selection, candidate, fails ? failure : NULL);
	}
	return cs_selection_finish(selection);
}

static const CsCandidate *
find(const CsExplanation *explanation, guint place, const CsStoreEntry *entry)
{
	const CsIssuerExplanation *issuer = g_ptr_array_index(explanation->issuers, place);
	for (guint i = 0; i < issuer->candidates->len; i++) {
		const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, i);
		if (candidate->entry == entry)
			return candidate;
	}
	return NULL;
}

/* The contract's word, and a word that the detail holds. */
static void
expect(const CsExplanation *explanation,
       guint place,
       const CsStoreEntry *entry,
       const char *outcome,
       const char *detail)
{
	const CsCandidate *candidate = find(explanation, place, entry);
	g_assert_nonnull(candidate);
	g_assert_cmpstr(cs_candidate_get_outcome_text(candidate), ==, outcome);
	g_assert_nonnull(strstr(candidate->detail, detail));
}

static void
expect_store(const CsExplanation *explanation, guint place, const char *store)
{
	const CsIssuerExplanation *issuer = g_ptr_array_index(explanation->issuers, place);
	g_assert_cmpstr(issuer->answered ? cs_store_kind_to_text(issuer->store) : "none", ==,
			store);
}

/* rule 4: the list alone decides whom to ask about */
static void
test_no_issuers(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	g_assert_null(explanation->selected);
	g_assert_cmpint(explanation->reason, ==, CS_REASON_NO_ISSUERS);
	g_assert_cmpint(explanation->judged_at, ==, JUDGED_AT);
}

static void
test_no_certificate(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	g_assert_cmpint(explanation->reason, ==, CS_REASON_NO_CERTIFICATE);
	expect_store(explanation, 0, "none");
}

/* rule 5: issued by is name and signature: two issuers may bear one name */
static void
test_issued_by(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->namesake);
	list_issuer(fixture, fixture->one);
	CsStoreEntry *entry = put(fixture, CS_STORE_USER, 1, fixture->one, NULL, 1);
	g_ptr_array_add(fixture->user[0], cs_store_entry_ref(entry));
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	g_assert_null(find(explanation, 0, entry));
	expect_store(explanation, 0, "none");
	expect_store(explanation, 1, "user");
	expect(explanation, 1, entry, "selected", "");
	g_assert_cmpint(explanation->reason, ==, CS_REASON_NONE);
}

/* rule 5: an unsuitable certificate is listed and no candidate, and hides nothing (rule 6) */
static void
test_unsuitable(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile server = {.extended_key_usage = "serverAuth"};
	list_issuer(fixture, fixture->one);
	CsStoreEntry *unsuitable = put(fixture, CS_STORE_USER, 0, fixture->one, &server, 1);
	g_autoptr(CsExplanation) alone = run(fixture, NULL);
	g_assert_cmpint(alone->reason, ==, CS_REASON_CERTIFICATE_UNSUITABLE);
	expect_store(alone, 0, "none");
	CsStoreEntry *other = put(fixture, CS_STORE_MACHINE, 0, fixture->one, &server, 1);
	CsStoreEntry *good = put(fixture, CS_STORE_MACHINE, 0, fixture->one, NULL, 9);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	expect_store(explanation, 0, "machine");
	expect(explanation, 0, unsuitable, "certificate-unsuitable", "");
	expect(explanation, 0, other, "certificate-unsuitable", "");
	expect(explanation, 0, good, "selected", "");
}

/* rule 6: the user store answers alone where it holds one, issuer by issuer */
static void
test_user_store_first(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile server = {.extended_key_usage = "serverAuth"};
	list_issuer(fixture, fixture->one);
	list_issuer(fixture, fixture->two);
	CsStoreEntry *old = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 100);
	CsStoreEntry *new = put(fixture, CS_STORE_MACHINE, 0, fixture->one, NULL, 1);
	CsStoreEntry *odd = put(fixture, CS_STORE_MACHINE, 0, fixture->one, &server, 1);
	CsStoreEntry *elsewhere = put(fixture, CS_STORE_MACHINE, 1, fixture->two, NULL, 200);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	expect(explanation, 0, old, "selected", "");
	expect(explanation, 0, new, "hidden-by-user-store", "/user/0/0");
	expect(explanation, 0, odd, "hidden-by-user-store", "/user/0/0");
	expect(explanation, 1, elsewhere, "older", "before the selected one");
	expect_store(explanation, 0, "user");
	expect_store(explanation, 1, "machine");
}

/* rule 6: presence decides, not usability, and the explanation says so */
static void
test_presence_decides(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile short_lived = {.not_after = JUDGED_AT - DAY};
	list_issuer(fixture, fixture->one);
	CsStoreEntry *dead = put(fixture, CS_STORE_USER, 0, fixture->one, &short_lived, 9);
	CsStoreEntry *good = put(fixture, CS_STORE_MACHINE, 0, fixture->one, NULL, 1);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	g_assert_null(explanation->selected);
	g_assert_cmpint(explanation->reason, ==, CS_REASON_CERTIFICATE_EXPIRED);
	expect(explanation, 0, dead, "certificate-expired", "2023-11-13T22:13:20Z");
	expect(explanation, 0, good, "hidden-by-user-store", "although it cannot be used");
	expect(explanation, 0, good, "hidden-by-user-store", "certificate-expired");
	CsStoreEntry *keyless = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 5);
	g_autoptr(GPtrArray) broken = g_ptr_array_new();
	g_ptr_array_add(broken, keyless);
	g_autoptr(CsExplanation) without_key = run(fixture, broken);
	g_assert_cmpint(without_key->reason, ==, CS_REASON_KEY_INACCESSIBLE);
	expect(without_key, 0, good, "hidden-by-user-store", "key-inaccessible");
}

/* rule 7: one that fails gives way to the next */
static void
test_gives_way(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	CsStoreEntry *oldest = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 30);
	CsStoreEntry *old = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 20);
	CsStoreEntry *new = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 10);
	g_autoptr(GPtrArray) broken = g_ptr_array_new();
	g_ptr_array_add(broken, new);
	g_ptr_array_add(broken, oldest);
	g_autoptr(CsExplanation) explanation = run(fixture, broken);
	expect(explanation, 0, new, "key-inaccessible", "no key");
	expect(explanation, 0, old, "selected", "");
	expect(explanation, 0, oldest, "older", "");
	g_assert_cmpstr(explanation->selected, ==,
			cs_certificate_get_fingerprint(cs_store_entry_get_certificate(old)));
}

/* rule 8: outside its validity it is no candidate; both ends are inside */
static void
test_validity(Fixture *fixture, gconstpointer data)
{
	const CsTestProfile ends_before = {.not_after = JUDGED_AT - 1};
	const CsTestProfile ends_now = {.not_after = JUDGED_AT};
	list_issuer(fixture, fixture->one);
	CsStoreEntry *over = put(fixture, CS_STORE_USER, 0, fixture->one, &ends_before, 3);
	CsStoreEntry *last = put(fixture, CS_STORE_USER, 0, fixture->one, &ends_now, 2);
	CsStoreEntry *first = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 0);
	CsStoreEntry *future = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, -1);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	expect(explanation, 0, over, "certificate-expired", "expired on");
	expect(explanation, 0, last, "older", "");
	expect(explanation, 0, first, "selected", "");
	expect(explanation, 0, future, "certificate-not-yet-valid", "valid only from");
	g_ptr_array_remove(fixture->user[0], first);
	g_ptr_array_remove(fixture->user[0], last);
	g_autoptr(CsExplanation) none = run(fixture, NULL);
	g_assert_cmpint(none->reason, ==, CS_REASON_CERTIFICATE_NOT_YET_VALID);
}

/* rule 8: the latest notBefore across all issuers, whatever the store and the place */
static void
test_newest(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	list_issuer(fixture, fixture->two);
	CsStoreEntry *old = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 2);
	CsStoreEntry *new = put(fixture, CS_STORE_MACHINE, 1, fixture->two, NULL, 1);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	expect(explanation, 1, new, "selected", "");
	expect(explanation, 0, old, "older", "2023-11-12T22:13:20Z");
}

/* rule 8: ties go to the user store, then to the issuer's place, then to the lower fingerprint */
static void
test_ties(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	list_issuer(fixture, fixture->two);
	CsStoreEntry *machine = put(fixture, CS_STORE_MACHINE, 0, fixture->one, NULL, 1);
	CsStoreEntry *user = put(fixture, CS_STORE_USER, 1, fixture->two, NULL, 1);
	g_autoptr(CsExplanation) by_store = run(fixture, NULL);
	expect(by_store, 1, user, "selected", "");
	expect(by_store, 0, machine, "older", "in the user store");
	CsStoreEntry *first = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 1);
	g_autoptr(CsExplanation) by_place = run(fixture, NULL);
	expect(by_place, 0, first, "selected", "");
	expect(by_place, 1, user, "older", "earlier in the list");
	CsStoreEntry *twin = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 1);
	g_autoptr(CsExplanation) by_fingerprint = run(fixture, NULL);
	gboolean is_lower =
		strcmp(cs_certificate_get_fingerprint(cs_store_entry_get_certificate(twin)),
		       cs_certificate_get_fingerprint(cs_store_entry_get_certificate(first))) < 0;
	expect(by_fingerprint, 0, is_lower ? twin : first, "selected", "");
	expect(by_fingerprint, 0, is_lower ? first : twin, "older", "lower fingerprint");
}

/* Copies of one certificate are tried one by one: the key may lie beside the second. */
static void
test_copies(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	CsStoreEntry *copy = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 1);
	CsStoreEntry *other = cs_store_entry_new(cs_store_entry_get_certificate(copy), "/zzz",
						 CS_STORE_USER, NULL, NULL, NULL);
	g_ptr_array_insert(fixture->user[0], 0, other);
	g_autoptr(CsExplanation) explanation = run(fixture, NULL);
	expect(explanation, 0, copy, "selected", "");
	expect(explanation, 0, other, "older", "copy of the selected one, which is at /user/0/0");
	g_autoptr(GPtrArray) broken = g_ptr_array_new();
	g_ptr_array_add(broken, copy);
	g_autoptr(CsExplanation) second = run(fixture, broken);
	expect(second, 0, copy, "key-inaccessible", "");
	expect(second, 0, other, "selected", "");
}

/* One entry under two issuers of the same name and key is tried once. */
static void
test_twin_issuers(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsTestIdentity) renewed = make_authority("CN=One", 1);
	list_issuer(fixture, fixture->one);
	list_issuer(fixture, renewed);
	CsStoreEntry *entry = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 1);
	g_ptr_array_add(fixture->user[1], cs_store_entry_ref(entry));
	g_autoptr(CsExplanation) good = run(fixture, NULL);
	expect(good, 0, entry, "selected", "");
	expect(good, 1, entry, "older", "earlier in the list");
	CsSelection *selection =
		cs_selection_new(fixture->issuers, fixture->user, fixture->machine, JUDGED_AT);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GError) later = NULL;
	cs_error_set(&failure, CS_ERROR_KEY, "key-missing", "no key");
	cs_error_set(&later, CS_ERROR_KEY, "key-missing", "told again");
	CsCandidate *tried = cs_selection_get_next(selection);
	cs_selection_tell(selection, tried, failure);
	cs_selection_tell(selection, tried, later);
	g_assert_null(cs_selection_get_next(selection));
	g_autoptr(CsExplanation) bad = cs_selection_finish(selection);
	expect(bad, 0, entry, "key-inaccessible", "no key");
	expect(bad, 1, entry, "key-inaccessible", "no key");
}

/* Given up before anything was tried, it selects nothing. */
static void
test_not_tried(Fixture *fixture, gconstpointer data)
{
	list_issuer(fixture, fixture->one);
	CsStoreEntry *entry = put(fixture, CS_STORE_USER, 0, fixture->one, NULL, 1);
	g_autoptr(CsExplanation) explanation = cs_selection_finish(
		cs_selection_new(fixture->issuers, fixture->user, fixture->machine, JUDGED_AT));
	g_assert_null(explanation->selected);
	expect(explanation, 0, entry, "key-inaccessible", "not tried");
	cs_selection_free(
		cs_selection_new(fixture->issuers, fixture->user, fixture->machine, JUDGED_AT));
}

#define ADD(name, function)                                                                        \
	g_test_add("/selection/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("no-issuers", test_no_issuers);
	ADD("no-certificate", test_no_certificate);
	ADD("issued-by", test_issued_by);
	ADD("unsuitable", test_unsuitable);
	ADD("user-store-first", test_user_store_first);
	ADD("presence-decides", test_presence_decides);
	ADD("gives-way", test_gives_way);
	ADD("validity", test_validity);
	ADD("newest", test_newest);
	ADD("ties", test_ties);
	ADD("copies", test_copies);
	ADD("twin-issuers", test_twin_issuers);
	ADD("not-tried", test_not_tried);
	return g_test_run();
}
