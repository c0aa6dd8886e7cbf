/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/account-text.h"
#include "app/commands/command.h"
#include "app/commands/verbs.h"
#include "core/account/wording.h"
#include "core/base/encoding.h"
#include "core/protocol/activation-code.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* How often a person may mistype before we stop asking; none of these tries reaches the server. */
#define MAX_PROMPTS 3

/* Where the account is to be, and what lets it in. */
typedef struct {
	char *url;	   /* (nullable) until known */
	CsSecret *code;	   /* (nullable) until known */
	char *fingerprint; /* (nullable) the server key's that was asked for, lower-case hex */
	char *thumbprint;  /* (nullable) the server key's that a link names, base64url */
} Request;

static void
request_clear(Request *request)
{
	g_free(request->url);
	g_clear_pointer(&request->code, cs_secret_unref);
	g_free(request->fingerprint);
	g_free(request->thumbprint);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Request, request_clear)

static const CsOption options[] = {
	{"code-stdin", NULL, CS_OPTION_ONCE,
	 N_("read the activation code from standard input, and never ask")},
	{"link-stdin", NULL, CS_OPTION_ONCE,
	 N_("read the activation link from standard input, and never ask")},
	{"fingerprint", "HEX", CS_OPTION_ONCE,
	 N_("the server key's SHA-256 fingerprint: any other key is refused")},
	{NULL},
};

/* "ab12 cd34 ..." as it is shown, with colons, or as it is. */
static char *
parse_fingerprint(const char *text, GError **error)
{
	g_autoptr(GString) hex = g_string_new(NULL);

	for (; *text; text++) {
		if (*text != ' ' && *text != ':')
			g_string_append_c(hex, g_ascii_tolower(*text));
	}
	if (hex->len != CS_SHA256_HEX_LENGTH ||
	    strspn(hex->str, "0123456789abcdef") != CS_SHA256_HEX_LENGTH) {
		cs_error_set(error, CS_ERROR_USAGE, "fingerprint-malformed",
			     _("--fingerprint needs 64 hexadecimal digits"));
		return NULL;
	}
	return g_strdup(hex->str);
}

/* The link's own URL, or the one it was pasted for. */
static gboolean
take_link(Request *request, CsSecret *link, GError **error)
{
	g_autoptr(CsSecret) code = NULL;
	g_autofree char *url = NULL;
	g_autofree char *thumbprint = NULL;

	if (!cs_enrolment_parse_link(cs_secret_get_text(link), &url, &code, &thumbprint, error))
		return FALSE;
	if (request->url && strcmp(request->url, url) != 0) {
		cs_error_set(error, CS_ERROR_USAGE, "link-of-another-server",
			     _("the activation link is not for %s"), request->url);
		return FALSE;
	}
	g_free(request->url);
	g_free(request->thumbprint);
	request->url = g_steal_pointer(&url);
	request->thumbprint = g_steal_pointer(&thumbprint);
	g_clear_pointer(&request->code, cs_secret_unref);
	request->code = g_steal_pointer(&code);
	return TRUE;
}

/* The URL that was given, else the organisation of the settings. */
static gboolean
read_url(const CsInvocation *invocation, const CsClient *client, Request *request, GError **error)
{
	const char *url = invocation->arguments[0];

	if (!url && cs_invocation_has(invocation, "link-stdin"))
		return TRUE;
	if (!url)
		url = cs_settings_get_organisation_url(client->settings);
	if (!url) {
		cs_error_set(error, CS_ERROR_USAGE, "url-missing",
			     _("the organisation's URL is needed: the settings name none"));
		return FALSE;
	}
	request->url = cs_http_normalise_origin(url, error);
	return request->url != NULL;
}

/* Everything that can be wrong before anybody is asked or reached. */
static gboolean
check_arguments(const CsInvocation *invocation, Request *request, GError **error)
{
	gboolean reads_code = cs_invocation_has(invocation, "code-stdin");
	gboolean reads_link = cs_invocation_has(invocation, "link-stdin");
	const char *fingerprint = cs_invocation_get(invocation, "fingerprint");

	if (invocation->arguments[0] && strchr(invocation->arguments[0], '#')) {
		cs_error_set(error, CS_ERROR_USAGE, "link-on-command-line",
			     _("an activation link may not stand on the command line, where others "
			       "see it: give it at the prompt or with --link-stdin, and ask for a "
			       "new one, as this one may have been seen"));
		return FALSE;
	}
	if (reads_code && reads_link) {
		cs_error_set(error, CS_ERROR_USAGE, "options-exclusive",
			     _("--code-stdin and --link-stdin exclude each other"));
		return FALSE;
	}
	if (!reads_code && !reads_link && !cs_ask_is_possible()) {
		cs_error_set(error, CS_ERROR_USAGE, "no-terminal",
			     _("standard input is no terminal to ask on: use --code-stdin or "
			       "--link-stdin"));
		return FALSE;
	}
	if (fingerprint)
		request->fingerprint = parse_fingerprint(fingerprint, error);
	return !fingerprint || request->fingerprint;
}

/* What standard input has to say, where it is to be read without asking. */
static gboolean
read_secret(const CsInvocation *invocation, Request *request, GError **error)
{
	gboolean reads_link = cs_invocation_has(invocation, "link-stdin");
	g_autoptr(CsSecret) line = NULL;

	if (!reads_link && !cs_invocation_has(invocation, "code-stdin"))
		return TRUE;
	line = cs_read_line_secret(invocation->cancellable, error);
	if (!line)
		return FALSE;
	if (reads_link)
		return take_link(request, line, error);
	request->code = g_steal_pointer(&line);
	return TRUE;
}

/* Every pin that we were given has to be met; a link pasted at the prompt comes after the first. */
static gboolean
check_pins(const Request *request, const CsIntroduction *introduction, GError **error)
{
	const CsJwk *key = introduction->server_key;

	if ((!request->fingerprint ||
	     strcmp(request->fingerprint, cs_jwk_get_fingerprint(key)) == 0) &&
	    (!request->thumbprint || strcmp(request->thumbprint, cs_jwk_get_thumbprint(key)) == 0))
		return TRUE;
	cs_error_set(error, CS_ERROR_SIGNATURE, "server-key-unknown",
		     _("the server's key is not the one that was named"));
	return FALSE;
}

/* Adding an account is the consent to attest: said before the code is asked for. */
static void
print_introduction(const CsInvocation *invocation,
		   const Request *request,
		   const CsIntroduction *introduction)
{
	const char *fingerprint = cs_jwk_get_fingerprint(introduction->server_key);
	g_autofree char *groups = cs_wording_group_fingerprint(introduction);

	cs_invocation_note(invocation, _("organisation: %s\n"), introduction->name);
	cs_invocation_note(invocation, _("server: %s\n"), introduction->url);
	cs_invocation_note(invocation, _("server key fingerprint: %s\n"), fingerprint);
	cs_invocation_note(invocation, _("to read aloud: %s\n"), groups);
	cs_invocation_note(invocation, "\n");
	cs_invocation_note_paragraph(invocation, cs_wording_get_consent());
	if (!request->fingerprint)
		cs_invocation_note_paragraph(invocation, cs_wording_get_comparison());
	cs_invocation_note(invocation, "\n");
}

static gboolean
take_answer(Request *request, CsSecret *answer, GError **error)
{
	g_autofree char *normal = NULL;

	if (strchr(cs_secret_get_text(answer), '#'))
		return take_link(request, answer, error);
	normal = cs_activation_code_normalise(cs_secret_get_text(answer));
	if (!normal) {
		cs_error_set(error, CS_ERROR_USAGE, "code-malformed",
			     _("that is neither an activation code nor an activation link"));
		return FALSE;
	}
	cs_secret_wipe(normal, strlen(normal));
	request->code = cs_secret_ref(answer);
	return TRUE;
}

static gboolean
ask_for_code(const CsInvocation *invocation, Request *request, GError **error)
{
	for (guint i = 1; !request->code; i++) {
		g_autoptr(GError) local_error = NULL;
		g_autoptr(CsSecret) answer = cs_ask_secret(
			_("Activation code or link (not shown):"), invocation->cancellable, error);

		if (!answer)
			return FALSE;
		if (take_answer(request, answer, &local_error))
			continue;
		if (i == MAX_PROMPTS) {
			g_propagate_error(error, g_steal_pointer(&local_error));
			return FALSE;
		}
		cs_invocation_note(invocation, "%s\n", local_error->message);
	}
	return TRUE;
}

/* The server key's fingerprint is said in every case: on standard error, on a line of its own. */
static gboolean
meet(const CsInvocation *invocation,
     Request *request,
     const CsIntroduction *introduction,
     GError **error)
{
	if (!check_pins(request, introduction, error))
		return FALSE;
	if (request->code) {
		cs_invocation_note(invocation, _("server key fingerprint: %s\n"),
				   cs_jwk_get_fingerprint(introduction->server_key));
		return TRUE;
	}
	print_introduction(invocation, request, introduction);
	return ask_for_code(invocation, request, error) && check_pins(request, introduction, error);
}

static CsAccount *
add(CsInvocation *invocation, GError **error)
{
	g_auto(Request) request = {NULL};
	g_autoptr(CsIntroduction) introduction = NULL;
	const CsClient *client = NULL;

	if (!check_arguments(invocation, &request, error))
		return NULL;
	client = cs_invocation_ensure_client(invocation, error);
	if (!client || !read_url(invocation, client, &request, error) ||
	    !read_secret(invocation, &request, error))
		return NULL;
	introduction = cs_enrolment_introduce(
		client, request.url, request.thumbprint ? request.thumbprint : request.fingerprint,
		invocation->cancellable, error);
	if (!introduction || !meet(invocation, &request, introduction, error))
		return NULL;
	return cs_enrolment_add(client, introduction, request.code, invocation->cancellable, error);
}

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAccount) account = add(invocation, &error);
	g_autoptr(cJSON) document = NULL;
	g_autofree char *text = NULL;

	if (!account)
		return cs_invocation_fail(invocation, error);
	document = cs_account_to_json(account, NULL);
	cs_invocation_print_json(invocation, document);
	cs_invocation_print(invocation, _("The account %s is added.\n\n"), account->id);
	text = cs_account_to_text(account, NULL, cs_clock_get_unix_s(invocation->clock));
	cs_invocation_print_block(invocation, text);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_account_add = {
	.path = "account add",
	.arguments = "[URL]",
	.max_arguments = 1,
	.summary = N_("Add an account with an activation code or link"),
	.description = N_(
		"URL is the organisation's server; without it the settings' [organisation] url= "
		"counts. Shows who the server says it is and its key's fingerprint, and asks for "
		"the activation code, or for the link, which names the key itself. The key met "
		"is the only one trusted from then on.\n"
		"Adding an account is the consent to attest to that organisation. It attests "
		"nothing by itself: the first authentication does (\"countersign status "
		"--check\").\n"
		"With --code-stdin one line of standard input is the code and the consent, and "
		"nothing is asked; without --fingerprint the key that is met is trusted, and its "
		"fingerprint printed on standard error. With --link-stdin the line is the link. "
		"Neither may stand on the command line, where others see it.\n"
		"With --json, the account as in \"status\"."),
	.options = options,
	.run = run,
};
