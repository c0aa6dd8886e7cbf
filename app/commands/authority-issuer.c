/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"
#include "core/base/file.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_ISSUER_FILE_BYTES 1048576

#define MAX_AGE_HOURS	8784 /* a year */
#define SECONDS_AN_HOUR 3600

static const CsOption add_options[] = {
	{"built-in", NULL, CS_OPTION_ONCE, N_("list the built-in certificate authority")},
	/* The administrator's choice of rule 12; "set" begins here. */
	{"revocation", "crl|ocsp|any|none", CS_OPTION_ONCE,
	 N_("how to find out whether its certificates are revoked; \"none\" does not ask, which is "
	    "your recorded choice (rule 12)")},
	{"crl-file", "FILE", CS_OPTION_ONCE,
	 N_("a file with its CRL, PEM or DER, that the server reads whenever it changes")},
	{"revocation-url", "URL", CS_OPTION_ONCE,
	 N_("where to fetch its CRL, or to ask by OCSP, in place of the addresses in its "
	    "certificates")},
	{"allow-url", "PREFIX", CS_OPTION_REPEATABLE,
	 N_("addresses in its certificates that may be fetched: those that begin so")},
	{"max-age", "HOURS", CS_OPTION_ONCE,
	 N_("how old a CRL or an answer may be, whatever it says of itself")},
	{NULL},
};

static const CsOption *const set_options = add_options + 1;

static const CsTextColumn columns[] = {
	{"id", N_("ISSUER")},
	{"subject", N_("SUBJECT")},
	{"built_in", N_("BUILT-IN")},
	{"revocation", N_("REVOCATION")},
	{"age_text", N_("AGE")},
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

/* The oldest source's. */
static void
add_age(cJSON *issuer)
{
	const cJSON *source = NULL;
	double oldest = -1;

	cJSON_ArrayForEach (source, cJSON_GetObjectItemCaseSensitive(issuer, "sources")) {
		const cJSON *age = cJSON_GetObjectItemCaseSensitive(source, "age");

		if (cJSON_IsNumber(age) && age->valuedouble > oldest)
			oldest = age->valuedouble;
	}
	cs_authority_add_age(issuer, (gint64)oldest);
}

static void
print_issuers(const CsInvocation *invocation, const cJSON *document)
{
	cJSON *issuer = NULL;

	cJSON_ArrayForEach (issuer, cJSON_GetObjectItemCaseSensitive(document, "issuers"))
		add_age(issuer);
	cs_authority_print_list(invocation, document, "issuers", columns,
				_("There is no issuer, so no device can be managed."));
}

/* The server may run elsewhere: a path of this one is made absolute. */
static gboolean
read_choice(const CsInvocation *invocation,
	    CsRevocationChoice *choice,
	    char **crl_file,
	    GError **error)
{
	const char *file = cs_invocation_get(invocation, "crl-file");
	gint64 hours = 0;

	if (cs_invocation_has(invocation, "max-age") &&
	    !cs_invocation_get_number(invocation, "max-age", 1, MAX_AGE_HOURS, &hours, error))
		return FALSE;
	*crl_file = file ? g_canonicalize_filename(file, NULL) : NULL;
	*choice = (CsRevocationChoice){
		.mode = cs_invocation_get(invocation, "revocation"),
		.crl_file = *crl_file,
		.url = cs_invocation_get(invocation, "revocation-url"),
		.allowed_urls = cs_invocation_get_all(invocation, "allow-url"),
		.max_age_s = hours * SECONDS_AN_HOUR,
	};
	return TRUE;
}

/* Before anything is opened. */
static gboolean
check_choice(const CsInvocation *invocation, GError **error)
{
	g_autofree char *crl_file = NULL;
	CsRevocationChoice choice;

	return read_choice(invocation, &choice, &crl_file, error) &&
	       cs_admin_check_revocation_choice(&choice, error);
}

static gboolean
check_add(const CsInvocation *invocation, GError **error)
{
	const char *file = invocation->arguments[0];
	gboolean built_in = cs_invocation_has(invocation, "built-in");
	gboolean chooses = FALSE;

	for (gsize i = 0; set_options[i].name != NULL; i++)
		chooses = chooses || cs_invocation_has(invocation, set_options[i].name);
	if (!file == !built_in || (built_in && chooses)) {
		cs_error_set(error, CS_ERROR_USAGE, "arguments-missing",
			     _("either FILE, with --revocation or without, or --built-in is "
			       "needed"));
		return FALSE;
	}
	return check_choice(invocation, error);
}

static cJSON *
add_issuer(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	const char *path = invocation->arguments[0];
	g_autoptr(GBytes) file = NULL;
	g_autofree char *crl_file = NULL;
	CsRevocationChoice choice;
	cJSON *document = NULL;

	if (cs_invocation_has(invocation, "built-in"))
		return cs_admin_add_built_in_issuer(authority, error);
	if (!read_choice(invocation, &choice, &crl_file, error))
		return NULL;
	file = cs_file_read(path, MAX_ISSUER_FILE_BYTES, error);
	if (!file)
		return NULL;
	document = cs_admin_add_issuer(authority, file, &choice, error);
	if (!document && !g_error_matches(*error, CS_ERROR, CS_ERROR_USAGE))
		g_prefix_error(error, "%s: ", path);
	return document;
}

static cJSON *
set_issuer(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	g_autofree char *crl_file = NULL;
	CsRevocationChoice choice;

	if (!read_choice(invocation, &choice, &crl_file, error))
		return NULL;
	return cs_admin_set_issuer_revocation(authority, invocation->arguments[0], &choice, error);
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
run_set(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;

	if (!check_choice(invocation, &error))
		return cs_invocation_fail(invocation, error);
	return cs_authority_run(invocation, set_issuer, print_issuer);
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
	.description = N_(
		"FILE is the certificate of a certificate authority or of an intermediate, PEM "
		"or DER. Nothing above it is validated, and it stays trusted until it is "
		"deleted (rule 13). Whether one of its certificates is revoked is found out from "
		"CRLs, by OCSP, or from whichever knows; where neither does the answer is "
		"\"revocation-unknown\", which is not managed. Nothing is fetched but what you "
		"name with --revocation-url or allow with --allow-url; without either, and "
		"without --crl-file, only --revocation none lets a device be managed.\n"
		"With --json, {\"id\", \"fingerprint\", \"subject\"}."),
	.options = add_options,
	.run = run_add,
};

const CsCommand cs_command_authority_issuer_set = {
	.path = "authority issuer set",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Choose anew how an issuer's certificates are checked for revocation"),
	.description =
		N_("The options given stand in place of all that was chosen before, from the next "
		   "authentication on; without any, the answer is \"revocation-unknown\".\n"
		   "With --json, {\"id\", \"fingerprint\", \"subject\"}."),
	.options = add_options + 1,
	.run = run_set,
};

const CsCommand cs_command_authority_issuer_list = {
	.path = "authority issuer list",
	.summary = N_("List the issuers, in the order that devices are told"),
	.description = N_("With --json, {\"issuers\": [...]}; the \"sources\" of each are as "
			  "\"authority revocation show\" lists them. The age is that of its oldest "
			  "source."),
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
