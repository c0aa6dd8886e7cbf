/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"
#include "core/authority/lifecycle.h"

#include <gio/gio.h>

/* What an administrator does: each in one transaction with its line in the log, each answering the
 * JSON document that its verb prints (docs/protocol.md and countersign(1)). Errors: NOT_FOUND for
 * what is not there, REFUSED with a reason for what a rule forbids. actor: who, for the log. */
cJSON *cs_admin_add_user(CsAuthority *a, const char *login, GError **error); /* "user-exists" */
cJSON *cs_admin_list_users(CsAuthority *a, GError **error);
cJSON *cs_admin_suspend_user(CsAuthority *a, const char *login, GError **error);
cJSON *cs_admin_resume_user(CsAuthority *a, const char *login, GError **error);
cJSON *cs_admin_delete_user(CsAuthority *a, const char *login, GError **error);
/* lifetime_s: 60 to 604800. {"code", "link", "expires_at"} */
cJSON *cs_admin_make_code(CsAuthority *a, const char *login, gint64 lifetime_s, GError **error);

/* How the certificates of an uploaded issuer are asked about (rule 12; docs/revocation.md). */
typedef struct {
	const char *mode; /* (nullable) "crl", "ocsp", "any", "none"; NULL: "any" where something
				 is named below, else nothing */
	const char *crl_file; /* (nullable) absolute path */
	const char *url;      /* (nullable) in place of the certificates' own; of one mode only */
	const char *const *allowed_urls; /* (nullable) prefixes of the certificates' own */
	gint64 max_age_s;		 /* 0: none */
} CsRevocationChoice;

/* CS_ERROR_USAGE where it makes no sense. */
gboolean cs_admin_check_revocation_choice(const CsRevocationChoice *choice, GError **error);

/* Rule 13: a CA certificate; "not-an-authority", "issuer-exists", "certificate-malformed". choice
 * (nullable): nothing chosen. */
cJSON *
cs_admin_add_issuer(CsAuthority *a, GBytes *file, const CsRevocationChoice *choice, GError **error);
/* In place of all that was chosen before. */
cJSON *cs_admin_set_issuer_revocation(CsAuthority *a,
				      const char *id,
				      const CsRevocationChoice *choice,
				      GError **error);
/* {"sources": [...]}: what is at hand of each issuer's CRLs and OCSP answers, and its age. */
cJSON *cs_admin_show_revocation(CsAuthority *a, GError **error);
/* The same, after everything that is known has been fetched anew, blocking. */
cJSON *cs_admin_refresh_revocation(CsAuthority *a, GCancellable *cancellable, GError **error);
cJSON *cs_admin_add_built_in_issuer(CsAuthority *a, GError **error);
cJSON *cs_admin_list_issuers(CsAuthority *a, GError **error);
cJSON *cs_admin_delete_issuer(CsAuthority *a, const char *id, GError **error);

/* Rule 21. application NULL: the default. */
cJSON *
cs_admin_set_policy(CsAuthority *a, const char *application, const char *demand, GError **error);
cJSON *cs_admin_list_policies(CsAuthority *a, GError **error);
cJSON *cs_admin_delete_policy(CsAuthority *a, const char *application, GError **error);
cJSON *
cs_admin_try_policy(CsAuthority *a, const char *application, const char *account, GError **error);
/* days: 1 to 3650 */
cJSON *cs_admin_dry_run_policy(
	CsAuthority *a, const char *application, const char *demand, guint days, GError **error);

cJSON *cs_admin_list_devices(CsAuthority *a, GError **error);
/* By id or helpdesk code; candidates where it was misheard. */
char *cs_admin_find_device(CsAuthority *a, const char *name, cJSON **candidates, GError **error);
cJSON *cs_admin_show_device(CsAuthority *a,
			    const char *id,
			    GError **error); /* + accounts, conflicts, steps */
cJSON *cs_admin_show_repurposing(CsAuthority *a, const char *id, GError **error); /* rule 25 */
/* hand_over_s: of reactivate, 3600 to 90 days. */
cJSON *cs_admin_move_device(
	CsAuthority *a, const char *id, CsDeviceMove move, gint64 hand_over_s, GError **error);
cJSON *
cs_admin_approve_key(CsAuthority *a, const char *device_id, const char *key_id, GError **error);
/* fingerprint: of a certificate, or of its public key. */
cJSON *cs_admin_release_link(CsAuthority *a,
			     const char *device_id,
			     const char *fingerprint,
			     GError **error);
/* device_id (nullable): bind when issued (rule 15). days: 1 to 825. {"certificate": PEM,
 * "fingerprint", "serial", "subject", "not_before", "not_after", "device"} */
cJSON *cs_admin_issue_certificate(
	CsAuthority *a, GBytes *csr, const char *device_id, guint days, GError **error);
cJSON *cs_admin_revoke_certificate(CsAuthority *a, const char *fingerprint, GError **error);
