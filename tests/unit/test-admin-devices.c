/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/authority-fixture.h"

#define WEEK_S (7 * 86400)

/* d1 with two keys, two accounts, a link of each state; d2 with one of its own. */
static CsTestAuthority *
set_up(void)
{
	CsTestAuthority *test = cs_test_authority_new();
	CsRegistry *r = test->registry;

	cs_test_put_user(r, "u1", "alice");
	cs_test_put_user(r, "u2", "bob");
	cs_test_put_device(r, "d1");
	cs_test_put_device(r, "d2");
	cs_test_put_key(r, "k1", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(r, "k2", "d1", CS_APPROVAL_NONE);
	cs_test_put_key(r, "k3", "d2", CS_APPROVAL_FOUNDER);
	cs_test_put_account(r, "a1", "u1", "d1", "k1");
	cs_test_put_account(r, "a2", "u2", "d1", "k2");
	cs_test_put_account(r, "a3", "u1", "d2", "k3");
	cs_test_put_link(r, "bound", "d1", CS_LINK_BOUND, "k1");
	cs_test_put_link(r, "suspended", "d1", CS_LINK_SUSPENDED, "k1");
	cs_test_put_link(r, "refused", "d1", CS_LINK_REFUSED, "k1");
	cs_test_put_link(r, "other", "d2", CS_LINK_BOUND, "k3");
	test->now += 60;
	return test;
}

static void
move(CsTestAuthority *test, const char *id, CsDeviceMove which)
{
	g_autoptr(GError) error = NULL;

	cJSON_Delete(cs_admin_move_device(test->authority, id, which, WEEK_S, &error));
	g_assert_no_error(error);
	test->logged = cs_test_count_log(test->registry);
}

static void
expect_link(CsTestAuthority *test, const char *key, CsLinkState state, gint64 hand_over_until)
{
	g_autoptr(CsLinkRow) link = NULL;

	g_assert_true(cs_registry_find_link(test->registry, key, &link, NULL));
	g_assert_cmpint(link->state, ==, state);
	g_assert_cmpint(link->hand_over_until, ==, hand_over_until);
	g_assert_cmpint(link->bound_at, ==, CS_TEST_NOW);
	g_assert_cmpstr(link->key_ids[0], ==, g_str_equal(key, "other") ? "k3" : "k1");
	g_assert_null(link->key_ids[1]);
}

/* What no move may touch. */
static void
expect_others(CsTestAuthority *test)
{
	expect_link(test, "refused", CS_LINK_REFUSED, 0);
	expect_link(test, "other", CS_LINK_BOUND, 0);
}

static void
expect_accounts(CsTestAuthority *test, const char *ended)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_accounts(test->registry, NULL, NULL, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < rows->len; i++) {
		const CsAccountRow *row = g_ptr_array_index(rows, i);

		if (!row->deleted)
			continue;
		g_assert_cmpint(row->deleted_at, ==, test->now);
		g_string_append_printf(text, "%s ", row->id);
	}
	g_assert_cmpstr(text->str, ==, ended);
}

/* rule 22: suspending and resuming change nothing else */
static void
test_suspend(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;

	cs_test_expect_json(cs_admin_move_device(test->authority, "d1", CS_MOVE_SUSPEND, 0, &error),
			    error, "{\"id\":\"d1\",\"state\":\"suspended\"}");
	cs_test_expect_log(test, "device-suspend ok - d1 - -");
	expect_link(test, "bound", CS_LINK_BOUND, 0);
	expect_link(test, "suspended", CS_LINK_SUSPENDED, 0);
	expect_others(test);
	expect_accounts(test, "");
	cs_test_expect_json(cs_admin_move_device(test->authority, "d1", CS_MOVE_RESUME, 0, &error),
			    error, "{\"id\":\"d1\",\"state\":\"active\"}");
	cs_test_expect_log(test, "device-resume ok - d1 - -");
	expect_link(test, "bound", CS_LINK_BOUND, 0);
	expect_link(test, "suspended", CS_LINK_SUSPENDED, 0);
	expect_others(test);
	expect_accounts(test, "");
}

/* rule 22: deactivating suspends the links and drops the accounts for good; rule 25, rule 26:
 * reactivating opens a hand-over for each suspended link */
static void
test_deactivate(void)
{
	for (int suspended_first = 0; suspended_first < 2; suspended_first++) {
		g_autoptr(CsTestAuthority) test = set_up();
		g_autoptr(CsDeviceRow) device = NULL;
		g_autoptr(GError) error = NULL;

		if (suspended_first == 1)
			move(test, "d1", CS_MOVE_SUSPEND);
		cs_test_expect_json(
			cs_admin_move_device(test->authority, "d1", CS_MOVE_DEACTIVATE, 0, &error),
			error, "{\"id\":\"d1\",\"state\":\"deactivated\"}");
		cs_test_expect_log(test, "account-delete ok - d1 a1 -\n"
					 "account-delete ok - d1 a2 -\n"
					 "link-suspend ok - d1 - certificate-bound\n"
					 "link-suspend ok - d1 - certificate-suspended\n"
					 "device-deactivate ok - d1 - -");
		device = cs_registry_get_device(test->registry, "d1", &error);
		g_assert_cmpint(device->deactivated_at, ==, test->now);
		g_assert_cmpint(device->reactivated_at, ==, 0);
		expect_link(test, "bound", CS_LINK_SUSPENDED, 0);
		expect_link(test, "suspended", CS_LINK_SUSPENDED, 0);
		expect_others(test);
		expect_accounts(test, "a1 a2 ");
	}
}

/* What had ended before keeps the time of its end. */
static void
test_ended_before(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(CsAccountRow) row = NULL;
	g_autoptr(CsAccountRow) after = NULL;

	g_assert_true(cs_registry_find_account(test->registry, "a1", &row, NULL));
	row->deleted = TRUE;
	row->deleted_at = CS_TEST_NOW;
	g_assert_true(cs_registry_put_account(test->registry, row, NULL));
	cJSON_Delete(cs_admin_move_device(test->authority, "d1", CS_MOVE_DEACTIVATE, 0, NULL));
	cs_test_expect_log(test, "account-delete ok - d1 a2 -\n"
				 "link-suspend ok - d1 - certificate-bound\n"
				 "link-suspend ok - d1 - certificate-suspended\n"
				 "device-deactivate ok - d1 - -");
	g_assert_true(cs_registry_find_account(test->registry, "a1", &after, NULL));
	g_assert_cmpint(after->deleted_at, ==, CS_TEST_NOW);
}

static void
test_reactivate(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(CsDeviceRow) device = NULL;
	g_autoptr(GError) error = NULL;

	move(test, "d1", CS_MOVE_DEACTIVATE);
	expect_accounts(test, "a1 a2 ");
	test->now += 60;
	cs_test_expect_json(
		cs_admin_move_device(test->authority, "d1", CS_MOVE_REACTIVATE, WEEK_S, &error),
		error, "{\"id\":\"d1\",\"state\":\"active\"}");
	cs_test_expect_log(test, "hand-over-open ok - d1 - certificate-bound\n"
				 "hand-over-open ok - d1 - certificate-suspended\n"
				 "device-reactivate ok - d1 - -");
	device = cs_registry_get_device(test->registry, "d1", &error);
	g_assert_cmpint(device->reactivated_at, ==, test->now);
	expect_link(test, "bound", CS_LINK_SUSPENDED, test->now + WEEK_S);
	expect_link(test, "suspended", CS_LINK_SUSPENDED, test->now + WEEK_S);
	expect_others(test);

	/* A second deactivation closes what the first reactivation opened. */
	move(test, "d1", CS_MOVE_DEACTIVATE);
	expect_link(test, "bound", CS_LINK_SUSPENDED, 0);
	expect_others(test);
}

static void
put_issued(CsTestAuthority *test, const char *serial, const char *key, gint64 revoked_at)
{
	g_autoptr(GBytes) der = g_bytes_new_static("der", 3);
	g_autofree char *fingerprint = g_strconcat("f-", serial, NULL);
	const CsIssuedRow row = {
		.serial = (char *)serial,
		.fingerprint = fingerprint,
		.key_fingerprint = (char *)key,
		.subject = (char *)"CN=Test",
		.der = der,
		.revoked_at = revoked_at,
	};

	g_assert_true(cs_registry_put_issued(test->registry, &row, NULL));
}

static void
expect_revoked(CsTestAuthority *test, const char *serial, gint64 revoked_at)
{
	g_autoptr(CsIssuedRow) row = NULL;

	g_assert_true(cs_registry_find_issued_by_serial(test->registry, serial, &row, NULL));
	g_assert_cmpint(row->revoked_at, ==, revoked_at);
}

/* rule 22: refused for ever, and revoked where the built-in CA issued */
static void
test_delete(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;

	put_issued(test, "01", "bound", 0);
	put_issued(test, "02", "bound", 5);
	put_issued(test, "03", "bound", 0);
	put_issued(test, "04", "other", 0);
	move(test, "d1", CS_MOVE_DEACTIVATE);
	cs_test_expect_json(cs_admin_move_device(test->authority, "d1", CS_MOVE_DELETE, 0, &error),
			    error, "{\"id\":\"d1\",\"state\":\"deleted\"}");
	cs_test_expect_log(test, "link-refuse ok - d1 - certificate-bound\n"
				 "certificate-revoke ok - d1 - f-01\n"
				 "certificate-revoke ok - d1 - f-03\n"
				 "link-refuse ok - d1 - certificate-suspended\n"
				 "device-delete ok - d1 - -");
	expect_link(test, "bound", CS_LINK_REFUSED, 0);
	expect_link(test, "suspended", CS_LINK_REFUSED, 0);
	expect_others(test);
	expect_revoked(test, "01", test->now);
	expect_revoked(test, "02", 5);
	expect_revoked(test, "03", test->now);
	expect_revoked(test, "04", 0);
}

/* rule 22: every other move is refused with the reason, and changes nothing */
static void
test_forbidden(void)
{
	static const struct {
		CsDeviceMove move;
		const char *event;
	} forbidden[] = {
		{CS_MOVE_RESUME, "device-resume"},
		{CS_MOVE_REACTIVATE, "device-reactivate"},
		{CS_MOVE_DELETE, "device-delete"},
	};
	g_autoptr(CsTestAuthority) test = set_up();

	for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++) {
		g_autofree char *line = g_strdup_printf("%s refused transition-forbidden d1 - -",
							forbidden[i].event);
		g_autoptr(GError) error = NULL;

		cs_test_expect_error(cs_admin_move_device(test->authority, "d1", forbidden[i].move,
							  WEEK_S, &error),
				     &error, CS_ERROR_REFUSED, "transition-forbidden");
		cs_test_expect_log(test, line);
		expect_link(test, "bound", CS_LINK_BOUND, 0);
		expect_link(test, "suspended", CS_LINK_SUSPENDED, 0);
		expect_others(test);
		expect_accounts(test, "");
	}
}

static void
test_arguments(void)
{
	static const gint64 bad[] = {-1, 0, 3599, 90 * 86400 + 1, G_MAXINT64};
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(
		cs_admin_move_device(test->authority, "d9", CS_MOVE_SUSPEND, 0, &error), &error,
		CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_log(test, "device-suspend refused not-found - - -");
	move(test, "d1", CS_MOVE_DEACTIVATE);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		cs_test_expect_error(cs_admin_move_device(test->authority, "d1", CS_MOVE_REACTIVATE,
							  bad[i], &error),
				     &error, CS_ERROR_USAGE, "hand-over-invalid");
}

static char *
dup_keys(CsTestAuthority *test, const char *key_fingerprint)
{
	g_autoptr(CsLinkRow) link = NULL;

	g_assert_true(cs_registry_find_link(test->registry, key_fingerprint, &link, NULL));
	return g_strjoinv(" ", link->key_ids);
}

static void
expect_keys(CsTestAuthority *test, const char *key_fingerprint, const char *expected)
{
	g_autofree char *keys = dup_keys(test, key_fingerprint);

	g_assert_cmpstr(keys, ==, expected);
}

/* rule 26: the key joins all the record's links that are not refused */
static void
test_approve(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(CsDeviceKeyRow) key = NULL;
	g_autoptr(GError) error = NULL;

	for (int twice = 0; twice < 2; twice++) {
		cs_test_expect_json(cs_admin_approve_key(test->authority, "d1", "k2", &error),
				    error, "{\"id\":\"d1\",\"key\":\"k2\",\"approved\":true}");
		cs_test_expect_log(test, "device-approve ok - d1 - -");
		expect_keys(test, "bound", "k1 k2");
		expect_keys(test, "suspended", "k1 k2");
		expect_keys(test, "refused", "k1");
		expect_keys(test, "other", "k3");
	}
	key = cs_registry_get_device_key(test->registry, "k2", &error);
	g_assert_cmpint(key->approval, ==, CS_APPROVAL_ADMINISTRATOR);
}

static void
test_approve_refused(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(cs_admin_approve_key(test->authority, "d9", "k1", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_approve_key(test->authority, "d1", "k9", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_approve_key(test->authority, "d1", "k3", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	move(test, "d1", CS_MOVE_DEACTIVATE);
	move(test, "d1", CS_MOVE_DELETE);
	cs_test_expect_error(cs_admin_approve_key(test->authority, "d1", "k2", &error), &error,
			     CS_ERROR_REFUSED, "device-deleted");
	cs_test_expect_log(test, "device-approve refused device-deleted d1 - -");
	expect_keys(test, "bound", "k1");
}

static gboolean
has_link(CsTestAuthority *test, const char *key_fingerprint)
{
	g_autoptr(CsLinkRow) link = NULL;

	g_assert_true(cs_registry_find_link(test->registry, key_fingerprint, &link, NULL));
	return link != NULL;
}

/* rule 15: by the certificate's fingerprint or its key's, however it is written */
static void
test_release(void)
{
	static const char *const names[] = {"bound", "certificate-bound", "BO:UN:D",
					    "older-certificate"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(CsTestAuthority) test = set_up();
		g_autoptr(GError) error = NULL;

		g_assert_true(cs_registry_note_certificate(test->registry, "older-certificate",
							   "bound", NULL));
		cs_test_expect_json(cs_admin_release_link(test->authority, "d1", names[i], &error),
				    error,
				    "{\"id\":\"d1\",\"certificate\":\"certificate-bound\","
				    "\"key_fingerprint\":\"bound\"}");
		cs_test_expect_log(test, "device-release ok - d1 - certificate-bound");
		g_assert_false(has_link(test, "bound"));
		g_assert_true(has_link(test, "suspended"));
		cs_test_expect_error(cs_admin_release_link(test->authority, "d1", names[i], &error),
				     &error, CS_ERROR_NOT_FOUND, "not-found");
	}
}

static void
test_release_refused(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(cs_admin_release_link(test->authority, "d9", "bound", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_release_link(test->authority, "d2", "bound", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(
		cs_admin_release_link(test->authority, "d2", "certificate-bound", &error), &error,
		CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_error(cs_admin_release_link(test->authority, "d1", "", &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	test->logged = cs_test_count_log(test->registry);
	cs_test_expect_error(cs_admin_release_link(test->authority, "d1", "refused", &error),
			     &error, CS_ERROR_REFUSED, "link-refused");
	cs_test_expect_log(test, "device-release refused link-refused d1 - certificate-refused");
	g_assert_true(has_link(test, "bound"));
	g_assert_true(has_link(test, "refused"));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-devices/suspend", test_suspend);
	g_test_add_func("/admin-devices/deactivate", test_deactivate);
	g_test_add_func("/admin-devices/ended-before", test_ended_before);
	g_test_add_func("/admin-devices/reactivate", test_reactivate);
	g_test_add_func("/admin-devices/delete", test_delete);
	g_test_add_func("/admin-devices/forbidden", test_forbidden);
	g_test_add_func("/admin-devices/arguments", test_arguments);
	g_test_add_func("/admin-devices/approve", test_approve);
	g_test_add_func("/admin-devices/approve-refused", test_approve_refused);
	g_test_add_func("/admin-devices/release", test_release);
	g_test_add_func("/admin-devices/release-refused", test_release_refused);
	return g_test_run();
}
