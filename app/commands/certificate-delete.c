/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "app/commands/verbs.h"
#include "core/store/removal.h"

#include <glib/gi18n-lib.h>

static const CsOption options[] = {
	{"yes", NULL, CS_OPTION_ONCE, N_("do not ask")},
	{NULL},
};

/* Rule 9: what would go, and where it is kept, before anything is done. */
static gboolean
confirm(const CsInvocation *invocation, const CsRemoval *plan, gboolean *yes, GError **error)
{
	if (cs_invocation_has(invocation, "yes")) {
		*yes = TRUE;
		return TRUE;
	}
	cs_invocation_note(invocation, _("This deletes the certificate of %s:\n"), plan->subject);
	for (guint i = 0; i < plan->files->len; i++)
		cs_invocation_note(invocation, "  %s\n", (const char *)plan->files->pdata[i]);
	cs_invocation_note(invocation, _("A copy is kept in %s.\n"), plan->backup);
	return cs_ask_yes(_("Delete it?"), yes, invocation->cancellable, error);
}

static void
print_outcome(const CsInvocation *invocation, const CsRemoval *removal, gboolean deleted)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();
	cJSON *files = NULL;

	cs_json_add_string(document, "fingerprint", removal->fingerprint);
	cs_json_add_boolean(document, "deleted", deleted);
	files = cs_json_add_array(document, "files");
	for (guint i = 0; i < removal->files->len; i++)
		cs_json_add_string(files, NULL, removal->files->pdata[i]);
	cs_json_add_string(document, "backup", deleted ? removal->backup : NULL);
	cs_json_add_string(document, "command", removal->command);
	cs_invocation_print_json(invocation, document);
	if (deleted)
		cs_invocation_print(
			invocation,
			_("The certificate is deleted from your store. A copy is in %s.\n"),
			removal->backup);
	else
		cs_invocation_print(invocation, "%s\n", _("Nothing was deleted."));
	if (removal->command)
		cs_invocation_print(invocation,
				    _("It is in the machine's store too, where the administrator "
				      "deletes it: %s\n"),
				    removal->command);
}

static CsExit
run(CsInvocation *invocation)
{
	const char *fingerprint = invocation->arguments[0];
	g_autoptr(GError) error = NULL;
	const CsClient *client = cs_invocation_ensure_client(invocation, &error);
	g_autoptr(CsRemoval) removal = NULL;
	gboolean yes = FALSE;

	if (client)
		removal = cs_removal_plan(client->settings, fingerprint, invocation->cancellable,
					  &error);
	/* What cannot be done is not asked for. */
	if (!removal || !cs_removal_check(removal, &error) ||
	    !confirm(invocation, removal, &yes, &error))
		return cs_invocation_fail(invocation, error);
	if (yes) {
		g_clear_pointer(&removal, cs_removal_free);
		removal = cs_removal_run(client->settings, fingerprint, invocation->cancellable,
					 &error);
		if (!removal)
			return cs_invocation_fail(invocation, error);
	}
	print_outcome(invocation, removal, yes);
	return yes ? CS_EXIT_DONE : CS_EXIT_NO;
}

const CsCommand cs_command_certificate_delete = {
	.path = "certificate delete",
	.arguments = "FINGERPRINT",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Delete a certificate from this user's directories, with a backup"),
	.description =
		N_("For a certificate that the server reported revoked (rule 9): its file, and the "
		   "key file that is its alone, are moved to a backup in "
		   "$XDG_STATE_HOME/countersign/deleted-certificates. Asks once. A file that holds "
		   "anything else, and a symbolic link, are refused, and nothing is deleted then; "
		   "of the machine's directories the administrator's command is printed. The exit "
		   "code is 1 where the answer was no.\n"
		   "With --json, {\"fingerprint\", \"deleted\", \"files\": [], \"backup\", "
		   "\"command\": the administrator's or null}."),
	.options = options,
	.run = run,
};
