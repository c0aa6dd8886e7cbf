/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"

/* What is asked rarely of a certificate, and so walked for instead of kept: for revocation. */

typedef enum {
	CS_KEY_USAGE_DIGITAL_SIGNATURE = 0x80,
	CS_KEY_USAGE_CRL_SIGN = 0x02,
} CsKeyUsage;

guint cs_certificate_get_version(const CsCertificate *certificate); /* 1 to 3 */
gboolean cs_certificate_is_ca(const CsCertificate *certificate);
gboolean cs_certificate_has_unknown_critical(const CsCertificate *certificate);
/* Whole Names, the serial number's contents, the key's octets: lent. */
CsDer cs_certificate_get_issuer_der(const CsCertificate *certificate);
CsDer cs_certificate_get_subject_der(const CsCertificate *certificate);
CsDer cs_certificate_get_serial_der(const CsCertificate *certificate);
gboolean cs_certificate_read_key_octets(const CsCertificate *certificate, CsDer *octets);

/* oid: its contents. value: what the extension's OCTET STRING holds, lent. */
gboolean cs_certificate_find_extension(const CsCertificate *certificate,
				       const char *oid,
				       gsize oid_length,
				       CsDer *value);
/* Without keyUsage a key may be used for anything (RFC 5280 section 4.2.1.3). */
gboolean cs_certificate_may(const CsCertificate *certificate, CsKeyUsage usage);
/* extendedKeyUsage is there and names id-kp-OCSPSigning; anyExtendedKeyUsage is not enough. */
gboolean cs_certificate_may_sign_ocsp(const CsCertificate *certificate);
/* id-pkix-ocsp-nocheck is there (RFC 6960 section 4.2.2.2.1). */
gboolean cs_certificate_has_no_check(const CsCertificate *certificate);

/* (element-type utf8) (transfer full): the http and https addresses of cRLDistributionPoints, and
 * of authorityInfoAccess's OCSP responders, in their order; empty where there are none. */
GPtrArray *cs_certificate_list_crl_urls(const CsCertificate *certificate);
GPtrArray *cs_certificate_list_freshest_urls(const CsCertificate *certificate);
GPtrArray *cs_certificate_list_ocsp_urls(const CsCertificate *certificate);
