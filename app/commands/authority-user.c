/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"

#include <glib/gi18n-lib.h>

static const CsTextColumn columns[] = {
	{"login", N_("LOGIN")},
	{"state", N_("STATE")},
	{"accounts", N_("ACCOUNTS")},
	{"created_at", N_("ADDED")},
	{NULL},
};

static const CsTextColumn fields[] = {
	{"login", N_("login")},
	{"state", N_("state")},
	{NULL},
};

static void
print_user(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, fields);
}

static void
print_users(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_list(invocation, document, "users", columns, _("There is no user."));
}

static cJSON *
add_user(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_add_user(authority, invocation->arguments[0], error);
}

static cJSON *
list_users(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_list_users(authority, error);
}

static cJSON *
suspend_user(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_suspend_user(authority, invocation->arguments[0], error);
}

static cJSON *
resume_user(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_resume_user(authority, invocation->arguments[0], error);
}

static cJSON *
delete_user(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_delete_user(authority, invocation->arguments[0], error);
}

static CsExit
run_add(CsInvocation *invocation)
{
	return cs_authority_run(invocation, add_user, print_user);
}

static CsExit
run_list(CsInvocation *invocation)
{
	return cs_authority_run(invocation, list_users, print_users);
}

static CsExit
run_suspend(CsInvocation *invocation)
{
	return cs_authority_run(invocation, suspend_user, print_user);
}

static CsExit
run_resume(CsInvocation *invocation)
{
	return cs_authority_run(invocation, resume_user, print_user);
}

static CsExit
run_delete(CsInvocation *invocation)
{
	return cs_authority_run(invocation, delete_user, print_user);
}

const CsCommand cs_command_authority_user_add = {
	.path = "authority user add",
	.arguments = "LOGIN",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Add a user"),
	.run = run_add,
};

const CsCommand cs_command_authority_user_list = {
	.path = "authority user list",
	.summary = N_("List the users"),
	.run = run_list,
};

const CsCommand cs_command_authority_user_suspend = {
	.path = "authority user suspend",
	.arguments = "LOGIN",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Let a user sign in no more, until resumed"),
	.description = N_("The links of certificates to devices stay as they are (rule 22)."),
	.run = run_suspend,
};

const CsCommand cs_command_authority_user_resume = {
	.path = "authority user resume",
	.arguments = "LOGIN",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Let a suspended user sign in again"),
	.run = run_resume,
};

const CsCommand cs_command_authority_user_delete = {
	.path = "authority user delete",
	.arguments = "LOGIN",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Delete a user, with all accounts"),
	.description = N_("The links of certificates to devices stay as they are (rule 22)."),
	.run = run_delete,
};
