/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "app/commands/verbs.h"
#include "core/account/authentication.h"
#include "core/attest/pipeline.h"
#include "core/base/file.h"

#include <glib/gi18n-lib.h>

#define MAX_ISSUER_FILE_BYTES 1048576

static const CsOption options[] = {
	{"issuer", "FILE", CS_OPTION_REPEATABLE,
	 N_("explain for the issuers in this file (PEM or DER), in the order given")},
	{NULL},
};

static CsExit
print(const CsInvocation *invocation, const CsExplanation *explanation)
{
	g_autoptr(cJSON) document = cs_explanation_to_json(explanation);
	g_autofree char *text = cs_explanation_to_text(explanation);

	cs_invocation_print_json(invocation, document);
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

static gboolean
read_issuers(const char *const *files, GPtrArray *issuers, GError **error)
{
	for (; *files; files++) {
		g_autoptr(GBytes) data = cs_file_read(*files, MAX_ISSUER_FILE_BYTES, error);
		g_autoptr(GPtrArray) found = data ? cs_certificates_decode(data, error) : NULL;

		if (!data)
			return FALSE;
		if (!found) {
			g_prefix_error(error, "%s: ", *files);
			return FALSE;
		}
		for (guint i = 0; i < found->len; i++)
			g_ptr_array_add(issuers, cs_certificate_ref(found->pdata[i]));
	}
	return TRUE;
}

/* Outside an authentication there is no challenge's time: the clock judges, and is shown. */
static CsExplanation *
explain_files(CsInvocation *invocation, const CsClient *client, GError **error)
{
	g_autoptr(GPtrArray) issuers =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	CsExplanation *explanation = NULL;

	if (!read_issuers(cs_invocation_get_all(invocation, "issuer"), issuers, error))
		return NULL;
	explanation = cs_pipeline_explain(
		client->stores, issuers, cs_settings_get_allowed_issuers(client->settings),
		cs_clock_get_unix_s(client->clock), TRUE, invocation->cancellable, error);
	if (explanation && !explanation->notes)
		explanation->notes = g_strdupv((char **)cs_settings_get_notes(client->settings));
	return explanation;
}

/* The last authentication's, as it was kept: for display, and it says how old it is. */
static CsExit
print_kept(const CsInvocation *invocation, const cJSON *kept)
{
	gint64 now = cs_clock_get_unix_s(invocation->clock);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsExplanation) explanation = cs_explanation_from_json(kept, &error);
	g_autofree char *age = NULL;
	g_autofree char *text = NULL;

	if (!explanation) {
		g_clear_error(&error);
		cs_error_set(&error, CS_ERROR_STATE, "state-malformed",
			     _("the kept explanation cannot be read"));
		return cs_invocation_fail(invocation, error);
	}
	age = cs_time_format_age(explanation->judged_at, now);
	cs_invocation_note(invocation,
			   _("The last authentication's explanation, of %s; \"countersign explain "
			     "ACCOUNT\" asks the server again.\n"),
			   age);
	text = cs_explanation_to_text(explanation);
	cs_invocation_print_json(invocation, kept);
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

static CsExit
run(CsInvocation *invocation)
{
	const char *id = invocation->arguments[0];
	gboolean has_files = cs_invocation_has(invocation, "issuer");
	g_autoptr(GError) error = NULL;
	g_autoptr(CsExplanation) explanation = NULL;
	g_autoptr(cJSON) kept = NULL;
	const CsClient *client = NULL;

	if (id && has_files) {
		cs_error_set(&error, CS_ERROR_USAGE, "options-exclusive",
			     _("ACCOUNT and --issuer exclude each other"));
		return cs_invocation_fail(invocation, error);
	}
	client = cs_invocation_ensure_client(invocation, &error);
	if (client && !id && !has_files)
		kept = cs_account_book_get_explanation(client, NULL, &error);
	if (kept)
		return print_kept(invocation, kept);
	if (client && id)
		explanation =
			cs_authentication_explain(client, id, invocation->cancellable, &error);
	else if (client && !error)
		explanation = explain_files(invocation, client, &error);
	if (!explanation)
		return cs_invocation_fail(invocation, error);
	return print(invocation, explanation);
}

const CsCommand cs_command_explain = {
	.path = "explain",
	.arguments = "[ACCOUNT]",
	.max_arguments = 1,
	.summary = N_("Explain which certificate is selected, and why not the others"),
	.description = N_(
		"Shows every issuer, every certificate, which store answered and why a "
		"certificate won or lost (rules 4 to 10). With ACCOUNT its server is asked for "
		"its list of issuers, in a transaction that is then abandoned; with --issuer the "
		"list is read from files, and the device's clock judges; with neither the last "
		"authentication's explanation is shown again. Nothing is authenticated. The exit "
		"code is 0 whether or not a certificate is selected.\n"
		"With --json, {\"selected\", \"reason\", \"issuers\": [{\"fingerprint\", "
		"\"subject\", \"store\", \"candidates\": [{\"fingerprint\", \"location\", "
		"\"store\", \"not_before\", \"not_after\", \"outcome\", \"detail\"}]}]}."),
	.options = options,
	.run = run,
};
