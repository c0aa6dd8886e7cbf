/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"
#include "core/base/file.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_ISSUER_FILE_BYTES 1048576

static const CsOption add_options[] = {
	{"built-in", NULL, CS_OPTION_ONCE, N_("list the built-in certificate authority")},
	{"revocation", "none", CS_OPTION_ONCE,
	 N_("do not ask whether its certificates are revoked: your recorded choice (rule 12)")},
	{NULL},
};

static const CsTextColumn columns[] = {
	{"id", N_("ISSUER")},
	{"subject", N_("SUBJECT")},
	{"built_in", N_("BUILT-IN")},
	{"revocation", N_("REVOCATION")},
	{"fingerprint", N_("FINGERPRINT")},
	{NULL},
};

static const CsTextColumn fields[] = {
	{"id", N_("issuer")},
	{"subject", N_("subject")},
	{"fingerprint", N_("fingerprint")},
	{NULL},
};

static void
print_issuer(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, fields);
}

static void
print_issuers(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_list(invocation, document, "issuers", columns,
				_("There is no issuer, so no device can be managed."));
}

static gboolean
check_add(const CsInvocation *invocation, GError **error)
{
	const char *file = invocation->arguments[0];
	const char *revocation = cs_invocation_get(invocation, "revocation");
	gboolean built_in = cs_invocation_has(invocation, "built-in");

	if (revocation && strcmp(revocation, "none") != 0) {
		cs_error_set(error, CS_ERROR_USAGE, "value-invalid",
			     _("--revocation can only be \"none\""));
		return FALSE;
	}
	if (!file == !built_in || (built_in && revocation)) {
		cs_error_set(error, CS_ERROR_USAGE, "arguments-missing",
			     _("either FILE, with --revocation none or without, or --built-in is "
			       "needed"));
		return FALSE;
	}
	return TRUE;
}

static cJSON *
add_issuer(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	const char *path = invocation->arguments[0];
	g_autoptr(GBytes) file = NULL;
	cJSON *document = NULL;

	if (cs_invocation_has(invocation, "built-in"))
		return cs_admin_add_built_in_issuer(authority, error);
	file = cs_file_read(path, MAX_ISSUER_FILE_BYTES, error);
	if (!file)
		return NULL;
	document = cs_admin_add_issuer(authority, file, cs_invocation_has(invocation, "revocation"),
				       error);
	if (!document)
		g_prefix_error(error, "%s: ", path);
	return document;
}

static cJSON *
list_issuers(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_list_issuers(authority, error);
}

static cJSON *
delete_issuer(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_delete_issuer(authority, invocation->arguments[0], error);
}

/* Rule 3: what the product cannot know of an issuer, the administrator has to. */
static void
warn_of_self_service(const CsInvocation *invocation)
{
	cs_invocation_note_paragraph(
		invocation,
		_("Warning: make sure that this certificate authority issues certificates to "
		  "managed devices only. If users can enrol there themselves, a device that is not "
		  "managed can obtain a certificate and pass for managed."));
}

static CsExit
run_add(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	CsExit code = CS_EXIT_DONE;

	if (!check_add(invocation, &error))
		return cs_invocation_fail(invocation, error);
	code = cs_authority_run(invocation, add_issuer, print_issuer);
	if (code == CS_EXIT_DONE && !cs_invocation_has(invocation, "built-in"))
		warn_of_self_service(invocation);
	return code;
}

static CsExit
run_list(CsInvocation *invocation)
{
	return cs_authority_run(invocation, list_issuers, print_issuers);
}

static CsExit
run_delete(CsInvocation *invocation)
{
	return cs_authority_run(invocation, delete_issuer, print_issuer);
}

const CsCommand cs_command_authority_issuer_add = {
	.path = "authority issuer add",
	.arguments = "[FILE]",
	.max_arguments = 1,
	.summary = N_("List an issuer: its certificates say that a device is managed"),
	.description =
		N_("FILE is the certificate of a certificate authority or of an intermediate, PEM "
		   "or DER. Nothing above it is validated, and it stays trusted until it is "
		   "deleted (rule 13). Until revocation is built, certificates of an uploaded "
		   "issuer answer \"revocation-unknown\", which is not managed, unless it was "
		   "added with --revocation none.\n"
		   "With --json, {\"id\", \"fingerprint\", \"subject\"}."),
	.options = add_options,
	.run = run_add,
};

const CsCommand cs_command_authority_issuer_list = {
	.path = "authority issuer list",
	.summary = N_("List the issuers, in the order that devices are told"),
	.description = N_("With --json, {\"issuers\": [...]}."),
	.run = run_list,
};

const CsCommand cs_command_authority_issuer_delete = {
	.path = "authority issuer delete",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Trust an issuer no more, from the next authentication on"),
	.description = N_("It may be added again; links to devices outlive both (rules 14, 15)."),
	.run = run_delete,
};
