/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/openssl.h"

#include <openssl/err.h>

#define ENTRIES_SHOWN 4

static const char *
describe_entry(unsigned long entry)
{
	const char *text;

	if (ERR_SYSTEM_ERROR(entry))
		return g_strerror((gint)ERR_GET_REASON(entry));
	text = ERR_reason_error_string(entry);
	return text != NULL ? text : "unknown error";
}

/**
 * cs_openssl_set_error:
 * @error: (nullable): where to put it
 * @code: what the caller can act on
 * @reason: (nullable): the stable short code, as in cs_error_set()
 * @what: what was tried, such as "verify signature"
 *
 * Turns OpenSSL's error queue of this thread into one error and empties it. The queue's free text
 * ("data") is left out: it can quote the input. Call ERR_clear_error() before the operation, else
 * the message may tell of an older failure.
 */
void
cs_openssl_set_error(GError **error, CsErrorCode code, const char *reason, const char *what)
{
	g_autoptr(GString) text = g_string_new(what);
	const char *last = NULL;
	unsigned long entry;
	guint shown = 0;

	while ((entry = ERR_get_error()) != 0) {
		const char *words = describe_entry(entry);

		if (shown == ENTRIES_SHOWN || g_strcmp0(words, last) == 0)
			continue;
		g_string_append_printf(text, "%s%s", shown == 0 ? ": " : "; ", words);
		last = words;
		shown++;
	}
	cs_error_set(error, code, reason, "%s", text->str);
}

/**
 * cs_openssl_get_version:
 *
 * Returns: (transfer none): "OpenSSL 3.0.15 3 Sep 2024", of the library that runs
 */
const char *
cs_openssl_get_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}
