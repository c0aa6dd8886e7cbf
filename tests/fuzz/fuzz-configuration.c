/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"
#include "core/base/http.h"
#include "core/base/settings.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A configuration file: the input as --config, as the user's alone, and as the user's below a
 * machine's that sets everything. */

#define NAME_LENGTH_MAX 64

#define PINNED_URL   "https://countersign.example"
#define PINNED_NAME  "Pinned"
#define PINNED_PATH  "/pinned"
#define PINNED_TIME  "7"
#define PINNED_PRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char pinning[] =
	"[stores]\nuser-directories=" PINNED_PATH "\nmachine-directories=" PINNED_PATH
	"\n[device]\nmachine-id-file=" PINNED_PATH "\nname=" PINNED_NAME
	"\n[organisation]\nurl=" PINNED_URL "\nissuers=" PINNED_PRINT "\ntls-ca-file=" PINNED_PATH
	"\ntimeout-seconds=" PINNED_TIME "\n";

/* Where the files lie; made once, away when the process ends. */
static struct {
	char *folder;
	char *machine; /* folder with the file that pins */
	char *home;    /* folder of the user's file */
	char *file;
} place;

static void
remove_place(void)
{
	cs_test_delete_folder(place.folder);
	g_free(place.folder);
	g_free(place.machine);
	g_free(place.home);
	g_free(place.file);
}

static void
ensure_place(void)
{
	if (place.folder != NULL)
		return;
	place.folder = cs_test_make_folder();
	place.machine = g_build_filename(place.folder, "machine", NULL);
	place.home = g_build_filename(place.folder, "home", NULL);
	place.file = g_build_filename(place.home, "countersign", "countersign.conf", NULL);
	g_autofree char *users = g_path_get_dirname(place.file);
	g_assert_cmpint(g_mkdir_with_parents(place.machine, 0700), ==, 0);
	g_assert_cmpint(g_mkdir_with_parents(users, 0700), ==, 0);
	g_free(cs_test_write_text(place.machine, "countersign.conf", pinning));
	atexit(remove_place);
}

static void
write_input(const guint8 *data, gsize size)
{
	int fd = open(place.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, data, size), ==, (gssize)size);
	close(fd);
}

/* ---- what holds for all settings ---- */

static void
check_folders(const char *const *folders)
{
	g_assert_nonnull(folders);
	for (; folders != NULL && *folders != NULL; folders++)
		g_assert_true(g_path_is_absolute(*folders));
}

static void
check_values(const CsSettings *settings)
{
	const char *url = cs_settings_get_organisation_url(settings);
	const char *name = cs_settings_get_device_name(settings);
	const char *ca_file = cs_settings_get_tls_ca_file(settings);
	const char *const *issuers = cs_settings_get_allowed_issuers(settings);
	g_autofree char *normal = url != NULL ? cs_http_normalise_origin(url, NULL) : NULL;

	g_assert_cmpstr(url, ==, normal);
	g_assert_cmpuint(cs_settings_get_timeout_ms(settings), >=, 1000);
	g_assert_cmpuint(cs_settings_get_timeout_ms(settings), <=, 600000);
	g_assert_true(ca_file == NULL || g_path_is_absolute(ca_file));
	if (name != NULL) {
		g_assert_cmpint(g_utf8_strlen(name, -1), <=, NAME_LENGTH_MAX);
		g_assert_cmpint(*name, !=, '\0');
	}
	for (; issuers != NULL && *issuers != NULL; issuers++) {
		g_assert_cmpuint(strlen(*issuers), ==, CS_SHA256_HEX_LENGTH);
		g_assert_cmpuint(strspn(*issuers, "0123456789abcdef"), ==, CS_SHA256_HEX_LENGTH);
	}
}

static void
check_settings(const CsSettings *settings)
{
	const char *const *notes = cs_settings_get_notes(settings);

	check_folders(cs_settings_get_user_directories(settings));
	check_folders(cs_settings_get_machine_directories(settings));
	g_assert_true(g_path_is_absolute(cs_settings_get_machine_id_file(settings)));
	g_assert_true(g_path_is_absolute(cs_settings_get_state_folder(settings)));
	check_values(settings);
	for (; *notes != NULL; notes++)
		g_assert_true(g_utf8_validate(*notes, -1, NULL));
}

/* ---- the three places ---- */

static CsSettings *
load(const char *machine, const char *config_file)
{
	const CsSettingsPaths paths = {.machine_folder = machine,
				       .config_home = place.home,
				       .data_home = "/data",
				       .state_home = "/state",
				       .config_file = config_file};
	g_autoptr(GError) error = NULL;
	CsSettings *settings = cs_settings_load(&paths, &error);

	if (settings == NULL) {
		cs_fuzz_check_error(error);
		return NULL;
	}
	g_assert_no_error(error);
	check_settings(settings);
	return settings;
}

static void
check_single(const char *const *list, const char *expected)
{
	g_assert_cmpuint(g_strv_length((char **)list), ==, 1);
	g_assert_cmpstr(list[0], ==, expected);
}

/* What the machine's file sets, the user's cannot change. */
static void
check_pinned(const CsSettings *settings)
{
	check_single(cs_settings_get_user_directories(settings), PINNED_PATH);
	check_single(cs_settings_get_machine_directories(settings), PINNED_PATH);
	check_single(cs_settings_get_allowed_issuers(settings), PINNED_PRINT);
	g_assert_cmpstr(cs_settings_get_machine_id_file(settings), ==, PINNED_PATH);
	g_assert_cmpstr(cs_settings_get_tls_ca_file(settings), ==, PINNED_PATH);
	g_assert_cmpuint(cs_settings_get_timeout_ms(settings), ==, 7000);
	g_assert_cmpstr(cs_settings_get_device_name(settings), ==, PINNED_NAME);
	g_assert_cmpstr(cs_settings_get_organisation_url(settings), ==, PINNED_URL);
}

static void
run(const guint8 *data, gsize size)
{
	ensure_place();
	write_input(data, size);
	g_autoptr(CsSettings) alone = load("/nowhere", place.file);
	g_autoptr(CsSettings) users = load("/nowhere", NULL);
	g_autoptr(CsSettings) pinned = load(place.machine, NULL);

	if (users != NULL)
		g_assert_null(cs_settings_get_allowed_issuers(users));
	/* A value that counts for nothing is not judged, and so fewer files fail. */
	if (alone != NULL)
		g_assert_nonnull(users);
	if (users != NULL)
		g_assert_nonnull(pinned);
	if (pinned != NULL)
		check_pinned(pinned);
}

static void
make_seeds(GPtrArray *seeds)
{
	static const char *const texts[] = {
		pinning,
		"",
		"# a comment\n\n[stores]\nuser-directories = /a;/b\\;c;\nmachine-directories=\n",
		"[device]\nname=Zo\xc3\xab's "
		"desk\\tand\\sroom\\n\nmachine-id-file=/etc/machine-id\r\n",
		"[organisation]\nurl=HTTPS://Sign-In.Example:443/\nissuers=01:23;\n",
		"[organisation]\nurl=http://[::1]:8080\ntls-ca-file=relative\n",
		"[organisation]\ntimeout-seconds=600\n",
		"[organisation]\ntimeout-seconds=601\n",
		"[organisation]\nurl=http://127.0.0.1:1/?a#b\n",
		"[unknown]\nkey=value\nkey[de]=Wert\n[stores]\nother=1\n",
		"[stores\nno group",
		"url=https://a.example\n",
		"[organisation]\nissuers=" PINNED_PRINT ";" PINNED_PRINT "\n",
		"[organisation]\nurl=https://user@a.example\nurl=https://b.example\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		cs_fuzz_add_text(seeds, texts[i]);
}

static const char *const vectors[] = {NULL};
const CsFuzzTarget cs_fuzz_target = {"configuration", 4096, run, make_seeds, vectors};
