/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/device-identity.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "tests/fixtures/pki-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#define ISS   "https://id.example"
#define OTHER "https://other.example"

typedef struct {
	char *folder;
	char *machine_id_file;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
	f->folder = cs_test_make_folder();
	f->machine_id_file = g_build_filename(f->folder, "machine-id", NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_test_delete_folder(f->folder);
	g_free(f->folder);
	g_free(f->machine_id_file);
}

static CsSettings *
load_settings(const Fixture *f, const char *name)
{
	g_autofree char *text =
		g_strdup_printf("[device]\nmachine-id-file=%s\n%s%s\n", f->machine_id_file,
				name == NULL ? "" : "name=", name == NULL ? "" : name);
	g_autofree char *path = cs_test_write_text(f->folder, "countersign.conf", text);
	const CsSettingsPaths paths = {f->folder, f->folder, f->folder, f->folder, path};
	g_autoptr(GError) error = NULL;
	CsSettings *settings = cs_settings_load(&paths, &error);

	g_assert_no_error(error);
	return settings;
}

static char *
make_id(const Fixture *f, const char *machine_id, const char *iss, GError **error)
{
	g_autoptr(CsSettings) settings = load_settings(f, NULL);

	g_free(cs_test_write_text(f->folder, "machine-id", machine_id));
	return cs_device_identity_make_hardware_id(settings, iss, error);
}

/* rule 15: the id is one organisation's, so that two cannot compare their devices */
static void
test_hardware_id(Fixture *f, gconstpointer data)
{
	static const guint8 machine_id[] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	static const char message[] = "countersign-hardware-id:" ISS;
	guint8 digest[CS_SHA256_SIZE_BYTES];
	g_autofree char *expected = NULL;
	g_autofree char *id = make_id(f, "00112233445566778899aabbccddeeff\n", ISS, NULL);
	g_autofree char *bare = make_id(f, "00112233445566778899aabbccddeeff", ISS, NULL);
	g_autofree char *upper = make_id(f, "00112233445566778899AABBCCDDEEFF\n", ISS, NULL);
	g_autofree char *other_iss = make_id(f, "00112233445566778899aabbccddeeff\n", OTHER, NULL);
	g_autofree char *other_id = make_id(f, "10112233445566778899aabbccddeeff\n", ISS, NULL);

	cs_hmac_sha256(machine_id, sizeof(machine_id), message, strlen(message), digest);
	expected = cs_base64url_encode(digest, sizeof(digest));
	g_assert_cmpstr(id, ==, expected);
	g_assert_cmpstr(bare, ==, expected);
	g_assert_cmpstr(upper, ==, expected);
	g_assert_cmpstr(other_iss, !=, expected);
	g_assert_cmpstr(other_id, !=, expected);
}

static void
test_bad_machine_id(Fixture *f, gconstpointer data)
{
	static const char *const bad[] = {
		"",
		"\n",
		"uninitialized\n",
		"00000000000000000000000000000000\n",
		"00112233445566778899aabbccddeef\n",
		"00112233445566778899aabbccddeeff0",
		"00112233445566778899aabbccddeeff0\n",
		"00112233445566778899aabbccddeeff\n\n",
		"00112233445566778899aabbccddeefg\n",
		"00112233-4455-6677-8899-aabbccdd",
		" 0112233445566778899aabbccddeeff\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(make_id(f, bad[i], ISS, &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
		g_assert_cmpstr(cs_error_get_reason(error), ==, "machine-id-missing");
		g_assert_nonnull(strstr(error->message, "systemd-machine-id-setup"));
	}
}

static void
test_no_machine_id(Fixture *f, gconstpointer data)
{
	g_autoptr(CsSettings) settings = load_settings(f, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(cs_device_identity_make_hardware_id(settings, ISS, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_clear_error(&error);
	g_assert_cmpint(g_mkdir(f->machine_id_file, 0700), ==, 0);
	g_assert_null(cs_device_identity_make_hardware_id(settings, ISS, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
	g_assert_cmpstr(cs_error_get_reason(error), ==, "machine-id-missing");
}

static void
test_name(Fixture *f, gconstpointer data)
{
	g_autoptr(CsSettings) named = load_settings(f, "Ada's laptop");
	g_autoptr(CsSettings) nameless = load_settings(f, NULL);
	g_autofree char *own = cs_device_identity_make_name(named);
	g_autofree char *host = cs_device_identity_make_name(nameless);

	g_assert_cmpstr(own, ==, "Ada's laptop");
	g_assert_cmpstr(host, !=, "");
	g_assert_true(g_str_has_prefix(g_get_host_name(), host));
	g_assert_cmpint(g_utf8_strlen(host, -1), <=, 64);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/device-identity/hardware-id", Fixture, NULL, set_up, test_hardware_id,
		   tear_down);
	g_test_add("/device-identity/bad-machine-id", Fixture, NULL, set_up, test_bad_machine_id,
		   tear_down);
	g_test_add("/device-identity/no-machine-id", Fixture, NULL, set_up, test_no_machine_id,
		   tear_down);
	g_test_add("/device-identity/name", Fixture, NULL, set_up, test_name, tear_down);
	return g_test_run();
}
