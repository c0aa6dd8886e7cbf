/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/check.h"

#include <glib/gi18n-lib.h>

static const CsTextColumn columns[] = {{"check", N_("check")}, {"detail", N_("detail")}, {NULL}};

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);
	g_autoptr(cJSON) document = NULL;
	gboolean ok = FALSE;

	if (authority)
		document = cs_authority_check(authority, &ok, &error);
	if (!document)
		return cs_invocation_fail(invocation, error);
	cs_invocation_print_json(invocation, document);
	if (!invocation->json)
		cs_authority_print_list(invocation, document, "problems", columns,
					_("Nothing was found that must not be."));
	if (!ok)
		cs_invocation_note(invocation, "%s\n",
				   _("Stop the server and restore a backup; keep this folder for "
				     "whoever looks into it."));
	return ok ? CS_EXIT_DONE : CS_EXIT_NO;
}

const CsCommand cs_command_authority_check = {
	.path = "authority check",
	.summary = N_("Look for what must never be in the authority's folder"),
	.description =
		N_("Whether the registry holds together and is of this version's schema, keeps "
		   "the rules of links, accounts and devices, whether the log is whole, the keys "
		   "fit and nobody else may read them. Changes nothing but an earlier version's "
		   "schema, which is brought up first; the server may be running. Exits with 0 "
		   "where nothing was found, with 1 where something was, "
		   "and with 5 where the folder cannot be read.\n"
		   "With --json, {\"ok\", \"schema_version\", \"lines\", \"head\", "
		   "\"problems\": [{\"check\", \"detail\"}]}."),
	.run = run,
};
