/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/admin.h"

/* Between the admin*.c files only: an act and its lines in the log are one transaction. */

/* One act under way. Its body names what it touches as soon as it knows, so that a refusal's line
 * names it too. */
typedef struct {
	CsAuthority *authority;
	CsRegistry *registry;
	const char *event;
	gint64 now;
	char *device;
	char *account; /* in acts upon a user: the login */
	char *certificate;
	char *application;
	char *detail; /* what is set: "NAME=VALUE" with spaces between; never a secret */
} CsAdminAct;

/* Inside the act's transaction: the verb's document, or NULL and the error. */
typedef cJSON *(*CsAdminBody)(CsAdminAct *act, gpointer data, GError **error);
cJSON *
cs_admin_run(CsAuthority *a, const char *event, CsAdminBody body, gpointer data, GError **error);
/* The same for what only reads: one state of the registry, and nothing is logged. */
cJSON *cs_admin_read(CsAuthority *a, CsAdminBody body, gpointer data, GError **error);
/* A further line of the act: what it brought about besides. */
gboolean cs_admin_log_effect(CsAdminAct *act,
			     const char *event,
			     const char *account,
			     const char *certificate,
			     GError **error);
/* Ends an account for good, with its line. */
gboolean cs_admin_end_account(CsAdminAct *act, CsAccountRow *account, GError **error);
/* Revokes what the built-in CA issued; revoked already is fine. */
gboolean cs_admin_revoke(CsAdminAct *act, CsIssuedRow *issued, GError **error);
/* Lower case, without the colons that other programs print; names nothing where it is no
 * fingerprint. */
char *cs_admin_normalise_fingerprint(const char *text);

/* NOT_FOUND. */
CsIssuerRow *cs_admin_get_issuer(CsAdminAct *act, const char *id, GError **error);
cJSON *cs_admin_issuer_to_json(const CsIssuerRow *row);
/* choice (nullable): nothing chosen. USAGE "options-incomplete", "options-conflict", "url-invalid". */
gboolean
cs_admin_choose_revocation(CsIssuerRow *row, const CsRevocationChoice *choice, GError **error);
char *cs_admin_describe_revocation(const CsIssuerRow *row);
/* (transfer full): the sources of one issuer with their ages; [] where it has none. */
cJSON *cs_admin_list_revocation_sources(CsAuthority *a,
					const CsIssuerRow *row,
					GPtrArray *records,
					gint64 now);
