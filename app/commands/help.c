/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/help.h"

#include "app/commands/command.h"
#include "app/commands/text.h"
#include "app/commands/verbs.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define HELP_WIDTH	   80
#define HELP_OPTION_INDENT 26
#define HELP_VERB_INDENT   34

/* " --name VALUE", in brackets where it may be left out. */
static void
append_option_synopsis(GString *out, const CsOption *option)
{
	if (!option->help)
		return;
	g_string_append_printf(out, " %s--%s%s%s%s%s", option->use == CS_OPTION_REQUIRED ? "" : "[",
			       option->name, option->value ? " " : "",
			       option->value ? option->value : "",
			       option->use == CS_OPTION_REQUIRED ? "" : "]",
			       option->use == CS_OPTION_REPEATABLE ? "..." : "");
}

/* "  left   right", the right side wrapped; a long left side gets a line of its own. */
static void
append_item(GString *out, const char *left, const char *right, guint indent)
{
	g_autoptr(GString) wrapped = g_string_new(NULL);
	gboolean fits = 2 + strlen(left) + 2 <= indent;

	cs_text_append_wrapped(wrapped, right, indent, HELP_WIDTH);
	if (fits)
		g_string_append_printf(out, "  %-*s%s", (int)indent - 2, left,
				       wrapped->str + indent);
	else
		g_string_append_printf(out, "  %s\n%s", left, wrapped->str);
}

static void
append_options(GString *out, const char *title, const CsOption *options)
{
	gboolean titled = FALSE;

	for (const CsOption *option = options; option && option->name; option++) {
		g_autofree char *left = g_strdup_printf(
			"%s%s--%s%s%s", option->short_name ? option->short_name : "",
			option->short_name ? ", " : "", option->name, option->value ? " " : "",
			option->value ? option->value : "");

		if (!option->help)
			continue;
		if (!titled)
			g_string_append_printf(out, "\n%s\n", title);
		titled = TRUE;
		append_item(out, left, _(option->help), HELP_OPTION_INDENT);
	}
}

static void
append_paragraphs(GString *out, const char *text)
{
	g_auto(GStrv) paragraphs = g_strsplit(text, "\n", -1);

	for (char **paragraph = paragraphs; *paragraph; paragraph++) {
		g_string_append_c(out, '\n');
		cs_text_append_wrapped(out, *paragraph, 0, HELP_WIDTH);
	}
}

static void
append_verbs(GString *out, const CsCommandTable *table, const char *path)
{
	g_string_append_printf(out, "\n%s\n", _("Verbs:"));
	for (const CsCommand *const *command = table->commands; *command; command++) {
		g_autofree char *left = NULL;

		if (!cs_command_path_is_under((*command)->path, path) || !(*command)->summary)
			continue;
		left = g_strconcat((*command)->path, (*command)->arguments ? " " : "",
				   (*command)->arguments, NULL);
		append_item(out, left, _((*command)->summary), HELP_VERB_INDENT);
	}
}

/**
 * cs_command_table_find:
 * @table: the commands
 * @path: the words of one
 *
 * Returns: (nullable) (transfer none): the command
 */
const CsCommand *
cs_command_table_find(const CsCommandTable *table, const char *path)
{
	for (const CsCommand *const *command = table->commands; *command; command++) {
		if (strcmp((*command)->path, path) == 0)
			return *command;
	}
	return NULL;
}

/**
 * cs_command_table_find_group:
 * @table: the commands
 * @path: the words of a group
 *
 * Returns: (nullable) (transfer none): the group
 */
const CsCommandGroup *
cs_command_table_find_group(const CsCommandTable *table, const char *path)
{
	for (const CsCommandGroup *group = table->groups; group->path; group++) {
		if (strcmp(group->path, path) == 0)
			return group;
	}
	return NULL;
}

/**
 * cs_command_table_has_desktop:
 * @table: the commands
 *
 * Returns: whether the desktop application is part of this build, so that a verb is not needed
 */
gboolean
cs_command_table_has_desktop(const CsCommandTable *table)
{
	return cs_command_table_find(table, "start") != NULL;
}

/**
 * cs_help_format_synopsis:
 * @table: the commands
 * @path: a command, a group, or "" for the program
 *
 * Returns: (transfer full): one line, without "usage:", with its own options and its groups'
 */
char *
cs_help_format_synopsis(const CsCommandTable *table, const char *path)
{
	const CsCommand *command = cs_command_table_find(table, path);
	GString *out = g_string_new("countersign");

	if (path[0] != '\0')
		g_string_append_printf(out, " %s", path);
	if (!command)
		g_string_append(out, path[0] == '\0' && cs_command_table_has_desktop(table)
					     ? " [VERB]"
					     : " VERB");
	else if (command->arguments)
		g_string_append_printf(out, " %s", command->arguments);
	for (const CsOption *o = command ? command->options : NULL; o && o->name; o++)
		append_option_synopsis(out, o);
	for (const CsCommandGroup *group = table->groups; group->path; group++) {
		if (!cs_command_path_is_under(path, group->path))
			continue;
		for (const CsOption *o = group->options; o && o->name; o++)
			append_option_synopsis(out, o);
	}
	g_string_append(out, " [--config FILE] [--json]");
	return g_string_free(out, FALSE);
}

/**
 * cs_help_format:
 * @table: the commands
 * @path: a command, a group, or "" for the program
 *
 * Returns: (transfer full): what --help prints
 */
char *
cs_help_format(const CsCommandTable *table, const char *path)
{
	g_autofree char *synopsis = cs_help_format_synopsis(table, path);
	const CsCommand *command = cs_command_table_find(table, path);
	const CsCommandGroup *group = cs_command_table_find_group(table, path);
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "%s %s\n\n", _("usage:"), synopsis);
	if (command)
		g_string_append_printf(out, "%s.\n", _(command->summary));
	else
		g_string_append_printf(out, "%s.\n",
				       group ? _(group->summary)
					     : _("Countersign shows an organisation that this "
						 "device is managed"));
	if (command && command->description)
		append_paragraphs(out, _(command->description));
	if (path[0] == '\0' && cs_command_table_has_desktop(table))
		append_paragraphs(out, _("Without a verb, it opens the window of the desktop "
					 "application."));
	if (!command)
		append_verbs(out, table, path);
	if (command)
		append_options(out, _("Options:"), command->options);
	for (group = table->groups; group->path; group++) {
		if (cs_command_path_is_under(path, group->path))
			append_options(out, _("Options of the group:"), group->options);
	}
	append_options(out, _("Options of every verb:"), table->global_options);
	return g_string_free(out, FALSE);
}

static const CsOption help_options[] = {
	{"manual", NULL, CS_OPTION_ONCE, NULL},
	{NULL},
};

static CsExit
print_text(CsInvocation *invocation, const char *member, const char *text)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();

	cs_json_add_string(document, member, text);
	cs_invocation_print_json(invocation, document);
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

static CsExit
run_help(CsInvocation *invocation)
{
	const CsCommandTable *table = cs_commands_get_table();
	g_autofree char *path = g_strjoinv(" ", invocation->arguments);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	if (cs_invocation_has(invocation, "manual")) {
		text = cs_manual_format(table);
		return print_text(invocation, "manual", text);
	}
	if (path[0] != '\0' && !cs_command_table_find(table, path) &&
	    !cs_command_table_find_group(table, path)) {
		cs_error_set(&error, CS_ERROR_USAGE, "verb-unknown", _("no such verb"));
		return cs_invocation_fail(invocation, error);
	}
	text = cs_help_format(table, path);
	return print_text(invocation, "help", text);
}

const CsCommand cs_command_help = {
	.path = "help",
	.arguments = "[VERB...]",
	.max_arguments = 3,
	.summary = N_("Explain a verb, or list them all"),
	.options = help_options,
	.run = run_help,
};

static CsExit
run_version(CsInvocation *invocation)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();

	cs_json_add_string(document, "version", CS_VERSION);
	cs_invocation_print_json(invocation, document);
	cs_invocation_print(invocation, "countersign %s\n", CS_VERSION);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_version = {
	.path = "version",
	.summary = N_("Print the version"),
	.run = run_version,
};
