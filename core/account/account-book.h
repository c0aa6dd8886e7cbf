/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/client.h"
#include "core/base/json.h"
#include "core/protocol/jwk.h"
#include "core/protocol/reason.h"

/* What this user's client remembers: organisations (pinned server key, device id, the file of the
 * device key) and accounts with their last verdicts. One JSON file in the state folder. Reading
 * needs no lock; every change is lock, read, change, write atomically, unlock. */
typedef enum {
	CS_MANAGED_UNKNOWN, /* null: no authentication yet */
	CS_MANAGED_NO,
	CS_MANAGED_YES,
} CsManaged;

/* An enrolment under way, or interrupted: adding again with the same code takes it up. */
typedef struct {
	char *key_file; /* of the account to be */
	char *code_tag; /* tells codes apart without keeping them */
	gint64 created_at;
} CsPendingEnrolment;

typedef struct {
	char *url;  /* the server's iss, an origin */
	char *name; /* what the organisation calls itself */
	CsJwk *server_key;
	gint64 sequence;       /* of the rotation that brought server_key, 0 for the first */
	char *device_id;       /* (nullable) until the first account */
	char *helpdesk_code;   /* (nullable) of the device, where the server gave one */
	char *device_key_file; /* base name in the keys folder */
	GPtrArray *pending;    /* (element-type CsPendingEnrolment), oldest first */
} CsOrganisation;

typedef struct {
	char *id;
	char *user;
	char *url;
	char *organisation; /* name, copied for display */
	char *device_id;
	char *helpdesk_code; /* (nullable) of the device, where the server gave one */
	char *key_file;
	gint64 created_at;
	gboolean tombstone; /* rule 23: waits for the server to hear of the deletion; not listed */
	CsManaged managed;
	CsReason reason;	       /* of the last verdict; NONE before */
	gint64 checked_at;	       /* Unix seconds of the last verdict, 0 before */
	char *hint;		       /* (nullable) */
	char *request;		       /* (nullable) the server's id of that request */
	char *certificate_fingerprint; /* (nullable), with the three below */
	char *certificate_issuer;
	gint64 certificate_not_before;
	gint64 certificate_not_after;
} CsAccount;

void cs_organisation_free(CsOrganisation *organisation);
void cs_account_free(CsAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsOrganisation, cs_organisation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAccount, cs_account_free)

/* (element-type CsAccount), without tombstones. */
GPtrArray *cs_account_book_list(const CsClient *client, GError **error);
CsAccount *
cs_account_book_get(const CsClient *client, const char *id, GError **error); /* NOT_FOUND */
GPtrArray *cs_account_book_list_organisations(const CsClient *client, GError **error);

/* The stable code of why a check had no answer: "unreachable", "cancelled", an error's reason. */
const char *cs_account_get_error_code(const GError *error);
/* The contract's account object of `status --json`. error_code (nullable): "unreachable" ... */
cJSON *cs_account_to_json(const CsAccount *account, const char *error_code);

/* id NULL: the latest of any. NULL without error where there is none. */
cJSON *cs_account_book_get_explanation(const CsClient *client, const char *id, GError **error);
