/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static const char *const details[] = {"reason",	     "actor",	 "device", "account",
				      "certificate", "operator", "origin", "application",
				      "access",	     "request",	 "detail"};

static const struct {
	const char *code;
	const char *sentence;
} problems[] = {
	{CS_LOG_ADDED, N_("a line stands there that the authority did not write")},
	{CS_LOG_MISSING, N_("a line is missing there")},
	{CS_LOG_CHANGED, N_("the line there, or one before it, was changed")},
	{CS_LOG_HEAD_LOST, N_("the registry's own note of the log's end is lost")},
	{CS_LOG_HEAD_UNKNOWN, N_("the head that you noted is that of no line: the log was cut off, "
				 "or made anew")},
};

static const char *
get_text(const cJSON *line, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
}

/* One line each, at once: the log may be long. */
static void
print_line_cb(const cJSON *line, gpointer data)
{
	const CsInvocation *invocation = data;
	g_autoptr(GString) text = g_string_new(NULL);
	const char *time = get_text(line, "time");
	const char *event = get_text(line, "event");
	const char *outcome = get_text(line, "outcome");

	cs_invocation_print_json(invocation, line);
	if (invocation->json)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(details); i++) {
		const char *value = get_text(line, details[i]);

		if (value)
			g_string_append_printf(text, " %s=%s", details[i], value);
	}
	cs_invocation_print(invocation, "%s %-18s %-7s%s\n", time ? time : "-", event ? event : "-",
			    outcome ? outcome : "-", text->str);
}

static void
print_check_json(const CsInvocation *invocation, const CsLogCheck *check)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();

	cs_json_add_boolean(document, "ok", check->problem == NULL);
	cs_json_add_int64(document, "lines", check->lines);
	cs_json_add_string(document, "head", check->head);
	cs_json_add_string(document, "problem", check->problem);
	if (check->line != 0)
		cs_json_add_int64(document, "line", check->line);
	else
		cs_json_add_string(document, "line", NULL);
	cs_invocation_print_json(invocation, document);
}

static void
print_check(const CsInvocation *invocation, const CsLogCheck *check)
{
	g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, check->lines);
	g_autofree char *line = g_strdup_printf("%" G_GINT64_FORMAT, check->line);

	if (check->problem == NULL) {
		cs_invocation_print(invocation, _("The log is whole. Lines: %s\n"), count);
		cs_invocation_print(invocation, _("Its head, to be noted elsewhere: %s\n"),
				    check->head);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(problems); i++) {
		if (g_strcmp0(problems[i].code, check->problem) != 0)
			continue;
		if (check->line != 0)
			cs_invocation_print(invocation,
					    _("The log is not whole, at line %s: %s.\n"), line,
					    _(problems[i].sentence));
		else
			cs_invocation_print(invocation, _("The log is not whole: %s.\n"),
					    _(problems[i].sentence));
	}
}

/* As it is printed here, and as it may come out of a ticket. */
static char *
normalise_head(const char *head, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(head, -1);

	if (strlen(lower) == CS_LOG_HEAD_LENGTH &&
	    strspn(lower, "0123456789abcdef") == strlen(lower))
		return g_steal_pointer(&lower);
	cs_error_set(error, CS_ERROR_USAGE, "head-invalid",
		     _("a head is %d hexadecimal digits, as --verify prints it"),
		     CS_LOG_HEAD_LENGTH);
	return NULL;
}

static CsExit
verify(CsInvocation *invocation, CsAuthority *authority)
{
	const char *given = cs_invocation_get(invocation, "head");
	g_autoptr(GError) error = NULL;
	g_autofree char *head = given ? normalise_head(given, &error) : NULL;
	CsLogCheck check = {0};

	if (error ||
	    !cs_registry_verify_log(cs_authority_get_registry(authority), head, &check, &error))
		return cs_invocation_fail(invocation, error);
	if (invocation->json)
		print_check_json(invocation, &check);
	else
		print_check(invocation, &check);
	return check.problem ? CS_EXIT_NO : CS_EXIT_DONE;
}

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);

	if (!authority)
		return cs_invocation_fail(invocation, error);
	if (cs_invocation_has(invocation, "verify") || cs_invocation_has(invocation, "head"))
		return verify(invocation, authority);
	if (!cs_registry_read_log(cs_authority_get_registry(authority), print_line_cb, invocation,
				  &error))
		return cs_invocation_fail(invocation, error);
	return CS_EXIT_DONE;
}

static const CsOption options[] = {
	{"verify", NULL, CS_OPTION_ONCE, N_("reckon the log's chain again, and print no lines")},
	{"head", "HASH", CS_OPTION_ONCE,
	 N_("the same, and look for a head that was noted elsewhere")},
	{NULL},
};

const CsCommand cs_command_authority_log = {
	.path = "authority log",
	.summary = N_("Print what happened, oldest first"),
	.description =
		N_("With --json, one object a line: {\"time\", \"event\", \"actor\", "
		   "\"device\", \"account\", \"certificate\", \"outcome\", \"reason\", "
		   "\"operator\", \"origin\", \"application\", \"access\", \"request\", "
		   "\"line\", \"hash\"}: "
		   "who ran a command, from "
		   "where a request came, and the id that its client shows to the helpdesk. Each "
		   "line's hash is over its own text and the hash "
		   "before it. --verify reckons them again, and exits with 0 where the log is "
		   "whole and with 1 where a line was changed, taken out or put in; with "
		   "--json {\"ok\", \"lines\", \"head\", \"problem\", \"line\"}. Whoever may "
		   "write to the registry can make the whole log anew: note the head elsewhere "
		   "from time to time, and verify with --head."),
	.options = options,
	.run = run,
};
