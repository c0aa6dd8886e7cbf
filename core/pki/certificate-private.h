/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"

/* For certificate.c, certificate-extension.c, certificate-rules.c and name-share.c alone. */

/* A part of the certificate, small because there may be tens of thousands. */
typedef struct {
	guint16 offset;
	guint16 length;
} CsSpan;

struct _CsCertificate {
	gatomicrefcount references;
	guint16 key_bits; /* RSA */
	guint8 version;
	guint8 key_kind;
	guint key_sane : 1;
	guint is_ca : 1;
	guint has_key_usage : 1;
	guint may_sign : 1;
	guint may_sign_certificates : 1;
	guint has_extended_key_usage : 1;
	guint may_authenticate : 1;
	CsSpan tbs, serial, issuer, subject, spki, signature, unknown_critical;
	gint64 not_before, not_after;
	GBytes *der;
	const CsSignatureMethod *method;
	/* Made when first asked for; atomic. */
	char *fingerprint, *key_fingerprint, *serial_text, *issuer_text, *subject_text;
	GBytes *spki_bytes, *issuer_name, *subject_name;
	EVP_PKEY *public_key;
};

CsDer cs_certificate_get_part(const CsCertificate *certificate, CsSpan span);
