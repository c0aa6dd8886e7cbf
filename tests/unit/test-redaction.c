/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/redaction.h"

static void
test_initials(void)
{
	static const struct {
		const char *name;
		const char *initials;
	} rows[] = {
		{"ada", "A"},
		{"Ada Lovelace", "AL"},
		{"ada.lovelace@example.org", "AL"},
		{"Ada King von Lovelace", "AL"},
		{"grace_hopper", "GH"},
		{"jean-luc", "JL"},
		{"élodie ünal", "ÉÜ"},
		{"  spaced   out  ", "SO"},
		{"(eve)", "E"},
		{"@example.org", "?"},
		{"...", "?"},
		{"", "?"},
		{"7of9", "7"},
		{"王小明", "王"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *initials = cs_initials_dup(rows[i].name);

		g_assert_cmpstr(initials, ==, rows[i].initials);
	}
}

static void
test_paths(void)
{
	static const struct {
		const char *text;
		const char *reduced;
	} rows[] = {
		{"", ""},
		{"/home/ada", "~"},
		{"/home/ada/x y", "~/x y"},
		{"cannot open /home/ada/.config: no", "cannot open ~/.config: no"},
		{"in /home/ada.", "in ~."},
		{"message=\"/home/ada\"", "message=\"~\""},
		{"file:///home/ada/x", "file:///home/USER/x"},
		{"/home/adam/x", "/home/adam/x"},
		{"/home/ada2", "/home/ada2"},
		{"/home/ada.old/x", "/home/ada.old/x"},
		{"/mnt/home/ada/x", "/mnt/home/USER/x"},
		{"/media/ada/stick", "/media/USER/stick"},
		{"/media/ada", "/media/USER"},
		{"/run/adab/ada", "/run/adab/USER"},
		{"ada", "ada"},
		{"/home/ada:/home/ada/b", "~:~/b"},
	};
	g_autoptr(CsRedaction) redaction = cs_redaction_new("/home/ada/", "ada");

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *reduced = cs_redaction_apply(redaction, rows[i].text);

		g_assert_cmpstr(reduced, ==, rows[i].reduced);
	}
}

/* The root folder is nobody's home, and nobody's name is empty. */
static void
test_nothing_known(void)
{
	static const char *const homes[] = {NULL, "", "/", "//"};

	for (guint i = 0; i < G_N_ELEMENTS(homes); i++) {
		g_autoptr(CsRedaction) redaction = cs_redaction_new(homes[i], i == 0 ? NULL : "");
		g_autofree char *reduced = NULL;

		cs_redaction_add_name(redaction, NULL);
		cs_redaction_add_name(redaction, "");
		cs_redaction_add_name(redaction, "\xff");
		reduced = cs_redaction_apply(redaction, "/etc/x ada");
		g_assert_cmpstr(reduced, ==, "/etc/x ada");
	}
}

static void
test_names(void)
{
	static const struct {
		const char *text;
		const char *reduced;
	} rows[] = {
		{"ada.lovelace@example.org", "AL"},
		{"CN=Ada.Lovelace@Example.org,O=x", "CN=AL,O=x"},
		{"/store/ada.lovelace.pem", "/store/AL.pem"},
		{"Grace Hopper's", "GH's"},
		{"graceful Grace", "graceful Grace"},
		{"Canada ada", "Canada A"},
		{"\xc3\xa9"
		 "ada",
		 "\xc3\xa9"
		 "ada"},
	};
	g_autoptr(CsRedaction) redaction = cs_redaction_new("/home/x", NULL);

	cs_redaction_add_name(redaction, "ada");
	cs_redaction_add_name(redaction, "Grace Hopper");
	cs_redaction_add_name(redaction, "ada.lovelace@example.org");
	cs_redaction_add_name(redaction, "al@example.org");
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *reduced = cs_redaction_apply(redaction, rows[i].text);

		g_assert_cmpstr(reduced, ==, rows[i].reduced);
	}
}

/* What programs read stays, though a user were called so. */
static void
test_json(void)
{
	static const char text[] =
		"{\"store\":\"user\",\"location\":\"/home/user/x\",\"user\":\"user\","
		"\"list\":[\"user\",1,{\"reason\":\"user\",\"why\":\"user x\"}],\"count\":1}";
	g_autoptr(cJSON) json = cs_json_parse(text, sizeof(text) - 1, NULL);
	g_autoptr(CsRedaction) redaction = cs_redaction_new("/home/user", "user");
	g_autofree char *reduced = NULL;

	cs_redaction_add_name(redaction, "user");
	cs_redaction_apply_to_json(redaction, json);
	reduced = cs_json_print(json);
	g_assert_cmpstr(reduced, ==,
			"{\"store\":\"user\",\"location\":\"~/x\",\"user\":\"U\","
			"\"list\":[\"U\",1,{\"reason\":\"user\",\"why\":\"U x\"}],\"count\":1}");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/redaction/initials", test_initials);
	g_test_add_func("/redaction/paths", test_paths);
	g_test_add_func("/redaction/nothing-known", test_nothing_known);
	g_test_add_func("/redaction/names", test_names);
	g_test_add_func("/redaction/json", test_json);
	return g_test_run();
}
