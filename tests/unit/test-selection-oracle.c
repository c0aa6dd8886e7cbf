/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/attest/selection.h"
#include "core/base/encoding.h"
#include "tests/fixtures/pki-fixture.h"

/* Random stores, against an oracle that is written from docs/rules.md alone: it knows certificates
 * only by how they were made, and asks nothing of core/pki or core/attest. A failing run is had
 * again with --seed and the seed that the test prints first. */

#define RUNS	    6000
#define DAY	    (24 * 60 * 60)
#define NOW	    G_GINT64_CONSTANT(1700000000)
#define MAX_LEAVES  64
#define MAX_ENTRIES 24
#define MAX_LIST    5
#define ISSUERS	    4

/* ---- how everything was made ---- */

typedef struct {
	guint name;
	guint key;
	CsTestIdentity *identity;
	CsIssuer *prepared;
} Issuer;

typedef struct {
	guint issuer_name;
	guint issuer_key;
	gint64 not_before;
	gint64 not_after;
	gboolean suitable;
	char *fingerprint;
	CsTestIdentity *identity;
} Leaf;

typedef struct {
	const Leaf *leaf;
	gboolean in_user_store;
	gboolean key_works;
	char *location;
	CsStoreEntry *entry;
	guint tries;
} Entry;

typedef struct {
	Issuer issuers[ISSUERS]; /* A, a renewed A (same name and key), A's namesake, B */
	Leaf leaves[MAX_LEAVES];
	guint leaf_count;
} World;

static void
make_issuer(World *world, guint at, const char *subject, guint name, guint key)
{
	const CsTestProfile profile = {.subject = subject, .ca = TRUE, .key_number = key};
	Issuer *issuer = &world->issuers[at];
	issuer->name = name;
	issuer->key = key;
	issuer->identity = cs_test_identity_new(&profile, NULL);
	issuer->prepared = cs_issuer_new(cs_test_identity_get_certificate(issuer->identity), NULL);
	g_assert_nonnull(issuer->prepared);
}

static void
make_leaf(World *world, guint issuer, gint64 not_before, gint64 not_after, gboolean suitable)
{
	const CsTestProfile profile = {.not_before = not_before,
				       .not_after = not_after,
				       .key_number = 9,
				       .extended_key_usage = suitable ? NULL : "serverAuth"};
	g_assert_cmpuint(world->leaf_count, <, MAX_LEAVES);
	Leaf *leaf = &world->leaves[world->leaf_count++];
	leaf->issuer_name = world->issuers[issuer].name;
	leaf->issuer_key = world->issuers[issuer].key;
	leaf->not_before = not_before;
	leaf->not_after = not_after;
	leaf->suitable = suitable;
	leaf->identity = cs_test_identity_new(&profile, world->issuers[issuer].identity);
	GBytes *der = cs_test_identity_get_der(leaf->identity);
	leaf->fingerprint = cs_sha256_hex(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
}

static World *
make_world(void)
{
	static const guint authors[] = {0, 2, 3};
	World *world = g_new0(World, 1);
	make_issuer(world, 0, "CN=A,O=x", 0, 1);
	make_issuer(world, 1, "CN=A,O=x", 0, 1);
	make_issuer(world, 2, "CN=A,O=x", 0, 2);
	make_issuer(world, 3, "CN=B,O=x", 1, 3);
	for (gsize i = 0; i < G_N_ELEMENTS(authors); i++) {
		for (gint64 age = 1; age <= 3; age++) {
			make_leaf(world, authors[i], NOW - age * DAY, NOW + DAY, TRUE);
			make_leaf(world, authors[i], NOW - age * DAY, NOW + age * DAY, TRUE);
			make_leaf(world, authors[i], NOW - age * DAY, NOW - 1, TRUE);
			make_leaf(world, authors[i], NOW - age * DAY, NOW + DAY, FALSE);
		}
		make_leaf(world, authors[i], NOW + 1, NOW + DAY, TRUE);
		make_leaf(world, authors[i], NOW, NOW, TRUE);
	}
	return world;
}

static void
free_world(World *world)
{
	for (guint i = 0; i < ISSUERS; i++) {
		cs_issuer_unref(world->issuers[i].prepared);
		cs_test_identity_free(world->issuers[i].identity);
	}
	for (guint i = 0; i < world->leaf_count; i++) {
		cs_test_identity_free(world->leaves[i].identity);
		g_free(world->leaves[i].fingerprint);
	}
	g_free(world);
}

/* ---- one random case ---- */

typedef struct {
	const Issuer *list[MAX_LIST];
	guint list_length;
	Entry entries[MAX_ENTRIES];
	guint entry_count;
	gint64 judged_at;
} Case;

static void
make_entry(World *world, Case *instance)
{
	Entry *entry = &instance->entries[instance->entry_count];
	entry->leaf = &world->leaves[g_test_rand_int_range(0, (gint)world->leaf_count)];
	entry->in_user_store = g_test_rand_int_range(0, 2) == 0;
	entry->key_works = g_test_rand_int_range(0, 3) != 0;
	entry->location = g_strdup_printf("/%c/%02d-%02u", entry->in_user_store ? 'u' : 'm',
					  g_test_rand_int_range(0, 99), instance->entry_count);
	entry->entry = cs_store_entry_new(
		cs_test_identity_get_certificate(entry->leaf->identity), entry->location,
		entry->in_user_store ? CS_STORE_USER : CS_STORE_MACHINE, NULL, NULL, NULL);
	instance->entry_count++;
}

static Case *
make_case(World *world)
{
	static const gint64 times[] = {NOW, NOW, NOW, NOW - 2 * DAY, NOW + 1, NOW + 9 * DAY};
	Case *instance = g_new0(Case, 1);
	guint entries = (guint)g_test_rand_int_range(0, g_test_rand_int_range(1, MAX_ENTRIES + 1));
	instance->list_length = (guint)g_test_rand_int_range(0, MAX_LIST + 1);
	instance->judged_at = times[g_test_rand_int_range(0, G_N_ELEMENTS(times))];
	for (guint i = 0; i < instance->list_length; i++)
		instance->list[i] = &world->issuers[g_test_rand_int_range(0, ISSUERS)];
	for (guint i = 0; i < entries; i++)
		make_entry(world, instance);
	return instance;
}

static void
free_case(Case *instance)
{
	for (guint i = 0; i < instance->entry_count; i++) {
		cs_store_entry_unref(instance->entries[i].entry);
		g_free(instance->entries[i].location);
	}
	g_free(instance);
}

/* ---- the oracle ---- */

/* rule 5: issued by = the name and the signature, which is the key's */
static gboolean
is_issued_by(const Entry *entry, const Issuer *issuer)
{
	return entry->leaf->issuer_name == issuer->name && entry->leaf->issuer_key == issuer->key;
}

/* rule 6: a store answers where it holds a client certificate of that issuer: presence decides */
static gboolean
store_holds_client(const Case *instance, guint place, gboolean user_store)
{
	for (guint i = 0; i < instance->entry_count; i++) {
		const Entry *entry = &instance->entries[i];
		if (entry->in_user_store == user_store && entry->leaf->suitable &&
		    is_issued_by(entry, instance->list[place]))
			return TRUE;
	}
	return FALSE;
}

static gboolean
is_hidden(const Case *instance, guint place, const Entry *entry)
{
	return !entry->in_user_store && store_holds_client(instance, place, TRUE);
}

/* rules 5, 6 and 8: what may be tried at all */
static gboolean
may_be_tried(const Case *instance, guint place, const Entry *entry)
{
	return is_issued_by(entry, instance->list[place]) && entry->leaf->suitable &&
	       !is_hidden(instance, place, entry) &&
	       entry->leaf->not_before <= instance->judged_at &&
	       instance->judged_at <= entry->leaf->not_after;
}

/* rule 8: whether entry a (of the issuer at place_a) comes before b. Copies of one certificate in
 * one store, of which the rules say nothing, by their paths. */
static gboolean
comes_before(const Entry *a, guint place_a, const Entry *b, guint place_b)
{
	if (a->leaf->not_before > b->leaf->not_before)
		return TRUE;
	if (a->leaf->not_before < b->leaf->not_before)
		return FALSE;
	if (a->in_user_store && !b->in_user_store)
		return TRUE;
	if (!a->in_user_store && b->in_user_store)
		return FALSE;
	if (place_a < place_b)
		return TRUE;
	if (place_a > place_b)
		return FALSE;
	if (strcmp(a->leaf->fingerprint, b->leaf->fingerprint) < 0)
		return TRUE;
	if (strcmp(a->leaf->fingerprint, b->leaf->fingerprint) > 0)
		return FALSE;
	return strcmp(a->location, b->location) < 0;
}

/* rules 7 and 8: of those whose key works, the first. FALSE: none. */
static gboolean
find_winner(const Case *instance, const Entry **winner, guint *winner_place)
{
	const Entry *best = NULL;
	for (guint place = 0; place < instance->list_length; place++) {
		for (guint i = 0; i < instance->entry_count; i++) {
			const Entry *entry = &instance->entries[i];
			if (!may_be_tried(instance, place, entry) || !entry->key_works)
				continue;
			if (best == NULL || comes_before(entry, place, best, *winner_place)) {
				best = entry;
				*winner_place = place;
			}
		}
	}
	*winner = best;
	return best != NULL;
}

/* Whether its turn comes before somebody wins, under whichever issuer. */
static gboolean
is_tried(const Case *instance, const Entry *entry)
{
	const Entry *winner = NULL;
	guint winner_place = 0;
	gboolean has_winner = find_winner(instance, &winner, &winner_place);
	for (guint place = 0; place < instance->list_length; place++) {
		if (may_be_tried(instance, place, entry) &&
		    (!has_winner || entry == winner ||
		     comes_before(entry, place, winner, winner_place)))
			return TRUE;
	}
	return FALSE;
}

static const char *
expected_outcome(const Case *instance, guint place, const Entry *entry)
{
	const Entry *winner = NULL;
	guint winner_place = 0;
	if (is_hidden(instance, place, entry))
		return "hidden-by-user-store";
	if (!entry->leaf->suitable)
		return "certificate-unsuitable";
	if (instance->judged_at > entry->leaf->not_after)
		return "certificate-expired";
	if (instance->judged_at < entry->leaf->not_before)
		return "certificate-not-yet-valid";
	find_winner(instance, &winner, &winner_place);
	if (entry == winner && place == winner_place)
		return "selected";
	if (!entry->key_works && is_tried(instance, entry))
		return "key-inaccessible";
	return "older";
}

static const char *
expected_store(const Case *instance, guint place)
{
	if (store_holds_client(instance, place, TRUE))
		return "user";
	return store_holds_client(instance, place, FALSE) ? "machine" : "none";
}

/* The contract: null where one is selected, else that of the newest not hidden. */
static const char *
expected_reason(const Case *instance)
{
	const Entry *winner = NULL;
	const Entry *newest = NULL;
	guint winner_place = 0;
	guint newest_place = 0;
	if (find_winner(instance, &winner, &winner_place))
		return NULL;
	for (guint place = 0; place < instance->list_length; place++) {
		for (guint i = 0; i < instance->entry_count; i++) {
			const Entry *entry = &instance->entries[i];
			if (!is_issued_by(entry, instance->list[place]) ||
			    is_hidden(instance, place, entry))
				continue;
			if (newest == NULL || comes_before(entry, place, newest, newest_place)) {
				newest = entry;
				newest_place = place;
			}
		}
	}
	if (newest != NULL)
		return expected_outcome(instance, newest_place, newest);
	return instance->list_length > 0 ? "no-certificate" : "no-issuers";
}

/* ---- the code under test ---- */

/* What a store's index answers: by the issuer's name alone. */
static GPtrArray *
answer(const Case *instance, guint place, gboolean user_store)
{
	GPtrArray *entries = g_ptr_array_new();
	for (guint i = 0; i < instance->entry_count; i++) {
		const Entry *entry = &instance->entries[i];
		if (entry->in_user_store == user_store &&
		    entry->leaf->issuer_name == instance->list[place]->name)
			g_ptr_array_add(entries, entry->entry);
	}
	return entries;
}

static Entry *
find_entry(Case *instance, const CsStoreEntry *of)
{
	for (guint i = 0; i < instance->entry_count; i++) {
		if (instance->entries[i].entry == of)
			return &instance->entries[i];
	}
	g_assert_not_reached();
}

static CsExplanation *
run(Case *instance)
{
	g_autoptr(GPtrArray) issuers = g_ptr_array_new();
	GPtrArray *user[MAX_LIST];
	GPtrArray *machine[MAX_LIST];
	g_autoptr(GError) failure = NULL;
	cs_error_set(&failure, CS_ERROR_KEY, "key-missing", "no key");
	for (guint place = 0; place < instance->list_length; place++) {
		g_ptr_array_add(issuers, instance->list[place]->prepared);
		user[place] = answer(instance, place, TRUE);
		machine[place] = answer(instance, place, FALSE);
	}
	CsSelection *selection = cs_selection_new(issuers, user, machine, instance->judged_at);
	for (guint place = 0; place < instance->list_length; place++) {
		g_ptr_array_unref(user[place]);
		g_ptr_array_unref(machine[place]);
	}
	for (CsCandidate *candidate = cs_selection_get_next(selection); candidate != NULL;
	     candidate = cs_selection_get_next(selection)) {
		Entry *entry = find_entry(instance, candidate->entry);
		entry->tries++;
		cs_selection_tell(selection, candidate, entry->key_works ? NULL : failure);
	}
	return cs_selection_finish(selection);
}

/* ---- both, compared ---- */

static void
compare_issuer(Case *instance, guint place, const CsIssuerExplanation *issuer)
{
	guint issued = 0;
	g_assert_cmpstr(issuer->answered ? cs_store_kind_to_text(issuer->store) : "none", ==,
			expected_store(instance, place));
	for (guint i = 0; i < instance->entry_count; i++)
		issued += is_issued_by(&instance->entries[i], instance->list[place]) ? 1 : 0;
	g_assert_cmpuint(issuer->candidates->len, ==, issued);
	for (guint i = 0; i < issuer->candidates->len; i++) {
		const CsCandidate *candidate = g_ptr_array_index(issuer->candidates, i);
		const Entry *entry = find_entry(instance, candidate->entry);
		g_assert_true(is_issued_by(entry, instance->list[place]));
		g_assert_cmpstr(cs_candidate_get_outcome_text(candidate), ==,
				expected_outcome(instance, place, entry));
		g_assert_cmpstr(candidate->fingerprint, ==, entry->leaf->fingerprint);
		g_assert_cmpstr(candidate->location, ==, entry->location);
		g_assert_cmpint(candidate->not_before, ==, entry->leaf->not_before);
		g_assert_cmpint(candidate->not_after, ==, entry->leaf->not_after);
		g_assert_true(candidate->detail != NULL && *candidate->detail != '\0');
	}
}

static void
compare(Case *instance, const CsExplanation *explanation)
{
	const Entry *winner = NULL;
	guint winner_place = 0;
	find_winner(instance, &winner, &winner_place);
	g_assert_cmpstr(explanation->selected, ==,
			winner != NULL ? winner->leaf->fingerprint : NULL);
	g_assert_cmpstr(explanation->reason != CS_REASON_NONE
				? cs_reason_to_code(explanation->reason)
				: NULL,
			==, expected_reason(instance));
	g_assert_cmpuint(explanation->issuers->len, ==, instance->list_length);
	for (guint place = 0; place < instance->list_length; place++)
		compare_issuer(instance, place, g_ptr_array_index(explanation->issuers, place));
	for (guint i = 0; i < instance->entry_count; i++)
		g_assert_cmpuint(instance->entries[i].tries, ==,
				 is_tried(instance, &instance->entries[i]) ? 1 : 0);
}

/* rule 4, rule 5, rule 6, rule 7, rule 8 */
static void
test_random_stores(void)
{
	World *world = make_world();
	guint selected = 0;
	for (guint i = 0; i < RUNS; i++) {
		Case *instance = make_case(world);
		g_autoptr(CsExplanation) explanation = run(instance);
		compare(instance, explanation);
		selected += explanation->selected != NULL ? 1 : 0;
		free_case(instance);
	}
	g_test_message("%u of %u cases selected a certificate", selected, RUNS);
	g_assert_cmpuint(selected, >, RUNS / 4);
	g_assert_cmpuint(selected, <, RUNS * 3 / 4);
	free_world(world);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/selection/oracle", test_random_stores);
	return g_test_run();
}
