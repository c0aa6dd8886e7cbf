/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/account-text.h"
#include "app/commands/command.h"
#include "app/commands/text.h"
#include "app/commands/verbs.h"
#include "core/account/authentication.h"
#include "core/account/deletion.h"

#include <glib/gi18n-lib.h>

static const CsOption options[] = {
	{"check", NULL, CS_OPTION_ONCE,
	 N_("authenticate every account now, and answer by the exit code")},
	{"application", N_("NAME"), CS_OPTION_ONCE,
	 N_("with --check: ask for this application's access, too (rule 21)")},
	{NULL},
};

/* Over several accounts the first of these that applies to one is the answer. */
static const CsExit order[] = {CS_EXIT_STATE, CS_EXIT_UNREACHABLE, CS_EXIT_REFUSED, CS_EXIT_NO};

/* What is collected while the accounts are gone through. */
typedef struct {
	GString *text;
	cJSON *accounts;
	gboolean applies[G_N_ELEMENTS(order)];
} Report;

/* A code without a place in the order is the answer of a rule. */
static void
note_exit(Report *report, CsExit code)
{
	guint place = 2;

	for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
		if (order[i] == code)
			place = i;
	}
	report->applies[place] = TRUE;
}

static CsExit
get_exit(const Report *report)
{
	for (guint i = 0; i < G_N_ELEMENTS(order); i++) {
		if (report->applies[i])
			return order[i];
	}
	return CS_EXIT_DONE;
}

static void
report_account(Report *report, const CsAccount *account, const GError *error, gint64 now)
{
	g_autofree char *text = cs_account_to_text(account, error, now);
	const char *code = error ? cs_account_get_error_code(error) : NULL;

	cJSON *json = cs_account_to_json(account, code);

	g_string_append_printf(report->text, "%s%s", report->text->len > 0 ? "\n" : "", text);
	if (error && cs_error_get_request(error))
		cs_json_add_string(json, "error_request", cs_error_get_request(error));
	cs_json_append(report->accounts, json);
}

/* Rule 21: what the policy of the application said, beside the account reported last. */
static void
report_access(Report *report, const char *application, const CsAccess *access)
{
	cJSON *account =
		cJSON_GetArrayItem(report->accounts, cJSON_GetArraySize(report->accounts) - 1);
	cJSON *json = cs_json_add_object(account, "access");
	g_autofree char *name = cs_text_escape(application, FALSE);
	g_autofree char *sentence = NULL;

	cs_json_add_string(json, "application", application);
	cs_json_add_boolean(json, "allowed", access->allowed);
	cs_json_add_string(json, "reason",
			   access->allowed ? NULL : cs_reason_to_code(access->reason));
	if (access->allowed)
		sentence = g_strdup_printf(_("Access to %s: allowed."), name);
	else if (access->reason == CS_REASON_MANAGED)
		sentence = g_strdup_printf(_("Access to %s: refused, because its policy asks for a "
					     "device that is not managed. Only its administrator "
					     "can change that."),
					   name);
	else
		sentence = g_strdup_printf(_("Access to %s: refused (%s)."), name,
					   cs_reason_to_code(access->reason));
	cs_text_append_wrapped(report->text, sentence, 2, 100);
}

/* One authentication. An account that another process has deleted meanwhile is no longer one. */
static void
check_account(const CsInvocation *invocation,
	      const CsClient *client,
	      const CsAccount *account,
	      Report *report)
{
	g_autoptr(CsExplanation) explanation = NULL;
	g_autoptr(CsAccount) checked = NULL;
	g_autoptr(GError) error = NULL;
	const char *application = cs_invocation_get(invocation, "application");
	CsAccess access = {0};
	gboolean authenticated = FALSE;
	gint64 now = 0;

	checked = cs_authentication_run_for(client, account->id, application, &access, &explanation,
					    &authenticated, invocation->cancellable, &error);
	now = cs_clock_get_unix_s(invocation->clock);
	if (checked) {
		if (!authenticated)
			note_exit(report, CS_EXIT_REFUSED);
		else if (checked->managed != CS_MANAGED_YES || (application && !access.allowed))
			note_exit(report, CS_EXIT_NO);
		report_account(report, checked, NULL, now);
		if (application)
			report_access(report, application, &access);
	} else if (!g_error_matches(error, CS_ERROR, CS_ERROR_NOT_FOUND)) {
		note_exit(report, cs_exit_from_error(error));
		report_account(report, account, error, now);
	}
}

static CsExit
print_report(const CsInvocation *invocation, Report *report)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();

	if (cJSON_GetArraySize(report->accounts) == 0) {
		if (cs_invocation_has(invocation, "check"))
			note_exit(report, CS_EXIT_NO);
		g_string_append_printf(report->text, "%s\n",
				       _("There is no account; \"countersign account add URL\" "
					 "adds one."));
	}
	cs_json_add(document, "accounts", g_steal_pointer(&report->accounts));
	cs_invocation_print_json(invocation, document);
	cs_invocation_print_block(invocation, report->text->str);
	return get_exit(report);
}

static gboolean
check_options(const CsInvocation *invocation, GError **error)
{
	const char *application = cs_invocation_get(invocation, "application");

	if (application == NULL ||
	    (cs_invocation_has(invocation, "check") && cs_verdict_is_application(application)))
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "usage",
		     _("--application goes with --check, and takes 1 to 64 printable ASCII "
		       "characters without space"));
	return FALSE;
}

/* Where not even the list can be read there is still a document, and it says so. */
static CsExit
fail(const CsInvocation *invocation, const GError *error)
{
	g_autoptr(cJSON) document = NULL;

	if (!invocation->json)
		return cs_invocation_fail(invocation, error);
	document = cJSON_CreateObject();
	cs_json_add_array(document, "accounts");
	cs_json_add(document, "error", cs_error_to_json(error));
	cs_invocation_print_json(invocation, document);
	return cs_exit_from_error(error);
}

static CsExit
run(CsInvocation *invocation)
{
	gboolean checks = cs_invocation_has(invocation, "check");
	g_autoptr(GError) error = NULL;
	const CsClient *client = check_options(invocation, &error)
					 ? cs_invocation_ensure_client(invocation, &error)
					 : NULL;
	g_autoptr(GPtrArray) accounts = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	Report report = {.text = text};
	CsExit code = CS_EXIT_DONE;

	/* Deletions that wait: whether they succeed says nothing about the accounts. */
	if (client && checks)
		cs_deletion_retry(client, invocation->cancellable, NULL);
	if (client)
		accounts = cs_account_book_list(client, &error);
	if (!accounts)
		return fail(invocation, error);
	report.accounts = cJSON_CreateArray();
	for (guint i = 0; i < accounts->len; i++) {
		if (checks)
			check_account(invocation, client, accounts->pdata[i], &report);
		else
			report_account(&report, accounts->pdata[i], NULL,
				       cs_clock_get_unix_s(invocation->clock));
	}
	code = print_report(invocation, &report);
	if (g_cancellable_set_error_if_cancelled(invocation->cancellable, &error))
		return cs_exit_from_error(error);
	return code;
}

const CsCommand cs_command_status = {
	.path = "status",
	.summary = N_("Say whether this device is managed, and why"),
	.description = N_(
		"Reads what is known on this device: the last verdict of each account, with its "
		"age. With --check every account is authenticated now, and deletions of which a "
		"server could not be told are tried again; the exit code is then 1 where some "
		"account is not managed or there is none, 3 where a server or a rule refused, 4 "
		"where a server could not be reached (its last verdict stays), 5 where local "
		"state failed; of several the first of 5, 4, 3, 1. The document is printed in "
		"every case.\n"
		"With --json, {\"accounts\": [{\"id\", \"user\", \"organisation\", \"url\", "
		"\"managed\": true, false or null before the first authentication, \"reason\", "
		"\"checked_at\", \"device_id\", \"helpdesk_code\", \"certificate\"}]}; an account "
		"whose check had "
		"no answer gains \"error\", and \"error_request\" where the server named the "
		"request that it refused.\n"
		"With --application each account is asked for that application's access, too: "
		"\"access\": {\"application\", \"allowed\", \"reason\"} says what its policy "
		"decided, and the exit code is 1 also where it refused. Who may have access is the "
		"administrator's to set (countersign authority policy)."),
	.options = options,
	.run = run,
};
