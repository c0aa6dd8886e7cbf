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
} CsIntroduction;

void cs_introduction_free(CsIntroduction *introduction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIntroduction, cs_introduction_free)

/* GET /.well-known/countersign. pin (nullable): the server key's fingerprint in hex or thumbprint
 * in base64url; another key is CS_ERROR_SIGNATURE, "server-key-unknown"; so is a key that is not
 * the one pinned earlier for that organisation. */
CsIntroduction *cs_enrolment_introduce(const CsClient *client,
				       const char *url,
				       const char *pin,
				       GCancellable *cancellable,
				       GError **error);

/* An activation link "URL#code.thumbprint" taken apart. CS_ERROR_USAGE, "link-malformed"; the link
 * is never repeated in the message. */
gboolean cs_enrolment_parse_link(
	const char *link, char **url, CsSecret **code, char **thumbprint, GError **error);

/* Enrols (rule 24) with a code; the account is in the book when this returns. Upper and lower case,
 * spaces and hyphens of a typed code do not matter. A try that a kill interrupted is taken up again
 * by the same code. Attests nothing (rule 25). */
CsAccount *cs_enrolment_add(const CsClient *client,
			    const CsIntroduction *introduction,
			    CsSecret *code,
			    GCancellable *cancellable,
			    GError **error);
