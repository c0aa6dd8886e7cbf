/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/ca.h"

/* What the built-in CA says of its own certificates, in the two forms that everybody reads: a CRL
 * (RFC 5280) and OCSP answers (RFC 6960), both signed by the CA's own key. What it issued and
 * revoked is the caller's to know; these functions sign, and remember nothing. */

/* Most bytes of a question that is read. */
#define CS_OCSP_REQUEST_MAX_BYTES 16384
/* Most certificates that one question may ask for. */
#define CS_OCSP_REQUEST_MAX_CERTIFICATES 16

typedef struct {
	char *serial; /* hexadecimal, as cs_certificate_get_serial() writes it */
	gint64 revoked_at;
} CsRevokedSerial;

void cs_revoked_serial_free(CsRevokedSerial *revoked);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRevokedSerial, cs_revoked_serial_free)

GBytes *cs_ca_make_crl(CsCa *ca,
		       GPtrArray *revoked,
		       gint64 number,
		       gint64 this_update,
		       gint64 next_update,
		       GError **error);

/* What is known of one certificate. */
typedef enum {
	CS_ISSUED_UNKNOWN, /* the CA does not remember having issued it */
	CS_ISSUED_GOOD,
	CS_ISSUED_REVOKED,
} CsIssuedState;

typedef gboolean (*CsIssuedLookUp)(const char *serial,
				   CsIssuedState *state,
				   gint64 *revoked_at,
				   gpointer data,
				   GError **error);

GBytes *cs_ca_answer_ocsp(CsCa *ca,
			  GBytes *request,
			  gint64 this_update,
			  gint64 next_update,
			  CsIssuedLookUp look_up,
			  gpointer data,
			  GError **error);
