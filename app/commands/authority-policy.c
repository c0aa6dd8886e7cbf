/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"

#include <glib/gi18n-lib.h>

#define DEFAULT_DAYS 30
#define MAX_DAYS     3650

static const CsTextColumn columns[] = {
	{"application", N_("APPLICATION")},
	{"demand", N_("DEMAND")},
	{"set_at", N_("SET")},
	{NULL},
};

static const CsTextColumn fields[] = {
	{"application", N_("application")},
	{"demand", N_("demand")},
	{NULL},
};

static const CsTextColumn try_fields[] = {
	{"application", N_("application")},
	{"demand", N_("demand")},
	{"user", N_("user")},
	{"device", N_("device")},
	{"allowed", N_("allowed")},
	{"reason", N_("reason")},
	{"authenticated_at", N_("authenticated")},
	{NULL},
};

static const CsTextColumn run_fields[] = {
	{"application", N_("application")},
	{"demand", N_("demand")},
	{"since", N_("since")},
	{"considered", N_("considered")},
	{"allowed", N_("allowed")},
	{"refused", N_("refused")},
	{NULL},
};

static const CsTextColumn account_columns[] = {
	{"account", N_("ACCOUNT")},
	{"user", N_("USER")},
	{"device", N_("DEVICE")},
	{"allowed", N_("ALLOWED")},
	{"refused", N_("REFUSED")},
	{"reason", N_("REASON")},
	{NULL},
};

static void
print_policy(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, fields);
}

static void
print_policies(const CsInvocation *invocation, const cJSON *document)
{
	const cJSON *fallback = cJSON_GetObjectItemCaseSensitive(document, "default");

	cs_authority_print_list(invocation, document, "policies", columns,
				_("No application has a policy of its own."));
	cs_invocation_print(invocation, _("default: %s\n"), cJSON_GetStringValue(fallback));
}

static void
print_try(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, try_fields);
}

static void
print_run(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, run_fields);
	cs_authority_print_list(invocation, document, "accounts", account_columns,
				_("Nobody has authenticated in this time."));
}

static cJSON *
set_policy(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_set_policy(authority, invocation->arguments[0], invocation->arguments[1],
				   error);
}

static cJSON *
set_default(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_set_policy(authority, NULL, invocation->arguments[0], error);
}

static cJSON *
list_policies(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_list_policies(authority, error);
}

static cJSON *
delete_policy(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_delete_policy(authority, invocation->arguments[0], error);
}

static cJSON *
try_policy(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_try_policy(authority, invocation->arguments[0], invocation->arguments[1],
				   error);
}

static cJSON *
dry_run(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	gint64 days = DEFAULT_DAYS;

	if (!cs_invocation_get_number(invocation, "days", 1, MAX_DAYS, &days, error))
		return NULL;
	return cs_admin_dry_run_policy(authority, invocation->arguments[0],
				       invocation->arguments[1], (guint)days, error);
}

static CsExit
run_set(CsInvocation *invocation)
{
	return cs_authority_run(invocation, set_policy, print_policy);
}

static CsExit
run_default(CsInvocation *invocation)
{
	return cs_authority_run(invocation, set_default, print_policy);
}

static CsExit
run_list(CsInvocation *invocation)
{
	return cs_authority_run(invocation, list_policies, print_policies);
}

static CsExit
run_delete(CsInvocation *invocation)
{
	return cs_authority_run(invocation, delete_policy, print_policy);
}

static CsExit
run_try(CsInvocation *invocation)
{
	return cs_authority_run(invocation, try_policy, print_try);
}

static CsExit
run_dry_run(CsInvocation *invocation)
{
	return cs_authority_run(invocation, dry_run, print_run);
}

static const CsOption dry_run_options[] = {
	{"days", N_("DAYS"), CS_OPTION_ONCE, N_("how far back: 1 to 3650, 30 unless given")},
	{NULL},
};

const CsCommand cs_command_authority_policy_set = {
	.path = "authority policy set",
	.arguments = "APPLICATION DEMAND",
	.min_arguments = 2,
	.max_arguments = 2,
	.summary = N_("Say what access to an application asks of the device"),
	.description = N_(
		"DEMAND is \"managed\", \"not-managed\" or \"any\" (rule 21). APPLICATION is the "
		"name by which the application asks: 1 to 64 printable ASCII characters without "
		"space. The decision is part of the verdict, from the next authentication on. "
		"Where a certificate's revocation is unknown, neither of the first two is "
		"satisfied."),
	.run = run_set,
};

const CsCommand cs_command_authority_policy_default = {
	.path = "authority policy default",
	.arguments = "DEMAND",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Say what holds for applications without a policy of their own"),
	.description = N_("Until it is set, it is \"any\"."),
	.run = run_default,
};

const CsCommand cs_command_authority_policy_list = {
	.path = "authority policy list",
	.summary = N_("List the access policies"),
	.description = N_("With --json, {\"default\": DEMAND, \"policies\": [{\"application\", "
			  "\"demand\", \"set_at\"}]}."),
	.run = run_list,
};

const CsCommand cs_command_authority_policy_delete = {
	.path = "authority policy delete",
	.arguments = "APPLICATION",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Delete an application's policy: the default holds then"),
	.run = run_delete,
};

const CsCommand cs_command_authority_policy_try = {
	.path = "authority policy try",
	.arguments = "APPLICATION ACCOUNT",
	.min_arguments = 2,
	.max_arguments = 2,
	.summary = N_("Say what a policy would decide for an account now"),
	.description = N_(
		"Judges the account's last authentication, and what account, user and device are "
		"now; only an authentication proves more. With --json, {\"application\", "
		"\"demand\", \"account\", \"user\", \"device\", \"allowed\", \"reason\", "
		"\"authenticated_at\"}."),
	.run = run_try,
};

const CsCommand cs_command_authority_policy_dry_run = {
	.path = "authority policy dry-run",
	.arguments = "APPLICATION DEMAND",
	.min_arguments = 2,
	.max_arguments = 2,
	.summary = N_("Say what a policy would have decided, over the log"),
	.description =
		N_("Looks at the authentications for this application, or at all of them where it "
		   "was never named, and changes nothing. With --json, {\"application\", "
		   "\"demand\", \"since\", \"considered\": \"application\" or \"all\", "
		   "\"authentications\", \"allowed\", \"refused\", \"reasons\": {CODE: count}, "
		   "\"accounts\": [{\"account\", \"user\", \"device\", \"allowed\", \"refused\", "
		   "\"reason\"}]}."),
	.options = dry_run_options,
	.run = run_dry_run,
};
