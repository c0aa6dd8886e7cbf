/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/account-text.h"
#include "app/commands/command.h"
#include "app/commands/verbs.h"
#include "core/account/account-book.h"

#include <glib/gi18n-lib.h>

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	const CsClient *client = cs_invocation_ensure_client(invocation, &error);
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(cJSON) document = NULL;
	g_autofree char *text = NULL;

	if (client)
		account = cs_account_book_get(client, invocation->arguments[0], &error);
	if (!account)
		return cs_invocation_fail(invocation, error);
	document = cs_account_to_json(account, NULL);
	cs_invocation_print_json(invocation, document);
	text = cs_account_to_text(account, NULL, cs_clock_get_unix_s(invocation->clock));
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_account_show = {
	.path = "account show",
	.arguments = "ACCOUNT",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Show one account, with its last verdict"),
	.description = N_("Asks no server. With --json, one object as in \"status\"."),
	.run = run,
};
