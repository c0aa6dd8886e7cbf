/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "app/commands/verbs.h"
#include "app/surroundings.h"
#include "core/base/file.h"

#ifdef CS_HAS_DESKTOP
#include "ui/window-module.h"
#endif

#include <glib/gi18n-lib.h>
#include <string.h>

static const CsOption options[] = {
	{"output", "FILE", CS_OPTION_ONCE,
	 N_("write the report to this file, which only you can read, in place of standard output"),
	 "-o"},
	{"initials", NULL, CS_OPTION_ONCE, N_("reduce the names of users to initials")},
	{NULL},
};

/* (nullable) (transfer full): GTK is there where the windows can be loaded. */
static char *
dup_gtk_version(void)
{
#ifdef CS_HAS_DESKTOP
	const CsWindowModule *windows = cs_window_module_load(NULL);

	return windows != NULL ? windows->dup_gtk_version() : NULL;
#else
	return NULL;
#endif
}

/* The file's whole content: what would have been on standard output. */
static char *
print(const CsInvocation *invocation, const cJSON *diagnosis, GError **error)
{
	g_autofree char *json = NULL;

	if (!invocation->json)
		return cs_diagnosis_to_text(diagnosis);
	json = cs_json_print_pretty(diagnosis);
	if (json == NULL) {
		cs_json_set_lost(error);
		return NULL;
	}
	return g_strconcat(json, "\n", NULL);
}

static CsExit
save(const CsInvocation *invocation, const char *path, const cJSON *diagnosis)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = print(invocation, diagnosis, &error);
	g_autoptr(cJSON) document = cJSON_CreateObject();

	if (text == NULL || !cs_file_write_atomically(path, text, strlen(text), &error))
		return cs_invocation_fail(invocation, error);
	cs_json_add_string(document, "output", path);
	cs_invocation_print_json(invocation, document);
	cs_invocation_print(invocation, _("The report is in %s. Read it before you pass it on.\n"),
			    path);
	return CS_EXIT_DONE;
}

static CsExit
run(CsInvocation *invocation)
{
	const char *path = cs_invocation_get(invocation, "output");
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) settings_error = NULL;
	const CsClient *client =
		cs_invocation_ensure_any_client(invocation, &settings_error, &error);
	g_autofree char *gtk_version = dup_gtk_version();
	g_autoptr(CsSurroundings) surroundings =
		cs_surroundings_new(invocation->paths, gtk_version, settings_error);
	g_autoptr(cJSON) diagnosis = NULL;
	g_autofree char *text = NULL;

	if (client == NULL)
		return cs_invocation_fail(invocation, error);
	diagnosis = cs_diagnosis_make(client, cs_surroundings_get(surroundings),
				      cs_invocation_has(invocation, "initials"),
				      invocation->cancellable);
	if (g_cancellable_set_error_if_cancelled(invocation->cancellable, &error))
		return cs_invocation_fail(invocation, error);
	if (path != NULL)
		return save(invocation, path, diagnosis);
	text = cs_diagnosis_to_text(diagnosis);
	cs_invocation_print_json(invocation, diagnosis);
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_diagnose = {
	.path = "diagnose",
	.summary = N_("Make a report for helpdesk"),
	.description = N_(
		"Versions, desktop and tray, clock, accounts with their last verdicts and the "
		"server's ids of the requests, the explanation that was kept of each, the stores "
		"with what was passed over and why, the settings with where they come from, and "
		"the end of the log. No server is asked. There is no key, code, token or password "
		"in it; the home folder is \"~\"; with --initials the names of users are reduced. "
		"What cannot be read is said in the report, and the exit code is 0 all the same; 5 "
		"where FILE cannot be written. Read it before you pass it on.\n"
		"With --json, one document: {\"version\": 1, \"made_at\", \"initials\", "
		"\"versions\", \"desktop\", \"settings\", \"stores\", \"accounts\", "
		"\"accounts_error\", \"clock\", \"log\"}, each described in docs/diagnosis.md; "
		"with "
		"-o that is written to FILE, and {\"output\": FILE} is printed."),
	.options = options,
	.run = run,
};
