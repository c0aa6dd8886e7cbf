/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/authority.h"

#include "core/authority/operator.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/http.h"
#include "core/base/random.h"
#include "core/base/secret.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#define CODE_KEY_SIZE_BYTES   32
#define MAX_NAME_LENGTH_CHARS 64

/* Written in the transaction that makes an authority of a folder: without it nothing here counts. */
#define META_INITIALISED "initialised"
#define META_NAME	 "name"
#define META_URL	 "url"

/* Held by whoever makes or changes what all others rely on: init, and a migration. */
#define SETUP_LOCK_NAME "init.lock"
/* Held by the server while it lives. */
#define SERVE_LOCK_NAME "serve.lock"

struct _CsAuthority {
	char *folder;
	char *name;
	char *url;
	CsClock clock;
	CsPrivateKey *server_key;
	CsJwk *server_jwk;
	CsSecret *code_key;
	CsRegistry *registry;
	CsCa *ca;
	char *operator_user; /* (nullable) until asked for */
};

static char *
file_in(const char *folder, const char *name)
{
	return g_build_filename(folder, name, NULL);
}

/* On one line of any terminal, certificate or page. */
static gboolean
is_plain(gunichar character)
{
	return character == ' ' || (g_unichar_isgraph(character) && !g_unichar_isspace(character));
}

static gboolean
check_name(const char *name, GError **error)
{
	glong length = g_utf8_validate(name, -1, NULL) ? g_utf8_strlen(name, -1) : 0;
	gboolean good = length >= 1 && length <= MAX_NAME_LENGTH_CHARS && name[0] != ' ' &&
			name[strlen(name) - 1] != ' ';

	for (const char *p = name; good && *p != '\0'; p = g_utf8_next_char(p))
		good = is_plain(g_utf8_get_char(p));
	if (good)
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "name-invalid",
		     _("an organisation's name is 1 to %d printable characters"),
		     MAX_NAME_LENGTH_CHARS);
	return FALSE;
}

static gboolean
has_meta(CsRegistry *registry, const char *key, gboolean *has, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	g_autofree char *value = cs_registry_dup_meta(registry, key, &local_error);

	*has = value != NULL;
	if (value != NULL || g_error_matches(local_error, CS_ERROR, CS_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local_error));
	return FALSE;
}

static gboolean
check_unfinished(CsRegistry *registry, GError **error)
{
	gboolean finished = FALSE;

	if (!has_meta(registry, META_INITIALISED, &finished, error))
		return FALSE;
	if (!finished)
		return TRUE;
	cs_error_set(error, CS_ERROR_REFUSED, "already-initialised",
		     _("there is an authority in this folder already"));
	return FALSE;
}

/* Opens it, or migrates it: the caller holds the lock of SETUP_LOCK_NAME. */
static CsRegistry *
open_or_migrate(const char *path, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	CsRegistry *registry = cs_registry_open(path, &local_error);

	if (registry != NULL)
		return registry;
	if (g_strcmp0(cs_error_get_reason(local_error), CS_REGISTRY_OUTDATED) == 0)
		return cs_registry_migrate(path, error);
	g_propagate_error(error, g_steal_pointer(&local_error));
	return NULL;
}

/* A registry that nobody has finished: none yet, or what a killed init left. */
static CsRegistry *
take_up_registry(const char *path, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	g_autoptr(CsRegistry) registry = open_or_migrate(path, &local_error);

	if (registry != NULL)
		return check_unfinished(registry, error) ? g_steal_pointer(&registry) : NULL;
	if (g_error_matches(local_error, CS_ERROR, CS_ERROR_NOT_FOUND))
		return cs_registry_create(path, error);
	g_propagate_error(error, g_steal_pointer(&local_error));
	return NULL;
}

static gboolean
write_keys(const char *folder, const char *name, const CsClock *clock, GError **error)
{
	g_autofree char *server_path = file_in(folder, "server.key");
	g_autofree char *code_path = file_in(folder, "code.key");
	g_autoptr(CsPrivateKey) server_key = cs_private_key_generate_p256(error);
	g_autoptr(CsCa) ca = NULL;
	guint8 code_key[CODE_KEY_SIZE_BYTES];
	gboolean written = FALSE;

	if (server_key == NULL || !cs_private_key_save(server_key, server_path, error))
		return FALSE;
	written = cs_random_bytes(code_key, sizeof(code_key), error) &&
		  cs_file_write_atomically(code_path, code_key, sizeof(code_key), error);
	cs_secret_wipe(code_key, sizeof(code_key));
	if (!written)
		return FALSE;
	ca = cs_ca_create(folder, name, clock, error);
	return ca != NULL;
}

static gboolean
write_meta(CsRegistry *registry, const char *name, const char *url, gint64 now, GError **error)
{
	g_autofree char *operator_user = cs_operator_describe(getuid());
	const CsLogEntry entry = {
		.time = now,
		.event = "authority-init",
		.actor = "administrator",
		.outcome = "ok",
		.operator_user = operator_user,
		.origin = "cli",
	};

	return check_unfinished(registry, error) &&
	       cs_registry_set_meta(registry, META_NAME, name, error) &&
	       cs_registry_set_meta(registry, META_URL, url, error) &&
	       cs_registry_set_meta(registry, META_INITIALISED, "1", error) &&
	       cs_registry_log(registry, &entry, error);
}

static gboolean
finish_registry(CsRegistry *registry, const char *name, const char *url, gint64 now, GError **error)
{
	if (!cs_registry_begin(registry, error))
		return FALSE;
	if (write_meta(registry, name, url, now, error))
		return cs_registry_commit(registry, error);
	cs_registry_rollback(registry);
	return FALSE;
}

/* Keys first, the registry's word that it is complete last. */
static gboolean
fill_folder(
	const char *folder, const char *name, const char *url, const CsClock *clock, GError **error)
{
	g_autofree char *lock_path = file_in(folder, SETUP_LOCK_NAME);
	g_autofree char *registry_path = file_in(folder, "registry.db");
	g_autoptr(CsFileLock) lock = cs_file_lock_acquire(lock_path, TRUE, error);
	g_autoptr(CsRegistry) registry = NULL;

	if (lock == NULL)
		return FALSE;
	registry = take_up_registry(registry_path, error);
	return registry != NULL && write_keys(folder, name, clock, error) &&
	       finish_registry(registry, name, url, cs_clock_get_unix_s(clock), error);
}

/**
 * cs_authority_init:
 * @folder: made with mode 0700 where it does not exist
 * @name: the organisation's name, 1 to 64 printable characters
 * @url: the authority's address; normalised to its origin
 * @clock: the time; copied
 * @error: where to put the error
 *
 * Makes an authority: server key, the key that hashes activation codes, the built-in CA, and the
 * registry, all 0600. The built-in CA is listed as an issuer only by the administrator's word
 * (rule 13). A kill at any moment leaves a folder that the next call takes up; a finished one is
 * never touched.
 *
 * Returns: (transfer full) (nullable): the authority, opened; CS_ERROR_USAGE "name-invalid" or
 *   "url-invalid"; CS_ERROR_REFUSED "already-initialised"; CS_ERROR_STATE
 */
CsAuthority *
cs_authority_init(
	const char *folder, const char *name, const char *url, const CsClock *clock, GError **error)
{
	g_autofree char *origin = NULL;

	if (!check_name(name, error))
		return NULL;
	origin = cs_http_normalise_origin(url, error);
	if (origin == NULL || !cs_file_ensure_folder(folder, error) ||
	    !fill_folder(folder, name, origin, clock, error))
		return NULL;
	return cs_authority_open(folder, clock, error);
}

/* In an initialised folder a missing part is damage, not "not found". */
static void
set_broken(GError **error, GError *cause)
{
	cs_error_set(error, CS_ERROR_STATE, "authority-broken",
		     _("the authority's folder is damaged: %s"), cause->message);
	g_error_free(cause);
}

static gboolean
load_code_key(CsAuthority *a, GError **error)
{
	g_autofree char *path = file_in(a->folder, "code.key");
	gsize length = 0;

	a->code_key = cs_file_read_secret(path, CODE_KEY_SIZE_BYTES, error);
	if (a->code_key == NULL)
		return FALSE;
	cs_secret_get_data(a->code_key, &length);
	if (length == CODE_KEY_SIZE_BYTES)
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "authority-broken", _("%s is cut short"), path);
	return FALSE;
}

static gboolean
load_keys(CsAuthority *a, GError **error)
{
	g_autofree char *path = file_in(a->folder, "server.key");

	a->server_key = cs_private_key_load(path, error);
	if (a->server_key == NULL)
		return FALSE;
	a->server_jwk = cs_jwk_new_from_private_key(a->server_key, error);
	if (a->server_jwk == NULL || !load_code_key(a, error))
		return FALSE;
	a->ca = cs_ca_open(a->folder, error);
	if (a->ca != NULL)
		cs_ca_set_status_url(a->ca, a->url);
	return a->ca != NULL;
}

static gboolean
load_meta(CsAuthority *a, GError **error)
{
	gboolean finished = FALSE;

	if (!has_meta(a->registry, META_INITIALISED, &finished, error))
		return FALSE;
	if (!finished) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-initialised",
			     _("there is no authority in this folder yet"));
		return FALSE;
	}
	a->name = cs_registry_dup_meta(a->registry, META_NAME, error);
	if (a->name == NULL)
		return FALSE;
	a->url = cs_registry_dup_meta(a->registry, META_URL, error);
	return a->url != NULL;
}

/* Somebody serves: of this version, after a migration that was awaited, or of an earlier one. */
static CsRegistry *
open_beside_server(const char *path, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	CsRegistry *registry = cs_registry_open(path, &local_error);

	if (registry != NULL)
		return registry;
	if (g_strcmp0(cs_error_get_reason(local_error), CS_REGISTRY_OUTDATED) == 0)
		cs_error_set(error, CS_ERROR_REFUSED, "server-outdated",
			     _("a server of an earlier version is running on this folder: restart "
			       "it with this version, then try again"));
	else
		g_propagate_error(error, g_steal_pointer(&local_error));
	return NULL;
}

/* The right to change what a server relies on: none of an earlier version must be running, for it
 * would write what the new version no longer reads. */
static CsRegistry *
migrate_registry(const char *folder, const char *path, GError **error)
{
	g_autofree char *setup_path = file_in(folder, SETUP_LOCK_NAME);
	g_autofree char *serve_path = file_in(folder, SERVE_LOCK_NAME);
	g_autoptr(GError) local_error = NULL;
	g_autoptr(CsFileLock) setup = cs_file_lock_acquire(setup_path, TRUE, error);
	g_autoptr(CsFileLock) serve = NULL;

	if (setup == NULL)
		return NULL;
	serve = cs_file_lock_acquire(serve_path, FALSE, &local_error);
	/* Where the lock is held by a server of this version, another has migrated meanwhile. */
	if (serve != NULL)
		return open_or_migrate(path, error);
	if (!g_error_matches(local_error, CS_ERROR, CS_ERROR_REFUSED)) {
		g_propagate_error(error, g_steal_pointer(&local_error));
		return NULL;
	}
	g_clear_error(&local_error);
	return open_beside_server(path, error);
}

static CsRegistry *
open_registry(const char *folder, GError **error)
{
	g_autofree char *path = file_in(folder, "registry.db");
	g_autoptr(GError) local_error = NULL;
	CsRegistry *registry = cs_registry_open(path, &local_error);

	if (registry != NULL)
		return registry;
	if (g_strcmp0(cs_error_get_reason(local_error), CS_REGISTRY_OUTDATED) == 0)
		return migrate_registry(folder, path, error);
	g_propagate_error(error, g_steal_pointer(&local_error));
	return NULL;
}

/**
 * cs_authority_lock_for_serving:
 * @folder: the authority's
 * @error: where to put the error
 *
 * Only one process serves an authority. Waits for a migration under way.
 *
 * Returns: (transfer full) (nullable): the lock, held until it is freed; CS_ERROR_REFUSED
 *   "already-serving"; CS_ERROR_STATE
 */
CsFileLock *
cs_authority_lock_for_serving(const char *folder, GError **error)
{
	g_autofree char *setup_path = file_in(folder, SETUP_LOCK_NAME);
	g_autofree char *serve_path = file_in(folder, SERVE_LOCK_NAME);
	g_autoptr(GError) failure = NULL;
	g_autoptr(CsFileLock) setup = cs_file_lock_acquire(setup_path, TRUE, error);
	CsFileLock *lock = NULL;

	if (setup == NULL)
		return NULL;
	lock = cs_file_lock_acquire(serve_path, FALSE, &failure);
	if (lock != NULL)
		return lock;
	if (g_error_matches(failure, CS_ERROR, CS_ERROR_REFUSED))
		cs_error_set(error, CS_ERROR_REFUSED, "already-serving",
			     _("another process serves this authority"));
	else
		g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

/**
 * cs_authority_open:
 * @folder: where cs_authority_init() made one
 * @clock: the time; copied, its data must outlive the authority
 * @error: where to put the error
 *
 * Opens an authority. Several processes may have one open; a CsAuthority is one thread's. A folder
 * of an earlier version is brought up to this one first.
 *
 * Returns: (transfer full) (nullable): the authority; CS_ERROR_NOT_FOUND "not-initialised";
 *   CS_ERROR_REFUSED "server-outdated" where an earlier version's server runs on the folder;
 *   CS_ERROR_STATE, "authority-broken" where one of its parts is missing or does not fit,
 *   "registry-version" where a later program made it
 */
CsAuthority *
cs_authority_open(const char *folder, const CsClock *clock, GError **error)
{
	g_autoptr(CsAuthority) a = g_new0(CsAuthority, 1);
	GError *cause = NULL;

	a->folder = g_strdup(folder);
	a->clock = *clock;
	a->registry = open_registry(folder, error);
	if (a->registry == NULL || !load_meta(a, error))
		return NULL;
	if (!load_keys(a, &cause)) {
		set_broken(error, cause);
		return NULL;
	}
	return g_steal_pointer(&a);
}

/**
 * cs_authority_free:
 * @authority: (nullable) (transfer full): the authority
 *
 * Closes the registry and wipes the keys.
 */
void
cs_authority_free(CsAuthority *authority)
{
	if (authority == NULL)
		return;
	g_clear_pointer(&authority->ca, cs_ca_free);
	g_clear_pointer(&authority->registry, cs_registry_close);
	g_clear_pointer(&authority->code_key, cs_secret_unref);
	g_clear_pointer(&authority->server_jwk, cs_jwk_unref);
	g_clear_pointer(&authority->server_key, cs_private_key_unref);
	g_free(authority->operator_user);
	g_free(authority->url);
	g_free(authority->name);
	g_free(authority->folder);
	g_free(authority);
}

/**
 * cs_authority_get_part_names:
 *
 * Returns: (array zero-terminated=1) (transfer none): the files that belong to an authority's
 *   folder beside its registry
 */
const char *const *
cs_authority_get_part_names(void)
{
	static const char *const names[] = {"server.key", "code.key", "ca.key", "ca.pem", NULL};

	return names;
}

/**
 * cs_authority_get_folder:
 * @authority: the authority
 *
 * Returns: (transfer none): its folder
 */
const char *
cs_authority_get_folder(const CsAuthority *authority)
{
	return authority->folder;
}

/**
 * cs_authority_get_name:
 * @authority: the authority
 *
 * Returns: (transfer none): the organisation's name
 */
const char *
cs_authority_get_name(const CsAuthority *authority)
{
	return authority->name;
}

/**
 * cs_authority_get_url:
 * @authority: the authority
 *
 * Returns: (transfer none): its origin, the `iss` of its tokens
 */
const char *
cs_authority_get_url(const CsAuthority *authority)
{
	return authority->url;
}

/**
 * cs_authority_get_clock:
 * @authority: the authority
 *
 * Returns: (transfer none): the time
 */
const CsClock *
cs_authority_get_clock(const CsAuthority *authority)
{
	return &authority->clock;
}

/**
 * cs_authority_get_server_key:
 * @authority: the authority
 *
 * Returns: (transfer none): the key that signs challenges and verdicts
 */
CsPrivateKey *
cs_authority_get_server_key(const CsAuthority *authority)
{
	return authority->server_key;
}

/**
 * cs_authority_get_server_jwk:
 * @authority: the authority
 *
 * Returns: (transfer none): its public half, which clients pin
 */
const CsJwk *
cs_authority_get_server_jwk(const CsAuthority *authority)
{
	return authority->server_jwk;
}

/**
 * cs_authority_get_registry:
 * @authority: the authority
 *
 * Returns: (transfer none): what it remembers
 */
CsRegistry *
cs_authority_get_registry(const CsAuthority *authority)
{
	return authority->registry;
}

/**
 * cs_authority_get_operator:
 * @authority: the authority
 *
 * Returns: (transfer none): the operating-system user whom this process runs as
 */
const char *
cs_authority_get_operator(CsAuthority *authority)
{
	if (authority->operator_user == NULL)
		authority->operator_user = cs_operator_describe(getuid());
	return authority->operator_user;
}

/**
 * cs_authority_get_ca:
 * @authority: the authority
 *
 * Returns: (transfer none): the built-in CA
 */
CsCa *
cs_authority_get_ca(const CsAuthority *authority)
{
	return authority->ca;
}

/**
 * cs_authority_hash_code:
 * @authority: the authority
 * @text: a code or a part of one, with what sets it apart from others
 *
 * Hashes by a key that is not in the registry, so that a copy of the registry alone gives no
 * chance to guess a code.
 *
 * Returns: (transfer full): HMAC-SHA-256 in base64url
 */
char *
cs_authority_hash_code(const CsAuthority *authority, const char *text)
{
	guint8 digest[CS_SHA256_SIZE_BYTES];
	gsize key_length = 0;
	gconstpointer key = cs_secret_get_data(authority->code_key, &key_length);

	cs_hmac_sha256(key, key_length, text, strlen(text), digest);
	return cs_base64url_encode(digest, sizeof(digest));
}
