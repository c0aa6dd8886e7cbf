/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/issuer.h"
#include "core/protocol/jwk.h"
#include "core/protocol/jws.h"
#include "core/protocol/reason.h"

#include <glib.h>

/* The tokens of docs/protocol.md as typed structs; a claim has its member's name unless said. For
 * each: _sign() makes the compact form, of nothing that _parse() would refuse; _parse() checks form,
 * typ, header and claims by allow-list and returns what it says, UNVERIFIED; _verify() is parse plus
 * the signature by the key given. Claims that tie tokens to one another (aud, nonce, chh, ...) and
 * the present time are for the caller to compare. Hashes and nonces are base64url of 32 bytes, ids
 * [a-z0-9]{1,64}, iss and aud printable ASCII up to 512, times NumericDate. A struct that came out
 * owns what it holds; its _free() takes NULL. Errors: CS_ERROR_INVALID, "token-malformed";
 * CS_ERROR_SIGNATURE, "signature-invalid"; from _sign() also CS_ERROR_KEY. */

#define CS_TOKEN_LEEWAY_S	    60
#define CS_CHALLENGE_MAX_LIFETIME_S 120
#define CS_RESPONSE_LIFETIME_S	    60
#define CS_MAX_ISSUERS		    64

/* countersign-challenge+jwt */
typedef struct {
	char *kid; /* header: thumbprint of the server key that signed */
	char *iss;
	char *aud; /* account id, or iss where the user is not known yet */
	char *txn;
	gint64 iat;
	gint64 exp;
	char *jti; /* [A-Za-z0-9_-]{1,128} */
	char *nonce;
	char *verify_uri;	 /* below iss */
	char **origins;		 /* NULL-terminated */
	char *transport;	 /* "direct" where the client itself began */
	char *user_verification; /* "none" or "required" */
	char *ilh;
} CsChallenge;

char *cs_challenge_sign(const CsChallenge *challenge, CsPrivateKey *server_key, GError **error);
CsChallenge *cs_challenge_parse(const char *token, GError **error);
CsChallenge *cs_challenge_verify(const char *token, const CsJwk *server_key, GError **error);
void cs_challenge_free(CsChallenge *challenge);

/* The issuer list beside a challenge, (element-type CsCertificate), and its hash, ilh. */
cJSON *cs_issuer_list_to_json(GPtrArray *certificates);
GPtrArray *cs_issuer_list_from_json(const cJSON *list, GError **error);
char *cs_issuer_list_hash(GPtrArray *certificates);

/* countersign-auth+jwt */
typedef struct {
	char *kid; /* header: thumbprint of the account key */
	char *iss; /* account id */
	char *sub; /* the same */
	char *aud;
	gint64 iat;
	gint64 exp;
	char *jti;
	char *nonce;
	char *chh;
	char *device_id;
	char *origin; /* (nullable) */
	char *transport;
	char *mah;    /* (nullable) */
	CsReason mar; /* of the client's side where mah is NULL, else NONE */
	char **amr;   /* NULL-terminated: "pop", one of "hwk" and "swk", perhaps "user" */
} CsAuthToken;

char *cs_auth_token_sign(const CsAuthToken *token, CsPrivateKey *account_key, GError **error);
CsAuthToken *cs_auth_token_parse(const char *token, GError **error);
CsAuthToken *cs_auth_token_verify(const char *token, const CsJwk *account_key, GError **error);
void cs_auth_token_free(CsAuthToken *token);

/* countersign-device-proof+jwt */
typedef struct {
	char *kid; /* header: thumbprint of the device key */
	char *aud;
	char *nonce;
	char *chh;
	char *device_id;
	char *ath;
	char *mah; /* (nullable) */
} CsDeviceProof;

char *cs_device_proof_sign(const CsDeviceProof *proof, CsPrivateKey *device_key, GError **error);
CsDeviceProof *cs_device_proof_parse(const char *token, GError **error);
CsDeviceProof *cs_device_proof_verify(const char *token, const CsJwk *device_key, GError **error);
void cs_device_proof_free(CsDeviceProof *proof);

/* countersign-mgmt+jwt: the attestation, rule 2's one thing that a certificate's key signs */
typedef struct {
	char *aud; /* iss + "/management" */
	char *nonce;
	char *chh;
	char *device_id;
	gint64 iat;
	gint64 exp;
	char *account_jkt; /* claim cnf: {"ak.jkt", "dk.jkt"} */
	char *device_jkt;
	CsCertificate *certificate; /* from x5c, x5t#S256 recomputed */
} CsAttestation;

/* Verified by the certificate's key before it is handed out (rule 7). CS_ERROR_KEY,
 * "key-mismatch" or "key-unsuitable", where the key is not the certificate's. */
char *cs_attestation_sign(const CsAttestation *attestation,
			  CsPrivateKey *certificate_key,
			  GError **error);
CsAttestation *cs_attestation_parse(const char *token, GError **error);
/* By the key of the certificate that it carries: rule 11, and no more. */
CsAttestation *cs_attestation_verify(const char *token, GError **error);
void cs_attestation_free(CsAttestation *attestation);
char *cs_attestation_audience(const char *iss);

/* countersign-verdict+jwt */
typedef struct {
	char *kid;
	char *iss;
	char *aud; /* account */
	gint64 iat;
	char *rsh; /* SHA-256 of the token that it answers */
	gboolean authenticated;
	CsReason reason; /* of the authentication's failure, or CS_REASON_NONE */
	char *account;
	char *device_id; /* (nullable) */
	gboolean managed;
	CsReason device_reason; /* CS_REASON_MANAGED where managed; NONE where never looked at */
	char *hint;		/* (nullable): "same-hardware" beside bound-to-another-device */
	char *request;		/* id of this request, for helpdesk */
	/* The certificate's: all there where managed, else perhaps (fingerprint NULL: none). */
	char *certificate_fingerprint;
	char *certificate_issuer;
	gint64 certificate_not_before;
	gint64 certificate_not_after;
	/* Rule 21, where the transaction named an application (else NULL). */
	char *application;
	gboolean access_allowed;
	CsReason access_reason; /* why not; CS_REASON_NONE where allowed */
} CsVerdict;

/* An application's name: 1 to 64 printable ASCII characters without space. */
gboolean cs_verdict_is_application(const char *text);
char *cs_verdict_sign(const CsVerdict *verdict, CsPrivateKey *server_key, GError **error);
CsVerdict *cs_verdict_verify(const char *token, const CsJwk *server_key, GError **error);
void cs_verdict_free(CsVerdict *verdict);

/* countersign-keys+jwt: the pinned key names its successor */
typedef struct {
	char *kid;
	char *iss;
	gint64 sequence; /* 1 upwards */
	gint64 iat;
	gint64 overlap_until; /* the old key counts until then; at most 90 days after iat */
	CsJwk *next;
} CsKeysToken;

char *cs_keys_token_sign(const CsKeysToken *token, CsPrivateKey *server_key, GError **error);
CsKeysToken *cs_keys_token_verify(const char *token, const CsJwk *pinned_key, GError **error);
void cs_keys_token_free(CsKeysToken *token);

/* countersign-device+jwt (enrolment). It and the two below carry their key as jwk. */
typedef struct {
	char *aud;
	char *nonce;
	gint64 iat;
	char *hardware_id;     /* base64url */
	char *name;	       /* at most 64 characters, no control characters */
	char *platform;	       /* "linux" */
	gboolean hardware_key; /* claim "key_protection": "hwk" or "swk" */
	char *ak_jkt;	       /* claim "ak.jkt": never the device key's own */
	CsJwk *key;	       /* header */
} CsDeviceToken;

char *cs_device_token_sign(const CsDeviceToken *token, CsPrivateKey *device_key, GError **error);
CsDeviceToken *cs_device_token_verify(const char *token,
				      GError **error); /* by the key it carries */
void cs_device_token_free(CsDeviceToken *token);

/* countersign-device-query+jwt (POST /v1/device) */
typedef struct {
	char *aud;
	char *nonce;
	gint64 iat;
	CsJwk *key; /* header */
} CsDeviceQuery;

char *cs_device_query_sign(const CsDeviceQuery *query, CsPrivateKey *device_key, GError **error);
CsDeviceQuery *cs_device_query_verify(const char *token, GError **error);
void cs_device_query_free(CsDeviceQuery *query);

/* countersign-enroll+jwt */
typedef struct {
	char *aud;
	char *nonce;
	gint64 iat;
	char *code_hash; /* claim "ch": SHA-256 of the code as sent */
	char *dk_jkt;	 /* claim "dk.jkt": never the account key's own */
	CsJwk *key;	 /* header */
} CsEnrollToken;

char *cs_enroll_token_sign(const CsEnrollToken *token, CsPrivateKey *account_key, GError **error);
CsEnrollToken *cs_enroll_token_verify(const char *token, GError **error);
void cs_enroll_token_free(CsEnrollToken *token);

/* countersign-delete+jwt */
typedef struct {
	char *kid;
	char *aud;
	char *nonce;
	gint64 iat;
	char *account;
} CsDeleteToken;

char *cs_delete_token_sign(const CsDeleteToken *token, CsPrivateKey *account_key, GError **error);
CsDeleteToken *cs_delete_token_parse(const char *token, GError **error);
CsDeleteToken *cs_delete_token_verify(const char *token, const CsJwk *account_key, GError **error);
void cs_delete_token_free(CsDeleteToken *token);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsChallenge, cs_challenge_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAuthToken, cs_auth_token_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDeviceProof, cs_device_proof_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAttestation, cs_attestation_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsVerdict, cs_verdict_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsKeysToken, cs_keys_token_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDeviceToken, cs_device_token_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDeviceQuery, cs_device_query_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsEnrollToken, cs_enroll_token_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDeleteToken, cs_delete_token_free)
