/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/protocol/tokens.h"

/* What the token files share, and nobody else: a token is a table of claims, read, written and
 * freed by one engine, so that no token has a parser of its own to be lenient in. */

#define CS_TOKEN_MAX_TIME ((G_GINT64_CONSTANT(1) << 53) - 1) /* RFC 7493 section 2.2 */

/* What a claim's value is in JSON, and the C type of its member in the token's struct. */
typedef enum {
	CS_CLAIM_ID,	     /* char *: [a-z0-9]{1,64} */
	CS_CLAIM_WORD,	     /* char *: [a-z0-9-]{1,64} */
	CS_CLAIM_UNIQUE,     /* char *: [A-Za-z0-9_-]{1,128} */
	CS_CLAIM_PARTY,	     /* char *: printable ASCII without space, 1 to 512 */
	CS_CLAIM_URI,	     /* char *: the same, 1 to 2048 */
	CS_CLAIM_TEXT,	     /* char *: UTF-8 without control characters, 0 to 2048 bytes */
	CS_CLAIM_HASH,	     /* char *: base64url of 32 bytes: hashes, nonces, thumbprints */
	CS_CLAIM_HEX,	     /* char *: 64 lower-case hexadecimal digits */
	CS_CLAIM_TIME,	     /* gint64: NumericDate, or a count; whole, 0 to 2^53 - 1 */
	CS_CLAIM_DATE,	     /* gint64: a certificate's, which may lie before 1970 */
	CS_CLAIM_BOOLEAN,    /* gboolean */
	CS_CLAIM_PROTECTION, /* gboolean: "hwk" is TRUE, "swk" FALSE (RFC 8176) */
	CS_CLAIM_REASON,     /* CsReason: its code; CS_REASON_NONE is null or absent */
	CS_CLAIM_PARTIES,    /* char **: array of CS_CLAIM_PARTY, 0 to 64 */
	CS_CLAIM_WORDS,	     /* char **: array of CS_CLAIM_WORD, 0 to 64 */
	CS_CLAIM_KEY,	     /* CsJwk *: a JWK */
	CS_CLAIM_OBJECT,     /* its members' table; the struct is the same */
} CsClaimKind;

typedef enum {
	CS_CLAIM_REQUIRED, /* stands there, and is not null */
	CS_CLAIM_NULLABLE, /* stands there, perhaps null; an object is null with its first member */
	CS_CLAIM_OPTIONAL, /* absent in place of null */
} CsClaimPresence;

typedef struct _CsClaim CsClaim;
struct _CsClaim {
	const char *name; /* NULL ends a table */
	CsClaimKind kind;
	CsClaimPresence presence;
	gsize offset;
	const CsClaim *members; /* of CS_CLAIM_OBJECT */
};

/* How the claims of one kind are read, written and freed. is_null and clear may be NULL: never
 * null, nothing to free. check is that of a string's, or of a list's strings', form. */
typedef struct {
	gboolean (*is_null)(const CsClaim *claim, gconstpointer token);
	gboolean (*read)(const CsClaim *claim, const cJSON *value, gpointer token);
	gboolean (*write)(const CsClaim *claim, gconstpointer token, cJSON *object);
	void (*clear)(const CsClaim *claim, gpointer token);
	gboolean (*check)(const char *text);
} CsTokenValue;

const CsTokenValue *cs_token_value_get(CsClaimKind kind);

/* Which header a token has beside alg and typ, and what that fills in the struct. */
typedef enum {
	CS_TOKEN_HEADER_KEY_ID,	     /* kid: char *, the signer's thumbprint; ES256 */
	CS_TOKEN_HEADER_KEY,	     /* jwk: CsJwk *, the signer's key; ES256 */
	CS_TOKEN_HEADER_CERTIFICATE, /* x5c, x5t#S256: CsCertificate *; its key's algorithm */
} CsTokenHeader;

typedef struct {
	const char *type; /* typ */
	CsTokenHeader header;
	gsize header_offset;
	gsize size; /* of the struct */
	const CsClaim *claims;
	/* What holds between claims. signer: thumbprint of the signer's key as the header has it; NULL
	 * with CS_TOKEN_HEADER_CERTIFICATE. */
	gboolean (*check)(gconstpointer token, const char *signer, GError **error);
} CsTokenKind;

gboolean cs_token_malformed(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean cs_token_check_lifetime(gint64 iat, gint64 exp, gint64 max_lifetime_s, GError **error);

gboolean
cs_token_read_claims(const CsClaim *claims, const cJSON *object, gpointer token, GError **error);
gboolean
cs_token_write_claims(const CsClaim *claims, gconstpointer token, cJSON *object, GError **error);
void cs_token_clear_claims(const CsClaim *claims, gpointer token);

char *
cs_token_sign(const CsTokenKind *kind, gconstpointer token, CsPrivateKey *key, GError **error);
gpointer cs_token_parse(const CsTokenKind *kind, const char *compact, GError **error);
/* key: NULL where the token carries its own. */
gpointer
cs_token_verify(const CsTokenKind *kind, const char *compact, const CsJwk *key, GError **error);
void cs_token_free(const CsTokenKind *kind, gpointer token);

/* x5t#S256 (RFC 7515 section 4.1.8), and a certificate as JSON holds it: base64 of its DER. */
char *cs_token_certificate_thumbprint(const CsCertificate *certificate);
char *cs_token_certificate_encode(const CsCertificate *certificate);
CsCertificate *
cs_token_certificate_decode(const char *base64, const char *thumbprint, GError **error);
