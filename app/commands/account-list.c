/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "app/commands/text.h"
#include "app/commands/verbs.h"
#include "core/account/account-book.h"

#include <glib/gi18n-lib.h>

static const CsTextColumn columns[] = {
	{"id", N_("ACCOUNT")},
	{"user", N_("USER")},
	{"organisation", N_("ORGANISATION")},
	{"url", N_("SERVER")},
	{"managed", N_("MANAGED")},
	{"reason", N_("REASON")},
	{"checked_at", N_("CHECKED")},
	{NULL},
};

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	const CsClient *client = cs_invocation_ensure_client(invocation, &error);
	g_autoptr(GPtrArray) accounts = client ? cs_account_book_list(client, &error) : NULL;
	g_autoptr(cJSON) document = NULL;
	g_autofree char *table = NULL;
	cJSON *array = NULL;

	if (!accounts)
		return cs_invocation_fail(invocation, error);
	document = cJSON_CreateObject();
	array = cs_json_add_array(document, "accounts");
	for (guint i = 0; i < accounts->len; i++)
		cs_json_append(array, cs_account_to_json(accounts->pdata[i], NULL));
	cs_invocation_print_json(invocation, document);
	if (accounts->len == 0)
		cs_invocation_print(invocation, "%s\n",
				    _("There is no account; \"countersign account add URL\" adds "
				      "one."));
	table = cs_text_format_table(array, columns);
	cs_invocation_print_block(invocation, table);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_account_list = {
	.path = "account list",
	.summary = N_("List the accounts of this user on this device"),
	.description = N_("With --json, {\"accounts\": [...]} with the objects of \"status\"."),
	.run = run,
};
