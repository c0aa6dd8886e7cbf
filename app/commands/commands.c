/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"

#include "app/commands/desktop.h"
#include "app/commands/help.h"
#include "app/commands/signals.h"
#include "app/commands/verbs.h"
#include "app/demo.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>

/* THE table: parsing, --help and countersign(1) are made from it. */
static const CsCommand *const commands[] = {
#ifdef CS_HAS_DESKTOP
	&cs_command_start,
#endif
	&cs_command_status,
	&cs_command_explain,
	&cs_command_account_add,
	&cs_command_account_list,
	&cs_command_account_show,
	&cs_command_account_delete,
	&cs_command_certificate_delete,
	&cs_command_repurpose,
	&cs_command_diagnose,
	&cs_command_demo,
	&cs_command_authority_init,
	&cs_command_authority_serve,
	&cs_command_authority_user_add,
	&cs_command_authority_user_list,
	&cs_command_authority_user_suspend,
	&cs_command_authority_user_resume,
	&cs_command_authority_user_delete,
	&cs_command_authority_code,
	&cs_command_authority_issuer_add,
	&cs_command_authority_issuer_set,
	&cs_command_authority_issuer_list,
	&cs_command_authority_issuer_delete,
	&cs_command_authority_policy_set,
	&cs_command_authority_policy_default,
	&cs_command_authority_policy_list,
	&cs_command_authority_policy_delete,
	&cs_command_authority_policy_try,
	&cs_command_authority_policy_dry_run,
	&cs_command_authority_revocation_show,
	&cs_command_authority_revocation_refresh,
	&cs_command_authority_device_list,
	&cs_command_authority_device_show,
	&cs_command_authority_device_suspend,
	&cs_command_authority_device_resume,
	&cs_command_authority_device_deactivate,
	&cs_command_authority_device_reactivate,
	&cs_command_authority_device_delete,
	&cs_command_authority_device_approve,
	&cs_command_authority_device_release,
	&cs_command_authority_repurpose,
	&cs_command_authority_certificate_issue,
	&cs_command_authority_certificate_revoke,
	&cs_command_authority_log,
	&cs_command_authority_check,
	&cs_command_authority_backup,
	&cs_command_authority_restore,
	&cs_command_help,
	&cs_command_version,
	NULL,
};

static const CsOption authority_options[] = {
	{"dir", "DIR", CS_OPTION_ONCE,
	 N_("the authority's folder; $XDG_STATE_HOME/countersign/authority unless given")},
	{NULL},
};

static const CsCommandGroup groups[] = {
	{"account", N_("The accounts of this user on this device")},
	{"certificate", N_("The certificates in this user's directories")},
	{"authority", N_("The organisation's side: the server, its users, issuers and devices"),
	 authority_options},
	{"authority user", N_("Who may have accounts")},
	{"authority issuer", N_("Whose certificates count (rule 13)")},
	{"authority policy", N_("What access to an application asks of the device (rule 21)")},
	{"authority revocation", N_("What is known of revoked certificates (rule 12)")},
	{"authority device", N_("The devices, and what may become of them (rules 22 to 26)")},
	{"authority certificate", N_("The built-in certificate authority")},
	{NULL},
};

static const CsOption global_options[] = {
	{"config", "FILE", CS_OPTION_ONCE,
	 N_("read this file in place of the system's and the user's")},
	{"json", NULL, CS_OPTION_ONCE, N_("print one JSON document on standard output")},
	{"help", NULL, CS_OPTION_ONCE, N_("explain the verb")},
	{"version", NULL, CS_OPTION_ONCE, N_("print the version")},
	{NULL},
};

static const CsCommandTable table = {commands, groups, global_options};

/**
 * cs_commands_get_table:
 *
 * Returns: (transfer none): every verb and option that there is
 */
const CsCommandTable *
cs_commands_get_table(void)
{
	return &table;
}

/* A mistake on the command line: what, and in one line how it should look. */
static CsExit
fail_usage(const CsInvocation *invocation, const GError *error)
{
	CsExit code = cs_invocation_fail(invocation, error);
	g_autofree char *synopsis = cs_help_format_synopsis(&table, invocation->line->path);

	if (!invocation->json)
		cs_invocation_note(invocation, "%s %s\n", _("usage:"), synopsis);
	return code;
}

/* The words end at a group; or there are none, and no desktop application to open. */
static CsExit
fail_without_verb(const CsInvocation *invocation)
{
	const char *path = invocation->line->path;
	g_autofree char *help = cs_help_format(&table, path);
	g_autoptr(GError) error = NULL;

	if (path[0] == '\0')
		cs_error_set(&error, CS_ERROR_USAGE, "verb-missing",
			     _("a verb is needed: this program was built without its desktop "
			       "application"));
	else
		cs_error_set(&error, CS_ERROR_USAGE, "verb-missing",
			     _("\"%s\" needs one of its verbs"), path);
	if (!invocation->json)
		(void)fprintf(stderr, "%s\n", help);
	return cs_invocation_fail(invocation, error);
}

/* No verb at all is what a click on the program's icon says. */
static CsExit
run_without_verb(CsInvocation *invocation)
{
#ifdef CS_HAS_DESKTOP
	if (invocation->line->path[0] == '\0')
		return cs_desktop_run(invocation, TRUE);
#endif
	return fail_without_verb(invocation);
}

static CsExit
print_help(CsInvocation *invocation)
{
	g_autofree char *text = cs_help_format(&table, invocation->line->path);
	g_autoptr(cJSON) document = cJSON_CreateObject();

	cs_json_add_string(document, "help", text);
	cs_invocation_print_json(invocation, document);
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

static CsExit
run(CsInvocation *invocation)
{
	const CsCommandLine *line = invocation->line;
	g_autoptr(GError) error = NULL;

	if (cs_command_line_has(line, "help"))
		return print_help(invocation);
	if (cs_command_line_has(line, "version"))
		return cs_command_version.run(invocation);
	if (!line->command)
		return run_without_verb(invocation);
	if (!cs_command_line_check(line, &error))
		return fail_usage(invocation, error);
	return line->command->run(invocation);
}

/* What is no verb of the client's opens no log, and is not in it. */
static void
note_end(const CsInvocation *invocation, CsExit code)
{
	g_autofree char *exit_code = g_strdup_printf("%d", (int)code);

	cs_event(CS_EVENT_INFO, "verb", CS_FIELD_VERB, invocation->line->path, CS_FIELD_EXIT,
		 exit_code, CS_FIELD_END);
}

/* What did not arrive was not done: a full disk or a closed pipe is an error like any other. */
static CsExit
finish_output(CsExit code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	(void)fprintf(stderr, "countersign: %s\n", _("cannot write to standard output"));
	return CS_EXIT_STATE;
}

/**
 * cs_commands_main:
 * @argv: NULL-terminated, the program's name first
 * @paths: where settings and state are; its config_file is ignored for --config
 * @clock: the time
 * @authority_folder: where an authority is without --dir
 *
 * Runs the verb that @argv names. Call it once, before any thread is made.
 *
 * Returns: the exit code
 */
int
cs_commands_main(char **argv,
		 const CsSettingsPaths *paths,
		 const CsClock *clock,
		 const char *authority_folder)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(CsCommandLine) line = cs_command_line_new();
	g_autoptr(GError) error = NULL;
	CsSettingsPaths chosen_paths = *paths;
	CsInvocation invocation = {.paths = &chosen_paths,
				   .clock = clock,
				   .cancellable = cancellable,
				   .line = line,
				   .log = cs_log_install(clock)};
	const char *const *words = (const char *const *)argv + (argv[0] ? 1 : 0);
	CsExit code = CS_EXIT_DONE;

	cs_signals_watch(cancellable);
	if (!cs_command_line_parse(line, &table, words, &error)) {
		invocation.json = line->json;
		return finish_output(fail_usage(&invocation, error));
	}
	chosen_paths.config_file = cs_command_line_get(line, "config");
	invocation.command = line->command;
	invocation.arguments = (char **)line->arguments->pdata;
	invocation.n_arguments = line->arguments->len - 1;
	invocation.json = line->json;
	invocation.authority_folder = cs_command_line_get(line, "dir");
	if (!invocation.authority_folder)
		invocation.authority_folder = authority_folder;
	code = run(&invocation);
	note_end(&invocation, code);
	cs_invocation_clear(&invocation);
	return finish_output(code);
}
