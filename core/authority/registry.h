/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/policy.h"
#include "core/base/json.h"
#include "core/base/secret.h"

#include <glib.h>

/* The only room with SQL: what the authority remembers, in SQLite (WAL, synchronous=FULL). Rows
 * are plain structs; what may happen to them is decided elsewhere (lifecycle, verifier). Several
 * processes may have one registry open. Not thread-safe: one registry a thread. */
typedef struct _CsRegistry CsRegistry;

/* create: makes the file 0600 with the schema and the meta rows; an existing one is
 * CS_ERROR_REFUSED "already-initialised". open: CS_ERROR_NOT_FOUND where there is none,
 * CS_ERROR_STATE where it is of another schema version (CS_REGISTRY_OUTDATED: an earlier one, which
 * migrate brings up) or broken. */
#define CS_REGISTRY_OUTDATED  "registry-outdated"
#define CS_REGISTRY_DISK_FULL "disk-full" /* whatever writes; with room again it works again */
CsRegistry *cs_registry_create(const char *path, GError **error);
CsRegistry *cs_registry_open(const char *path, GError **error);
CsRegistry *cs_registry_migrate(const char *path, GError **error);
void cs_registry_close(CsRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRegistry, cs_registry_close)

/* BEGIN IMMEDIATE ... COMMIT. What is committed is on disk. Rollback never fails. A failed commit
 * has rolled back. begin_reading: a snapshot that does not hold up writers, ended by rollback. */
gboolean cs_registry_begin(CsRegistry *registry, GError **error);
gboolean cs_registry_begin_reading(CsRegistry *registry, GError **error);
gboolean cs_registry_commit(CsRegistry *registry, GError **error);
void cs_registry_rollback(CsRegistry *registry);
/* A part of the open transaction that is undone alone. One at a time. */
gboolean cs_registry_begin_part(CsRegistry *registry, GError **error);
gboolean cs_registry_end_part(CsRegistry *registry, gboolean success, GError **error);

gboolean
cs_registry_set_meta(CsRegistry *registry, const char *key, const char *value, GError **error);
char *cs_registry_dup_meta(CsRegistry *registry, const char *key, GError **error); /* NOT_FOUND */

/* States, as text in the rows and in JSON. */
typedef enum {
	CS_USER_ACTIVE,
	CS_USER_SUSPENDED,
	CS_USER_DELETED,
} CsUserState;
typedef enum {
	CS_DEVICE_ACTIVE,
	CS_DEVICE_SUSPENDED,
	CS_DEVICE_DEACTIVATED,
	CS_DEVICE_DELETED,
} CsDeviceState;
typedef enum {
	CS_LINK_BOUND,
	CS_LINK_SUSPENDED,
	CS_LINK_REFUSED,
} CsLinkState;
typedef enum {
	CS_APPROVAL_NONE,
	CS_APPROVAL_FOUNDER,	   /* the key the record began with: needs none, but gets no more */
	CS_APPROVAL_ADMINISTRATOR, /* all the record's links, present and future (rule 26) */
} CsApproval;

const char *cs_user_state_to_text(CsUserState state);
const char *cs_device_state_to_text(CsDeviceState state);
const char *cs_link_state_to_text(CsLinkState state);

typedef struct {
	char *id;
	char *login;
	CsUserState state;
	gint64 created_at;
} CsUserRow;

typedef struct {
	char *id;
	char *hardware_id;   /* base64url; a claim (rule 26) */
	char *name;	     /* a claim */
	char *helpdesk_code; /* helpdesk-code.h; unique, of deleted records too, and for good */
	char *platform;
	CsDeviceState state;
	gint64 created_at;
	gint64 deactivated_at; /* 0: never */
	gint64 reactivated_at; /* 0: never */
} CsDeviceRow;

typedef struct {
	char *id; /* [a-z0-9]+ */
	char *device_id;
	char *thumbprint; /* unique among records that are not deleted */
	char *jwk;
	CsApproval approval;
	gboolean hardware; /* hwk */
	gint64 created_at;
} CsDeviceKeyRow;

typedef struct {
	char *id;
	char *user_id;
	char *device_id;
	char *key_id;	  /* the device key that it enrolled with */
	char *thumbprint; /* of the account key; unique */
	char *jwk;
	char *code_hash; /* what enrolled it, so that an interrupted enrolment can be answered again */
	gboolean deleted;
	gint64 created_at;
	gint64 deleted_at;
} CsAccountRow;

typedef struct {
	char *id;
	char *fingerprint;
	char *subject;
	GBytes *der;
	gboolean revocation_none; /* --revocation none (rule 12) */
	gboolean built_in;
	gint64 created_at;
	/* Where answers about revocation come from: docs/revocation.md. */
	char *revocation;     /* (nullable) "crl", "ocsp" or "any"; NULL: nowhere */
	char *crl_file;	      /* (nullable) path */
	char *revocation_url; /* (nullable) in place of the certificates' own */
	char **allowed_urls;  /* (nullable) prefixes of those, NULL-terminated */
	gint64 max_age_s;     /* 0: none set */
} CsIssuerRow;

typedef struct {
	char *key_fingerprint; /* SHA-256 of the certificate's public key: what the link is keyed on */
	char *certificate;     /* fingerprint of the certificate last seen with that key */
	char *device_id;
	CsLinkState state;
	gint64 bound_at;
	gint64 hand_over_until; /* 0: no hand-over open */
	char **key_ids;		/* device keys that may use it, NULL-terminated */
} CsLinkRow;

typedef struct {
	char *user_id;
	char *hash;    /* HMAC of the whole code */
	char **groups; /* HMAC of each group of four with its place, NULL-terminated */
	gint64 expires_at;
	int wrong_tries; /* void from 5 on */
} CsCodeRow;

typedef struct {
	char *serial; /* hex */
	char *fingerprint;
	char *key_fingerprint;
	char *subject;
	GBytes *der;
	gint64 not_after;
	gint64 issued_at;
	gint64 revoked_at; /* 0: not */
} CsIssuedRow;

typedef struct {
	gint64 time;
	const char *event;  /* "authentication", "enrolment", "device-suspend" ... */
	const char *actor;  /* "administrator", "user:LOGIN", "device", "server" */
	const char *device; /* (nullable), so the four below */
	const char *account;
	const char *certificate;
	const char *outcome; /* "ok" or "refused" */
	const char *reason;
	const char *operator_user; /* (nullable): the operating-system user who gave the word */
	const char *origin;	   /* (nullable): "cli", or the address that a request came from */
	const char *application;   /* (nullable): an authentication's, or a policy's (rule 21) */
	const char *access;	   /* "allowed" or "refused", with application */
	const char *request;	   /* (nullable): the request's id, which its client keeps */
	const char
		*detail; /* (nullable): what was set or found, "NAME=VALUE" with spaces between */
} CsLogEntry;

typedef struct {
	char *application; /* "": the default */
	CsPolicyDemand demand;
	gint64 set_at;
} CsPolicyRow;

/* An authentication as the log remembers it; its account's key had signed it. */
typedef struct {
	gint64 time;
	char *actor; /* "user:LOGIN" */
	char *device;
	char *account;
	gboolean authenticated;
	char *reason;	   /* code: of the device where authenticated, else of the failure */
	char *application; /* (nullable) */
} CsPastAuthentication;

void cs_user_row_free(CsUserRow *row);
void cs_device_row_free(CsDeviceRow *row);
void cs_device_key_row_free(CsDeviceKeyRow *row);
void cs_account_row_free(CsAccountRow *row);
void cs_issuer_row_free(CsIssuerRow *row);
CsIssuerRow *cs_issuer_row_copy(const CsIssuerRow *row);
gboolean cs_issuer_row_equal(const CsIssuerRow *a, const CsIssuerRow *b);
void cs_issuer_row_clear_revocation(CsIssuerRow *row); /* nothing chosen */
void cs_link_row_free(CsLinkRow *row);
void cs_link_row_add_key(CsLinkRow *row, const char *key_id); /* once */
void cs_code_row_free(CsCodeRow *row);
void cs_issued_row_free(CsIssuedRow *row);
void cs_policy_row_free(CsPolicyRow *row);
void cs_past_authentication_free(CsPastAuthentication *past);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsUserRow, cs_user_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDeviceRow, cs_device_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDeviceKeyRow, cs_device_key_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAccountRow, cs_account_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIssuerRow, cs_issuer_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsLinkRow, cs_link_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCodeRow, cs_code_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsIssuedRow, cs_issued_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsPolicyRow, cs_policy_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsPastAuthentication, cs_past_authentication_free)

/* Reading. _get_: CS_ERROR_NOT_FOUND where there is none. _find_: *row NULL and TRUE where there is
 * none. Lists are (transfer full), in the order created. */
gboolean cs_registry_find_user(CsRegistry *r,
			       const char *login,
			       CsUserRow **row,
			       GError **error); /* not deleted ones */
CsUserRow *
cs_registry_get_user_by_id(CsRegistry *r, const char *id, GError **error); /* any state */
GPtrArray *cs_registry_list_users(CsRegistry *r, GError **error);	   /* without deleted */
CsDeviceRow *cs_registry_get_device(CsRegistry *r, const char *id, GError **error);
gboolean cs_registry_find_device_by_hardware(CsRegistry *r,
					     const char *hardware_id,
					     CsDeviceRow **row,
					     GError **error); /* not deleted */
gboolean cs_registry_find_device_by_helpdesk_code(CsRegistry *r,
						  const char *code,
						  CsDeviceRow **row,
						  GError **error); /* deleted ones too */
/* A code that no record has. Inside the transaction that gives it away. */
char *cs_registry_make_helpdesk_code(CsRegistry *r, GError **error);
GPtrArray *cs_registry_list_devices(CsRegistry *r, GError **error); /* deleted ones too */
gboolean
cs_registry_find_device_key(CsRegistry *r,
			    const char *thumbprint,
			    CsDeviceKeyRow **row,
			    GError **error); /* newest record that holds it, deleted last */
CsDeviceKeyRow *cs_registry_get_device_key(CsRegistry *r, const char *id, GError **error);
GPtrArray *cs_registry_list_device_keys(CsRegistry *r, const char *device_id, GError **error);
gboolean
cs_registry_find_account(CsRegistry *r, const char *id, CsAccountRow **row, GError **error);
gboolean cs_registry_find_account_by_thumbprint(CsRegistry *r,
						const char *thumbprint,
						CsAccountRow **row,
						GError **error);
gboolean cs_registry_find_account_by_code(CsRegistry *r,
					  const char *code_hash,
					  CsAccountRow **row,
					  GError **error);
/* user_id and device_id (nullable): filters; deleted ones too. */
GPtrArray *cs_registry_list_accounts(CsRegistry *r,
				     const char *user_id,
				     const char *device_id,
				     GError **error);
GPtrArray *cs_registry_list_issuers(CsRegistry *r, GError **error); /* the administrator's order */
gboolean
cs_registry_find_link(CsRegistry *r, const char *key_fingerprint, CsLinkRow **row, GError **error);
GPtrArray *cs_registry_list_links(CsRegistry *r, const char *device_id, GError **error);
GPtrArray *cs_registry_list_codes(CsRegistry *r, gint64 now, GError **error); /* not expired */
/* What the CRL lists: not expired before `not_expired_at`. (element-type CsRevokedSerial) */
GPtrArray *cs_registry_list_revoked(CsRegistry *r, gint64 not_expired_at, GError **error);
gboolean cs_registry_count_revoked(CsRegistry *r, gint64 *count, GError **error); /* ever */
gboolean
cs_registry_find_issued(CsRegistry *r, const char *fingerprint, CsIssuedRow **row, GError **error);
gboolean cs_registry_find_issued_by_serial(CsRegistry *r,
					   const char *serial,
					   CsIssuedRow **row,
					   GError **error);
GPtrArray *
cs_registry_list_issued_by_key(CsRegistry *r, const char *key_fingerprint, GError **error);

/* Writing: inserts or replaces by primary key, inside the caller's transaction (or one of its
 * own where none is open). */
gboolean cs_registry_put_user(CsRegistry *r, const CsUserRow *row, GError **error);
gboolean cs_registry_put_device(CsRegistry *r, const CsDeviceRow *row, GError **error);
gboolean cs_registry_put_device_key(CsRegistry *r, const CsDeviceKeyRow *row, GError **error);
gboolean cs_registry_put_account(CsRegistry *r, const CsAccountRow *row, GError **error);
gboolean cs_registry_put_issuer(CsRegistry *r, const CsIssuerRow *row, GError **error);
gboolean cs_registry_delete_issuer(CsRegistry *r, const char *id, GError **error); /* NOT_FOUND */
gboolean cs_registry_put_link(CsRegistry *r, const CsLinkRow *row, GError **error);
gboolean cs_registry_delete_link(CsRegistry *r, const char *key_fingerprint, GError **error);
gboolean cs_registry_put_code(CsRegistry *r, const CsCodeRow *row, GError **error); /* one a user */
gboolean cs_registry_delete_code(CsRegistry *r, const char *user_id, GError **error);
gboolean cs_registry_put_issued(CsRegistry *r, const CsIssuedRow *row, GError **error);
/* Remembers that this certificate carries this key, so that a fingerprint names a link. */
gboolean cs_registry_note_certificate(CsRegistry *r,
				      const char *fingerprint,
				      const char *key_fingerprint,
				      GError **error);
gboolean cs_registry_find_key_of_certificate(CsRegistry *r,
					     const char *fingerprint,
					     char **key_fingerprint,
					     GError **error);

/* Rule 21. The default's application is "". */
gboolean cs_registry_get_policy(CsRegistry *r,
				const char *application,
				CsPolicyDemand *demand,
				GError **error); /* its own, else the default, else any */
GPtrArray *cs_registry_list_policies(CsRegistry *r, GError **error);
gboolean cs_registry_put_policy(CsRegistry *r, const CsPolicyRow *row, GError **error);
gboolean cs_registry_delete_policy(CsRegistry *r, const char *application, GError **error);
GPtrArray *cs_registry_list_authentications(CsRegistry *r, gint64 since, GError **error);
gboolean cs_registry_find_last_authentication(CsRegistry *r,
					      const char *account,
					      CsPastAuthentication **past,
					      GError **error);

/* Each line is chained to the one before it. */
gboolean cs_registry_log(CsRegistry *r, const CsLogEntry *entry, GError **error);
/* Calls once a line, oldest first, with the contract's JSON object (lent). */
typedef void (*CsLogVisitor)(const cJSON *line, gpointer data);
gboolean cs_registry_read_log(CsRegistry *r, CsLogVisitor visit, gpointer data, GError **error);
/* What is wrong with the log's chain: the first of it, and at which line (0: at none). */
#define CS_LOG_ADDED	    "line-added"
#define CS_LOG_MISSING	    "line-missing"
#define CS_LOG_CHANGED	    "line-changed"
#define CS_LOG_HEAD_LOST    "head-lost" /* the registry's own note of its end */
#define CS_LOG_HEAD_LENGTH  64
#define CS_LOG_HEAD_UNKNOWN "head-unknown" /* what was noted elsewhere is no line's */
typedef struct {
	gint64 lines;
	char head[CS_LOG_HEAD_LENGTH +
		  1];	     /* SHA-256 in hex: of the last line, and so of them all */
	const char *problem; /* (nullable): one of the above */
	gint64 line;
} CsLogCheck;
/* head (nullable): noted elsewhere. TRUE: the log was read, whatever was found. */
gboolean cs_registry_verify_log(CsRegistry *r, const char *head, CsLogCheck *check, GError **error);
/* What must never be. check: "integrity", "references", "schema", "link-keys", "links-of-device" ... */
typedef void (*CsRegistryProblem)(const char *check, const char *detail, gpointer data);
gboolean cs_registry_check(CsRegistry *r, CsRegistryProblem visit, gpointer data, GError **error);
gint64 cs_registry_get_version(void);

/* A file beside the registry that belongs into a backup. */
typedef struct {
	const char *name;
	CsSecret *content; /* (nullable) before it is read */
} CsBackupPart;
/* log: what was found of the log in the copy. */
gboolean cs_registry_write_backup(CsRegistry *r,
				  const char *path,
				  const CsBackupPart *parts,
				  gsize n_parts,
				  CsLogCheck *log,
				  GError **error);
gboolean cs_registry_read_backup(const char *path,
				 const char *registry_path,
				 CsBackupPart *parts,
				 gsize n_parts,
				 GError **error);
/* Refusals for binding (bound-to-another-device, link-suspended) on other devices with a
 * certificate of this device's links: (transfer full) array of log lines, for `device show`. */
cJSON *cs_registry_list_conflicts(CsRegistry *r, const char *device_id, GError **error);
