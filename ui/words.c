/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/words.h"

#include "core/account/advice.h"
#include "core/base/clock.h"
#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* How a state's icon is coloured; its shape says the same. */
static const char *const classes[] = {
	[CS_AGENT_NO_ACCOUNT] = "state-none",
	[CS_AGENT_MANAGED] = "state-managed",
	[CS_AGENT_NOT_MANAGED] = "state-not-managed",
	[CS_AGENT_ACTION_NEEDED] = "state-action-needed",
	[CS_AGENT_CHECKING] = "state-none",
};

/* Errors of what a person typed, which the window says at more length than the command line. */
static const struct {
	const char *reason;
	const char *text;
} errors[] = {
	{"url-invalid", N_("This is not the address of a server that may be used. An address looks "
			   "like https://id.example.org: ask your administrator for it.")},
	{"link-malformed", N_("This is not a whole activation link. Copy all of the link that your "
			      "administrator gave you, and paste it again.")},
	{"code-malformed", N_("This is not an activation code. A code has twelve letters and "
			      "digits, in three groups: check it and type it again.")},
	{"not-found", N_("The account is no longer on this device.")},
};

/**
 * cs_words_get_state_class:
 * @state: a state
 *
 * Returns: (transfer none): the style class that colours its icon
 */
const char *
cs_words_get_state_class(CsAgentState state)
{
	return classes[state];
}

/**
 * cs_words_dup_checked:
 * @account: an account
 * @now_unix_s: the clock's time now
 *
 * Returns: (transfer full): how old the last verdict is
 */
char *
cs_words_dup_checked(const CsAccount *account, gint64 now_unix_s)
{
	g_autofree char *age = NULL;

	if (account->checked_at == 0)
		return g_strdup(_("not checked yet"));
	age = cs_time_format_age(account->checked_at, now_unix_s);
	/* Translators: %s is "5 minutes ago". */
	return g_strdup_printf(_("checked %s"), age);
}

static char *
format_local(gint64 time_unix_s, const char *format)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(time_unix_s);
	char *text = time ? g_date_time_format(time, format) : NULL;

	return text ? text : cs_time_format_rfc3339(time_unix_s);
}

/**
 * cs_words_dup_day:
 * @time_unix_s: seconds since 1970
 *
 * Returns: (transfer full): the day it falls on here
 */
char *
cs_words_dup_day(gint64 time_unix_s)
{
	/* Translators: a day as g_date_time_format() writes it: "22 November 2026". */
	return format_local(time_unix_s, _("%-d %B %Y"));
}

/**
 * cs_words_dup_moment:
 * @time_unix_s: seconds since 1970
 *
 * Returns: (transfer full): day and minute, in local time
 */
char *
cs_words_dup_moment(gint64 time_unix_s)
{
	/* Translators: a time as g_date_time_format() writes it: "22 November 2026, 18:19". */
	return format_local(time_unix_s, _("%-d %B %Y, %H:%M"));
}

/**
 * cs_words_get_authentication_state:
 * @entry: an authentication
 *
 * Returns: the state that it left the account in
 */
CsAgentState
cs_words_get_authentication_state(const CsHistoryEntry *entry)
{
	if (entry->error_code)
		return CS_AGENT_NO_ACCOUNT;
	return entry->managed == CS_MANAGED_YES ? CS_AGENT_MANAGED : CS_AGENT_NOT_MANAGED;
}

static const char *
get_failure(const char *code)
{
	CsReason reason = cs_reason_from_code(code);

	if (reason != CS_REASON_NONE)
		return cs_reason_get_sentence(reason);
	return strcmp(code, "unreachable") == 0 ? _("The server could not be reached.")
						: _("The check failed.");
}

/**
 * cs_words_dup_authentication:
 * @entry: an authentication
 *
 * Returns: (transfer full): how it went, in words
 */
char *
cs_words_dup_authentication(const CsHistoryEntry *entry)
{
	if (entry->error_code)
		return g_strdup(get_failure(entry->error_code));
	if (entry->managed == CS_MANAGED_YES)
		return g_strdup(_("Managed"));
	/* Translators: %s is a sentence: why. */
	return g_strdup_printf(_("Not managed. %s"), cs_reason_get_sentence(entry->reason));
}

/* An error's own message, which begins small and ends without a full stop, as a sentence. */
static char *
make_sentence(const char *message)
{
	g_autofree char *valid = g_utf8_make_valid(message, -1);
	GString *sentence = g_string_new(NULL);

	if (*valid != '\0') {
		g_string_append_unichar(sentence, g_unichar_toupper(g_utf8_get_char(valid)));
		g_string_append(sentence, g_utf8_next_char(valid));
		g_string_append_c(sentence, '.');
	}
	return g_string_free(sentence, FALSE);
}

/**
 * cs_words_dup_error:
 * @error: what went wrong
 *
 * Returns: (transfer full): it in plain words, and what to do next where we know that
 */
char *
cs_words_dup_error(const GError *error)
{
	const char *code = cs_error_get_reason(error);
	const char *next_step = cs_advice_get_next_step(error);
	g_autofree char *sentence = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
		if (strcmp(errors[i].reason, code) == 0)
			return g_strdup(_(errors[i].text));
	}
	if (cs_advice_get_sentence(error))
		sentence = g_strdup(cs_advice_get_sentence(error));
	else
		sentence = make_sentence(error->message);
	return g_strconcat(sentence, next_step ? " " : NULL, next_step, NULL);
}
