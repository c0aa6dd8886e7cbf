/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"

#include <glib/gi18n-lib.h>

static const CsTextColumn columns[] = {
	{"issuer", N_("ISSUER")}, {"kind", N_("KIND")},	      {"age_text", N_("AGE")},
	{"from", N_("FROM")},	  {"problem", N_("PROBLEM")}, {NULL},
};

static void
print_sources(const CsInvocation *invocation, const cJSON *document)
{
	cJSON *source = NULL;

	cJSON_ArrayForEach (source, cJSON_GetObjectItemCaseSensitive(document, "sources")) {
		const cJSON *age = cJSON_GetObjectItemCaseSensitive(source, "age");

		cs_authority_add_age(source, cJSON_IsNumber(age) ? (gint64)age->valuedouble : -1);
	}
	cs_authority_print_list(invocation, document, "sources", columns,
				_("There is nothing to find revocations from."));
}

static cJSON *
show(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_show_revocation(authority, error);
}

static cJSON *
refresh(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_refresh_revocation(authority, invocation->cancellable, error);
}

static CsExit
run_show(CsInvocation *invocation)
{
	return cs_authority_run(invocation, show, print_sources);
}

static CsExit
run_refresh(CsInvocation *invocation)
{
	return cs_authority_run(invocation, refresh, print_sources);
}

const CsCommand cs_command_authority_revocation_show = {
	.path = "authority revocation show",
	.summary = N_("Show the CRLs and OCSP answers at hand, and how old they are"),
	.description = N_(
		"Of a file, the age is since its CRL was issued; of what is fetched, since then. "
		"A problem is why the last try brought nothing better: a code of "
		"docs/revocation.md. What was fetched before is used as long as it is valid.\n"
		"With --json, {\"sources\": [{\"issuer\", \"kind\", \"from\", \"fetched_at\", "
		"\"age\", \"certificate\", \"tried_at\", \"problem\"}]}, the age in seconds."),
	.run = run_show,
};

const CsCommand cs_command_authority_revocation_refresh = {
	.path = "authority revocation refresh",
	.summary = N_("Fetch all CRLs and OCSP answers anew, now"),
	.description = N_("A serving process does so by itself before they end, and every hour; it "
			  "takes up at once what this brings. What cannot be had keeps what was "
			  "there, and shows its problem.\n"
			  "With --json, as \"authority revocation show\"."),
	.run = run_refresh,
};
