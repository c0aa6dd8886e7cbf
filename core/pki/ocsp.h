/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"
#include "core/pki/signed-data.h"

#define CS_OCSP_MAX_BYTES	 65536
#define CS_OCSP_MAX_CERTIFICATES 8

/* RFC 6960's basic response; lent. */
typedef struct {
	guint status; /* OCSPResponseStatus: 0 is successful, and the rest is set only then */
	CsSignedData signed_data;
	CsDer responder_name; /* byName: whole Name; else empty */
	CsDer responder_key;  /* byKey: SHA-1 of the key's octets; else empty */
	gint64 produced_at;
	CsDer responses;	   /* contents */
	gboolean unknown_critical; /* in responseExtensions */
	CsDer certificates;	   /* contents; the rest of them is passed over */
} CsOcspFields;

typedef enum {
	CS_OCSP_GOOD,
	CS_OCSP_REVOKED,
	CS_OCSP_UNKNOWN,
} CsOcspStatus;

typedef struct {
	CsDer hash_algorithm; /* its OID's contents */
	CsDer name_hash, key_hash, serial;
	CsOcspStatus status;
	gint64 this_update;
	gint64 next_update;
	gboolean has_next_update;
	gboolean unknown_critical;
} CsOcspSingle;

/* FALSE: malformed. Any bytes, at most CS_OCSP_MAX_BYTES. */
gboolean cs_ocsp_fields_read(CsDer response, CsOcspFields *fields);
/* responses: what is left; FALSE at the end (responses is empty) or where it is malformed. */
gboolean cs_ocsp_single_next(CsDer *responses, CsOcspSingle *single);
/* Whether it is about the certificate with this serial number, of this issuer. */
gboolean cs_ocsp_single_is_about(const CsOcspSingle *single,
				 const CsCertificate *certificate,
				 const CsCertificate *issuer);
gboolean cs_ocsp_is_responder(const CsOcspFields *fields, const CsCertificate *certificate);
/* (element-type CsCertificate) (transfer full): those that could be read. */
GPtrArray *cs_ocsp_list_certificates(const CsOcspFields *fields);
/* (transfer full): an OCSPRequest for one certificate, without a nonce. */
GBytes *cs_ocsp_request_new(const CsCertificate *certificate, const CsCertificate *issuer);
