/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"
#include "tests/faults/io-driver.h"
#include "tests/faults/io-shim.h"
#include "tests/fixtures/csr-fixture.h"
#include "tests/fixtures/client-fixture.h"

#include <sqlite3.h>
#include <string.h>

/* The authority's writes: what an administrator does, and what a device causes. */

typedef struct _World World;
typedef cJSON *(*Act)(CsAuthority *authority, World *world, GError **error);

struct _World {
	/* An administrator's: a folder of its own. */
	char *folder;
	const char *name;
	Act act;
	CsClock clock;
	char *argument;
	/* A device's: a serving authority. */
	CsTestService *service;
	CsTestClient *client;
	CsTestClient *other;
	CsTestCredential *credential;
	CsTestResponse *response; /* made before the faults, for it opens a transaction */
	char *code;
	gboolean managed;
	char *before; /* the registry's state */
};

static GBytes *csr;		/* made once */
static GHashTable *done_states; /* by the write's name */

static gint64
get_now_cb(gpointer data)
{
	return G_GINT64_CONSTANT(1800000000);
}

static gint64
get_monotonic_cb(gpointer data)
{
	return get_now_cb(data) * G_USEC_PER_SEC;
}

static void
free_world(gpointer data)
{
	World *world = data;

	g_clear_pointer(&world->client, cs_test_client_free);
	g_clear_pointer(&world->other, cs_test_client_free);
	g_clear_pointer(&world->credential, cs_test_credential_free);
	g_clear_pointer(&world->response, cs_test_response_free);
	g_clear_pointer(&world->service, cs_test_service_free);
	if (world->folder != NULL)
		cs_test_delete_folder(world->folder);
	g_free(world->folder);
	g_free(world->argument);
	g_free(world->code);
	g_free(world->before);
	g_free(world);
}

static char *
ask(sqlite3 *database, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	char *answer;

	g_assert_cmpint(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
	answer = g_strdup((const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return answer;
}

/* All that a half-done act could leave: how many rows everywhere, and in which state. Sound, too. */
static char *
describe(const char *folder)
{
	static const char sql[] =
		"SELECT 'users ' || (SELECT count(*) FROM users) || ', devices '"
		" || (SELECT count(*) FROM devices) || ', keys '"
		" || (SELECT count(*) FROM device_keys) || ', accounts '"
		" || (SELECT count(*) FROM accounts) || ', ended '"
		" || (SELECT count(*) FROM accounts WHERE deleted) || ', codes '"
		" || (SELECT count(*) FROM codes) || ', links '"
		" || (SELECT count(*) FROM links) || ', link keys '"
		" || (SELECT count(*) FROM link_keys) || ', issuers '"
		" || (SELECT count(*) FROM issuers) || ', issued '"
		" || (SELECT count(*) FROM issued) || ', revoked '"
		" || (SELECT count(*) FROM issued WHERE revoked_at <> 0) || ', certificates '"
		" || (SELECT count(*) FROM certificates) || ', log '"
		" || (SELECT count(*) FROM log)";
	g_autofree char *path = g_build_filename(folder, "registry.db", NULL);
	sqlite3 *database = NULL;
	g_autofree char *sound = NULL;
	char *state;

	g_assert_cmpint(sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL), ==,
			SQLITE_OK);
	sound = ask(database, "PRAGMA integrity_check");
	g_assert_cmpstr(sound, ==, "ok");
	g_clear_pointer(&sound, g_free);
	sound = ask(database, "SELECT count(*) FROM pragma_foreign_key_check");
	g_assert_cmpstr(sound, ==, "0");
	state = ask(database, sql);
	sqlite3_close(database);
	return state;
}

/* ---- an administrator's ---- */

static gpointer
set_up_nothing(const CsFaultyWrite *write)
{
	World *world = g_new0(World, 1);

	world->clock = (CsClock){get_now_cb, get_monotonic_cb, NULL};
	world->folder = cs_test_make_folder();
	world->name = write->name;
	world->act = (Act)write->data;
	return world;
}

static gboolean
init(World *world, GError **error)
{
	g_autofree char *folder = g_build_filename(world->folder, "new", "authority", NULL);
	g_autoptr(CsAuthority) authority =
		cs_authority_init(folder, "Example", "http://127.0.0.1:8080", &world->clock, error);

	return authority != NULL;
}

static gboolean
act_init(gpointer data, GError **error)
{
	return init(data, error);
}

/* What is there is an authority, or is none and becomes one by the next call. */
static void
check_init(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autofree char *folder = g_build_filename(world->folder, "new", "authority", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority = cs_authority_open(folder, &world->clock, &error);
	g_autofree char *state = NULL;
	gboolean there = authority != NULL;

	g_assert_true(there || !acknowledged);
	if (!there)
		g_assert_error(error, CS_ERROR, CS_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(init(world, &error) != there);
	if (there)
		g_assert_cmpstr(cs_error_get_reason(error), ==, "already-initialised");
	g_clear_pointer(&authority, cs_authority_free);
	authority = cs_authority_open(folder, &world->clock, NULL);
	g_assert_nonnull(authority);
	state = describe(folder);
	g_assert_true(g_str_has_suffix(state, ", log 1"));
}

static CsAuthority *
open_authority(World *world)
{
	g_autoptr(GError) error = NULL;
	CsAuthority *authority = cs_authority_open(world->folder, &world->clock, &error);

	g_assert_no_error(error);
	return authority;
}

static gpointer
set_up_authority(const CsFaultyWrite *write)
{
	World *world = set_up_nothing(write);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority = cs_authority_init(
		world->folder, "Example", "http://127.0.0.1:8080", &world->clock, &error);
	g_autoptr(cJSON) user = NULL;

	g_assert_no_error(error);
	user = cs_admin_add_user(authority, "alice", &error);
	g_assert_no_error(error);
	g_clear_pointer(&authority, cs_authority_free);
	world->before = describe(world->folder);
	return world;
}

static gpointer
set_up_issued(const CsFaultyWrite *write)
{
	World *world = set_up_authority(write);
	g_autoptr(CsAuthority) authority = open_authority(world);
	g_autoptr(cJSON) issued = cs_admin_issue_certificate(authority, csr, NULL, 365, NULL);

	world->argument = g_strdup(cs_json_get_string(issued, "fingerprint", NULL));
	g_clear_pointer(&authority, cs_authority_free);
	g_free(world->before);
	world->before = describe(world->folder);
	return world;
}

static cJSON *
add_user(CsAuthority *authority, World *world, GError **error)
{
	return cs_admin_add_user(authority, "bob", error);
}

static cJSON *
make_code(CsAuthority *authority, World *world, GError **error)
{
	return cs_admin_make_code(authority, "alice", 600, error);
}

static cJSON *
add_issuer(CsAuthority *authority, World *world, GError **error)
{
	return cs_admin_add_built_in_issuer(authority, error);
}

static cJSON *
issue(CsAuthority *authority, World *world, GError **error)
{
	return cs_admin_issue_certificate(authority, csr, NULL, 365, error);
}

static cJSON *
revoke_one(CsAuthority *authority, World *world, GError **error)
{
	return cs_admin_revoke_certificate(authority, world->argument, error);
}

static cJSON *
delete_user(CsAuthority *authority, World *world, GError **error)
{
	return cs_admin_delete_user(authority, "alice", error);
}

/* As one call of the command line does it. */
static gboolean
act_administer(gpointer data, GError **error)
{
	World *world = data;
	g_autoptr(CsAuthority) authority = cs_authority_open(world->folder, &world->clock, error);
	g_autoptr(cJSON) answer = authority != NULL ? world->act(authority, world, error) : NULL;

	return answer != NULL;
}

/* Not begun, or done with its line in the log: the one state that every try ends in. */
static void
check_administered(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autofree char *after = describe(world->folder);
	g_autoptr(GError) error = NULL;
	const char *done;

	if (g_str_equal(after, world->before)) {
		g_assert_false(acknowledged);
		g_assert_true(act_administer(world, &error));
		g_assert_no_error(error);
		g_free(after);
		after = describe(world->folder);
	}
	g_assert_cmpstr(after, !=, world->before);
	done = g_hash_table_lookup(done_states, world->name);
	if (done == NULL)
		g_hash_table_insert(done_states, g_strdup(world->name), g_strdup(after));
	else
		g_assert_cmpstr(after, ==, done);
}

/* ---- a device's ---- */

static World *
set_up_service(void)
{
	World *world = g_new0(World, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = NULL;

	world->service = cs_test_service_new();
	world->client = cs_test_client_new(world->service, "one");
	added = cs_admin_add_built_in_issuer(cs_test_service_get_authority(world->service), &error);
	g_assert_no_error(error);
	return world;
}

static const char *
folder_of(const World *world)
{
	return cs_test_service_get_folder(world->service);
}

static gpointer
set_up_enrol(const CsFaultyWrite *write)
{
	World *world = set_up_service();

	world->code = cs_test_service_make_code(world->service, "alice");
	world->before = describe(folder_of(world));
	return world;
}

static gboolean
set_error_from_problem(guint status, const cJSON *answer, guint success, GError **error)
{
	if (status == success)
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, NULL, "%u %s", status,
		     cs_json_get_string(answer, "code", NULL));
	return FALSE;
}

static gboolean
act_enrol(gpointer data, GError **error)
{
	World *world = data;
	guint status = 0;
	g_autoptr(cJSON) answer = cs_test_service_try(
		world->service, "POST", "/v1/accounts",
		cs_test_client_make_good_enrolment(world->client, world->code), &status);

	return set_error_from_problem(status, answer, 201, error);
}

/* Account, device, key, code and log in one; the same code again is answered with the same. */
static void
check_enrol(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autofree char *after = describe(folder_of(world));
	g_autofree char *done = NULL;
	gboolean is_old = g_str_equal(after, world->before);

	g_assert_false(acknowledged && is_old);
	if (!is_old)
		g_assert_true(g_str_has_prefix(
			after, "users 2, devices 1, keys 1, accounts 1, ended 0, codes 0, "));
	cs_test_client_enrol(world->client, world->code);
	done = describe(folder_of(world));
	g_assert_true(g_str_has_prefix(
		done, "users 2, devices 1, keys 1, accounts 1, ended 0, codes 0, "));
	cs_test_client_expect(world->client, NULL, CS_REASON_NONE, CS_REASON_NO_CERTIFICATE);
}

static gpointer
set_up_bind(const CsFaultyWrite *write)
{
	World *world = set_up_service();

	cs_test_client_add_account(world->client, "alice");
	world->other = cs_test_client_new(world->service, "two");
	cs_test_client_add_account(world->other, "bob");
	world->credential = cs_test_credential_new_built_in(world->service, NULL);
	world->response = cs_test_client_respond(world->client, world->credential);
	world->before = describe(folder_of(world));
	return world;
}

/* Whatever is answered, a verdict is one that the server signed. */
static gboolean
act_respond(gpointer data, GError **error)
{
	World *world = data;
	const CsJwk *key =
		cs_authority_get_server_jwk(cs_test_service_get_authority(world->service));
	guint status = 0;
	g_autoptr(cJSON) answer =
		cs_test_service_try(world->service, "POST", world->response->path,
				    cJSON_Duplicate(world->response->body, TRUE), &status);
	g_autoptr(CsVerdict) verdict = NULL;

	if (!set_error_from_problem(status, answer, 200, error))
		return FALSE;
	verdict = cs_verdict_verify(cs_json_get_string(answer, "verdict", NULL), key, error);
	if (verdict == NULL)
		return FALSE;
	world->managed = verdict->managed;
	return TRUE;
}

/* Rule 15: managed means bound, and then bound it stays, over a restart too. */
static void
check_bind(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autofree char *after = describe(folder_of(world));
	gboolean is_old = g_str_equal(after, world->before);

	g_assert_true(world->managed == acknowledged);
	g_assert_false(acknowledged && is_old);
	if (!is_old)
		g_assert_nonnull(strstr(after, ", links 1, link keys 1, "));
	cs_test_service_stop(world->service);
	cs_test_service_start(world->service);
	cs_test_client_expect(world->client, world->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_client_expect(world->other, world->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
}

static gpointer
set_up_refuse(const CsFaultyWrite *write)
{
	World *world = set_up_bind(write);

	cs_test_client_expect(world->client, world->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_response_free(world->response);
	world->response = cs_test_client_respond(world->other, world->credential);
	return world;
}

/* Rule 15: no failure turns a refusal into an acceptance. */
static void
check_refuse(gpointer data, gboolean acknowledged)
{
	World *world = data;

	g_assert_false(world->managed);
	cs_test_client_expect(world->other, world->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_expect(world->client, world->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

static gpointer
set_up_end(const CsFaultyWrite *write)
{
	World *world = set_up_service();

	cs_test_client_add_account(world->client, "alice");
	world->before = describe(folder_of(world));
	return world;
}

static gboolean
act_end(gpointer data, GError **error)
{
	World *world = data;
	g_autofree char *path = g_strconcat("/v1/accounts/", world->client->account, NULL);
	guint status = 0;
	g_autoptr(cJSON) answer =
		cs_test_service_try(world->service, "DELETE", path,
				    cs_test_client_make_deletion(world->client), &status);

	return set_error_from_problem(status, answer, 200, error);
}

static void
check_end(gpointer data, gboolean acknowledged)
{
	World *world = data;
	g_autofree char *after = describe(folder_of(world));
	g_autofree char *done = NULL;
	gboolean is_old = g_str_equal(after, world->before);
	g_autoptr(GError) error = NULL;

	g_assert_false(acknowledged && is_old);
	g_assert_true(is_old || strstr(after, ", ended 1, ") != NULL);
	g_assert_true(act_end(world, &error));
	done = describe(folder_of(world));
	g_assert_nonnull(strstr(done, ", ended 1, "));
}

static const CsFaultyWrite writes[] = {
	{"init", set_up_nothing, act_init, check_init, free_world},
	{"add-user", set_up_authority, act_administer, check_administered, free_world, add_user},
	{"make-code", set_up_authority, act_administer, check_administered, free_world, make_code},
	{"add-issuer", set_up_authority, act_administer, check_administered, free_world,
	 add_issuer},
	{"issue", set_up_authority, act_administer, check_administered, free_world, issue},
	{"delete-user", set_up_authority, act_administer, check_administered, free_world,
	 delete_user},
	{"revoke", set_up_issued, act_administer, check_administered, free_world, revoke_one},
	{"enrol", set_up_enrol, act_enrol, check_enrol, free_world},
	{"bind", set_up_bind, act_respond, check_bind, free_world},
	{"refuse", set_up_refuse, act_respond, check_refuse, free_world},
	{"account-delete", set_up_end, act_end, check_end, free_world},
};

int
main(int argc, char *argv[])
{
	int status;

	g_test_init(&argc, &argv, NULL);
	cs_io_faults_register_vfs();
	done_states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	csr = cs_test_csr_new("CN=device", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(writes); i++)
		cs_faulty_write_add(&writes[i]);
	status = g_test_run();
	g_bytes_unref(csr);
	g_hash_table_unref(done_states);
	return status;
}
