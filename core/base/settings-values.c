/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/settings-private.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/http.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define NAME_LENGTH_MAX 64
#define TIMEOUT_MAX_S	600

/* Without slashes at the end, so that what is in a folder is named in one way. */
static char *
normalise_path(const char *text, GError **error)
{
	gsize length = strlen(text);

	while (length > 1 && text[length - 1] == '/')
		length--;
	if (g_path_is_absolute(text))
		return g_strndup(text, length);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a path must begin with a slash"));
	return NULL;
}

static char *
normalise_name(const char *text, GError **error)
{
	gboolean good = *text != '\0' && g_utf8_strlen(text, -1) <= NAME_LENGTH_MAX;

	for (const char *next = text; good && *next != '\0'; next = g_utf8_next_char(next))
		good = g_unichar_isprint(g_utf8_get_char(next));
	if (good)
		return g_strdup(text);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a name has 1 to %d printable characters"),
		     NAME_LENGTH_MAX);
	return NULL;
}

/* The address comes from a file, so what is a usage error elsewhere is bad input here. */
static char *
normalise_url(const char *text, GError **error)
{
	g_autoptr(GError) local = NULL;
	char *origin = cs_http_normalise_origin(text, &local);

	if (origin == NULL)
		cs_error_set(error, CS_ERROR_INVALID, cs_error_get_reason(local), "%s",
			     local->message);
	return origin;
}

static char *
normalise_fingerprint(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	g_autofree char *joined = g_strjoinv("", parts);
	g_autofree char *lower = g_ascii_strdown(joined, -1);

	if (strlen(lower) == CS_SHA256_HEX_LENGTH &&
	    strspn(lower, "0123456789abcdef") == CS_SHA256_HEX_LENGTH)
		return g_steal_pointer(&lower);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a fingerprint is SHA-256: %d hex digits"),
		     CS_SHA256_HEX_LENGTH);
	return NULL;
}

static char *
normalise_timeout(const char *text, GError **error)
{
	if (g_ascii_string_to_unsigned(text, 10, 1, TIMEOUT_MAX_S, NULL, NULL))
		return g_strdup(text);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a time-out is 1 to %d seconds"),
		     TIMEOUT_MAX_S);
	return NULL;
}

static char *
normalise_log_level(const char *text, GError **error)
{
	CsEventLevel level = CS_EVENT_INFO;

	if (cs_event_level_from_text(text, &level))
		return g_strdup(text);
	cs_error_set(error, CS_ERROR_INVALID, NULL,
		     _("a log's level is error, warning, info or debug"));
	return NULL;
}

/* Everything that can be set; what else a file says is noted and ignored. */
const CsSettingKey cs_setting_keys[CS_SETTING_COUNT] = {
	[CS_SETTING_USER_DIRECTORIES] = {"stores", "user-directories", normalise_path, TRUE, FALSE},
	[CS_SETTING_MACHINE_DIRECTORIES] = {"stores", "machine-directories", normalise_path, TRUE,
					    FALSE},
	[CS_SETTING_MACHINE_ID_FILE] = {"device", "machine-id-file", normalise_path, FALSE, FALSE},
	[CS_SETTING_DEVICE_NAME] = {"device", "name", normalise_name, FALSE, FALSE},
	[CS_SETTING_ORGANISATION_URL] = {"organisation", "url", normalise_url, FALSE, FALSE},
	[CS_SETTING_ISSUERS] = {"organisation", "issuers", normalise_fingerprint, TRUE, TRUE},
	[CS_SETTING_TLS_CA_FILE] = {"organisation", "tls-ca-file", normalise_path, FALSE, FALSE},
	[CS_SETTING_TIMEOUT] = {"organisation", "timeout-seconds", normalise_timeout, FALSE, FALSE},
	[CS_SETTING_LOG_LEVEL] = {"log", "level", normalise_log_level, FALSE, FALSE},
};
