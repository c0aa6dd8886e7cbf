/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/public-key.h"
#include "core/pki/signature-algorithm.h"

/* What one walk over a certificate finds. The parts are lent from its memory; the names and the
 * key are whole elements. */
typedef struct {
	guint version; /* 1 to 3 */
	CsDer tbs;
	CsDer serial; /* contents */
	CsDer algorithm;
	CsDer issuer;
	CsDer subject;
	CsDer spki;
	CsDer signature;		 /* octets */
	CsDer unknown_critical;		 /* an extension's OID; empty: none */
	const CsSignatureMethod *method; /* NULL: unknown */
	CsPublicKeyInfo key;
	gint64 not_before;
	gint64 not_after;
	gboolean is_ca;
	gboolean has_key_usage;
	gboolean may_sign;		/* digitalSignature */
	gboolean may_sign_certificates; /* keyCertSign */
	gboolean has_extended_key_usage;
	gboolean may_authenticate; /* clientAuth or anyExtendedKeyUsage */
} CsCertificateFields;

gboolean cs_certificate_fields_read(CsDer certificate, CsCertificateFields *fields);
