/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/backup.h"

#include <glib/gi18n-lib.h>

static const CsTextColumn backup_fields[] = {{"file", N_("file")},
					     {"lines", N_("lines of the log")},
					     {"head", N_("head of the log")},
					     {NULL}};

/* On standard error: whoever reads only what was made must not miss it. */
static void
note_problems(const CsInvocation *invocation, const cJSON *document)
{
	const cJSON *problem;

	cJSON_ArrayForEach (problem, cJSON_GetObjectItemCaseSensitive(document, "problems"))
		cs_invocation_note(invocation, _("not sound: %s, %s\n"),
				   cs_json_get_string(problem, "check", NULL),
				   cs_json_get_string(problem, "detail", NULL));
}

static void
print_backup(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, backup_fields);
	cs_invocation_print(invocation, "%s\n",
			    _("Whoever has this file has the authority: its keys are in it."));
	note_problems(invocation, document);
}

static cJSON *
make_backup(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_authority_backup(authority, invocation->arguments[0], error);
}

static CsExit
run_backup(CsInvocation *invocation)
{
	return cs_authority_run(invocation, make_backup, print_backup);
}

static CsExit
run_restore(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) document = cs_authority_restore(
		invocation->authority_folder, invocation->arguments[0],
		cs_invocation_has(invocation, "replace"), invocation->clock, &error);
	const char *former = NULL;

	if (!document)
		return cs_invocation_fail(invocation, error);
	cs_invocation_print_json(invocation, document);
	cs_invocation_print(invocation, _("The authority was restored in %s\n"),
			    invocation->authority_folder);
	note_problems(invocation, document);
	former = cs_json_get_string(document, "former", NULL);
	if (former)
		cs_invocation_print(
			invocation,
			_("The former folder, with its keys, is kept in %s: delete it when you "
			  "no longer need it.\n"),
			former);
	return CS_EXIT_DONE;
}

static const CsOption restore_options[] = {
	{"replace", NULL, CS_OPTION_ONCE,
	 N_("put the authority that is there aside, and this one in its place")},
	{NULL},
};

const CsCommand cs_command_authority_backup = {
	.path = "authority backup",
	.arguments = "FILE",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Write the registry and the keys into one file"),
	.description = N_(
		"The server may be running: what is written is of one moment. The file has "
		"mode 0600 and is as secret as the authority's folder, for the keys are in "
		"it. A file that is there already is never overwritten. What \"authority check\" "
		"finds is copied as it is, and said: \"authority restore\" may refuse it.\n"
		"With --json, {\"file\", \"lines\", \"head\"} of the log in it, {\"ok\", "
		"\"problems\": [{\"check\", \"detail\"}]}."),
	.run = run_backup,
};

const CsCommand cs_command_authority_restore = {
	.path = "authority restore",
	.arguments = "FILE",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Make the authority's folder of a backup"),
	.description =
		N_("The folder is made beside its place, brought up to this version and checked, "
		   "and put there by one rename. A folder that is not empty is refused, unless "
		   "it is an authority's, no server runs on it, and --replace is given; it is "
		   "then kept beside. What is not sound is refused; only a log that is not whole, "
		   "and an index that is not ours, are said and borne. What happened after the "
		   "backup is not in it: stop other "
		   "commands first, and do again what was done since, above all suspensions "
		   "and revocations.\n"
		   "With --json, {\"folder\", \"former\", \"problems\": [{\"check\", "
		   "\"detail\"}]}."),
	.options = restore_options,
	.run = run_restore,
};
