/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/base/http.h"

#include <glib/gi18n-lib.h>

static const CsOption options[] = {
	{"name", "NAME", CS_OPTION_REQUIRED, N_("what the organisation calls itself")},
	{"url", "URL", CS_OPTION_REQUIRED, N_("where devices will reach the server")},
	{NULL},
};

static const CsTextColumn fields[] = {
	{"name", N_("organisation")},
	{"url", N_("url")},
	{"folder", N_("folder")},
	{"fingerprint", N_("server key fingerprint")},
	{NULL},
};

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *url =
		cs_http_normalise_origin(cs_invocation_get(invocation, "url"), &error);
	g_autoptr(CsAuthority) authority = NULL;
	g_autoptr(cJSON) document = NULL;

	if (url)
		authority = cs_authority_init(invocation->authority_folder,
					      cs_invocation_get(invocation, "name"), url,
					      invocation->clock, &error);
	if (!authority)
		return cs_invocation_fail(invocation, error);
	document = cJSON_CreateObject();
	cs_json_add_string(document, "name", cs_authority_get_name(authority));
	cs_json_add_string(document, "url", cs_authority_get_url(authority));
	cs_json_add_string(document, "folder", cs_authority_get_folder(authority));
	cs_json_add_string(document, "fingerprint",
			   cs_jwk_get_fingerprint(cs_authority_get_server_jwk(authority)));
	cs_invocation_print_json(invocation, document);
	cs_authority_print_fields(invocation, document, fields);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_authority_init = {
	.path = "authority init",
	.summary = N_("Make an authority: its keys, its certificate authority, its registry"),
	.description =
		N_("URL is an origin, such as https://attest.example.org; plain HTTP only with a "
		   "literal loopback address. No issuer is listed yet: \"authority issuer add\" "
		   "does that, also for the built-in certificate authority.\n"
		   "With --json, {\"name\", \"url\", \"folder\", \"fingerprint\"}: the server "
		   "key's, to compare when an account is added."),
	.options = options,
	.run = run,
};
