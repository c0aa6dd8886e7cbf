/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/enrolment.h"

#include "core/account/account-book-private.h"
#include "core/account/clean-text.h"
#include "core/account/device-identity.h"
#include "core/account/server-call.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/protocol/activation-code.h"
#include "core/protocol/tokens.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* Interrupted enrolments that are remembered for an organisation; the oldest gives way. */
#define MAX_PENDING 16

/* One enrolment under way. */
typedef struct {
	const CsClient *client;
	const CsIntroduction *introduction;
	CsSecret *code; /* in its normal form */
	char *hardware_id;
	CsPrivateKey *device_key;
	CsPrivateKey *account_key;
	char *account_key_file;
} Enrolment;

static void
enrolment_clear(Enrolment *enrolment)
{
	g_clear_pointer(&enrolment->code, cs_secret_unref);
	g_clear_pointer(&enrolment->hardware_id, g_free);
	g_clear_pointer(&enrolment->device_key, cs_private_key_unref);
	g_clear_pointer(&enrolment->account_key, cs_private_key_unref);
	g_clear_pointer(&enrolment->account_key_file, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Enrolment, enrolment_clear)

static CsSecret *
normalise_code(CsSecret *code, GError **error)
{
	gsize length = 0;
	const char *text = cs_secret_get_text(code);
	char *normal;

	cs_secret_get_data(code, &length);
	normal = strlen(text) == length ? cs_activation_code_normalise(text) : NULL;
	if (normal != NULL)
		return cs_secret_new_take(normal, strlen(normal));
	cs_error_set(error, CS_ERROR_REFUSED, cs_reason_to_code(CS_REASON_CODE_INVALID),
		     _("this is not an activation code: twelve letters and digits are expected"));
	return NULL;
}

/* The first account settles the pin; from then on only a signed rotation moves it. */
static gboolean
accept_pin(CsOrganisation *organisation, const CsIntroduction *introduction, GError **error)
{
	const char *pinned = cs_jwk_get_thumbprint(organisation->server_key);

	if (g_str_equal(pinned, cs_jwk_get_thumbprint(introduction->server_key)))
		return TRUE;
	if (organisation->device_id != NULL && introduction->sequence <= organisation->sequence) {
		cs_error_set(error, CS_ERROR_SIGNATURE, "server-key-unknown",
			     _("%s has another key than the one known here"), introduction->url);
		return FALSE;
	}
	cs_jwk_unref(organisation->server_key);
	organisation->server_key = cs_jwk_ref(introduction->server_key);
	organisation->sequence = introduction->sequence;
	return TRUE;
}

static CsOrganisation *
ensure_organisation(CsBook *book, const CsIntroduction *introduction)
{
	CsOrganisation *organisation = cs_book_find_organisation(book, introduction->url);

	if (organisation != NULL)
		return organisation;
	organisation = cs_organisation_new(introduction->url, introduction->name,
					   introduction->server_key);
	g_ptr_array_add(book->organisations, organisation);
	return organisation;
}

/* Loads the key named, or makes one where none is named or its file is gone for good: *key_file is
 * then the new one's. */
static CsPrivateKey *
ensure_key(CsBookChange *change, char **key_file, GError **error)
{
	g_autoptr(GError) cause = NULL;
	CsPrivateKey *key = NULL;

	if (*key_file != NULL) {
		key = cs_book_load_key(change->client, *key_file, &cause);
		if (key != NULL)
			return key;
		if (!g_str_equal(cs_error_get_reason(cause), "key-missing")) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return NULL;
		}
		g_clear_pointer(key_file, g_free);
	}
	return cs_book_change_make_key(change, key_file, error);
}

/* Tells whether a pending key was made for this code. The file's random name is the salt. */
static char *
make_code_tag(const char *key_file, CsSecret *code)
{
	g_autofree char *text = g_strconcat(key_file, ":", cs_secret_get_text(code), NULL);
	char *tag = cs_sha256_base64url(text, strlen(text));

	cs_secret_wipe(text, strlen(text));
	return tag;
}

static CsPendingEnrolment *
find_pending_by_code(const CsOrganisation *organisation, CsSecret *code)
{
	for (guint i = 0; i < organisation->pending->len; i++) {
		CsPendingEnrolment *pending = g_ptr_array_index(organisation->pending, i);
		g_autofree char *tag = make_code_tag(pending->key_file, code);

		if (g_str_equal(pending->code_tag, tag))
			return pending;
	}
	return NULL;
}

static gboolean
remove_pending(CsOrganisation *organisation, const char *key_file)
{
	for (guint i = 0; i < organisation->pending->len; i++) {
		CsPendingEnrolment *pending = g_ptr_array_index(organisation->pending, i);

		if (g_str_equal(pending->key_file, key_file)) {
			g_ptr_array_remove_index(organisation->pending, i);
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean
ensure_account_key(CsBookChange *change,
		   CsOrganisation *organisation,
		   Enrolment *enrolment,
		   GError **error)
{
	CsPendingEnrolment *pending = find_pending_by_code(organisation, enrolment->code);

	if (pending == NULL) {
		pending = g_new0(CsPendingEnrolment, 1);
		if (organisation->pending->len == MAX_PENDING)
			g_ptr_array_remove_index(organisation->pending, 0);
		g_ptr_array_add(organisation->pending, pending);
	}
	enrolment->account_key = ensure_key(change, &pending->key_file, error);
	if (enrolment->account_key == NULL)
		return FALSE;
	enrolment->account_key_file = g_strdup(pending->key_file);
	g_free(pending->code_tag);
	pending->code_tag = make_code_tag(pending->key_file, enrolment->code);
	pending->created_at = cs_clock_get_unix_s(enrolment->client->clock);
	return TRUE;
}

/* Everything that a second try needs is on the disk before the server hears of the first. */
static gboolean
prepare(Enrolment *enrolment, GError **error)
{
	g_autoptr(CsBookChange) change = cs_book_change_begin(enrolment->client, error);
	CsOrganisation *organisation;

	if (change == NULL)
		return FALSE;
	organisation = ensure_organisation(change->book, enrolment->introduction);
	if (!accept_pin(organisation, enrolment->introduction, error))
		return FALSE;
	enrolment->device_key = ensure_key(change, &organisation->device_key_file, error);
	return enrolment->device_key != NULL &&
	       ensure_account_key(change, organisation, enrolment, error) &&
	       cs_book_change_commit(change, error);
}

static char *
sign_enroll(const Enrolment *enrolment,
	    const char *nonce,
	    gint64 iat,
	    const char *device_jkt,
	    GError **error)
{
	const char *code = cs_secret_get_text(enrolment->code);
	g_autofree char *code_hash = cs_sha256_base64url(code, strlen(code));
	const CsEnrollToken token = {
		.aud = enrolment->introduction->url,
		.nonce = (char *)nonce,
		.iat = iat,
		.code_hash = code_hash,
		.dk_jkt = (char *)device_jkt,
	};

	return cs_enroll_token_sign(&token, enrolment->account_key, error);
}

static char *
sign_device(const Enrolment *enrolment,
	    const char *nonce,
	    gint64 iat,
	    const char *account_jkt,
	    GError **error)
{
	g_autofree char *name = cs_device_identity_make_name(enrolment->client->settings);
	const CsDeviceToken token = {
		.aud = enrolment->introduction->url,
		.nonce = (char *)nonce,
		.iat = iat,
		.hardware_id = enrolment->hardware_id,
		.name = name,
		.platform = (char *)CS_DEVICE_PLATFORM,
		.hardware_key = cs_private_key_is_hardware(enrolment->device_key),
		.ak_jkt = (char *)account_jkt,
	};

	return cs_device_token_sign(&token, enrolment->device_key, error);
}

/* Put together by hand: a JSON library would leave copies of the code behind. Tokens and the
 * normal form of a code need no escapes. */
static CsSecret *
make_body(const Enrolment *enrolment, const char *nonce, gint64 iat, GError **error)
{
	g_autoptr(CsJwk) account = cs_jwk_new_from_private_key(enrolment->account_key, error);
	g_autoptr(CsJwk) device = NULL;
	g_autofree char *enroll_token = NULL;
	g_autofree char *device_token = NULL;
	char *body;

	device = account == NULL ? NULL : cs_jwk_new_from_private_key(enrolment->device_key, error);
	if (device == NULL)
		return NULL;
	enroll_token = sign_enroll(enrolment, nonce, iat, cs_jwk_get_thumbprint(device), error);
	if (enroll_token == NULL)
		return NULL;
	device_token = sign_device(enrolment, nonce, iat, cs_jwk_get_thumbprint(account), error);
	if (device_token == NULL)
		return NULL;
	body = g_strconcat("{\"code\":\"", cs_secret_get_text(enrolment->code), "\",\"enroll\":\"",
			   enroll_token, "\",\"device\":\"", device_token, "\"}", NULL);
	return cs_secret_new_take(body, strlen(body));
}

static cJSON *
talk(const Enrolment *enrolment, GCancellable *cancellable, GError **error)
{
	static const char *const members[] = {"account",       "user",	       "device",
					      "helpdesk_code", "organisation", NULL};
	const CsClient *client = enrolment->client;
	const char *url = enrolment->introduction->url;
	CsServerCall call = {"POST", "/v1/accounts", NULL, 201, members};
	CsServerTime time = {0};
	g_autofree char *nonce = cs_server_call_get_nonce(client, url, &time, cancellable, error);
	g_autoptr(CsSecret) body = NULL;

	if (nonce == NULL)
		return NULL;
	body = make_body(enrolment, nonce, cs_server_time_get_now(&time, client), error);
	if (body == NULL)
		return NULL;
	call.json = cs_secret_get_text(body);
	return cs_server_call_run(&call, client, url, cancellable, error);
}

/* What the server says of a code, or of a key, that it will never take. */
static gboolean
is_final(const GError *refusal)
{
	static const char *const final_codes[] = {"code-invalid", "token-malformed", NULL};

	return g_error_matches(refusal, CS_ERROR, CS_ERROR_REFUSED) &&
	       g_strv_contains(final_codes, cs_error_get_reason(refusal));
}

/* Where forgetting fails, the key only lies there until MAX_PENDING others have come. */
static void
forget(const Enrolment *enrolment)
{
	g_autoptr(CsBookChange) change = cs_book_change_begin(enrolment->client, NULL);
	CsOrganisation *organisation;

	if (change == NULL)
		return;
	organisation = cs_book_find_organisation(change->book, enrolment->introduction->url);
	if (organisation != NULL && remove_pending(organisation, enrolment->account_key_file) &&
	    !cs_book_change_commit(change, NULL))
		g_debug("a pending enrolment could not be forgotten");
}

static CsAccount *
read_answer(const Enrolment *enrolment, const cJSON *answer, GError **error)
{
	const char *url = enrolment->introduction->url;
	const char *id = cs_server_call_get_string(answer, "account", url, error);
	const char *user = id ? cs_server_call_get_string(answer, "user", url, error) : NULL;
	const char *device = user ? cs_server_call_get_string(answer, "device", url, error) : NULL;
	const char *name =
		device ? cs_server_call_get_string(answer, "organisation", url, error) : NULL;
	g_autofree char *login = cs_clean_text(user, CS_CLEAN_TEXT_MAX_CHARACTERS);
	const char *helpdesk_code = NULL;
	CsAccount *account;

	if (name == NULL)
		return NULL;
	if (!cs_book_is_id(id) || !cs_book_is_id(device) || login == NULL ||
	    !cs_server_call_get_helpdesk_code(answer, &helpdesk_code)) {
		cs_server_call_fail(error, url, _("the account that it names is malformed"));
		return NULL;
	}
	account = g_new0(CsAccount, 1);
	account->id = g_strdup(id);
	account->user = g_steal_pointer(&login);
	account->url = g_strdup(url);
	account->organisation = cs_clean_text(name, CS_CLEAN_TEXT_MAX_CHARACTERS);
	if (account->organisation == NULL)
		account->organisation = g_strdup(enrolment->introduction->name);
	account->device_id = g_strdup(device);
	account->helpdesk_code = g_strdup(helpdesk_code);
	account->key_file = g_strdup(enrolment->account_key_file);
	account->created_at = cs_clock_get_unix_s(enrolment->client->clock);
	return account;
}

/* Where another process has taken our pending entry away, its key file may have gone with it. */
static gboolean
claim_key(CsBookChange *change,
	  CsOrganisation *organisation,
	  const Enrolment *enrolment,
	  GError **error)
{
	g_autofree char *path = NULL;

	if (remove_pending(organisation, enrolment->account_key_file))
		return TRUE;
	path = cs_book_path(change->client, CS_BOOK_KEYS_FOLDER, enrolment->account_key_file);
	return cs_private_key_save(enrolment->account_key, path, error);
}

/* The same id from the same server for the same key is an enrolment that was interrupted, or that
 * two processes did at once. */
static gboolean
add_to_book(CsBookChange *change, const Enrolment *enrolment, CsAccount *account, GError **error)
{
	CsOrganisation *organisation = cs_book_find_organisation(change->book, account->url);
	const CsAccount *other = cs_book_find_account(change->book, account->id);

	if (organisation == NULL) {
		cs_error_set(error, CS_ERROR_STATE, "state-invalid",
			     _("the organisation has vanished from the accounts meanwhile"));
		return FALSE;
	}
	if (other != NULL &&
	    (other->tombstone || !g_str_equal(other->key_file, account->key_file) ||
	     !g_str_equal(other->url, account->url))) {
		cs_error_set(error, CS_ERROR_REFUSED, "account-exists",
			     _("there is another account with the id that %s gave"), account->url);
		return FALSE;
	}
	if (!accept_pin(organisation, enrolment->introduction, error) ||
	    !claim_key(change, organisation, enrolment, error))
		return FALSE;
	g_free(organisation->name);
	organisation->name = g_strdup(account->organisation);
	g_free(organisation->device_id);
	organisation->device_id = g_strdup(account->device_id);
	g_free(organisation->helpdesk_code);
	organisation->helpdesk_code = g_strdup(account->helpdesk_code);
	if (other == NULL)
		g_ptr_array_add(change->book->accounts, cs_account_copy(account));
	return cs_book_change_commit(change, error);
}

static CsAccount *
finish(const Enrolment *enrolment, const cJSON *answer, GError **error)
{
	g_autoptr(CsAccount) account = read_answer(enrolment, answer, error);
	g_autoptr(CsBookChange) change = NULL;

	if (account == NULL)
		return NULL;
	change = cs_book_change_begin(enrolment->client, error);
	if (change == NULL || !add_to_book(change, enrolment, account, error))
		return NULL;
	cs_event(CS_EVENT_INFO, "account-added", CS_FIELD_ACCOUNT, account->id, CS_FIELD_DEVICE,
		 account->device_id, CS_FIELD_SERVER, account->url, CS_FIELD_END);
	return cs_account_copy(cs_book_find_account(change->book, account->id));
}

/**
 * cs_enrolment_add:
 * @client: who enrols
 * @introduction: of the server; the caller has had its key compared, or pins what it met
 * @code: an activation code as typed
 * @cancellable: (nullable): cancels
 * @error: return location
 *
 * Enrols (rule 24): makes the account's key, and for an organisation's first account the device's
 * (rule 15: one for an organisation and operating-system user, which outlives accounts), and shows
 * the server both with the code. The keys are on the disk before the server hears of them, so that
 * after a kill the same code with the same key is answered with the same account. Adding an account
 * is the consent to attest to that organisation; it attests nothing yet (rule 25).
 *
 * Returns: (transfer full): the account, which is in the book; %NULL with %CS_ERROR_REFUSED
 *   ("code-invalid", without a call where it is no code at all; "device-not-active";
 *   "account-exists"; what else the server says), %CS_ERROR_SIGNATURE "server-key-unknown",
 *   %CS_ERROR_UNREACHABLE, %CS_ERROR_STATE ("machine-id-missing" among them)
 */
CsAccount *
cs_enrolment_add(const CsClient *client,
		 const CsIntroduction *introduction,
		 CsSecret *code,
		 GCancellable *cancellable,
		 GError **error)
{
	g_auto(Enrolment) enrolment = {.client = client, .introduction = introduction};
	g_autoptr(cJSON) answer = NULL;
	g_autoptr(GError) cause = NULL;

	enrolment.code = normalise_code(code, error);
	if (enrolment.code == NULL)
		return NULL;
	enrolment.hardware_id =
		cs_device_identity_make_hardware_id(client->settings, introduction->url, error);
	if (enrolment.hardware_id == NULL || !prepare(&enrolment, error))
		return NULL;
	answer = talk(&enrolment, cancellable, &cause);
	if (answer != NULL)
		return finish(&enrolment, answer, error);
	if (is_final(cause))
		forget(&enrolment);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}
