/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command-line.h"

#include <string.h>

/* A table of our own: what the parser does must not depend on the verbs that there are. */
static const CsOption own_options[] = {
	{"file", "FILE", CS_OPTION_REPEATABLE, "files"},
	{"switch", NULL, CS_OPTION_ONCE, "a switch"},
	{NULL},
};
static const CsOption required_options[] = {{"name", "NAME", CS_OPTION_REQUIRED, "a name"}, {NULL}};
static const CsOption group_options[] = {{"dir", "DIR", CS_OPTION_ONCE, "a folder"}, {NULL}};
static const CsOption global_options[] = {
	{"config", "FILE", CS_OPTION_ONCE, "settings"},
	{"json", NULL, CS_OPTION_ONCE, "JSON"},
	{"help", NULL, CS_OPTION_ONCE, "help"},
	{NULL},
};

static const CsCommand look = {
	.path = "look", .arguments = "[WHAT]", .max_arguments = 1, .options = own_options};
static const CsCommand group_make = {.path = "group make", .options = required_options};
static const CsCommand group_thing_show = {
	.path = "group thing show", .arguments = "ID", .min_arguments = 1, .max_arguments = 1};
static const CsCommand *const commands[] = {&look, &group_make, &group_thing_show, NULL};
static const CsCommandGroup groups[] = {{"group", "a group", group_options}, {NULL}};
static const CsCommandTable table = {commands, groups, global_options};

typedef struct {
	CsCommandLine *line;
	GError *error;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->line = cs_command_line_new();
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	cs_command_line_free(fixture->line);
	g_clear_error(&fixture->error);
}

static gboolean
parse(Fixture *fixture, const char *words)
{
	g_auto(GStrv) split = g_strsplit(words, " ", -1);

	g_clear_pointer(&fixture->line, cs_command_line_free);
	g_clear_error(&fixture->error);
	fixture->line = cs_command_line_new();
	if (words[0] == '\0')
		g_clear_pointer(&split[0], g_free);
	return cs_command_line_parse(fixture->line, &table, (const char *const *)split,
				     &fixture->error);
}

static const char *
argument(const Fixture *fixture, guint i)
{
	return g_ptr_array_index(fixture->line->arguments, i);
}

/* Takes the words to be understood and to name `command`. */
static void
assert_parses(Fixture *fixture, const char *words, const CsCommand *command)
{
	gboolean parses = parse(fixture, words);

	g_assert_no_error(fixture->error);
	g_assert_true(parses);
	g_assert_true(fixture->line->command == command);
}

static void
assert_refuses(Fixture *fixture, const char *words, const char *reason)
{
	gboolean accepts = parse(fixture, words) && fixture->line->command &&
			   cs_command_line_check(fixture->line, &fixture->error);

	g_assert_false(accepts);
	g_assert_error(fixture->error, CS_ERROR, CS_ERROR_USAGE);
	g_assert_cmpstr(cs_error_get_reason(fixture->error), ==, reason);
}

static void
test_verbs(Fixture *fixture, gconstpointer data)
{
	assert_parses(fixture, "look", &look);
	g_assert_null(argument(fixture, 0));
	assert_parses(fixture, "look there", &look);
	g_assert_cmpstr(argument(fixture, 0), ==, "there");
	g_assert_null(argument(fixture, 1));
	assert_parses(fixture, "group thing show abc", &group_thing_show);
	g_assert_cmpstr(argument(fixture, 0), ==, "abc");
	g_assert_true(cs_command_line_check(fixture->line, &fixture->error));
}

static void
test_groups_without_verb(Fixture *fixture, gconstpointer data)
{
	assert_parses(fixture, "", NULL);
	g_assert_cmpstr(fixture->line->path, ==, "");
	assert_parses(fixture, "group thing", NULL);
	g_assert_cmpstr(fixture->line->path, ==, "group thing");
}

static void
test_options_anywhere(Fixture *fixture, gconstpointer data)
{
	static const char *const forms[] = {
		"--config F look --json",
		"look --config F --json",
		"--json look --config=F",
	};

	for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
		assert_parses(fixture, forms[i], &look);
		g_assert_true(fixture->line->json);
		g_assert_true(cs_command_line_has(fixture->line, "json"));
		g_assert_cmpstr(cs_command_line_get(fixture->line, "config"), ==, "F");
	}
	assert_parses(fixture, "group --dir D thing show abc", &group_thing_show);
	g_assert_cmpstr(cs_command_line_get(fixture->line, "dir"), ==, "D");
	assert_parses(fixture, "group thing show abc --dir=D=E", &group_thing_show);
	g_assert_cmpstr(cs_command_line_get(fixture->line, "dir"), ==, "D=E");
}

static void
test_repeatable(Fixture *fixture, gconstpointer data)
{
	const char *const *files = NULL;

	assert_parses(fixture, "look --file a --file=b", &look);
	files = cs_command_line_get_all(fixture->line, "file");
	g_assert_cmpuint(g_strv_length((char **)files), ==, 2);
	g_assert_cmpstr(files[0], ==, "a");
	g_assert_cmpstr(files[1], ==, "b");
	g_assert_cmpstr(cs_command_line_get(fixture->line, "file"), ==, "b");
	assert_parses(fixture, "look", &look);
	g_assert_null(cs_command_line_get_all(fixture->line, "file")[0]);
	g_assert_null(cs_command_line_get(fixture->line, "file"));
	g_assert_false(cs_command_line_has(fixture->line, "file"));
}

static void
test_end_of_options(Fixture *fixture, gconstpointer data)
{
	assert_parses(fixture, "look -- --switch", &look);
	g_assert_cmpstr(argument(fixture, 0), ==, "--switch");
	g_assert_false(cs_command_line_has(fixture->line, "switch"));
	assert_parses(fixture, "look -- --json", &look);
	g_assert_false(fixture->line->json);
	assert_parses(fixture, "look -", &look);
	g_assert_cmpstr(argument(fixture, 0), ==, "-");
}

static void
test_mistakes(Fixture *fixture, gconstpointer data)
{
	assert_refuses(fixture, "looks", "verb-unknown");
	assert_refuses(fixture, "loo", "verb-unknown");
	assert_refuses(fixture, "group thin", "verb-unknown");
	assert_refuses(fixture, "look --other", "option-unknown");
	assert_refuses(fixture, "look -x", "option-unknown");
	assert_refuses(fixture, "look --dir D", "option-unknown");
	assert_refuses(fixture, "--dir D group make", "option-unknown");
	assert_refuses(fixture, "look --switch=yes", "value-unexpected");
	assert_refuses(fixture, "look --file", "value-missing");
	assert_refuses(fixture, "look --file=", "value-missing");
	assert_refuses(fixture, "look --file --json", "value-missing");
	assert_refuses(fixture, "look --switch --switch", "option-repeated");
	assert_refuses(fixture, "--config a look --config b", "option-repeated");
	assert_refuses(fixture, "look a b", "arguments-unexpected");
	assert_refuses(fixture, "group thing show", "arguments-missing");
	assert_refuses(fixture, "group make", "option-missing");
}

/* How an error is told must not depend on which error it is. */
static void
test_json_beside_a_mistake(Fixture *fixture, gconstpointer data)
{
	assert_refuses(fixture, "looks --json", "verb-unknown");
	g_assert_true(fixture->line->json);
	assert_refuses(fixture, "look --other --json", "option-unknown");
	g_assert_true(fixture->line->json);
	assert_refuses(fixture, "look --other", "option-unknown");
	g_assert_false(fixture->line->json);
}

/* A code or a link that stands on the command line by mistake is repeated by no message. */
static void
test_nothing_is_repeated(Fixture *fixture, gconstpointer data)
{
	static const char *const secrets[] = {
		"S3CR3T",	 "look --S3CR3T",	 "look --other=S3CR3T", "look -S3CR3T",
		"look a S3CR3T", "look --switch=S3CR3T", "group S3CR3T",	"group make S3CR3T",
	};

	for (guint i = 0; i < G_N_ELEMENTS(secrets); i++) {
		gboolean accepts = parse(fixture, secrets[i]) &&
				   cs_command_line_check(fixture->line, &fixture->error);

		g_assert_false(accepts);
		g_assert_null(strstr(fixture->error->message, "S3CR3T"));
	}
}

static void
test_awkward_words(Fixture *fixture, gconstpointer data)
{
	const char *const with_space[] = {"group thing", "show", "abc", NULL};
	const char *const empty[] = {"", NULL};
	const char *const not_text[] = {"\xff\xfe", NULL};
	const char *const *const cases[] = {with_space, empty, not_text};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(CsCommandLine) line = cs_command_line_new();
		g_autoptr(GError) error = NULL;

		g_assert_false(cs_command_line_parse(line, &table, cases[i], &error));
		g_assert_error(error, CS_ERROR, CS_ERROR_USAGE);
	}
}

static void
test_paths(Fixture *fixture, gconstpointer data)
{
	g_assert_true(cs_command_path_is_under("group thing", ""));
	g_assert_true(cs_command_path_is_under("group thing", "group"));
	g_assert_true(cs_command_path_is_under("group", "group"));
	g_assert_false(cs_command_path_is_under("groups", "group"));
	g_assert_false(cs_command_path_is_under("group", "group thing"));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(Fixture *fixture, gconstpointer data);
	} tests[] = {
		{"/command-line/verbs", test_verbs},
		{"/command-line/groups-without-verb", test_groups_without_verb},
		{"/command-line/options-anywhere", test_options_anywhere},
		{"/command-line/repeatable", test_repeatable},
		{"/command-line/end-of-options", test_end_of_options},
		{"/command-line/mistakes", test_mistakes},
		{"/command-line/json-beside-a-mistake", test_json_beside_a_mistake},
		{"/command-line/nothing-is-repeated", test_nothing_is_repeated},
		{"/command-line/awkward-words", test_awkward_words},
		{"/command-line/paths", test_paths},
	};

	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
