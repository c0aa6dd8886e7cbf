/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/account-text.h"

#include "core/account/advice.h"
#include "app/commands/text.h"
#include "core/protocol/helpdesk-code.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static void append_line(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
append_line(GString *out, const char *format, ...)
{
	g_autofree char *line = NULL;
	va_list arguments;

	va_start(arguments, format);
	line = cs_text_format(format, arguments);
	va_end(arguments);
	g_string_append_printf(out, "  %s\n", line);
}

static void
append_sentence(GString *out, const char *sentence)
{
	if (sentence && sentence[0] != '\0')
		cs_text_append_wrapped(out, sentence, 2, 100);
}

static void
append_step(GString *out, CsOwner owner, const char *step)
{
	g_autofree char *text = cs_owner_dup_step(owner, step);

	append_sentence(out, text);
}

static void
append_verdict(GString *out, const CsAccount *account, gboolean is_answered, gint64 now)
{
	g_autofree char *age = cs_time_format_age(account->checked_at, now);

	switch (account->managed) {
	case CS_MANAGED_YES:
		append_line(out, _("Managed (checked %s)"), age);
		append_sentence(out, cs_reason_get_sentence(CS_REASON_MANAGED));
		break;
	case CS_MANAGED_NO:
		append_line(out, _("Not managed: %s (checked %s)"),
			    cs_reason_to_code(account->reason), age);
		append_sentence(out, cs_reason_get_sentence(account->reason));
		append_step(out, cs_reason_get_owner(account->reason),
			    cs_reason_get_next_step(account->reason));
		break;
	case CS_MANAGED_UNKNOWN:
	default:
		append_line(out, _("Not checked yet"));
		if (is_answered)
			append_sentence(out,
					_("Run \"countersign status --check\" to authenticate."));
		break;
	}
	if (account->hint && strcmp(account->hint, "same-hardware") == 0)
		append_sentence(out, _("The server knows this hardware by another device key: its "
				       "administrator can approve this one."));
}

/* The message is ours (a server's own words are in none), yet escaped all the same. */
static void
append_error(GString *out, const CsAccount *account, const GError *error)
{
	g_autofree char *text = g_strdup_printf(_("This check failed: %s."), error->message);
	g_autofree char *escaped = cs_text_escape(text, FALSE);

	append_sentence(out, escaped);
	if (account->managed != CS_MANAGED_UNKNOWN)
		append_sentence(out, _("What the server said last still stands."));
	append_sentence(out, cs_advice_get_sentence(error));
	append_step(out, cs_advice_get_owner(error), cs_advice_get_next_step(error));
	if (cs_error_get_request(error))
		append_line(out, _("request that failed: %s (for the helpdesk)"),
			    cs_error_get_request(error));
}

static void
append_certificate(GString *out, const CsAccount *account)
{
	g_autofree char *not_after = NULL;

	if (!account->certificate_fingerprint)
		return;
	not_after = cs_time_format_rfc3339(account->certificate_not_after);
	append_line(out, _("certificate: %s"), account->certificate_fingerprint);
	append_line(out, _("issued by: %s, valid until %s"),
		    account->certificate_issuer ? account->certificate_issuer : "-", not_after);
}

static void
append_helpdesk_code(GString *out, const CsAccount *account)
{
	g_autofree char *code = NULL;

	if (!account->helpdesk_code)
		return;
	code = cs_helpdesk_code_format(account->helpdesk_code);
	append_line(out, _("helpdesk code: %s (read it out on the telephone)"), code);
}

/**
 * cs_account_to_text:
 * @account: the account
 * @error: (nullable): why a check just now had no answer
 * @now_unix_s: the time that ages are told from
 *
 * Returns: (transfer full): a paragraph: what the last verdict was, why, what to do next and whose
 *   that is, and how old all this is; escaped
 */
char *
cs_account_to_text(const CsAccount *account, const GError *error, gint64 now_unix_s)
{
	GString *out = g_string_new(NULL);
	g_autofree char *user = cs_text_escape(account->user ? account->user : "", FALSE);
	g_autofree char *organisation =
		cs_text_escape(account->organisation ? account->organisation : "", FALSE);

	g_string_append_printf(out, _("%s at %s"), user, organisation);
	g_string_append_c(out, '\n');
	append_verdict(out, account, error == NULL, now_unix_s);
	if (error)
		append_error(out, account, error);
	append_certificate(out, account);
	append_line(out, _("account: %s, device: %s"), account->id,
		    account->device_id ? account->device_id : "-");
	append_helpdesk_code(out, account);
	append_line(out, _("server: %s"), account->url);
	if (account->request)
		append_line(out, _("request: %s (for the helpdesk)"), account->request);
	return g_string_free(out, FALSE);
}
