/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "app/commands/text.h"
#include "app/commands/verbs.h"
#include "core/account/deletion.h"
#include "core/account/wording.h"

#include <glib/gi18n-lib.h>

static const CsOption options[] = {
	{"yes", NULL, CS_OPTION_ONCE, N_("do not ask")},
	{NULL},
};

/* Rule 23: asked for once more, with what it means. */
static gboolean
confirm(const CsInvocation *invocation, const CsAccount *account, gboolean *yes, GError **error)
{
	if (cs_invocation_has(invocation, "yes")) {
		*yes = TRUE;
		return TRUE;
	}
	cs_invocation_note(invocation, _("This deletes the account of %s at %s (%s).\n"),
			   account->user, account->organisation, account->url);
	cs_invocation_note_paragraph(invocation, cs_wording_get_deletion());
	return cs_ask_yes(_("Delete it?"), yes, invocation->cancellable, error);
}

static void
print_outcome(const CsInvocation *invocation, const char *id, gboolean deleted, gboolean pending)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();

	cs_json_add_string(document, "id", id);
	cs_json_add_boolean(document, "deleted", deleted);
	cs_json_add_boolean(document, "pending", pending);
	cs_invocation_print_json(invocation, document);
	if (deleted)
		cs_invocation_print(invocation, _("The account %s is deleted.\n"), id);
	else
		cs_invocation_print(invocation, "%s\n", _("Nothing was deleted."));
	if (pending)
		cs_invocation_print(invocation, "%s\n",
				    _("The server could not be reached: it will be told later, "
				      "with the next \"countersign status --check\"."));
}

static CsExit
run(CsInvocation *invocation)
{
	const char *id = invocation->arguments[0];
	g_autoptr(GError) error = NULL;
	const CsClient *client = cs_invocation_ensure_client(invocation, &error);
	g_autoptr(CsAccount) account = client ? cs_account_book_get(client, id, &error) : NULL;
	gboolean pending = FALSE;
	gboolean yes = FALSE;

	if (!account || !confirm(invocation, account, &yes, &error))
		return cs_invocation_fail(invocation, error);
	if (yes && !cs_deletion_delete(client, id, &pending, invocation->cancellable, &error))
		return cs_invocation_fail(invocation, error);
	print_outcome(invocation, id, yes, pending);
	return yes ? CS_EXIT_DONE : CS_EXIT_NO;
}

const CsCommand cs_command_account_delete = {
	.path = "account delete",
	.arguments = "ACCOUNT",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Delete an account, here and on its server"),
	.description =
		N_("Asks once (rule 23). The server is told first; where it cannot be reached the "
		   "account leaves the list at once, its key signs nothing but the deletion, and "
		   "\"status --check\" tells the server later. Certificates and their links to "
		   "the device are left as they are. The exit code is 1 where the answer was no.\n"
		   "With --json, {\"id\", \"deleted\": true, \"pending\": true where the server "
		   "was not told yet}."),
	.options = options,
	.run = run,
};
