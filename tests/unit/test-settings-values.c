/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/settings-private.h"

#include "core/base/error.h"

/* What each key takes, and as what; NULL: CS_ERROR_INVALID. How files are read is test-settings.c's. */
static void
test_values(void)
{
	static const struct {
		CsSetting setting;
		const char *text;
		const char *wanted;
	} cases[] = {
		{CS_SETTING_USER_DIRECTORIES, "/a/b//", "/a/b"},
		{CS_SETTING_USER_DIRECTORIES, "a/b", NULL},
		{CS_SETTING_MACHINE_DIRECTORIES, "/", "/"},
		{CS_SETTING_MACHINE_ID_FILE, "", NULL},
		{CS_SETTING_DEVICE_NAME, "Ada's", "Ada's"},
		{CS_SETTING_DEVICE_NAME, "a\nb", NULL},
		{CS_SETTING_ORGANISATION_URL, "HTTPS://id.example.org/", "https://id.example.org"},
		{CS_SETTING_ORGANISATION_URL, "ftp://id.example.org", NULL},
		{CS_SETTING_ISSUERS, "AB", NULL},
		{CS_SETTING_TLS_CA_FILE, "ca.pem", NULL},
		{CS_SETTING_TIMEOUT, "600", "600"},
		{CS_SETTING_TIMEOUT, "601", NULL},
		{CS_SETTING_LOG_LEVEL, "debug", "debug"},
		{CS_SETTING_LOG_LEVEL, "Debug", NULL},
		{CS_SETTING_LOG_LEVEL, "", NULL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *value =
			cs_setting_keys[cases[i].setting].normalise(cases[i].text, &error);

		g_assert_cmpstr(value, ==, cases[i].wanted);
		if (cases[i].wanted == NULL)
			g_assert_error(error, CS_ERROR, CS_ERROR_INVALID);
		else
			g_assert_no_error(error);
	}
}

/* The pins of an organisation's issuers are the administrator's alone; all else anybody's. */
static void
test_keys(void)
{
	for (guint i = 0; i < CS_SETTING_COUNT; i++) {
		g_assert_nonnull(cs_setting_keys[i].group);
		g_assert_nonnull(cs_setting_keys[i].key);
		g_assert_cmpint(cs_setting_keys[i].for_administrator, ==, i == CS_SETTING_ISSUERS);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings-values/values", test_values);
	g_test_add_func("/settings-values/keys", test_keys);
	return g_test_run();
}
