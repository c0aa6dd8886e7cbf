/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/settings.h"

#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/http.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define FILE_SIZE_MAX_BYTES 65536
#define NAME_LENGTH_MAX	    64
#define DEFAULT_MACHINE_ID  "/etc/machine-id"
#define DEFAULT_TIMEOUT_S   "30"
#define TIMEOUT_MAX_S	    600

typedef enum {
	VALUE_USER_DIRECTORIES,
	VALUE_MACHINE_DIRECTORIES,
	VALUE_MACHINE_ID_FILE,
	VALUE_DEVICE_NAME,
	VALUE_ORGANISATION_URL,
	VALUE_ISSUERS,
	VALUE_TLS_CA_FILE,
	VALUE_TIMEOUT,
	VALUE_COUNT,
} Value;

struct _CsSettings {
	gatomicrefcount references;
	char **values[VALUE_COUNT]; /* a single value is a list of one; NULL is unset */
	gboolean pinned[VALUE_COUNT];
	char *state_folder;
	GPtrArray *notes; /* NULL-terminated once loaded */
};

/* Each turns one value into its normal form, or says what is wrong with it. */
typedef char *(*Normaliser)(const char *text, GError **error);

/* Without slashes at the end, so that what is in a folder is named in one way. */
static char *
normalise_path(const char *text, GError **error)
{
	gsize length = strlen(text);

	while (length > 1 && text[length - 1] == '/')
		length--;
	if (g_path_is_absolute(text))
		return g_strndup(text, length);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a path must begin with a slash"));
	return NULL;
}

static char *
normalise_name(const char *text, GError **error)
{
	gboolean good = *text != '\0' && g_utf8_strlen(text, -1) <= NAME_LENGTH_MAX;

	for (const char *next = text; good && *next != '\0'; next = g_utf8_next_char(next))
		good = g_unichar_isprint(g_utf8_get_char(next));
	if (good)
		return g_strdup(text);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a name has 1 to %d printable characters"),
		     NAME_LENGTH_MAX);
	return NULL;
}

/* The address comes from a file, so what is a usage error elsewhere is bad input here. */
static char *
normalise_url(const char *text, GError **error)
{
	g_autoptr(GError) local = NULL;
	char *origin = cs_http_normalise_origin(text, &local);

	if (origin == NULL)
		cs_error_set(error, CS_ERROR_INVALID, cs_error_get_reason(local), "%s",
			     local->message);
	return origin;
}

static char *
normalise_fingerprint(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	g_autofree char *joined = g_strjoinv("", parts);
	g_autofree char *lower = g_ascii_strdown(joined, -1);

	if (strlen(lower) == CS_SHA256_HEX_LENGTH &&
	    strspn(lower, "0123456789abcdef") == CS_SHA256_HEX_LENGTH)
		return g_steal_pointer(&lower);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a fingerprint is SHA-256: %d hex digits"),
		     CS_SHA256_HEX_LENGTH);
	return NULL;
}

static char *
normalise_timeout(const char *text, GError **error)
{
	if (g_ascii_string_to_unsigned(text, 10, 1, TIMEOUT_MAX_S, NULL, NULL))
		return g_strdup(text);
	cs_error_set(error, CS_ERROR_INVALID, NULL, _("a time-out is 1 to %d seconds"),
		     TIMEOUT_MAX_S);
	return NULL;
}

typedef struct {
	const char *group;
	const char *key;
	Normaliser normalise;
	gboolean is_list;
	gboolean for_administrator; /* in the user's own file it counts for nothing */
} Key;

static const Key known_keys[VALUE_COUNT] = {
	[VALUE_USER_DIRECTORIES] = {"stores", "user-directories", normalise_path, TRUE, FALSE},
	[VALUE_MACHINE_DIRECTORIES] = {"stores", "machine-directories", normalise_path, TRUE,
				       FALSE},
	[VALUE_MACHINE_ID_FILE] = {"device", "machine-id-file", normalise_path, FALSE, FALSE},
	[VALUE_DEVICE_NAME] = {"device", "name", normalise_name, FALSE, FALSE},
	[VALUE_ORGANISATION_URL] = {"organisation", "url", normalise_url, FALSE, FALSE},
	[VALUE_ISSUERS] = {"organisation", "issuers", normalise_fingerprint, TRUE, TRUE},
	[VALUE_TLS_CA_FILE] = {"organisation", "tls-ca-file", normalise_path, FALSE, FALSE},
	[VALUE_TIMEOUT] = {"organisation", "timeout-seconds", normalise_timeout, FALSE, FALSE},
};

/* One file on its way in. */
typedef struct {
	const char *path;
	gboolean is_administrators;
	GKeyFile *contents;
} Source;

G_GNUC_PRINTF(2, 3)
static void
add_note(CsSettings *settings, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(settings->notes, g_strdup_vprintf(format, args));
	va_end(args);
}

/* GLib's errors quote the file, and what they quote may be no text, or orders to a terminal. */
static char *
make_presentable(const char *message)
{
	g_autofree char *valid = g_utf8_make_valid(message, -1);
	GString *text = g_string_new(NULL);

	for (const char *next = valid; *next != '\0'; next = g_utf8_next_char(next)) {
		gunichar character = g_utf8_get_char(next);
		g_string_append_unichar(text, g_unichar_isprint(character) ? character : '?');
	}
	return g_string_free(text, FALSE);
}

/* GLib itself returns a string with a wrong escape as well as the error, and warns aloud of the
 * second one. */
static gboolean
check_escapes(const Source *source, const Key *key, GError **error)
{
	const char *known = key->is_list ? "sntr\\;" : "sntr\\";
	g_autofree char *raw = g_key_file_get_value(source->contents, key->group, key->key, error);

	if (raw == NULL)
		return FALSE;
	for (const char *at = strchr(raw, '\\'); at != NULL; at = strchr(at + 2, '\\')) {
		if (at[1] == '\0' || strchr(known, at[1]) == NULL) {
			cs_error_set(error, CS_ERROR_INVALID, NULL, _("unknown escape sequence"));
			return FALSE;
		}
	}
	return TRUE;
}

/* (transfer full): the value's items as the file has them; a single value is a list of one. */
static char **
read_items(const Source *source, const Key *key, GError **error)
{
	char *single;

	if (!check_escapes(source, key, error))
		return NULL;
	if (key->is_list)
		return g_key_file_get_string_list(source->contents, key->group, key->key, NULL,
						  error);
	single = g_key_file_get_string(source->contents, key->group, key->key, error);
	if (single == NULL)
		return NULL;
	char **items = g_new0(char *, 2);
	items[0] = single;
	return items;
}

static char **
read_value(const Source *source, const Key *key, GError **error)
{
	g_auto(GStrv) raw = read_items(source, key, error);
	g_autoptr(GPtrArray) normal = g_ptr_array_new_with_free_func(g_free);

	if (raw == NULL)
		return NULL;
	for (char **item = raw; *item != NULL; item++) {
		char *made = key->normalise(*item, error);

		if (made == NULL)
			return NULL;
		g_ptr_array_add(normal, made);
	}
	g_ptr_array_add(normal, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&normal), FALSE);
}

static gboolean
take_value(CsSettings *settings, const Source *source, Value value, GError **error)
{
	const Key *key = &known_keys[value];
	g_autoptr(GError) local = NULL;
	char **read;

	if (!source->is_administrators && settings->pinned[value]) {
		add_note(settings, _("%s: [%s] %s is set by the administrator; ignored here"),
			 source->path, key->group, key->key);
		return TRUE;
	}
	if (!source->is_administrators && key->for_administrator) {
		add_note(settings,
			 _("%s: [%s] %s counts only in the administrator's file; ignored"),
			 source->path, key->group, key->key);
		return TRUE;
	}
	read = read_value(source, key, &local);
	if (read == NULL) {
		g_autofree char *message = make_presentable(local->message);

		cs_error_set(error, CS_ERROR_INVALID, NULL, "%s: [%s] %s: %s", source->path,
			     key->group, key->key, message);
		return FALSE;
	}
	g_strfreev(settings->values[value]);
	settings->values[value] = read;
	settings->pinned[value] = source->is_administrators;
	return TRUE;
}

static gboolean
is_known(const char *group, const char *key)
{
	for (guint i = 0; i < VALUE_COUNT; i++) {
		if (strcmp(known_keys[i].group, group) == 0 &&
		    (key == NULL || strcmp(known_keys[i].key, key) == 0))
			return TRUE;
	}
	return FALSE;
}

static void
note_unknown_keys(CsSettings *settings, const Source *source, const char *group)
{
	g_auto(GStrv) keys = g_key_file_get_keys(source->contents, group, NULL, NULL);

	for (char **key = keys; key != NULL && *key != NULL; key++) {
		g_autofree char *shown = g_strescape(*key, NULL);

		if (!is_known(group, *key))
			add_note(settings, _("%s: [%s] %s is not known; ignored"), source->path,
				 group, shown);
	}
}

static void
note_unknown(CsSettings *settings, const Source *source)
{
	g_auto(GStrv) groups = g_key_file_get_groups(source->contents, NULL);

	for (char **group = groups; *group != NULL; group++) {
		g_autofree char *shown = g_strescape(*group, NULL);

		if (is_known(*group, NULL))
			note_unknown_keys(settings, source, *group);
		else
			add_note(settings, _("%s: group [%s] is not known; ignored"), source->path,
				 shown);
	}
}

static gboolean
load_file(CsSettings *settings, const char *path, gboolean is_administrators, GError **error)
{
	g_autoptr(GKeyFile) contents = g_key_file_new();
	const Source source = {path, is_administrators, contents};
	g_autoptr(GError) local = NULL;
	g_autoptr(GBytes) text = cs_file_read(path, FILE_SIZE_MAX_BYTES, error);

	if (text == NULL)
		return FALSE;
	if (g_bytes_get_size(text) > 0 &&
	    !g_key_file_load_from_bytes(contents, text, G_KEY_FILE_NONE, &local)) {
		g_autofree char *message = make_presentable(local->message);

		cs_error_set(error, CS_ERROR_INVALID, NULL, "%s: %s", path, message);
		return FALSE;
	}
	for (guint i = 0; i < VALUE_COUNT; i++) {
		if (g_key_file_has_key(contents, known_keys[i].group, known_keys[i].key, NULL) &&
		    !take_value(settings, &source, i, error))
			return FALSE;
	}
	note_unknown(settings, &source);
	return TRUE;
}

/* The file that --config names. The null device is how scripts say that there is none. */
static gboolean
load_named(CsSettings *settings, const char *path, GError **error)
{
	return strcmp(path, "/dev/null") == 0 || load_file(settings, path, TRUE, error);
}

/* A file that is not there sets nothing; one that cannot be read might pin something, so that is
 * an error. */
static gboolean
load_optional(CsSettings *settings, const char *path, gboolean is_administrators, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (load_file(settings, path, is_administrators, &local) ||
	    g_error_matches(local, CS_ERROR, CS_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* (transfer full): the *.conf of a folder by name, empty where there is no folder. */
static GPtrArray *
list_fragments(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) local = NULL;
	g_autoptr(GDir) entries = g_dir_open(folder, 0, &local);
	const char *name;

	if (entries == NULL && !g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		cs_error_set(error, CS_ERROR_STATE, NULL, "%s", local->message);
		return NULL;
	}
	while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
		if (*name != '.' && g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
	}
	g_ptr_array_sort(paths, compare_names);
	return g_steal_pointer(&paths);
}

static gboolean
load_usual_files(CsSettings *settings, const CsSettingsPaths *paths, GError **error)
{
	g_autofree char *machine =
		g_build_filename(paths->machine_folder, "countersign.conf", NULL);
	g_autofree char *folder = g_strconcat(machine, ".d", NULL);
	g_autofree char *user =
		g_build_filename(paths->config_home, "countersign", "countersign.conf", NULL);
	g_autoptr(GPtrArray) fragments = list_fragments(folder, error);

	if (fragments == NULL || !load_optional(settings, machine, TRUE, error))
		return FALSE;
	for (guint i = 0; i < fragments->len; i++) {
		if (!load_optional(settings, fragments->pdata[i], TRUE, error))
			return FALSE;
	}
	return load_optional(settings, user, FALSE, error);
}

static void
set_default(CsSettings *settings, Value value, char *taken)
{
	if (settings->values[value] == NULL) {
		settings->values[value] = g_new0(char *, 2);
		settings->values[value][0] = taken;
	} else {
		g_free(taken);
	}
}

/**
 * cs_settings_load:
 * @paths: where to look; nothing of it is kept
 * @error: %CS_ERROR_INVALID for bad syntax or a bad value; %CS_ERROR_NOT_FOUND where the named
 *   config_file is missing; %CS_ERROR_STATE where a file cannot be read
 *
 * Reads the machine's files and then the user's, or config_file alone, which then has the
 * administrator's say. Among the machine's files a later one overrides an earlier one; what any of
 * them sets, the user's file cannot change. A configured list replaces its default. Proves nothing
 * about who wrote the files.
 *
 * Returns: (transfer full) (nullable): settings that no longer change; any thread may read them.
 */
CsSettings *
cs_settings_load(const CsSettingsPaths *paths, GError **error)
{
	g_autoptr(CsSettings) settings = g_new0(CsSettings, 1);
	gboolean loaded;

	g_atomic_ref_count_init(&settings->references);
	settings->notes = g_ptr_array_new_with_free_func(g_free);
	settings->state_folder = g_build_filename(paths->state_home, "countersign", NULL);
	loaded = paths->config_file != NULL ? load_named(settings, paths->config_file, error)
					    : load_usual_files(settings, paths, error);
	if (!loaded)
		return NULL;
	set_default(settings, VALUE_USER_DIRECTORIES,
		    g_build_filename(paths->data_home, "countersign", "certificates", NULL));
	set_default(settings, VALUE_MACHINE_DIRECTORIES,
		    g_build_filename(paths->machine_folder, "certificates", NULL));
	set_default(settings, VALUE_MACHINE_ID_FILE, g_strdup(DEFAULT_MACHINE_ID));
	set_default(settings, VALUE_TIMEOUT, g_strdup(DEFAULT_TIMEOUT_S));
	g_ptr_array_add(settings->notes, NULL);
	return g_steal_pointer(&settings);
}

/**
 * cs_settings_ref:
 * @settings: settings
 *
 * Returns: (transfer full): @settings.
 */
CsSettings *
cs_settings_ref(CsSettings *settings)
{
	g_atomic_ref_count_inc(&settings->references);
	return settings;
}

/**
 * cs_settings_unref:
 * @settings: (nullable) (transfer full): settings
 */
void
cs_settings_unref(CsSettings *settings)
{
	if (settings == NULL || !g_atomic_ref_count_dec(&settings->references))
		return;
	for (guint i = 0; i < VALUE_COUNT; i++)
		g_strfreev(settings->values[i]);
	g_free(settings->state_folder);
	g_ptr_array_unref(settings->notes);
	g_free(settings);
}

static const char *
get_single(const CsSettings *settings, Value value)
{
	return settings->values[value] != NULL ? settings->values[value][0] : NULL;
}

static const char *const *
get_list(const CsSettings *settings, Value value)
{
	return (const char *const *)settings->values[value];
}

/**
 * cs_settings_get_user_directories:
 * @settings: settings
 *
 * Returns: (transfer none): absolute folders of the user's store; NULL-terminated, may be empty.
 */
const char *const *
cs_settings_get_user_directories(const CsSettings *settings)
{
	return get_list(settings, VALUE_USER_DIRECTORIES);
}

/**
 * cs_settings_get_machine_directories:
 * @settings: settings
 *
 * Returns: (transfer none): absolute folders of the machine's store; NULL-terminated, may be empty.
 */
const char *const *
cs_settings_get_machine_directories(const CsSettings *settings)
{
	return get_list(settings, VALUE_MACHINE_DIRECTORIES);
}

/**
 * cs_settings_get_machine_id_file:
 * @settings: settings
 *
 * Returns: (transfer none): the file that the hardware id is derived from (a claim, rule 26).
 */
const char *
cs_settings_get_machine_id_file(const CsSettings *settings)
{
	return get_single(settings, VALUE_MACHINE_ID_FILE);
}

/**
 * cs_settings_get_organisation_url:
 * @settings: settings
 *
 * Returns: (transfer none) (nullable): the organisation's origin in normal form.
 */
const char *
cs_settings_get_organisation_url(const CsSettings *settings)
{
	return get_single(settings, VALUE_ORGANISATION_URL);
}

/**
 * cs_settings_get_tls_ca_file:
 * @settings: settings
 *
 * Returns: (transfer none) (nullable): what to trust for TLS in place of the system's authorities.
 */
const char *
cs_settings_get_tls_ca_file(const CsSettings *settings)
{
	return get_single(settings, VALUE_TLS_CA_FILE);
}

/**
 * cs_settings_get_timeout_ms:
 * @settings: settings
 *
 * Returns: how long a server may take for one answer, all of it; 1000 to 600000.
 */
guint
cs_settings_get_timeout_ms(const CsSettings *settings)
{
	return (guint)g_ascii_strtoull(get_single(settings, VALUE_TIMEOUT), NULL, 10) * 1000;
}

/**
 * cs_settings_get_allowed_issuers:
 * @settings: settings
 *
 * Returns: (transfer none) (nullable): lower-case hex fingerprints of the only issuers that an
 * organisation may list; an empty list allows none; NULL is no limit.
 */
const char *const *
cs_settings_get_allowed_issuers(const CsSettings *settings)
{
	return get_list(settings, VALUE_ISSUERS);
}

/**
 * cs_settings_get_device_name:
 * @settings: settings
 *
 * Returns: (transfer none) (nullable): what this device calls itself.
 */
const char *
cs_settings_get_device_name(const CsSettings *settings)
{
	return get_single(settings, VALUE_DEVICE_NAME);
}

/**
 * cs_settings_get_state_folder:
 * @settings: settings
 *
 * Returns: (transfer none): where our own state lives; made by whoever first writes there.
 */
const char *
cs_settings_get_state_folder(const CsSettings *settings)
{
	return settings->state_folder;
}

/**
 * cs_settings_get_notes:
 * @settings: settings
 *
 * Returns: (transfer none): translated sentences on what was ignored and why; NULL-terminated.
 */
const char *const *
cs_settings_get_notes(const CsSettings *settings)
{
	return (const char *const *)settings->notes->pdata;
}
