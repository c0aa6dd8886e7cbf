/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"
#include "core/base/file.h"

#include <glib/gi18n-lib.h>

#define MAX_CSR_BYTES 65536
#define DEFAULT_DAYS  365
#define MAX_DAYS      825

static const CsOption issue_options[] = {
	{"csr", "FILE", CS_OPTION_REQUIRED, N_("the signing request, PEM or DER")},
	{"device", "ID", CS_OPTION_ONCE,
	 N_("bind the certificate to this device at once (rule 15)")},
	{"days", "N", CS_OPTION_ONCE, N_("how long it is valid: 1 to 825, 365 unless given")},
	{NULL},
};

static const CsTextColumn fields[] = {
	{"fingerprint", N_("certificate")},
	{"subject", N_("subject")},
	{"serial", N_("serial")},
	{"not_after", N_("valid until")},
	{"revoked_at", N_("revoked")},
	{"device", N_("device")},
	{NULL},
};

/* The certificate goes where it can be redirected, what is to be said of it beside it. */
static void
print_issued(const CsInvocation *invocation, const cJSON *document)
{
	const cJSON *pem = cJSON_GetObjectItemCaseSensitive(document, "certificate");
	const cJSON *fingerprint = cJSON_GetObjectItemCaseSensitive(document, "fingerprint");

	if (cJSON_IsString(pem))
		cs_invocation_print_block(invocation, pem->valuestring);
	if (cJSON_IsString(fingerprint))
		cs_invocation_note(invocation, _("certificate: %s\n"), fingerprint->valuestring);
}

static void
print_revoked(const CsInvocation *invocation, const cJSON *document)
{
	cs_authority_print_fields(invocation, document, fields);
}

static cJSON *
issue_certificate(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	g_autoptr(GBytes) csr = NULL;
	gint64 days = DEFAULT_DAYS;

	if (!cs_invocation_get_number(invocation, "days", 1, MAX_DAYS, &days, error))
		return NULL;
	csr = cs_file_read(cs_invocation_get(invocation, "csr"), MAX_CSR_BYTES, error);
	if (!csr)
		return NULL;
	return cs_admin_issue_certificate(authority, csr, cs_invocation_get(invocation, "device"),
					  (guint)days, error);
}

static cJSON *
revoke_certificate(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_revoke_certificate(authority, invocation->arguments[0], error);
}

static CsExit
run_issue(CsInvocation *invocation)
{
	return cs_authority_run(invocation, issue_certificate, print_issued);
}

static CsExit
run_revoke(CsInvocation *invocation)
{
	return cs_authority_run(invocation, revoke_certificate, print_revoked);
}

const CsCommand cs_command_authority_certificate_issue = {
	.path = "authority certificate issue",
	.summary = N_("Issue a client certificate from the built-in certificate authority"),
	.description =
		N_("Prints the certificate, PEM. The request's subject is taken as it is, whatever "
		   "extensions it asks for are not. Issue to managed devices only (rule 1).\n"
		   "With --json, {\"certificate\": PEM, \"fingerprint\", \"serial\", \"subject\", "
		   "\"not_before\", \"not_after\", \"device\"}."),
	.options = issue_options,
	.run = run_issue,
};

const CsCommand cs_command_authority_certificate_revoke = {
	.path = "authority certificate revoke",
	.arguments = "FINGERPRINT",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Revoke a certificate of the built-in certificate authority"),
	.description = N_("It counts no more from the next authentication on (rule 12)."),
	.run = run_revoke,
};
