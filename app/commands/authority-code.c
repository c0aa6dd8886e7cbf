/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"

#include <glib/gi18n-lib.h>

#define DEFAULT_MINUTES 10
#define MAX_MINUTES	10080

static const CsOption options[] = {
	{"minutes", "N", CS_OPTION_ONCE, N_("how long it is valid: 1 to 10080, 10 unless given")},
	{NULL},
};

static const CsTextColumn fields[] = {
	{"code", N_("code")}, {"link", N_("link")}, {"expires_at", N_("valid until")}, {NULL}};

static void
print_code(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, fields);
}

static cJSON *
make_code(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	gint64 minutes = DEFAULT_MINUTES;

	if (!cs_invocation_get_number(invocation, "minutes", 1, MAX_MINUTES, &minutes, error))
		return NULL;
	return cs_admin_make_code(authority, invocation->arguments[0], minutes * 60, error);
}

static CsExit
run(CsInvocation *invocation)
{
	return cs_authority_run(invocation, make_code, print_code);
}

const CsCommand cs_command_authority_code = {
	.path = "authority code",
	.arguments = "LOGIN",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Make a one-time activation code and link for a user"),
	.description =
		N_("A new code replaces the old. The link also names the server's key, so that "
		   "nobody has to compare fingerprints; whoever has either can add an account, so "
		   "hand it over in private.\n"
		   "With --json, {\"code\", \"link\", \"expires_at\"}."),
	.options = options,
	.run = run,
};
