/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/well-known.h"

#include "core/account/clean-text.h"
#include "core/account/server-call.h"
#include "core/base/error.h"
#include "core/protocol/jws.h"
#include "core/protocol/tokens.h"

#include <glib/gi18n-lib.h>

#define MAX_KEYS      16
#define MAX_ROTATIONS 64

/**
 * cs_well_known_free:
 * @well_known: (nullable) (transfer full): an introduction
 */
void
cs_well_known_free(CsWellKnown *well_known)
{
	if (well_known == NULL)
		return;
	g_free(well_known->url);
	g_free(well_known->name);
	g_ptr_array_unref(well_known->keys);
	g_ptr_array_unref(well_known->rotations);
	g_free(well_known);
}

static gboolean
read_keys(CsWellKnown *well_known, const cJSON *answer, GError **error)
{
	const cJSON *keys = cs_json_get_array(answer, "keys", error);
	const cJSON *item = NULL;

	if (keys == NULL)
		return FALSE;
	cJSON_ArrayForEach (item, keys) {
		CsJwk *key = cs_jwk_new_from_json(item, error);

		if (key == NULL)
			return FALSE;
		g_ptr_array_add(well_known->keys, key);
	}
	if (well_known->keys->len >= 1 && well_known->keys->len <= MAX_KEYS)
		return TRUE;
	cs_error_set(error, CS_ERROR_INVALID, "unreachable", _("it lists no keys, or too many"));
	return FALSE;
}

static gboolean
read_rotations(CsWellKnown *well_known, const cJSON *answer, GError **error)
{
	const cJSON *rotations = cs_json_get_array(answer, "rotations", error);
	const cJSON *item = NULL;

	if (rotations == NULL)
		return FALSE;
	cJSON_ArrayForEach (item, rotations) {
		if (!cJSON_IsString(item) || well_known->rotations->len == MAX_ROTATIONS) {
			cs_error_set(error, CS_ERROR_INVALID, "unreachable",
				     _("its key rotations are malformed, or too many"));
			return FALSE;
		}
		g_ptr_array_add(well_known->rotations, g_strdup(item->valuestring));
	}
	return TRUE;
}

static gboolean
read_issuer(CsWellKnown *well_known, const cJSON *answer, GError **error)
{
	const char *issuer = cs_json_get_string(answer, "issuer", error);
	const char *name = issuer == NULL ? NULL : cs_json_get_string(answer, "name", error);

	if (name == NULL)
		return FALSE;
	if (!g_str_equal(issuer, well_known->url)) {
		cs_error_set(error, CS_ERROR_INVALID, "unreachable",
			     _("it speaks for another address"));
		return FALSE;
	}
	well_known->name = cs_clean_text(name, CS_CLEAN_TEXT_MAX_CHARACTERS);
	if (well_known->name == NULL)
		well_known->name = g_strdup(well_known->url);
	return TRUE;
}

/**
 * cs_well_known_fetch:
 * @client: lends the HTTP client
 * @url: the server's origin, normalised
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Fetches how a server introduces itself. The keys are those that TLS vouches for, no more: a key
 * that is pinned is never replaced by them, only by a rotation that it signed.
 *
 * Returns: (transfer full): the introduction; %NULL as for cs_server_call_run()
 */
CsWellKnown *
cs_well_known_fetch(const CsClient *client,
		    const char *url,
		    GCancellable *cancellable,
		    GError **error)
{
	static const char *const members[] = {"issuer",	 "name",      "keys", "rotations",
					      "origins", "endpoints", NULL};
	const CsServerCall call = {"GET", "/.well-known/countersign", NULL, 200, members};
	g_autoptr(cJSON) answer = cs_server_call_run(&call, client, url, cancellable, error);
	g_autoptr(CsWellKnown) well_known = NULL;
	g_autoptr(GError) cause = NULL;

	if (answer == NULL)
		return NULL;
	well_known = g_new0(CsWellKnown, 1);
	well_known->url = g_strdup(url);
	well_known->keys = g_ptr_array_new_with_free_func((GDestroyNotify)cs_jwk_unref);
	well_known->rotations = g_ptr_array_new_with_free_func(g_free);
	if (read_issuer(well_known, answer, &cause) && read_keys(well_known, answer, &cause) &&
	    read_rotations(well_known, answer, &cause))
		return g_steal_pointer(&well_known);
	cs_server_call_fail(error, url, cause->message);
	return NULL;
}

static CsJwk *
follow(const CsWellKnown *well_known, const char *rotation, const CsJwk *current, gint64 *sequence)
{
	g_autoptr(CsKeysToken) token = cs_keys_token_verify(rotation, current, NULL);

	if (token == NULL || !g_str_equal(token->iss, well_known->url) ||
	    token->sequence <= *sequence)
		return NULL;
	*sequence = token->sequence;
	return cs_jwk_ref(token->next);
}

/**
 * cs_well_known_walk:
 * @well_known: what the server says
 * @pinned: where the walk begins
 * @sequence: (inout): of the rotation that brought @pinned; then of the one that brought the result
 * @match: says which key is looked for
 * @data: for @match
 *
 * Walks from the pinned key along rotations, each signed by the key before it and with an
 * increasing sequence, in the order listed; others are passed over.
 *
 * Returns: (transfer full) (nullable): the first key that matches, be it @pinned itself
 */
CsJwk *
cs_well_known_walk(const CsWellKnown *well_known,
		   CsJwk *pinned,
		   gint64 *sequence,
		   CsKeyMatch match,
		   gpointer data)
{
	g_autoptr(CsJwk) current = cs_jwk_ref(pinned);
	gint64 reached = *sequence;

	for (guint i = 0; i < well_known->rotations->len && !match(current, data); i++) {
		const char *rotation = g_ptr_array_index(well_known->rotations, i);
		CsJwk *next = follow(well_known, rotation, current, &reached);

		if (next == NULL)
			continue;
		cs_jwk_unref(current);
		current = next;
	}
	if (!match(current, data))
		return NULL;
	*sequence = reached;
	return g_steal_pointer(&current);
}

static gboolean
has_thumbprint(const CsJwk *key, gpointer thumbprint)
{
	return g_str_equal(cs_jwk_get_thumbprint(key), thumbprint);
}

static CsJwk *
find_successor(const CsClient *client,
	       const CsOrganisation *organisation,
	       char *key_id,
	       gint64 *sequence,
	       GCancellable *cancellable,
	       GError **error)
{
	g_autoptr(CsWellKnown) well_known =
		cs_well_known_fetch(client, organisation->url, cancellable, error);
	CsJwk *key;

	if (well_known == NULL)
		return NULL;
	key = cs_well_known_walk(well_known, organisation->server_key, sequence, has_thumbprint,
				 key_id);
	if (key == NULL)
		cs_error_set(error, CS_ERROR_SIGNATURE, "server-key-unknown",
			     _("%s signs with a key that the key known here has not introduced"),
			     organisation->url);
	return key;
}

/**
 * cs_well_known_find_signer:
 * @client: lends the HTTP client
 * @organisation: pins a key
 * @token: a token that the server signed, unverified
 * @sequence: (out): of the rotation that brought the key
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Finds the key that the token's header names. The server is asked for its rotations only where
 * that is not the pinned one. Whether the key signed this token is the caller's next question; only
 * then may it replace the pin.
 *
 * Returns: (transfer full): the key; %NULL with %CS_ERROR_SIGNATURE "server-key-unknown" where no
 *   rotation leads there, %CS_ERROR_INVALID or %CS_ERROR_UNSUPPORTED where it is no token, or as
 *   for cs_server_call_run()
 */
CsJwk *
cs_well_known_find_signer(const CsClient *client,
			  const CsOrganisation *organisation,
			  const char *token,
			  gint64 *sequence,
			  GCancellable *cancellable,
			  GError **error)
{
	g_autoptr(CsJws) jws = cs_jws_parse(token, -1, error);
	g_autofree char *key_id = NULL;

	if (jws == NULL)
		return NULL;
	key_id = g_strdup(cs_jws_get_unverified_key_id(jws));
	if (key_id == NULL) {
		cs_error_set(error, CS_ERROR_INVALID, "token-malformed",
			     _("a token does not name its key"));
		return NULL;
	}
	*sequence = organisation->sequence;
	if (has_thumbprint(organisation->server_key, key_id))
		return cs_jwk_ref(organisation->server_key);
	return find_successor(client, organisation, key_id, sequence, cancellable, error);
}
