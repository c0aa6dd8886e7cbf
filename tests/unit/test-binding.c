/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/binding.h"

#include "core/authority/registry-private.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

typedef struct {
	CsTestRegistry *test;
	CsRegistry *registry;
	CsTestIdentity *identity;
	const char *key_fingerprint;
	const char *fingerprint;
} Fixture;

/* d1 has four device keys: its founder's, one that nobody approved, and two approved ones. */
static void
set_up(Fixture *f, gconstpointer data)
{
	f->test = cs_test_registry_new();
	f->registry = f->test->registry;
	f->identity = cs_test_identity_new(NULL, NULL);
	CsCertificate *certificate = cs_test_identity_get_certificate(f->identity);
	f->key_fingerprint = cs_certificate_get_key_fingerprint(certificate);
	f->fingerprint = cs_certificate_get_fingerprint(certificate);
	cs_test_put_device(f->registry, "d1");
	cs_test_put_key(f->registry, "founder", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(f->registry, "plain", "d1", CS_APPROVAL_NONE);
	cs_test_put_key(f->registry, "approved1", "d1", CS_APPROVAL_ADMINISTRATOR);
	cs_test_put_key(f->registry, "approved2", "d1", CS_APPROVAL_ADMINISTRATOR);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_identity_free(f->identity);
	cs_test_registry_free(f->test);
}

static CsLinkRow *
find(Fixture *f)
{
	CsLinkRow *row = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(cs_registry_find_link(f->registry, f->key_fingerprint, &row, &error));
	g_assert_no_error(error);
	return row;
}

/* As the service does: the link is found, and written again. */
static gboolean
bind(Fixture *f, CsBinding binding, const char *key_id, GError **error)
{
	const CsDecision decision = {
		.authenticated = TRUE,
		.managed = TRUE,
		.binding = binding,
		.certificate = cs_test_identity_get_certificate(f->identity),
	};
	const CsBindingRequest request = {
		.decision = &decision,
		.device_id = "d1",
		.key_id = key_id,
		.now = CS_TEST_NOW + 60,
	};
	g_autoptr(CsLinkRow) found = find(f);

	return cs_binding_write(f->registry, &request, found, error);
}

static void
expect(Fixture *f, gint64 bound_at, const char *key_ids)
{
	g_autoptr(CsLinkRow) row = find(f);
	g_autofree char *found = g_strjoinv(" ", row->key_ids);

	g_assert_cmpstr(row->device_id, ==, "d1");
	g_assert_cmpint(row->state, ==, CS_LINK_BOUND);
	g_assert_cmpint(row->bound_at, ==, bound_at);
	g_assert_cmpint(row->hand_over_until, ==, 0);
	g_assert_cmpstr(row->certificate, ==, f->fingerprint);
	g_assert_cmpstr(found, ==, key_ids);
}

/* rules 15 and 26: the key that binds first, then what the administrator approved, each once */
static void
test_bind(Fixture *f, gconstpointer data)
{
	g_assert_true(bind(f, CS_BINDING_BIND, "founder", NULL));
	expect(f, CS_TEST_NOW + 60, "founder approved1 approved2");
}

static void
test_bind_by_approved_key(Fixture *f, gconstpointer data)
{
	g_assert_true(bind(f, CS_BINDING_BIND, "approved2", NULL));
	expect(f, CS_TEST_NOW + 60, "approved2 approved1");
}

/* rule 26: it joins the others, and the link stays of the day on which it was bound */
static void
test_add_key(Fixture *f, gconstpointer data)
{
	cs_test_put_link(f->registry, f->key_fingerprint, "d1", CS_LINK_BOUND, "founder");
	g_assert_true(bind(f, CS_BINDING_ADD_KEY, "approved1", NULL));
	expect(f, CS_TEST_NOW, "founder approved1");
}

/* rules 25 and 26: nobody's but this key's from here on, and open no longer */
static void
test_hand_over(Fixture *f, gconstpointer data)
{
	g_autoptr(CsLinkRow) row = NULL;

	cs_test_put_link(f->registry, f->key_fingerprint, "d1", CS_LINK_SUSPENDED, "founder");
	row = find(f);
	row->hand_over_until = CS_TEST_NOW + 3600;
	g_assert_true(cs_registry_put_link(f->registry, row, NULL));
	g_assert_true(bind(f, CS_BINDING_HAND_OVER, "plain", NULL));
	expect(f, CS_TEST_NOW + 60, "plain");
}

/* A renewed certificate of a bound key is noted, and nothing else of the link changes. */
static void
test_renewed(Fixture *f, gconstpointer data)
{
	cs_test_put_link(f->registry, f->key_fingerprint, "d1", CS_LINK_BOUND, "founder");
	g_assert_true(bind(f, CS_BINDING_NONE, "founder", NULL));
	expect(f, CS_TEST_NOW, "founder");
}

static void
forbid_writes(Fixture *f)
{
	g_assert_cmpint(sqlite3_exec(f->registry->database,
				     "CREATE TRIGGER no_new BEFORE INSERT ON links BEGIN"
				     " SELECT RAISE (ABORT, 'no'); END",
				     NULL, NULL, NULL),
			==, SQLITE_OK);
}

/* What is bound already is not written again: an authentication costs no write for it. */
static void
test_nothing_to_write(Fixture *f, gconstpointer data)
{
	g_assert_true(bind(f, CS_BINDING_BIND, "founder", NULL));
	forbid_writes(f);
	g_assert_true(bind(f, CS_BINDING_NONE, "founder", NULL));
	expect(f, CS_TEST_NOW + 60, "founder approved1 approved2");
}

/* Nothing of a binding is there where any part of it fails. */
static void
test_fails(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(bind(f, CS_BINDING_BIND, "no such key", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-conflict");
	g_assert_null(find(f));
	g_assert_cmpint(sqlite3_exec(f->registry->database,
				     "ALTER TABLE device_keys RENAME COLUMN approval TO was", NULL,
				     NULL, NULL),
			==, SQLITE_OK);
	g_assert_false(bind(f, CS_BINDING_BIND, "founder", &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "registry-unavailable");
	g_assert_null(find(f));
}

#define ADD(name, function) g_test_add("/binding/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("bind", test_bind);
	ADD("bind-by-approved-key", test_bind_by_approved_key);
	ADD("add-key", test_add_key);
	ADD("hand-over", test_hand_over);
	ADD("renewed", test_renewed);
	ADD("nothing-to-write", test_nothing_to_write);
	ADD("fails", test_fails);
	return g_test_run();
}
