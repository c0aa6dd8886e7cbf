/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/authentication.h"
#include "core/account/deletion.h"
#include "core/account/enrolment.h"
#include "core/base/error.h"
#include "core/store/removal.h"
#include "tests/faults/client-writes.h"
#include "tests/fixtures/account-fixture.h"

#include <string.h>

/* The client's writes: an account, a verdict with its explanation, a deletion, of an account and of
 * a certificate. */

#define CODE "ABCDEFGH2345"

typedef struct {
	CsTestServer *server;
	CsTestHome *home;
	char *id;    /* (nullable) */
	char *other; /* (nullable) an account that nobody touches */
	char *before;
} World;

/* Made once: the certificate of every verdict. */
static CsTestIdentity *ca;
static CsTestIdentity *device;

static void
free_world(gpointer data)
{
	World *world = data;

	g_free(world->id);
	g_free(world->other);
	g_free(world->before);
	cs_test_home_free(world->home);
	cs_test_server_free(world->server);
	g_free(world);
}

static gpointer
set_up_empty(const CsFaultyWrite *write)
{
	World *world = g_new0(World, 1);

	world->server = cs_test_server_new();
	world->home = cs_test_home_new();
	cs_test_server_add_code(world->server, CODE, "ada");
	return world;
}

static gboolean
enrol(World *world, CsTestHome *home, GError **error)
{
	g_autoptr(CsSecret) code = cs_secret_new(CODE, strlen(CODE));
	g_autoptr(CsIntroduction) introduction = cs_enrolment_introduce(
		&home->client, cs_test_server_get_url(world->server), NULL, NULL, error);
	g_autoptr(CsAccount) account = NULL;

	if (introduction == NULL)
		return FALSE;
	account = cs_enrolment_add(&home->client, introduction, code, NULL, error);
	if (account == NULL)
		return FALSE;
	g_free(world->id);
	world->id = g_strdup(account->id);
	return TRUE;
}

static GPtrArray *
list(CsTestHome *home)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *accounts = cs_account_book_list(&home->client, &error);

	g_assert_no_error(error);
	return accounts;
}

/* With two accounts, one of which nobody touches. */
static World *
set_up_enrolled(void)
{
	World *world = set_up_empty(NULL);

	g_assert_true(enrol(world, world->home, NULL));
	world->other = cs_test_home_enrol(world->home, world->server, "eve");
	return world;
}

static void
check_other(const World *world, CsTestHome *home)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = cs_account_book_get(&home->client, world->other, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(account->user, ==, "eve");
}

static gboolean
act_add(gpointer data, GError **error)
{
	World *world = data;

	return enrol(world, world->home, error);
}

/* The second try, by the same code, ends with one account on both sides and no file too many. */
static void
check_add(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autoptr(CsTestHome) home = cs_test_home_new_beside(world->home);
	g_autoptr(GPtrArray) after = list(home);
	g_autoptr(GPtrArray) again = NULL;
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(GError) error = NULL;

	if (acknowledged) {
		g_assert_cmpuint(after->len, ==, 1);
		g_assert_cmpstr(((CsAccount *)after->pdata[0])->id, ==, world->id);
	}
	g_assert_cmpuint(after->len, <=, 1);
	if (after->len == 0)
		g_assert_true(enrol(world, home, &error));
	again = list(home);
	g_assert_cmpuint(again->len, ==, 1);
	g_assert_cmpuint(cs_test_server_count_accounts(world->server), ==, 1);
	account = cs_authentication_run(&home->client, ((CsAccount *)again->pdata[0])->id, NULL,
					NULL, NULL, &error);
	g_assert_no_error(error);
	/* The device's key and the account's, and nothing else. */
	g_assert_cmpuint(cs_test_home_count(home, "keys"), ==, 2);
}

static char *
describe(CsTestHome *home, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = cs_account_book_get(&home->client, id, &error);
	g_autoptr(cJSON) json = NULL;

	g_assert_no_error(error);
	json = cs_account_to_json(account, NULL);
	return cs_json_print(json);
}

static void
authenticate(CsTestHome *home, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account =
		cs_authentication_run(&home->client, id, NULL, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_nonnull(account);
}

/* An account that was once found not managed, and now has a certificate. */
static gpointer
set_up_verdict(const CsFaultyWrite *write)
{
	World *world = set_up_enrolled();

	if (ca == NULL) {
		ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
		device = cs_test_identity_new(NULL, ca);
	}
	cs_test_server_add_issuer(world->server, cs_test_identity_get_certificate(ca));
	authenticate(world->home, world->id);
	world->before = describe(world->home, world->id);
	cs_test_home_install(world->home, "device", device);
	return world;
}

static gboolean
act_verdict(gpointer data, GError **error)
{
	World *world = data;
	g_autoptr(CsAccount) account =
		cs_authentication_run(&world->home->client, world->id, NULL, NULL, NULL, error);

	return account != NULL;
}

/* A verdict without a certificate is the honest answer to a store that could not be read. */
static void
check_whole(const CsAccount *account)
{
	if (account->managed == CS_MANAGED_YES) {
		g_assert_cmpint(account->reason, ==, CS_REASON_MANAGED);
		g_assert_cmpstr(
			account->certificate_fingerprint, ==,
			cs_certificate_get_fingerprint(cs_test_identity_get_certificate(device)));
		return;
	}
	g_assert_cmpint(account->managed, ==, CS_MANAGED_NO);
	g_assert_true(cs_reason_is_of(account->reason, CS_REASON_SIDE_CLIENT));
	g_assert_null(account->certificate_fingerprint);
}

static void
check_verdict(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autoptr(CsTestHome) home = cs_test_home_new_beside(world->home);
	g_autofree char *after = describe(home, world->id);
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) explanation =
		cs_account_book_get_explanation(&home->client, world->id, &error);
	g_autoptr(CsAccount) account = cs_account_book_get(&home->client, world->id, NULL);
	g_autoptr(CsAccount) again = NULL;

	g_assert_no_error(error);
	g_assert_nonnull(cs_json_get_array(explanation, "issuers", NULL));
	check_other(world, home);
	check_whole(account);
	if (!acknowledged && account->managed == CS_MANAGED_NO &&
	    account->reason == CS_REASON_NO_CERTIFICATE)
		g_assert_cmpstr(after, ==, world->before);
	authenticate(home, world->id);
	again = cs_account_book_get(&home->client, world->id, NULL);
	g_assert_cmpint(again->managed, ==, CS_MANAGED_YES);
	g_assert_cmpuint(cs_test_home_count(home, "keys"), ==, 3);
	g_assert_cmpuint(cs_test_home_count(home, "explanations"), ==, 1);
	g_assert_cmpuint(cs_test_home_count(home, "history"), ==, 1);
}

static gpointer
set_up_delete(const CsFaultyWrite *write)
{
	World *world = set_up_enrolled();

	authenticate(world->home, world->id);
	return world;
}

static gboolean
act_delete(gpointer data, GError **error)
{
	World *world = data;
	gboolean pending = FALSE;

	return cs_deletion_delete(&world->home->client, world->id, &pending, NULL, error);
}

/* Rule 23: it left the list at once, or nothing happened; in the end the server knows, and the key
 * is gone. */
static void
check_delete(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autoptr(CsTestHome) home = cs_test_home_new_beside(world->home);
	g_autoptr(GPtrArray) after = list(home);
	g_autoptr(GError) error = NULL;

	check_other(world, home);
	g_assert_cmpuint(after->len, <=, acknowledged ? 1 : 2);
	if (after->len == 2) {
		gboolean pending = TRUE;

		g_assert_false(cs_test_server_is_deleted(world->server, world->id));
		authenticate(home, world->id);
		g_assert_true(cs_deletion_delete(&home->client, world->id, &pending, NULL, &error));
		g_assert_false(pending);
	}
	g_assert_cmpuint(cs_deletion_retry(&home->client, NULL, &error), ==, 0);
	g_assert_no_error(error);
	g_assert_true(cs_test_server_is_deleted(world->server, world->id));
	/* A write that comes through clears what a failed one left. */
	g_free(cs_test_home_enrol(home, world->server, "bob"));
	g_assert_cmpuint(cs_test_home_count(home, "keys"), ==, 3);
	g_assert_cmpuint(cs_test_home_count(home, "explanations"), ==, 0);
	g_assert_cmpuint(cs_test_home_count(home, "history"), ==, 0);
}

/* A managed device, with the certificate in its user's directory. */
static gpointer
set_up_removal(const CsFaultyWrite *write)
{
	World *world = g_new0(World, 1);
	g_autofree char *key = NULL;

	if (ca == NULL) {
		ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE}, NULL);
		device = cs_test_identity_new(NULL, ca);
	}
	world->server = cs_test_server_new();
	world->home = cs_test_home_new();
	key = cs_test_identity_dup_key_pem(device, CS_TEST_KEY_PKCS8, NULL);
	g_free(cs_test_write_text(world->home->certificates, "device.pem",
				  cs_test_identity_get_pem(device)));
	g_free(cs_test_write_text(world->home->certificates, "device.key", key));
	return world;
}

static CsRemoval *
remove_device(CsTestHome *home, GError **error)
{
	return cs_removal_run(
		home->client.settings,
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(device)), NULL,
		error);
}

static gboolean
act_removal(gpointer data, GError **error)
{
	World *world = data;
	g_autoptr(CsRemoval) removal = remove_device(world->home, error);

	return removal != NULL;
}

static gboolean
holds(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *content = NULL;

	return g_file_get_contents(path, &content, NULL, NULL) && strcmp(content, text) == 0;
}

/* Rule 9: it is where it was or in the backup, whole, and the next try ends what was begun. */
static void
check_removal(gpointer data, gboolean acknowledged)
{
	World *world = data;
	const char *store = world->home->certificates;
	const char *pem = cs_test_identity_get_pem(device);
	g_autofree char *key = cs_test_identity_dup_key_pem(device, CS_TEST_KEY_PKCS8, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strndup(
		cs_certificate_get_fingerprint(cs_test_identity_get_certificate(device)), 16);
	g_autofree char *backup =
		g_build_filename(cs_settings_get_state_folder(world->home->client.settings),
				 "deleted-certificates", name, NULL);
	g_autoptr(CsRemoval) again = NULL;
	g_autoptr(GDir) left = NULL;
	g_autoptr(GError) error_of_list = NULL;

	g_assert_true(holds(store, "device.pem", pem) || holds(backup, "device.pem", pem));
	g_assert_true(holds(store, "device.key", key) || holds(backup, "device.key", key));
	again = remove_device(world->home, &error);
	if (acknowledged || again == NULL)
		g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_assert_true(holds(backup, "device.pem", pem) && holds(backup, "device.key", key));
	left = g_dir_open(store, 0, &error_of_list);
	g_assert_no_error(error_of_list);
	g_assert_null(g_dir_read_name(left));
}

const CsFaultyWrite cs_client_writes[] = {
	{"account-add", set_up_empty, act_add, check_add, free_world, NULL},
	{"verdict", set_up_verdict, act_verdict, check_verdict, free_world, NULL},
	{"account-delete", set_up_delete, act_delete, check_delete, free_world, NULL},
	{"certificate-delete", set_up_removal, act_removal, check_removal, free_world, NULL, TRUE},
};
const gsize cs_client_writes_count = G_N_ELEMENTS(cs_client_writes);

void
cs_client_writes_clear(void)
{
	g_clear_pointer(&ca, cs_test_identity_free);
	g_clear_pointer(&device, cs_test_identity_free);
}
