/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/ca.h"
#include "core/base/openssl.h"

/* What the CA's files share among themselves, and with nobody else. */
struct _CsCa {
	CsPrivateKey *key;
	CsCertificate *certificate;
	X509 *x509;
	char *crl_location;  /* (nullable) as openssl.cnf has it: "URI:..." */
	char *ocsp_location; /* "OCSP;URI:..." */
};
