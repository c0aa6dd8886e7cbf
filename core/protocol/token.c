/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/token-private.h"

#include <string.h>

#include "core/base/encoding.h"

#define KEY_ID_MEMBER(token, kind) G_STRUCT_MEMBER(char *, token, (kind)->header_offset)
#define KEY_MEMBER(token, kind)	   G_STRUCT_MEMBER(CsJwk *, token, (kind)->header_offset)
#define CERTIFICATE_MEMBER(token, kind)                                                            \
	G_STRUCT_MEMBER(CsCertificate *, token, (kind)->header_offset)

/* Protocol: one algorithm a key. */
static const struct {
	CsKeyKind kind;
	CsSignatureAlgorithm algorithm;
} certificate_algorithms[] = {
	{CS_KEY_KIND_RSA, CS_SIGNATURE_RS256},	{CS_KEY_KIND_RSA_PSS, CS_SIGNATURE_PS256},
	{CS_KEY_KIND_P256, CS_SIGNATURE_ES256}, {CS_KEY_KIND_P384, CS_SIGNATURE_ES384},
	{CS_KEY_KIND_P521, CS_SIGNATURE_ES512},
};

static gboolean
is_algorithm_of(const CsCertificate *certificate, CsSignatureAlgorithm algorithm)
{
	CsKeyKind kind = cs_certificate_get_key_kind(certificate);

	for (gsize i = 0; i < G_N_ELEMENTS(certificate_algorithms); i++) {
		if (certificate_algorithms[i].kind == kind)
			return certificate_algorithms[i].algorithm == algorithm;
	}
	return FALSE;
}

/**
 * cs_token_certificate_thumbprint:
 * @certificate: a certificate
 *
 * Returns: (transfer full): x5t#S256 (RFC 7515 section 4.1.8); g_free()
 */
char *
cs_token_certificate_thumbprint(const CsCertificate *certificate)
{
	GBytes *der = cs_certificate_get_der(certificate);

	return cs_sha256_base64url(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
}

/**
 * cs_token_certificate_encode:
 * @certificate: a certificate
 *
 * Returns: (transfer full): base64 of its DER, as in x5c (RFC 7515 section 4.1.6); g_free()
 */
char *
cs_token_certificate_encode(const CsCertificate *certificate)
{
	GBytes *der = cs_certificate_get_der(certificate);

	return cs_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
}

/**
 * cs_token_certificate_decode:
 * @base64: (nullable): base64 of DER
 * @thumbprint: (nullable): the x5t#S256 that came with it
 *
 * Returns: (transfer full): the certificate; %NULL with %CS_ERROR_INVALID, "token-malformed", where
 * it is none or @thumbprint, recomputed, is another's
 */
CsCertificate *
cs_token_certificate_decode(const char *base64, const char *thumbprint, GError **error)
{
	g_autoptr(GError) inner = NULL;
	g_autoptr(GBytes) der = NULL;
	g_autoptr(CsCertificate) certificate = NULL;
	g_autofree char *recomputed = NULL;

	if (base64 == NULL || thumbprint == NULL) {
		cs_token_malformed(error, "a certificate or its thumbprint is missing");
		return NULL;
	}
	der = cs_base64_decode(base64, -1, &inner);
	if (der != NULL)
		certificate = cs_certificate_new(der, &inner);
	if (certificate == NULL) {
		cs_token_malformed(error, "%s", inner->message);
		return NULL;
	}
	recomputed = cs_token_certificate_thumbprint(certificate);
	if (strcmp(recomputed, thumbprint) != 0) {
		cs_token_malformed(error, "the thumbprint is not this certificate's");
		return NULL;
	}
	return g_steal_pointer(&certificate);
}

/* Reading. */

static const char *
get_header_string(const CsJws *jws, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(cs_jws_get_unverified_header(jws), name));
}

static gboolean
read_key_id(const CsTokenKind *kind, const CsJws *jws, gpointer token, GError **error)
{
	const char *key_id = cs_jws_get_unverified_key_id(jws);

	if (!cs_token_value_get(CS_CLAIM_HASH)->check(key_id))
		return cs_token_malformed(error, "the header's kid is no thumbprint");
	KEY_ID_MEMBER(token, kind) = g_strdup(key_id);
	return TRUE;
}

static gboolean
read_key(const CsTokenKind *kind, const CsJws *jws, gpointer token, GError **error)
{
	g_autoptr(GError) inner = NULL;
	const cJSON *header = cs_jws_get_unverified_header(jws);

	KEY_MEMBER(token, kind) =
		cs_jwk_new_from_json(cJSON_GetObjectItemCaseSensitive(header, "jwk"), &inner);
	return KEY_MEMBER(token, kind) != NULL || cs_token_malformed(error, "%s", inner->message);
}

static gboolean
read_certificate(const CsTokenKind *kind, const CsJws *jws, gpointer token, GError **error)
{
	const cJSON *header = cs_jws_get_unverified_header(jws);
	const cJSON *chain = cJSON_GetObjectItemCaseSensitive(header, "x5c");
	CsCertificate *certificate;

	if (cJSON_GetArraySize(chain) != 1)
		return cs_token_malformed(error, "x5c holds not exactly one certificate");
	certificate = cs_token_certificate_decode(cJSON_GetStringValue(chain->child),
						  get_header_string(jws, "x5t#S256"), error);
	if (certificate == NULL)
		return FALSE;
	CERTIFICATE_MEMBER(token, kind) = certificate;
	if (!is_algorithm_of(certificate, cs_jws_get_algorithm(jws)))
		return cs_token_malformed(error, "alg is not that of the certificate's key");
	return TRUE;
}

/* By CsTokenHeader: the members that stand there, all of them and no other. */
static const struct {
	const char *members[5];
	gboolean (*read)(const CsTokenKind *kind, const CsJws *jws, gpointer token, GError **error);
} headers[] = {
	[CS_TOKEN_HEADER_KEY_ID] = {{"alg", "typ", "kid", NULL}, read_key_id},
	[CS_TOKEN_HEADER_KEY] = {{"alg", "typ", "jwk", NULL}, read_key},
	[CS_TOKEN_HEADER_CERTIFICATE] = {{"alg", "typ", "x5c", "x5t#S256", NULL}, read_certificate},
};

static gboolean
check_header_members(const char *const *members, const cJSON *header, GError **error)
{
	int count = 0;

	for (; members[count] != NULL; count++) {
		if (cJSON_GetObjectItemCaseSensitive(header, members[count]) == NULL)
			return cs_token_malformed(error, "the header has no %s", members[count]);
	}
	if (cJSON_GetArraySize(header) != count)
		return cs_token_malformed(error, "the header has a member that its type has not");
	return TRUE;
}

/* RFC 8725 section 3.11: typ is compared exactly, media type prefix and letter case included. */
static gboolean
read_header(const CsTokenKind *kind, const CsJws *jws, gpointer token, GError **error)
{
	if (g_strcmp0(cs_jws_get_unverified_type(jws), kind->type) != 0)
		return cs_token_malformed(error, "typ is not %s", kind->type);
	if (!check_header_members(headers[kind->header].members, cs_jws_get_unverified_header(jws),
				  error))
		return FALSE;
	if (kind->header != CS_TOKEN_HEADER_CERTIFICATE &&
	    cs_jws_get_algorithm(jws) != CS_SIGNATURE_ES256)
		return cs_token_malformed(error, "alg is not ES256");
	return headers[kind->header].read(kind, jws, token, error);
}

static const char *
get_signer(const CsTokenKind *kind, gconstpointer token)
{
	switch (kind->header) {
	case CS_TOKEN_HEADER_KEY_ID:
		return KEY_ID_MEMBER(token, kind);
	case CS_TOKEN_HEADER_KEY:
		return cs_jwk_get_thumbprint(KEY_MEMBER(token, kind));
	case CS_TOKEN_HEADER_CERTIFICATE:
	default:
		return NULL;
	}
}

static gboolean
check_claims(const CsTokenKind *kind, gconstpointer token, const char *signer, GError **error)
{
	return kind->check == NULL || kind->check(token, signer, error);
}

static gboolean
read_token(const CsTokenKind *kind, const CsJws *jws, gpointer token, GError **error)
{
	g_autoptr(GError) inner = NULL;
	g_autoptr(cJSON) claims = NULL;

	if (!read_header(kind, jws, token, error))
		return FALSE;
	claims = cs_json_parse_bytes(cs_jws_get_unverified_payload(jws), &inner);
	if (claims == NULL)
		return cs_token_malformed(error, "%s", inner->message);
	return cs_token_read_claims(kind->claims, claims, token, error) &&
	       check_claims(kind, token, get_signer(kind, token), error);
}

static gpointer
parse_jws(const CsTokenKind *kind, const char *compact, CsJws **jws, GError **error)
{
	g_autoptr(GError) inner = NULL;
	gpointer token;

	*jws = cs_jws_parse(compact, -1, &inner);
	if (*jws == NULL) {
		cs_token_malformed(error, "%s", inner->message);
		return NULL;
	}
	token = g_malloc0(kind->size);
	if (!read_token(kind, *jws, token, error)) {
		cs_token_free(kind, token);
		return NULL;
	}
	return token;
}

/**
 * cs_token_parse:
 * @kind: the one type that is accepted
 * @compact: a token from outside
 *
 * Form, typ, header and claims, all by allow-list. Proves nothing of who said it.
 *
 * Returns: (transfer full): the type's struct, UNVERIFIED; %NULL with %CS_ERROR_INVALID,
 * "token-malformed"
 */
gpointer
cs_token_parse(const CsTokenKind *kind, const char *compact, GError **error)
{
	g_autoptr(CsJws) jws = NULL;

	g_return_val_if_fail(compact != NULL, NULL);
	return parse_jws(kind, compact, &jws, error);
}

static gboolean
verify_by_certificate(const CsTokenKind *kind,
		      gconstpointer token,
		      const CsJws *jws,
		      GError **error)
{
	g_autoptr(GError) inner = NULL;
	EVP_PKEY *key = cs_certificate_get_public_key(CERTIFICATE_MEMBER(token, kind), &inner);

	if (key == NULL) {
		cs_error_set(error, CS_ERROR_SIGNATURE, "signature-invalid", "%s", inner->message);
		return FALSE;
	}
	return cs_jws_verify(jws, key, error);
}

static gboolean
verify_token(const CsTokenKind *kind,
	     gconstpointer token,
	     const CsJws *jws,
	     const CsJwk *key,
	     GError **error)
{
	if (kind->header == CS_TOKEN_HEADER_CERTIFICATE)
		return verify_by_certificate(kind, token, jws, error);
	if (kind->header == CS_TOKEN_HEADER_KEY)
		return cs_jws_verify(jws, cs_jwk_get_pkey(KEY_MEMBER(token, kind)), error);
	if (strcmp(KEY_ID_MEMBER(token, kind), cs_jwk_get_thumbprint(key)) != 0) {
		cs_error_set(error, CS_ERROR_SIGNATURE, "signature-invalid",
			     "the token names another key");
		return FALSE;
	}
	return cs_jws_verify(jws, cs_jwk_get_pkey(key), error);
}

/**
 * cs_token_verify:
 * @kind: the one type that is accepted
 * @compact: a token from outside
 * @key: (nullable): whose signature it must bear; %NULL only where the token carries its own
 *
 * Proves who signed these claims as this type of token; whether they fit the moment (times, aud,
 * nonce, the ties between tokens) is for the caller to ask.
 *
 * Returns: (transfer full): the type's struct; %NULL with %CS_ERROR_INVALID, "token-malformed", or
 * %CS_ERROR_SIGNATURE, "signature-invalid"
 */
gpointer
cs_token_verify(const CsTokenKind *kind, const char *compact, const CsJwk *key, GError **error)
{
	g_autoptr(CsJws) jws = NULL;
	gpointer token;

	g_return_val_if_fail(compact != NULL, NULL);
	g_return_val_if_fail((key != NULL) == (kind->header == CS_TOKEN_HEADER_KEY_ID), NULL);
	token = parse_jws(kind, compact, &jws, error);
	if (token != NULL && !verify_token(kind, token, jws, key, error)) {
		cs_token_free(kind, token);
		return NULL;
	}
	return token;
}

/**
 * cs_token_free:
 * @kind: the token's type
 * @token: (nullable) (transfer full): its struct
 */
void
cs_token_free(const CsTokenKind *kind, gpointer token)
{
	if (token == NULL)
		return;
	cs_token_clear_claims(kind->claims, token);
	switch (kind->header) {
	case CS_TOKEN_HEADER_KEY_ID:
		g_free(KEY_ID_MEMBER(token, kind));
		break;
	case CS_TOKEN_HEADER_KEY:
		cs_jwk_unref(KEY_MEMBER(token, kind));
		break;
	case CS_TOKEN_HEADER_CERTIFICATE:
	default:
		cs_certificate_unref(CERTIFICATE_MEMBER(token, kind));
		break;
	}
	g_free(token);
}

/* Writing. */

static cJSON *
make_certificate_header(const CsCertificate *certificate, CsPrivateKey *key, GError **error)
{
	g_autoptr(cJSON) header = NULL;
	g_autofree char *encoded = NULL;
	g_autofree char *thumbprint = NULL;

	if (!is_algorithm_of(certificate, cs_private_key_get_algorithm(key))) {
		cs_error_set(error, CS_ERROR_KEY, "key-unsuitable",
			     "the key is not of the certificate's kind");
		return NULL;
	}
	header = cJSON_CreateObject();
	encoded = cs_token_certificate_encode(certificate);
	thumbprint = cs_token_certificate_thumbprint(certificate);
	cs_json_append(cs_json_add_array(header, "x5c"), cJSON_CreateString(encoded));
	cs_json_add_string(header, "x5t#S256", thumbprint);
	if (header == NULL)
		cs_json_set_lost(error);
	return g_steal_pointer(&header);
}

/* signer: out, the key's thumbprint; NULL where a certificate's key signs. */
static cJSON *
make_header(const CsTokenKind *kind,
	    gconstpointer token,
	    CsPrivateKey *key,
	    char **signer,
	    GError **error)
{
	g_autoptr(CsJwk) jwk = NULL;
	cJSON *header;

	if (kind->header == CS_TOKEN_HEADER_CERTIFICATE)
		return make_certificate_header(CERTIFICATE_MEMBER(token, kind), key, error);
	jwk = cs_jwk_new_from_private_key(key, error);
	if (jwk == NULL)
		return NULL;
	*signer = g_strdup(cs_jwk_get_thumbprint(jwk));
	header = cJSON_CreateObject();
	if (kind->header == CS_TOKEN_HEADER_KEY_ID)
		cs_json_add_string(header, "kid", *signer);
	else
		cs_json_add(header, "jwk", cs_jwk_to_json(jwk));
	if (header == NULL)
		cs_json_set_lost(error);
	return header;
}

/**
 * cs_token_sign:
 * @kind: the token's type
 * @token: its struct; the member that the header fills is ignored, but for a certificate
 * @key: signs
 *
 * Says only what cs_token_parse() would take.
 *
 * Returns: (transfer full): the compact form; g_free(). %NULL with %CS_ERROR_INVALID,
 * "token-malformed", where @token is not such a token; %CS_ERROR_KEY where @key is not fit for it
 */
char *
cs_token_sign(const CsTokenKind *kind, gconstpointer token, CsPrivateKey *key, GError **error)
{
	g_autofree char *signer = NULL;
	g_autofree char *payload = NULL;
	g_autoptr(cJSON) header = NULL;
	g_autoptr(cJSON) claims = NULL;

	g_return_val_if_fail(token != NULL && key != NULL, NULL);
	header = make_header(kind, token, key, &signer, error);
	if (header == NULL)
		return NULL;
	claims = cJSON_CreateObject();
	if (!cs_token_write_claims(kind->claims, token, claims, error) ||
	    !check_claims(kind, token, signer, error))
		return NULL;
	payload = cs_json_print(claims);
	if (payload == NULL) {
		cs_json_set_lost(error);
		return NULL;
	}
	return cs_jws_sign(key, kind->type, header, payload, strlen(payload), error);
}
