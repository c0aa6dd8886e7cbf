/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"
#include "core/base/secret.h"

/* An organisation as its server introduces itself, before anything is sent to it or kept. */
typedef struct {
	char *url;
	char *name;
	CsJwk *server_key;
	gint64 sequence; /* of the rotation that leads to it from the key pinned earlier, or 0 */
} CsIntroduction;

CsIntroduction *cs_introduction_copy(const CsIntroduction *introduction);
void cs_introduction_free(CsIntroduction *introduction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIntroduction, cs_introduction_free)

/* pin (nullable): the server key's fingerprint in hex or thumbprint in base64url. */
CsIntroduction *cs_enrolment_introduce(const CsClient *client,
				       const char *url,
				       const char *pin,
				       GCancellable *cancellable,
				       GError **error);

/* "URL#code.thumbprint" taken apart. */
gboolean cs_enrolment_parse_link(
	const char *link, char **url, CsSecret **code, char **thumbprint, GError **error);

/* Enrols (rule 24) with a code as typed. */
CsAccount *cs_enrolment_add(const CsClient *client,
			    const CsIntroduction *introduction,
			    CsSecret *code,
			    GCancellable *cancellable,
			    GError **error);
