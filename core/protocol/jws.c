/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/protocol/jws.h"

#include <string.h>

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/pki/weak-key.h"

#define RSA_MIN_SIGNATURE_BYTES 256  /* 2048 bits */
#define RSA_MAX_SIGNATURE_BYTES 1024 /* 8192 bits */

struct _CsJws {
	CsSignatureAlgorithm algorithm;
	cJSON *header;
	GBytes *payload;
	GBytes *signature;
	char *signing_input; /* header and payload as they came, RFC 7515 section 5.2 */
	gsize signing_input_length;
};

static const struct {
	const char *name;
	gsize min_signature_bytes;
	gsize max_signature_bytes;
} algorithms[] = {
	[CS_SIGNATURE_RS256] = {"RS256", RSA_MIN_SIGNATURE_BYTES, RSA_MAX_SIGNATURE_BYTES},
	[CS_SIGNATURE_PS256] = {"PS256", RSA_MIN_SIGNATURE_BYTES, RSA_MAX_SIGNATURE_BYTES},
	[CS_SIGNATURE_ES256] = {"ES256", 64, 64},
	[CS_SIGNATURE_ES384] = {"ES384", 96, 96},
	[CS_SIGNATURE_ES512] = {"ES512", 132, 132},
};

static const struct {
	const char *name;
	int type;
} accepted_members[] = {
	{"alg", cJSON_String},	    {"typ", cJSON_String}, {"cty", cJSON_String},
	{"kid", cJSON_String},	    {"jwk", cJSON_Object}, {"x5c", cJSON_Array},
	{"x5t#S256", cJSON_String},
};

static gboolean
jws_malformed(GError **error, const char *why)
{
	cs_error_set(error, CS_ERROR_INVALID, "token-malformed", "token: %s", why);
	return FALSE;
}

static gboolean
jws_unsupported(GError **error, const char *why)
{
	cs_error_set(error, CS_ERROR_UNSUPPORTED, "token-malformed", "token: %s", why);
	return FALSE;
}

static gboolean
jws_find_algorithm(const char *name, CsSignatureAlgorithm *algorithm)
{
	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
		if (strcmp(algorithms[i].name, name) != 0)
			continue;
		*algorithm = (CsSignatureAlgorithm)i;
		return TRUE;
	}
	return FALSE;
}

static gboolean
jws_check_header_member(const cJSON *member, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(accepted_members); i++) {
		if (strcmp(accepted_members[i].name, member->string) != 0)
			continue;
		if ((member->type & 0xff) != accepted_members[i].type)
			return jws_malformed(error, "a header member is of the wrong type");
		return TRUE;
	}
	return jws_unsupported(error, "a header member is not accepted");
}

/* RFC 8725 section 3.1 and 3.11: what the header may say is on a list, and so is alg. */
static gboolean
jws_check_header(const cJSON *header, CsSignatureAlgorithm *algorithm, GError **error)
{
	const cJSON *member;

	if (!cJSON_IsObject(header))
		return jws_malformed(error, "the header is not an object");
	for (member = header->child; member != NULL; member = member->next) {
		if (!jws_check_header_member(member, error))
			return FALSE;
	}
	member = cJSON_GetObjectItemCaseSensitive(header, "alg");
	if (member == NULL)
		return jws_malformed(error, "the header names no algorithm");
	if (!jws_find_algorithm(member->valuestring, algorithm))
		return jws_unsupported(error, "the algorithm is not accepted");
	return TRUE;
}

static GBytes *
jws_decode_part(const char *start, const char *end, GError **error)
{
	g_autoptr(GError) inner = NULL;
	GBytes *part = cs_base64url_decode(start, end - start, &inner);

	if (part == NULL)
		jws_malformed(error, inner->message);
	return part;
}

static gboolean
jws_read_header(CsJws *jws, const char *start, const char *end, GError **error)
{
	g_autoptr(GError) inner = NULL;
	g_autoptr(GBytes) text = jws_decode_part(start, end, error);

	if (text == NULL)
		return FALSE;
	jws->header = cs_json_parse_bytes(text, &inner);
	if (jws->header == NULL)
		return jws_malformed(error, inner->message);
	return jws_check_header(jws->header, &jws->algorithm, error);
}

static gboolean
jws_read_signature(CsJws *jws, const char *start, const char *end, GError **error)
{
	gsize length;

	jws->signature = jws_decode_part(start, end, error);
	if (jws->signature == NULL)
		return FALSE;
	length = g_bytes_get_size(jws->signature);
	if (length < algorithms[jws->algorithm].min_signature_bytes ||
	    length > algorithms[jws->algorithm].max_signature_bytes)
		return jws_malformed(error, "the signature's length is not its algorithm's");
	return TRUE;
}

static gboolean
jws_read(CsJws *jws, const char *compact, const char *end, GError **error)
{
	const char *first = memchr(compact, '.', (gsize)(end - compact));
	const char *second =
		first != NULL ? memchr(first + 1, '.', (gsize)(end - first - 1)) : NULL;

	if (second == NULL || memchr(second + 1, '.', (gsize)(end - second - 1)) != NULL)
		return jws_malformed(error, "not three parts");
	if (!jws_read_header(jws, compact, first, error))
		return FALSE;
	jws->payload = jws_decode_part(first + 1, second, error);
	if (jws->payload == NULL || !jws_read_signature(jws, second + 1, end, error))
		return FALSE;
	jws->signing_input_length = (gsize)(second - compact);
	jws->signing_input = g_strndup(compact, jws->signing_input_length);
	return TRUE;
}

/**
 * cs_jws_parse:
 * @compact: a JWS in compact serialisation; need not end in NUL where @length is given
 * @length: bytes, or -1 for a string
 *
 * RFC 7515 section 5.2 without the signature, under RFC 8725. The size is judged before anything
 * is read. A payload may be empty, but it is then what was signed: detached content (RFC 7515
 * appendix F) is not supported.
 *
 * Proves nothing: every byte that comes out is the sender's word.
 *
 * Returns: (transfer full): the parts; %NULL with reason "token-malformed" and %CS_ERROR_INVALID,
 * or %CS_ERROR_UNSUPPORTED for an algorithm or header member (jku, x5u, crit, b64 ...) that is not
 * on the list
 */
CsJws *
cs_jws_parse(const char *compact, gssize length, GError **error)
{
	g_autoptr(CsJws) jws = g_new0(CsJws, 1);
	gsize size;

	g_return_val_if_fail(compact != NULL, NULL);
	size = length < 0 ? strnlen(compact, CS_JWS_MAX_BYTES + 1) : (gsize)length;
	if (size > CS_JWS_MAX_BYTES) {
		jws_malformed(error, "too large");
		return NULL;
	}
	if (!jws_read(jws, compact, compact + size, error))
		return NULL;
	return g_steal_pointer(&jws);
}

/**
 * cs_jws_free:
 * @jws: (nullable) (transfer full): a JWS
 */
void
cs_jws_free(CsJws *jws)
{
	if (jws == NULL)
		return;
	cJSON_Delete(jws->header);
	g_clear_pointer(&jws->payload, g_bytes_unref);
	g_clear_pointer(&jws->signature, g_bytes_unref);
	g_free(jws->signing_input);
	g_free(jws);
}

/**
 * cs_jws_get_algorithm:
 * @jws: a JWS
 *
 * Returns: the header's alg: a wish, until cs_jws_verify() found that it is the key's
 */
CsSignatureAlgorithm
cs_jws_get_algorithm(const CsJws *jws)
{
	return jws->algorithm;
}

static const char *
jws_get_header_string(const CsJws *jws, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(jws->header, name));
}

/**
 * cs_jws_get_unverified_type:
 * @jws: a JWS
 *
 * Returns: (nullable) (transfer none): the header's typ
 */
const char *
cs_jws_get_unverified_type(const CsJws *jws)
{
	return jws_get_header_string(jws, "typ");
}

/**
 * cs_jws_get_unverified_key_id:
 * @jws: a JWS
 *
 * Returns: (nullable) (transfer none): the header's kid
 */
const char *
cs_jws_get_unverified_key_id(const CsJws *jws)
{
	return jws_get_header_string(jws, "kid");
}

/**
 * cs_jws_get_unverified_header:
 * @jws: a JWS
 *
 * Returns: (transfer none): the header, its members known and of the right JSON type
 */
const cJSON *
cs_jws_get_unverified_header(const CsJws *jws)
{
	return jws->header;
}

/**
 * cs_jws_get_unverified_payload:
 * @jws: a JWS
 *
 * Returns: (transfer none): the payload, any bytes
 */
GBytes *
cs_jws_get_unverified_payload(const CsJws *jws)
{
	return jws->payload;
}

/**
 * cs_jws_verify:
 * @jws: a JWS
 * @key: (nullable): the public key that the caller has a reason of its own to expect here; never one out of
 *   the token's header, unless the token's meaning is to introduce that key
 *
 * RFC 7515 section 5.2, RFC 8725 section 3.1: the header's algorithm must be the key's one
 * algorithm. An RSA key that its public half gives away (CVE-2017-15361) verifies nothing. Proves
 * who signed these bytes; nothing about when, for whom or what for.
 *
 * Returns: %TRUE where the signature verifies; else %FALSE with %CS_ERROR_SIGNATURE,
 * "signature-invalid"
 */
gboolean
cs_jws_verify(const CsJws *jws, EVP_PKEY *key, GError **error)
{
	g_autoptr(GError) inner = NULL;
	gconstpointer signature;
	gsize length;

	g_return_val_if_fail(jws != NULL, FALSE);
	if (key == NULL || cs_weak_key_is_roca(key)) {
		cs_error_set(error, CS_ERROR_SIGNATURE, "signature-invalid", "token: %s",
			     key == NULL ? "the key cannot be used"
					 : "the key is one of those that anybody can break");
		return FALSE;
	}
	signature = g_bytes_get_data(jws->signature, &length);
	if (cs_signature_verify(key, jws->algorithm, jws->signing_input, jws->signing_input_length,
				signature, length, &inner))
		return TRUE;
	cs_error_set(error, CS_ERROR_SIGNATURE, "signature-invalid", "token: %s", inner->message);
	return FALSE;
}

static char *
jws_encode_header(CsPrivateKey *key, const char *type, const cJSON *members)
{
	g_autoptr(cJSON) header = cJSON_CreateObject();
	g_autofree char *text = NULL;
	const cJSON *member;

	cs_json_add_string(header, "alg", algorithms[cs_private_key_get_algorithm(key)].name);
	if (type != NULL)
		cs_json_add_string(header, "typ", type);
	cJSON_ArrayForEach (member, members) {
		cs_json_add(header, member->string, cJSON_Duplicate(member, TRUE));
	}
	text = cs_json_print(header);
	return text != NULL ? cs_base64url_encode(text, strlen(text)) : NULL;
}

/**
 * cs_jws_sign:
 * @key: signs, with its one algorithm
 * @type: (nullable): the header's typ; %NULL for none
 * @header_members: (nullable): an object of further header members; neither alg nor typ
 * @payload: any bytes
 * @payload_length: bytes
 *
 * RFC 7515 section 5.1. What comes out keeps cs_jws_parse()'s limit of size.
 *
 * Returns: (transfer full): the compact form; g_free(). %NULL with the key's error, or with
 * %CS_ERROR_INVALID, "token-malformed", where it would be too large
 */
char *
cs_jws_sign(CsPrivateKey *key,
	    const char *type,
	    const cJSON *header_members,
	    const char *payload,
	    gsize payload_length,
	    GError **error)
{
	g_autofree char *header = NULL;
	g_autofree char *body = NULL;
	g_autofree char *input = NULL;
	g_autofree char *end = NULL;
	g_autofree char *compact = NULL;
	g_autoptr(GBytes) signature = NULL;

	g_return_val_if_fail(key != NULL && payload != NULL, NULL);
	/* Members that were lost on the way (cs_json_add()) are not left out. */
	if (header_members == NULL || cJSON_IsObject(header_members))
		header = jws_encode_header(key, type, header_members);
	if (header == NULL) {
		cs_json_set_lost(error);
		return NULL;
	}
	body = cs_base64url_encode(payload, payload_length);
	input = g_strconcat(header, ".", body, NULL);
	signature = cs_private_key_sign(key, input, strlen(input), error);
	if (signature == NULL)
		return NULL;
	end = cs_base64url_encode(g_bytes_get_data(signature, NULL), g_bytes_get_size(signature));
	compact = g_strconcat(input, ".", end, NULL);
	if (strlen(compact) > CS_JWS_MAX_BYTES) {
		jws_malformed(error, "too large to send");
		return NULL;
	}
	return g_steal_pointer(&compact);
}
