/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/settings.h"

#include "core/base/error.h"
#include "tests/fixtures/pki-fixture.h"

#include <string.h>
#include <sys/stat.h>

#define FINGERPRINT "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

typedef struct {
	char *folder;
	char *machine;
	char *fragments;
	char *config_home;
	char *user;
	char *data_home;
	char *state_home;
	CsSettingsPaths paths;
} Fixture;

static char *
make_folder(const char *parent, const char *name)
{
	char *path = g_build_filename(parent, name, NULL);

	g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
	return path;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->folder = cs_test_make_folder();
	fixture->machine = make_folder(fixture->folder, "etc");
	fixture->fragments = make_folder(fixture->machine, "countersign.conf.d");
	fixture->config_home = make_folder(fixture->folder, "config");
	fixture->user = make_folder(fixture->config_home, "countersign");
	fixture->data_home = g_build_filename(fixture->folder, "data", NULL);
	fixture->state_home = g_build_filename(fixture->folder, "state", NULL);
	fixture->paths = (CsSettingsPaths){fixture->machine, fixture->config_home,
					   fixture->data_home, fixture->state_home, NULL};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->machine);
	g_free(fixture->fragments);
	g_free(fixture->config_home);
	g_free(fixture->user);
	g_free(fixture->data_home);
	g_free(fixture->state_home);
}

static void
write_machine(Fixture *fixture, const char *text)
{
	g_free(cs_test_write_text(fixture->machine, "countersign.conf", text));
}

static void
write_user(Fixture *fixture, const char *text)
{
	g_free(cs_test_write_text(fixture->user, "countersign.conf", text));
}

static CsSettings *
load(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	CsSettings *settings = cs_settings_load(&fixture->paths, &error);

	g_assert_no_error(error);
	g_assert_nonnull(settings);
	return settings;
}

static void
assert_fails(Fixture *fixture, CsErrorCode code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_settings_load(&fixture->paths, &error));
	g_assert_error(error, CS_ERROR, (int)code);
}

static void
assert_list(const char *const *list, const char *first, const char *second)
{
	g_assert_nonnull(list);
	g_assert_cmpstr(list[0], ==, first);
	if (first != NULL)
		g_assert_cmpstr(list[1], ==, second);
	if (first != NULL && second != NULL)
		g_assert_null(list[2]);
}

static void
assert_note(const CsSettings *settings, guint index, const char *part)
{
	const char *const *notes = cs_settings_get_notes(settings);

	g_assert_cmpuint(g_strv_length((char **)notes), >, index);
	g_assert_nonnull(strstr(notes[index], part));
}

static void
assert_no_notes(const CsSettings *settings)
{
	g_assert_null(cs_settings_get_notes(settings)[0]);
}

static void
test_defaults(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = load(fixture);
	g_autofree char *user =
		g_build_filename(fixture->data_home, "countersign/certificates", NULL);
	g_autofree char *machine = g_build_filename(fixture->machine, "certificates", NULL);
	g_autofree char *state = g_build_filename(fixture->state_home, "countersign", NULL);

	assert_list(cs_settings_get_user_directories(settings), user, NULL);
	assert_list(cs_settings_get_machine_directories(settings), machine, NULL);
	g_assert_cmpstr(cs_settings_get_machine_id_file(settings), ==, "/etc/machine-id");
	g_assert_cmpstr(cs_settings_get_state_folder(settings), ==, state);
	g_assert_null(cs_settings_get_organisation_url(settings));
	g_assert_null(cs_settings_get_tls_ca_file(settings));
	g_assert_cmpuint(cs_settings_get_timeout_ms(settings), ==, 30000);
	g_assert_null(cs_settings_get_allowed_issuers(settings));
	g_assert_null(cs_settings_get_device_name(settings));
	g_assert_cmpint(cs_settings_get_log_level(settings), ==, CS_EVENT_INFO);
	assert_no_notes(settings);
}

static void
test_no_files_at_all(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	fixture->paths.machine_folder = "/nonexistent/etc";
	fixture->paths.config_home = "/nonexistent/config";
	settings = load(fixture);
	assert_list(cs_settings_get_machine_directories(settings), "/nonexistent/etc/certificates",
		    NULL);
}

static void
test_every_key(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;
	g_autoptr(CsSettings) again = NULL;

	write_machine(fixture, "# a comment\n"
			       "[stores]\n"
			       "user-directories=/a;/b\n"
			       "machine-directories=/c;\n"
			       "[device]\n"
			       "machine-id-file=/id\n"
			       "name=J\xc3\xbcrgen's laptop\n"
			       "[organisation]\n"
			       "url=HTTPS://Example.ORG:443/\n"
			       "issuers=" FINGERPRINT ";BA:78:16:bf8f01cfea414140de5dae2223b00361a3"
			       "96177a9cb410ff61f20015AE;\n"
			       "tls-ca-file=/ca.pem\n"
			       "timeout-seconds=2\n");
	settings = load(fixture);
	again = cs_settings_ref(settings);
	assert_list(cs_settings_get_user_directories(again), "/a", "/b");
	assert_list(cs_settings_get_machine_directories(again), "/c", NULL);
	g_assert_cmpstr(cs_settings_get_machine_id_file(again), ==, "/id");
	g_assert_cmpstr(cs_settings_get_device_name(again), ==, "J\xc3\xbcrgen's laptop");
	g_assert_cmpstr(cs_settings_get_organisation_url(again), ==, "https://example.org");
	assert_list(cs_settings_get_allowed_issuers(again), FINGERPRINT,
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae");
	g_assert_cmpstr(cs_settings_get_tls_ca_file(again), ==, "/ca.pem");
	g_assert_cmpuint(cs_settings_get_timeout_ms(again), ==, 2000);
	assert_no_notes(again);
}

static void
test_user_file(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	write_user(fixture, "[stores]\nuser-directories=/mine\n[organisation]\nurl=https://x\n");
	settings = load(fixture);
	assert_list(cs_settings_get_user_directories(settings), "/mine", NULL);
	g_assert_cmpstr(cs_settings_get_organisation_url(settings), ==, "https://x");
	assert_no_notes(settings);
}

static void
test_machine_pins(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	write_machine(fixture, "[stores]\nuser-directories=/pinned\n");
	write_user(fixture, "[stores]\nuser-directories=not even a path\n"
			    "machine-directories=/own\n");
	settings = load(fixture);
	assert_list(cs_settings_get_user_directories(settings), "/pinned", NULL);
	assert_list(cs_settings_get_machine_directories(settings), "/own", NULL);
	assert_note(settings, 0, "[stores] user-directories is set by the administrator");
}

static void
test_fragments(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	write_machine(fixture, "[device]\nname=main\nmachine-id-file=/main\n");
	for (guint i = 11; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("%u-z.conf", i);

		g_free(cs_test_write_text(fixture->fragments, name, "[device]\nname=middle\n"));
	}
	g_free(cs_test_write_text(fixture->fragments, "20-b.conf", "[device]\nname=second\n"));
	g_free(cs_test_write_text(fixture->fragments, "10-a.conf",
				  "[device]\nname=first\n[organisation]\nurl=https://a\n"));
	g_free(cs_test_write_text(fixture->fragments, "30-c.conf.bak", "not read"));
	g_free(cs_test_write_text(fixture->fragments, ".40.conf", "not read"));
	write_user(fixture, "[device]\nname=mine\n[organisation]\nurl=https://mine\n");
	settings = load(fixture);
	g_assert_cmpstr(cs_settings_get_device_name(settings), ==, "second");
	g_assert_cmpstr(cs_settings_get_machine_id_file(settings), ==, "/main");
	g_assert_cmpstr(cs_settings_get_organisation_url(settings), ==, "https://a");
	assert_note(settings, 0, "[device] name is set by the administrator");
	assert_note(settings, 1, "[organisation] url is set by the administrator");
}

/* How loud the log is, and where each value comes from, for people to see. */
static void
test_items(Fixture *fixture, gconstpointer data)
{
	g_autofree char *machine_file =
		g_build_filename(fixture->machine, "countersign.conf", NULL);
	g_autofree char *user_file = g_build_filename(fixture->user, "countersign.conf", NULL);
	g_autoptr(CsSettings) settings = NULL;
	CsSettingsItem item = {NULL};
	guint n_items = 0;
	guint n_seen = 0;

	write_machine(fixture, "[log]\nlevel=warning\n");
	write_user(fixture, "[log]\nlevel=debug\n[device]\nname=mine\n");
	settings = load(fixture);
	g_assert_cmpint(cs_settings_get_log_level(settings), ==, CS_EVENT_WARNING);
	assert_note(settings, 0, "[log] level is set by the administrator");
	for (; cs_settings_get_item(settings, n_items, &item); n_items++) {
		if (g_str_equal(item.group, "log")) {
			assert_list(item.values, "warning", NULL);
			g_assert_cmpstr(item.origin, ==, machine_file);
			g_assert_true(item.is_pinned);
			n_seen++;
		} else if (g_str_equal(item.key, "name")) {
			assert_list(item.values, "mine", NULL);
			g_assert_cmpstr(item.origin, ==, user_file);
			g_assert_false(item.is_pinned);
			n_seen++;
		} else if (g_str_equal(item.key, "issuers")) {
			g_assert_null(item.values);
			g_assert_null(item.origin);
			n_seen++;
		}
	}
	g_assert_cmpuint(n_items, ==, 9);
	g_assert_cmpuint(n_seen, ==, 3);
}

static void
test_issuers_are_the_administrators(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	write_user(fixture, "[organisation]\nissuers=" FINGERPRINT "\n");
	settings = load(fixture);
	g_assert_null(cs_settings_get_allowed_issuers(settings));
	assert_note(settings, 0, "[organisation] issuers counts only in the administrator's file");
}

static void
test_empty_lists(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	write_machine(fixture, "[stores]\nuser-directories=\nmachine-directories=\n"
			       "[organisation]\nissuers=\n");
	settings = load(fixture);
	assert_list(cs_settings_get_user_directories(settings), NULL, NULL);
	assert_list(cs_settings_get_machine_directories(settings), NULL, NULL);
	assert_list(cs_settings_get_allowed_issuers(settings), NULL, NULL);
}

static void
test_config_file(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;
	g_autofree char *path = g_build_filename(fixture->folder, "my.conf", NULL);

	write_machine(fixture, "broken");
	write_user(fixture, "broken");
	g_free(cs_test_write_text(fixture->folder, "my.conf",
				  "[organisation]\nissuers=" FINGERPRINT "\n"));
	fixture->paths.config_file = path;
	settings = load(fixture);
	assert_list(cs_settings_get_allowed_issuers(settings), FINGERPRINT, NULL);
	fixture->paths.config_file = "/nonexistent/my.conf";
	assert_fails(fixture, CS_ERROR_NOT_FOUND);
}

static void
test_unknown_is_noted(Fixture *fixture, gconstpointer data)
{
	g_autoptr(CsSettings) settings = NULL;

	write_user(fixture, "[device]\nnmae=x\nname=y\n[tray]\nicon=z\n");
	settings = load(fixture);
	g_assert_cmpstr(cs_settings_get_device_name(settings), ==, "y");
	assert_note(settings, 0, "[device] nmae is not known");
	assert_note(settings, 1, "group [tray] is not known");
}

static void
test_invalid(Fixture *fixture, gconstpointer data)
{
	static const char *const texts[] = {
		"no group\n",
		"[stores\n",
		"[stores]\nuser-directories\n",
		"[stores]\nuser-directories=relative\n",
		"[stores]\nuser-directories=/a;~/b\n",
		"[stores]\nuser-directories=/a;;/b\n",
		"[stores]\nmachine-directories=./a\n",
		"[device]\nmachine-id-file=id\n",
		"[device]\nmachine-id-file=\n",
		"[device]\nname=\n",
		"[device]\nname=\xff\n",
		"[device]\nname=a\x1b[31m\n",
		"[device]\nname=a\\qb\n",
		"[device]\nname=a\\q\\\n",
		"[device]\nname=a\\;b\n",
		"[organisation]\ntls-ca-file=/a\\qb\n",
		"[stores]\nuser-directories=/a\\qb\n",
		"[device]\nname="
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
		"[organisation]\nurl=\n",
		"[organisation]\nurl=http://example.org\n",
		"[organisation]\nurl=https://user@example.org\n",
		"[organisation]\ntls-ca-file=ca.pem\n",
		"[organisation]\ntimeout-seconds=\n",
		"[organisation]\ntimeout-seconds=0\n",
		"[organisation]\ntimeout-seconds=601\n",
		"[organisation]\ntimeout-seconds=+5\n",
		"[organisation]\ntimeout-seconds=5s\n",
		"[organisation]\ntimeout-seconds=99999999999999999999\n",
		"[organisation]\nissuers=abc\n",
		"[organisation]\nissuers=" FINGERPRINT "00\n",
		"[organisation]\nissuers=za7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
		"0015ad\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_test_message("case %" G_GSIZE_FORMAT, i);
		write_machine(fixture, texts[i]);
		assert_fails(fixture, CS_ERROR_INVALID);
	}
}

/* What an error quotes of the file is text, and gives a terminal no orders. */
static void
test_errors_are_text(Fixture *fixture, gconstpointer data)
{
	static const char *const texts[] = {
		"\xff\xfe\n",
		"\x1b[2J\n",
		"[\x1b[2J\n",
		"[stores]\nuser-directories=\xff\x1b[2J\n",
		"[device]\nname=\x1b[2J\\q\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		write_machine(fixture, texts[i]);
		g_assert_null(cs_settings_load(&fixture->paths, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
		g_assert_null(strchr(error->message, '\x1b'));
	}
}

/* What cannot be read might have pinned something. */
static void
test_unreadable(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = g_build_filename(fixture->machine, "countersign.conf", NULL);
	g_autofree char *large = g_strnfill(64 * 1024 + 1, '\n');
	g_autofree char *odd = g_build_filename(fixture->folder, "odd", NULL);

	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	assert_fails(fixture, CS_ERROR_STATE);
	g_assert_cmpint(remove(path), ==, 0);
	write_machine(fixture, large);
	assert_fails(fixture, CS_ERROR_STATE);
	fixture->paths.machine_folder = make_folder(odd, "etc");
	g_free(cs_test_write_text(fixture->paths.machine_folder, "countersign.conf.d", "a file"));
	assert_fails(fixture, CS_ERROR_STATE);
	g_free((char *)fixture->paths.machine_folder);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/settings/defaults", test_defaults);
	ADD("/settings/no-files-at-all", test_no_files_at_all);
	ADD("/settings/every-key", test_every_key);
	ADD("/settings/user-file", test_user_file);
	ADD("/settings/machine-pins", test_machine_pins);
	ADD("/settings/fragments", test_fragments);
	ADD("/settings/items", test_items);
	ADD("/settings/issuers-are-the-administrators", test_issuers_are_the_administrators);
	ADD("/settings/empty-lists", test_empty_lists);
	ADD("/settings/config-file", test_config_file);
	ADD("/settings/unknown-is-noted", test_unknown_is_noted);
	ADD("/settings/invalid", test_invalid);
	ADD("/settings/errors-are-text", test_errors_are_text);
	ADD("/settings/unreadable", test_unreadable);
	return g_test_run();
}
