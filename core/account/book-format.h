/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* The account book as a value, and its form on disk. */
typedef struct {
	GPtrArray *organisations; /* (element-type CsOrganisation) */
	GPtrArray *accounts;	  /* (element-type CsAccount), in the order added */
	char *latest_explanation; /* (nullable) the account whose explanation is the newest */
} CsBook;

CsBook *cs_book_new(void);
void cs_book_free(CsBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsBook, cs_book_free)

/* CS_ERROR_STATE "state-invalid", or "state-version-unknown" for a later version's. */
CsBook *cs_book_parse(GBytes *text, GError **error);
char *cs_book_print(const CsBook *book);

/* [a-z0-9]{1,64}: safe in a path and in a URL. */
gboolean cs_book_is_id(const char *text);
/* [a-z0-9-]{1,64}: the form of every reason's and error's code. */
gboolean cs_book_is_code(const char *text);
/* [a-z2-7]{16}.key: safe in a path. */
gboolean cs_book_is_key_file(const char *text);

CsOrganisation *cs_organisation_new(const char *url, const char *name, CsJwk *server_key);
CsAccount *cs_account_copy(const CsAccount *account);
void cs_pending_enrolment_free(CsPendingEnrolment *pending);
