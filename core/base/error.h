/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* One error domain. A code exists where a caller acts differently on it; the
 * program's exit code follows from it (app/exit.c). Every error also carries a
 * stable "reason", the short code that scripts and people see
 * ("code-invalid", "unreachable", "not-found"). */
#define CS_ERROR (cs_error_quark())

typedef enum {
	CS_ERROR_USAGE,	      /* the caller's arguments are wrong: exit 2 */
	CS_ERROR_INVALID,     /* input from outside is malformed: exit 3 */
	CS_ERROR_REFUSED,     /* the server, or a rule, says no: exit 3 */
	CS_ERROR_SIGNATURE,   /* a signature or key does not verify: exit 3 */
	CS_ERROR_UNSUPPORTED, /* well-formed, but of a kind we do not accept: exit 3 */
	CS_ERROR_KEY,	      /* a private key cannot be reached or used: exit 3 */
	CS_ERROR_UNREACHABLE, /* no valid answer could be had from the server: exit 4 */
	CS_ERROR_STATE,	      /* local state cannot be read or written: exit 5 */
	CS_ERROR_NOT_FOUND,   /* the thing named does not exist: exit 6 */
} CsErrorCode;

GQuark cs_error_quark(void);

void cs_error_set(GError **error, CsErrorCode code, const char *reason, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
const char *cs_error_get_reason(const GError *error);
/* The server's id of the request that failed, for helpdesk; of CS_ERROR only. */
void cs_error_set_request(GError *error, const char *request);
const char *cs_error_get_request(const GError *error); /* (nullable) */
void
cs_error_set_from_errno(GError **error, CsErrorCode code, int saved_errno, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
