/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <gio/gio.h>

/* GLib's macro for extended errors looks the private part up in a way that gcc, once it inlines,
 * takes for a chance of NULL; there is none for an error of this domain. And it steps back from the
 * error by bytes, which clang takes for a loss of alignment; GLib has rounded the step. */
#pragma GCC diagnostic ignored "-Wnull-dereference"
#pragma GCC diagnostic ignored "-Wcast-align"

typedef struct {
	char *reason;  /* NULL: the code's own */
	char *request; /* NULL: none is known */
} CsErrorPrivate;

static void
cs_error_private_init(CsErrorPrivate *self)
{
	self->reason = NULL;
	self->request = NULL;
}

static void
cs_error_private_copy(const CsErrorPrivate *source, CsErrorPrivate *target)
{
	target->reason = g_strdup(source->reason);
	target->request = g_strdup(source->request);
}

static void
cs_error_private_clear(CsErrorPrivate *self)
{
	g_free(self->reason);
	g_free(self->request);
}

/**
 * cs_error_quark:
 *
 * Returns: the domain of all errors that this library makes itself.
 */
G_DEFINE_EXTENDED_ERROR(CsError, cs_error)

static const char *const default_reasons[] = {
	[CS_ERROR_USAGE] = "usage",
	[CS_ERROR_INVALID] = "invalid",
	[CS_ERROR_REFUSED] = "refused",
	[CS_ERROR_SIGNATURE] = "signature-invalid",
	[CS_ERROR_UNSUPPORTED] = "unsupported",
	[CS_ERROR_KEY] = "key-inaccessible",
	[CS_ERROR_UNREACHABLE] = "unreachable",
	[CS_ERROR_STATE] = "state-unavailable",
	[CS_ERROR_NOT_FOUND] = "not-found",
};

static void
take_message(GError **error, CsErrorCode code, const char *reason, char *message)
{
	GError *made = g_error_new_literal(CS_ERROR, (gint)code, message);

	g_free(message);
	cs_error_get_private(made)->reason = g_strdup(reason);
	g_propagate_error(error, made);
}

/**
 * cs_error_set:
 * @error: (nullable): where to put it; NULL makes this call do nothing
 * @code: what the caller can act on
 * @reason: (nullable): the stable short code; copied; NULL for the code's own
 * @format: printf format of a message: lower-case start, no full stop, never a secret
 *
 * Sets an error with its reason. The reason survives g_error_copy() and g_prefix_error().
 */
void
cs_error_set(GError **error, CsErrorCode code, const char *reason, const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return;
	va_start(args, format);
	take_message(error, code, reason, g_strdup_vprintf(format, args));
	va_end(args);
}

/**
 * cs_error_set_from_errno:
 * @error: (nullable): where to put it
 * @code: what the caller can act on
 * @saved_errno: errno, taken before anything else could change it
 * @format: printf format of what was tried, such as N_("cannot open %s"); translated here, because
 *   gettext at the caller's could change errno first
 *
 * Like cs_error_set() with the code's own reason; the system's words follow after a colon.
 */
void
cs_error_set_from_errno(GError **error, CsErrorCode code, int saved_errno, const char *format, ...)
{
	g_autofree char *tried = NULL;
	va_list args;

	if (error == NULL)
		return;
	va_start(args, format);
	tried = g_strdup_vprintf(_(format), args);
	va_end(args);
	take_message(error, code, NULL, g_strdup_printf("%s: %s", tried, g_strerror(saved_errno)));
}

/**
 * cs_error_get_reason:
 * @error: (nullable): any error, of any domain
 *
 * Returns: (transfer none): the stable short code: what cs_error_set() was given, else the code's
 * own; "cancelled" for %G_IO_ERROR_CANCELLED; "internal" for everything else. Valid as long as
 * @error is.
 */
const char *
cs_error_get_reason(const GError *error)
{
	const CsErrorPrivate *private;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return "cancelled";
	if (error == NULL || error->domain != CS_ERROR)
		return "internal";
	private = cs_error_get_private(error);
	if (private->reason != NULL)
		return private->reason;
	if (error->code < 0 || error->code >= (gint)G_N_ELEMENTS(default_reasons))
		return "internal";
	return default_reasons[error->code];
}

/**
 * cs_error_set_request:
 * @error: an error; only one of %CS_ERROR keeps it
 * @request: (nullable): the server's id of the request that failed, checked by the caller: it is
 *   shown to people as it is; copied
 */
void
cs_error_set_request(GError *error, const char *request)
{
	CsErrorPrivate *private;

	if (error->domain != CS_ERROR)
		return;
	private = cs_error_get_private(error);
	g_free(private->request);
	private->request = g_strdup(request);
}

/**
 * cs_error_get_request:
 * @error: (nullable): any error, of any domain
 *
 * Nobody has signed it: it is where helpdesk begins to look in the server's log, and no more.
 *
 * Returns: (transfer none) (nullable): the server's id of the request that failed, if one is known.
 * It survives g_error_copy() and g_prefix_error(). Valid as long as @error is.
 */
const char *
cs_error_get_request(const GError *error)
{
	if (error == NULL || error->domain != CS_ERROR)
		return NULL;
	return cs_error_get_private(error)->request;
}
