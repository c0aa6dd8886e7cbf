/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/enrolment.h"

#include "core/account/account-book-private.h"
#include "core/account/well-known.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/protocol/activation-code.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_LINK_LENGTH 2048
#define SPACE		" \t\r\n"

/**
 * cs_introduction_copy:
 * @introduction: an introduction
 *
 * Returns: (transfer full): a copy, for another thread
 */
CsIntroduction *
cs_introduction_copy(const CsIntroduction *introduction)
{
	CsIntroduction *copy = g_new0(CsIntroduction, 1);

	copy->url = g_strdup(introduction->url);
	copy->name = g_strdup(introduction->name);
	copy->server_key = cs_jwk_ref(introduction->server_key);
	copy->sequence = introduction->sequence;
	return copy;
}

/**
 * cs_introduction_free:
 * @introduction: (nullable) (transfer full): an introduction
 */
void
cs_introduction_free(CsIntroduction *introduction)
{
	if (introduction == NULL)
		return;
	g_free(introduction->url);
	g_free(introduction->name);
	g_clear_pointer(&introduction->server_key, cs_jwk_unref);
	g_free(introduction);
}

static gboolean
is_digest(GBytes *bytes)
{
	return bytes != NULL && g_bytes_get_size(bytes) == CS_SHA256_SIZE_BYTES;
}

/* A pin in either spelling as lower-case hex. */
static char *
normalise_pin(const char *pin, GError **error)
{
	g_autoptr(GBytes) digest = NULL;

	digest = strlen(pin) == CS_SHA256_HEX_LENGTH ? cs_hex_decode(pin, NULL)
						     : cs_base64url_decode(pin, -1, NULL);
	if (is_digest(digest))
		return cs_hex_encode(g_bytes_get_data(digest, NULL), CS_SHA256_SIZE_BYTES);
	cs_error_set(error, CS_ERROR_USAGE, "fingerprint-malformed",
		     _("a key's fingerprint has 64 hexadecimal digits"));
	return NULL;
}

/* Which of the keys that the server lists is accepted. */
typedef struct {
	const CsWellKnown *well_known;
	const char *pin; /* (nullable) lower-case hex */
} Wanted;

static gboolean
is_wanted(const CsJwk *key, gpointer data)
{
	const Wanted *wanted = data;
	const char *fingerprint = cs_jwk_get_fingerprint(key);

	if (wanted->pin != NULL && !g_str_equal(wanted->pin, fingerprint))
		return FALSE;
	for (guint i = 0; i < wanted->well_known->keys->len; i++) {
		const CsJwk *listed = g_ptr_array_index(wanted->well_known->keys, i);

		if (g_str_equal(cs_jwk_get_fingerprint(listed), fingerprint))
			return TRUE;
	}
	return FALSE;
}

static CsJwk *
find_first_wanted(Wanted *wanted)
{
	for (guint i = 0; i < wanted->well_known->keys->len; i++) {
		CsJwk *key = g_ptr_array_index(wanted->well_known->keys, i);

		if (is_wanted(key, wanted))
			return cs_jwk_ref(key);
	}
	return NULL;
}

static CsJwk *
choose_key(const CsOrganisation *known, Wanted *wanted, gint64 *sequence, GError **error)
{
	CsJwk *key;

	/* Until the first account there is nothing that an earlier key would vouch for. */
	if (known == NULL || known->device_id == NULL) {
		*sequence = 0;
		key = find_first_wanted(wanted);
	} else {
		*sequence = known->sequence;
		key = cs_well_known_walk(wanted->well_known, known->server_key, sequence, is_wanted,
					 wanted);
	}
	if (key == NULL)
		cs_error_set(error, CS_ERROR_SIGNATURE, "server-key-unknown",
			     _("%s does not have the key that is expected of it"),
			     wanted->well_known->url);
	return key;
}

/**
 * cs_enrolment_introduce:
 * @client: who asks
 * @url: the organisation's address as typed
 * @pin: (nullable): the server key's fingerprint in hex or its thumbprint in base64url
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Asks a server who it is. Nothing is told to it and nothing is kept. Without @pin, and for an
 * organisation that is new here, the key is only what TLS vouches for: whoever cares compares its
 * fingerprint before enrolling. For an organisation that has had an account here the key is the one
 * pinned then, or one to which rotations lead that it signed.
 *
 * Returns: (transfer full): the introduction; %NULL with %CS_ERROR_SIGNATURE "server-key-unknown",
 *   %CS_ERROR_USAGE ("url-invalid", "fingerprint-malformed"), %CS_ERROR_UNREACHABLE,
 *   %CS_ERROR_STATE
 */
CsIntroduction *
cs_enrolment_introduce(const CsClient *client,
		       const char *url,
		       const char *pin,
		       GCancellable *cancellable,
		       GError **error)
{
	g_autofree char *origin = cs_http_normalise_origin(url, error);
	g_autofree char *fingerprint = NULL;
	g_autoptr(CsBook) book = NULL;
	g_autoptr(CsWellKnown) well_known = NULL;
	g_autoptr(CsIntroduction) introduction = g_new0(CsIntroduction, 1);
	Wanted wanted = {NULL};

	if (origin == NULL)
		return NULL;
	if (pin != NULL && (fingerprint = normalise_pin(pin, error)) == NULL)
		return NULL;
	book = cs_book_read(client, error);
	if (book == NULL)
		return NULL;
	well_known = cs_well_known_fetch(client, origin, cancellable, error);
	if (well_known == NULL)
		return NULL;
	wanted = (Wanted){well_known, fingerprint};
	introduction->server_key = choose_key(cs_book_find_organisation(book, origin), &wanted,
					      &introduction->sequence, error);
	if (introduction->server_key == NULL)
		return NULL;
	introduction->url = g_steal_pointer(&origin);
	introduction->name = g_strdup(well_known->name);
	return g_steal_pointer(&introduction);
}

static gboolean
read_fragment(const char *fragment, CsSecret **code, char **thumbprint)
{
	const char *point = strchr(fragment, '.');
	char *typed = point == NULL ? NULL : g_strndup(fragment, (gsize)(point - fragment));
	g_autoptr(CsSecret) kept = typed == NULL ? NULL : cs_secret_new_take(typed, strlen(typed));
	char *normal = kept == NULL ? NULL : cs_activation_code_normalise(cs_secret_get_text(kept));
	g_autoptr(CsSecret) secret =
		normal == NULL ? NULL : cs_secret_new_take(normal, strlen(normal));
	g_autoptr(GBytes) digest = secret == NULL ? NULL : cs_base64url_decode(point + 1, -1, NULL);

	if (!is_digest(digest))
		return FALSE;
	*code = g_steal_pointer(&secret);
	*thumbprint = g_strdup(point + 1);
	return TRUE;
}

static gboolean
read_link(const char *text, char **url, CsSecret **code, char **thumbprint)
{
	const char *mark = strchr(text, '#');
	g_autofree char *address = NULL;
	g_autofree char *origin = NULL;

	if (mark == NULL || strlen(text) > MAX_LINK_LENGTH)
		return FALSE;
	address = g_strndup(text, (gsize)(mark - text));
	origin = cs_http_normalise_origin(address, NULL);
	if (origin == NULL || !read_fragment(mark + 1, code, thumbprint))
		return FALSE;
	*url = g_steal_pointer(&origin);
	return TRUE;
}

/**
 * cs_enrolment_parse_link:
 * @link: an activation link, "URL#code.thumbprint", with space around it or not
 * @url: (out) (transfer full): the organisation's origin
 * @code: (out) (transfer full): the activation code in its normal form
 * @thumbprint: (out) (transfer full): the server key's, the pin for cs_enrolment_introduce()
 * @error: return location
 *
 * Returns: %TRUE; otherwise %CS_ERROR_USAGE, "link-malformed", and nothing is set
 */
gboolean
cs_enrolment_parse_link(
	const char *link, char **url, CsSecret **code, char **thumbprint, GError **error)
{
	const char *start = link + strspn(link, SPACE);
	gsize length = strlen(start);
	g_autoptr(CsSecret) text = NULL;

	while (length > 0 && strchr(SPACE, start[length - 1]) != NULL)
		length--;
	text = cs_secret_new(start, length);
	if (read_link(cs_secret_get_text(text), url, code, thumbprint))
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "link-malformed",
		     _("this is not an activation link: copy the whole link that the administrator "
		       "gave you"));
	return FALSE;
}
