/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/diagnosis.h"

#include "core/attest/explanation.h"
#include "core/base/escape.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* What a member is called where people read it, for those that are not plain by themselves. */
static const struct {
	const char *member;
	const char *title;
} titles[] = {
	{"os", N_("operating system")},
	{"kernel", N_("kernel")},
	{"architecture", N_("architecture")},
	{"desktop", N_("desktop")},
	{"session_type", N_("session")},
	{"display", N_("display")},
	{"language", N_("language")},
	{"session_bus", N_("session's message bus")},
	{"tray_watcher", N_("somebody collects tray icons")},
	{"tray_host", N_("somebody shows tray icons")},
	{"start_at_login", N_("starts at login")},
	{"sandbox", N_("sandbox")},
};

static const struct {
	const char *code;
	const char *sentence;
} clock_reasons[] = {
	{"behind-last-verdict",
	 N_("This device's clock is behind the time that the server told with "
	    "its last verdict: set the clock.")},
	{"ahead-of-server", N_("At the last verdict this device's clock was ahead of the server's: "
			       "one of them is wrong.")},
	{"behind-server", N_("At the last verdict this device's clock was behind the server's: one "
			     "of them is wrong.")},
};

static void append(GString *out, guint indent, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* One line, whatever is in it. */
static void
append(GString *out, guint indent, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *escaped = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	escaped = cs_escape(text, FALSE);
	g_string_append_printf(out, "%*s%s\n", (int)indent, "", escaped);
}

static const char *
get_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "-";
}

static const cJSON *
get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static char *
dup_value(const cJSON *value)
{
	GString *joined;
	const cJSON *item;

	if (cJSON_IsBool(value))
		return g_strdup(cJSON_IsTrue(value) ? _("yes") : _("no"));
	if (cJSON_IsString(value))
		return g_strdup(value->valuestring);
	if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) == 0)
		return g_strdup("-");
	joined = g_string_new(NULL);
	cJSON_ArrayForEach (item, value)
		g_string_append_printf(joined, "%s%s", joined->len > 0 ? "; " : "",
				       cJSON_IsString(item) ? item->valuestring : "?");
	return g_string_free(joined, FALSE);
}

static const char *
get_title(const char *member)
{
	for (guint i = 0; i < G_N_ELEMENTS(titles); i++) {
		if (strcmp(titles[i].member, member) == 0)
			return _(titles[i].title);
	}
	return member;
}

static void
append_error(GString *out, guint indent, const cJSON *object, const char *name)
{
	const cJSON *error = get(object, name);

	if (cJSON_IsObject(error))
		append(out, indent, _("Cannot be read: %s (%s)"), get_text(error, "message"),
		       get_text(error, "code"));
}

static void
append_members(GString *out, const cJSON *object)
{
	const cJSON *item;

	cJSON_ArrayForEach (item, object) {
		g_autofree char *value = dup_value(item);

		append(out, 2, "%s: %s", get_title(item->string), value);
	}
}

static void
append_setting(GString *out, const cJSON *item)
{
	g_autofree char *value = dup_value(get(item, "value"));
	const char *group = get_text(item, "group");
	const char *key = get_text(item, "key");

	if (cJSON_IsTrue(get(item, "pinned")))
		append(out, 2, _("[%s] %s = %s (set by the administrator in %s)"), group, key,
		       value, get_text(item, "origin"));
	else if (cJSON_IsString(get(item, "origin")))
		append(out, 2, _("[%s] %s = %s (from %s)"), group, key, value,
		       get_text(item, "origin"));
	else if (cJSON_IsArray(get(item, "value")))
		append(out, 2, _("[%s] %s = %s (default)"), group, key, value);
	else
		append(out, 2, _("[%s] %s is not set"), group, key);
}

static void
append_settings(GString *out, const cJSON *settings)
{
	const cJSON *item;

	append_error(out, 2, settings, "error");
	if (cJSON_IsObject(get(settings, "error")))
		append(out, 2, "%s", _("What follows are the defaults."));
	cJSON_ArrayForEach (item, get(settings, "values"))
		append_setting(out, item);
	cJSON_ArrayForEach (item, get(settings, "notes"))
		append(out, 2, "%s", cJSON_IsString(item) ? item->valuestring : "-");
}

static void
append_stores(GString *out, const cJSON *stores)
{
	const cJSON *store;
	const cJSON *item;

	cJSON_ArrayForEach (store, stores) {
		gulong count = (gulong)cJSON_GetNumberValue(get(store, "certificates"));

		append(out, 2,
		       strcmp(get_text(store, "store"), "machine") == 0
			       ? g_dngettext(GETTEXT_PACKAGE, "machine store %s: %lu certificate",
					     "machine store %s: %lu certificates", count)
			       : g_dngettext(GETTEXT_PACKAGE, "user store %s: %lu certificate",
					     "user store %s: %lu certificates", count),
		       get_text(store, "location"), count);
		cJSON_ArrayForEach (item, get(store, "passed_over"))
			append(out, 4, _("passed over: %s: %s"), get_text(item, "location"),
			       get_text(item, "why"));
	}
}

static void
append_history(GString *out, const cJSON *history)
{
	const cJSON *entry;

	if (cJSON_GetArraySize(history) > 0)
		append(out, 4, "%s", _("last authentications:"));
	cJSON_ArrayForEach (entry, history) {
		const char *outcome = cJSON_IsString(get(entry, "error"))
					      ? get_text(entry, "error")
					      : get_text(entry, "reason");

		if (cJSON_IsString(get(entry, "request")))
			append(out, 6, _("%s %s, request %s"), get_text(entry, "at"), outcome,
			       get_text(entry, "request"));
		else
			append(out, 6, "%s %s", get_text(entry, "at"), outcome);
	}
}

/* The explanation's own text, each of whose lines is ours. */
static void
append_explanation(GString *out, const cJSON *json)
{
	g_autoptr(CsExplanation) explanation =
		cJSON_IsObject(json) ? cs_explanation_from_json(json, NULL) : NULL;
	g_autofree char *text = explanation != NULL ? cs_explanation_to_text(explanation) : NULL;
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;

	if (cJSON_IsObject(json) && explanation == NULL)
		append(out, 4, "%s", _("the explanation that was kept cannot be understood"));
	if (lines != NULL)
		append(out, 4, "%s", _("explanation of the last authentication:"));
	for (char **line = lines; line != NULL && *line != NULL; line++) {
		if (**line != '\0')
			append(out, 6, "%s", *line);
	}
}

static void
append_account(GString *out, const cJSON *account)
{
	g_autofree char *managed = dup_value(get(account, "managed"));
	const cJSON *certificate = get(account, "certificate");

	append(out, 2, _("%s at %s (%s)"), get_text(account, "user"),
	       get_text(account, "organisation"), get_text(account, "url"));
	append(out, 4, _("account: %s, device: %s"), get_text(account, "id"),
	       get_text(account, "device_id"));
	append(out, 4, _("managed: %s, reason: %s, checked: %s, request: %s"), managed,
	       get_text(account, "reason"), get_text(account, "checked_at"),
	       get_text(account, "request"));
	if (cJSON_IsObject(certificate))
		append(out, 4, _("certificate: %s, issued by %s, valid until %s"),
		       get_text(certificate, "fingerprint"), get_text(certificate, "issuer"),
		       get_text(certificate, "not_after"));
	append_history(out, get(account, "history"));
	append_error(out, 4, account, "explanation_error");
	append_explanation(out, get(account, "explanation"));
}

static void
append_accounts(GString *out, const cJSON *diagnosis)
{
	const cJSON *accounts = get(diagnosis, "accounts");
	const cJSON *account;

	append_error(out, 2, diagnosis, "accounts_error");
	if (cJSON_GetArraySize(accounts) == 0 && !cJSON_IsObject(get(diagnosis, "accounts_error")))
		append(out, 2, "%s", _("There is no account."));
	cJSON_ArrayForEach (account, accounts)
		append_account(out, account);
}

static void
append_clock(GString *out, const cJSON *clock)
{
	const cJSON *offset = get(clock, "offset_s");
	const char *reason = get_text(clock, "reason");

	append(out, 2, _("now: %s"), get_text(clock, "now"));
	if (cJSON_IsNumber(offset))
		append(out, 2, _("ahead of the server's at the last verdict: %.0f seconds"),
		       cJSON_GetNumberValue(offset));
	for (guint i = 0; i < G_N_ELEMENTS(clock_reasons); i++) {
		if (strcmp(clock_reasons[i].code, reason) == 0)
			append(out, 2, "%s (%s)", _(clock_reasons[i].sentence), reason);
	}
	if (cJSON_IsTrue(get(clock, "plausible")))
		append(out, 2, "%s", _("Nothing speaks against it."));
}

static void
append_log(GString *out, const cJSON *log)
{
	const cJSON *line;

	append(out, 2, _("%s, level %s"), get_text(log, "file"), get_text(log, "level"));
	append_error(out, 2, log, "error");
	cJSON_ArrayForEach (line, get(log, "lines"))
		append(out, 2, "%s", cJSON_IsString(line) ? line->valuestring : "-");
}

static void
append_heading(GString *out, const char *heading)
{
	g_string_append_printf(out, "\n%s\n", heading);
}

/**
 * cs_diagnosis_to_text:
 * @diagnosis: of cs_diagnosis_make()
 *
 * Returns: (transfer full): the same for people, translated, a line a fact; control characters in
 *   others' words are escaped
 */
char *
cs_diagnosis_to_text(const cJSON *diagnosis)
{
	GString *out = g_string_new(NULL);

	append(out, 0, _("Countersign diagnostics of %s"), get_text(diagnosis, "made_at"));
	if (cJSON_IsTrue(get(diagnosis, "initials")))
		append(out, 0, "%s", _("Names are reduced to initials."));
	append_heading(out, _("Versions"));
	append_members(out, get(diagnosis, "versions"));
	append_heading(out, _("Desktop"));
	append_members(out, get(diagnosis, "desktop"));
	append_heading(out, _("Clock"));
	append_clock(out, get(diagnosis, "clock"));
	append_heading(out, _("Accounts"));
	append_accounts(out, diagnosis);
	append_heading(out, _("Certificate stores"));
	append_stores(out, get(diagnosis, "stores"));
	append_heading(out, _("Settings"));
	append_settings(out, get(diagnosis, "settings"));
	append_heading(out, _("Log"));
	append_log(out, get(diagnosis, "log"));
	return g_string_free(out, FALSE);
}
