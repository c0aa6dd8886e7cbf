/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command-line.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Words of a command line may be secrets that somebody put there by mistake (an activation code, a
 * link): no message repeats one, but for the name of an option. */
#define MAX_ECHOED_NAME_LENGTH 40

typedef struct {
	CsCommandLine *line;
	const CsCommandTable *table;
	const char *const *next; /* the word to read next */
} Parser;

static const CsOption *
find_in(const CsOption *options, const char *name)
{
	for (const CsOption *option = options; option && option->name; option++) {
		if (strcmp(option->name, name) == 0)
			return option;
	}
	return NULL;
}

/* The command's own options, then those of its groups, then the global ones. */
static const CsOption *
find_option(const Parser *parser, const char *name)
{
	const CsOption *option = NULL;

	if (parser->line->command)
		option = find_in(parser->line->command->options, name);
	for (const CsCommandGroup *group = parser->table->groups; !option && group->path; group++) {
		if (cs_command_path_is_under(parser->line->path, group->path))
			option = find_in(group->options, name);
	}
	return option ? option : find_in(parser->table->global_options, name);
}

/* "--output" of "-o"; NULL where no option is called that. */
static char *
spell_out(const Parser *parser, const char *word)
{
	const CsOption *option =
		parser->line->command != NULL ? parser->line->command->options : NULL;

	for (; option && option->name; option++) {
		if (g_strcmp0(option->short_name, word) == 0)
			return g_strconcat("--", option->name, NULL);
	}
	return NULL;
}

static gboolean
is_echoable(const char *name)
{
	gsize length = strspn(name, "abcdefghijklmnopqrstuvwxyz-");

	return name[0] != '\0' && name[length] == '\0' && length <= MAX_ECHOED_NAME_LENGTH;
}

static void
set_unknown_option(GError **error, const char *name)
{
	if (is_echoable(name))
		cs_error_set(error, CS_ERROR_USAGE, "option-unknown", _("unknown option --%s"),
			     name);
	else
		cs_error_set(error, CS_ERROR_USAGE, "option-unknown", _("unknown option"));
}

static gboolean
add_value(Parser *parser, const CsOption *option, const char *value, GError **error)
{
	GPtrArray *values = g_hash_table_lookup(parser->line->options, option->name);

	if (values && option->use != CS_OPTION_REPEATABLE) {
		cs_error_set(error, CS_ERROR_USAGE, "option-repeated",
			     _("--%s may be given only once"), option->name);
		return FALSE;
	}
	if (!values) {
		values = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(parser->line->options, g_strdup(option->name), values);
	} else {
		g_ptr_array_set_size(values, (int)values->len - 1);
	}
	g_ptr_array_add(values, g_strdup(value));
	g_ptr_array_add(values, NULL);
	return TRUE;
}

/* `word` is "--name" or "--name=value". A value in a word of its own may not look like an option:
 * that is far more often a forgotten value. */
static gboolean
read_option(Parser *parser, const char *word, GError **error)
{
	const char *equals = strchr(word, '=');
	g_autofree char *name =
		equals ? g_strndup(word + 2, (gsize)(equals - word - 2)) : g_strdup(word + 2);
	const CsOption *option = find_option(parser, name);
	const char *value = equals ? equals + 1 : NULL;

	if (!option) {
		set_unknown_option(error, name);
		return FALSE;
	}
	if (!option->value && value) {
		cs_error_set(error, CS_ERROR_USAGE, "value-unexpected", _("--%s takes no value"),
			     option->name);
		return FALSE;
	}
	if (option->value && !value && *parser->next && !g_str_has_prefix(*parser->next, "--"))
		value = *parser->next++;
	if (option->value && (!value || value[0] == '\0')) {
		cs_error_set(error, CS_ERROR_USAGE, "value-missing", _("--%s needs a value: %s"),
			     option->name, option->value);
		return FALSE;
	}
	return add_value(parser, option, value ? value : "", error);
}

static gboolean
extend_path(Parser *parser, const char *word, GError **error)
{
	CsCommandLine *line = parser->line;
	g_autofree char *path =
		line->path[0] != '\0' ? g_strconcat(line->path, " ", word, NULL) : g_strdup(word);
	gboolean is_word = word[0] != '\0' && !strchr(word, ' ');
	gboolean known = FALSE;

	for (const CsCommand *const *command = parser->table->commands; is_word && *command;
	     command++) {
		if (!cs_command_path_is_under((*command)->path, path))
			continue;
		known = TRUE;
		if (strcmp((*command)->path, path) == 0)
			line->command = *command;
	}
	if (!known) {
		cs_error_set(error, CS_ERROR_USAGE, "verb-unknown",
			     _("no such verb; \"countersign help\" lists them"));
		return FALSE;
	}
	g_free(line->path);
	line->path = g_steal_pointer(&path);
	return TRUE;
}

static gboolean
read_word(Parser *parser, const char *word, GError **error)
{
	GPtrArray *arguments = parser->line->arguments;

	if (!parser->line->command)
		return extend_path(parser, word, error);
	g_ptr_array_set_size(arguments, (int)arguments->len - 1);
	g_ptr_array_add(arguments, g_strdup(word));
	g_ptr_array_add(arguments, NULL);
	return TRUE;
}

/* Also where the rest cannot be understood: how errors are told must not depend on the error. */
static gboolean
asks_for_json(const char *const *words)
{
	for (; *words && strcmp(*words, "--") != 0; words++) {
		if (strcmp(*words, "--json") == 0)
			return TRUE;
	}
	return FALSE;
}

/**
 * cs_command_path_is_under:
 * @path: the words of a command, or of a group, with a space between them
 * @group: the words that it may begin with; "" begins everything
 *
 * Returns: whether @path begins with all the words of @group
 */
gboolean
cs_command_path_is_under(const char *path, const char *group)
{
	gsize length = strlen(group);

	return length == 0 ||
	       (strncmp(path, group, length) == 0 && (path[length] == '\0' || path[length] == ' '));
}

/**
 * cs_command_line_new:
 *
 * Returns: (transfer full): an empty command line, to be parsed once
 */
CsCommandLine *
cs_command_line_new(void)
{
	CsCommandLine *line = g_new0(CsCommandLine, 1);

	line->path = g_strdup("");
	line->arguments = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(line->arguments, NULL);
	line->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)g_ptr_array_unref);
	return line;
}

/**
 * cs_command_line_free:
 * @line: (nullable): what to free
 */
void
cs_command_line_free(CsCommandLine *line)
{
	if (!line)
		return;
	g_free(line->path);
	g_ptr_array_unref(line->arguments);
	g_hash_table_unref(line->options);
	g_free(line);
}

/**
 * cs_command_line_parse:
 * @line: an empty command line; on failure it holds what was understood before the mistake, and
 *   @line->json is right in every case
 * @table: the commands, groups and global options
 * @words: NULL-terminated, without the program's name
 *
 * Reads the words by the table. Global options may stand anywhere, a group's after its first word,
 * a command's after its last. "--" ends the options. Neither the number of arguments nor required
 * options are looked at: --help asks for neither, cs_command_line_check() does.
 *
 * Returns: TRUE where every word was understood. CS_ERROR_USAGE, with the reasons
 *   "option-unknown", "option-repeated", "value-missing", "value-unexpected", "verb-unknown"
 */
gboolean
cs_command_line_parse(CsCommandLine *line,
		      const CsCommandTable *table,
		      const char *const *words,
		      GError **error)
{
	Parser parser = {line, table, words};
	gboolean options_ended = FALSE;

	line->json = asks_for_json(words);
	while (*parser.next) {
		const char *word = *parser.next++;

		/* The one short form, because it is what everybody tries. */
		if (!options_ended && g_str_equal(word, "-h"))
			word = "--help";
		if (!g_utf8_validate(word, -1, NULL) && !line->command) {
			cs_error_set(error, CS_ERROR_USAGE, "verb-unknown",
				     _("no such verb; \"countersign help\" lists them"));
			return FALSE;
		}
		if (options_ended || word[0] != '-' || word[1] == '\0') {
			if (!read_word(&parser, word, error))
				return FALSE;
		} else if (word[1] != '-') {
			g_autofree char *long_word = spell_out(&parser, word);

			if (!long_word || !read_option(&parser, long_word, error)) {
				if (!long_word)
					set_unknown_option(error, "");
				return FALSE;
			}
		} else if (word[2] == '\0') {
			options_ended = TRUE;
		} else if (!read_option(&parser, word, error)) {
			return FALSE;
		}
	}
	return TRUE;
}

/**
 * cs_command_line_check:
 * @line: a parsed command line that names a command
 *
 * Returns: TRUE where the number of arguments is right and every required option is there.
 *   CS_ERROR_USAGE, with the reasons "arguments-missing", "arguments-unexpected",
 *   "option-missing"
 */
gboolean
cs_command_line_check(const CsCommandLine *line, GError **error)
{
	const CsCommand *command = line->command;
	int count = (int)line->arguments->len - 1;

	if (count < command->min_arguments) {
		cs_error_set(error, CS_ERROR_USAGE, "arguments-missing", _("\"%s\" needs: %s"),
			     command->path, command->arguments);
		return FALSE;
	}
	if (count > command->max_arguments) {
		cs_error_set(error, CS_ERROR_USAGE, "arguments-unexpected",
			     _("too many arguments for \"%s\""), command->path);
		return FALSE;
	}
	for (const CsOption *option = command->options; option && option->name; option++) {
		if (option->use == CS_OPTION_REQUIRED && !cs_command_line_has(line, option->name)) {
			cs_error_set(error, CS_ERROR_USAGE, "option-missing",
				     _("\"%s\" needs --%s %s"), command->path, option->name,
				     option->value);
			return FALSE;
		}
	}
	return TRUE;
}

/**
 * cs_command_line_has:
 * @line: a parsed command line
 * @option: a long name without "--"
 *
 * Returns: whether it was given
 */
gboolean
cs_command_line_has(const CsCommandLine *line, const char *option)
{
	return g_hash_table_contains(line->options, option);
}

/**
 * cs_command_line_get:
 * @line: a parsed command line
 * @option: a long name without "--"
 *
 * Returns: (nullable) (transfer none): its last value
 */
const char *
cs_command_line_get(const CsCommandLine *line, const char *option)
{
	GPtrArray *values = g_hash_table_lookup(line->options, option);

	return values ? g_ptr_array_index(values, values->len - 2) : NULL;
}

/**
 * cs_command_line_get_all:
 * @line: a parsed command line
 * @option: a long name without "--"
 *
 * Returns: (transfer none): its values in their order, NULL-terminated; empty where there is none
 */
const char *const *
cs_command_line_get_all(const CsCommandLine *line, const char *option)
{
	static const char *const none[] = {NULL};
	GPtrArray *values = g_hash_table_lookup(line->options, option);

	return values ? (const char *const *)values->pdata : none;
}
