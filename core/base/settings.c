/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/settings.h"

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/settings-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define FILE_SIZE_MAX_BYTES 65536
#define DEFAULT_MACHINE_ID  "/etc/machine-id"
#define DEFAULT_TIMEOUT_S   "30"
#define DEFAULT_LOG_LEVEL   "info"

struct _CsSettings {
	gatomicrefcount references;
	char **values[CS_SETTING_COUNT]; /* a single value is a list of one; NULL is unset */
	gboolean pinned[CS_SETTING_COUNT];
	char *origins[CS_SETTING_COUNT]; /* the file that set it; NULL: the default */
	char *state_folder;
	GPtrArray *notes; /* NULL-terminated once loaded */
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
check_escapes(const Source *source, const CsSettingKey *key, GError **error)
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
read_items(const Source *source, const CsSettingKey *key, GError **error)
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
read_value(const Source *source, const CsSettingKey *key, GError **error)
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
take_value(CsSettings *settings, const Source *source, CsSetting value, GError **error)
{
	const CsSettingKey *key = &cs_setting_keys[value];
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
	g_free(settings->origins[value]);
	settings->origins[value] = g_strdup(source->path);
	return TRUE;
}

static gboolean
is_known(const char *group, const char *key)
{
	for (guint i = 0; i < CS_SETTING_COUNT; i++) {
		if (strcmp(cs_setting_keys[i].group, group) == 0 &&
		    (key == NULL || strcmp(cs_setting_keys[i].key, key) == 0))
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
	for (guint i = 0; i < CS_SETTING_COUNT; i++) {
		if (g_key_file_has_key(contents, cs_setting_keys[i].group, cs_setting_keys[i].key,
				       NULL) &&
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
set_default(CsSettings *settings, CsSetting value, char *taken)
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
	set_default(settings, CS_SETTING_USER_DIRECTORIES,
		    g_build_filename(paths->data_home, "countersign", "certificates", NULL));
	set_default(settings, CS_SETTING_MACHINE_DIRECTORIES,
		    g_build_filename(paths->machine_folder, "certificates", NULL));
	set_default(settings, CS_SETTING_MACHINE_ID_FILE, g_strdup(DEFAULT_MACHINE_ID));
	set_default(settings, CS_SETTING_TIMEOUT, g_strdup(DEFAULT_TIMEOUT_S));
	set_default(settings, CS_SETTING_LOG_LEVEL, g_strdup(DEFAULT_LOG_LEVEL));
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
	for (guint i = 0; i < CS_SETTING_COUNT; i++) {
		g_strfreev(settings->values[i]);
		g_free(settings->origins[i]);
	}
	g_free(settings->state_folder);
	g_ptr_array_unref(settings->notes);
	g_free(settings);
}

static const char *
get_single(const CsSettings *settings, CsSetting value)
{
	return settings->values[value] != NULL ? settings->values[value][0] : NULL;
}

static const char *const *
get_list(const CsSettings *settings, CsSetting value)
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
	return get_list(settings, CS_SETTING_USER_DIRECTORIES);
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
	return get_list(settings, CS_SETTING_MACHINE_DIRECTORIES);
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
	return get_single(settings, CS_SETTING_MACHINE_ID_FILE);
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
	return get_single(settings, CS_SETTING_ORGANISATION_URL);
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
	return get_single(settings, CS_SETTING_TLS_CA_FILE);
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
	return (guint)g_ascii_strtoull(get_single(settings, CS_SETTING_TIMEOUT), NULL, 10) * 1000;
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
	return get_list(settings, CS_SETTING_ISSUERS);
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
	return get_single(settings, CS_SETTING_DEVICE_NAME);
}

/**
 * cs_settings_get_log_level:
 * @settings: settings
 *
 * Returns: what the log keeps: this, and what is worse.
 */
CsEventLevel
cs_settings_get_log_level(const CsSettings *settings)
{
	CsEventLevel level = CS_EVENT_INFO;

	(void)cs_event_level_from_text(get_single(settings, CS_SETTING_LOG_LEVEL), &level);
	return level;
}

/**
 * cs_settings_get_item:
 * @settings: settings
 * @index: from 0
 * @item: (out): one key; what it points to lives as long as @settings
 *
 * Everything that can be set, whether it is or not, for people to see.
 *
 * Returns: FALSE where there are no more.
 */
gboolean
cs_settings_get_item(const CsSettings *settings, guint index, CsSettingsItem *item)
{
	if (index >= CS_SETTING_COUNT)
		return FALSE;
	*item = (CsSettingsItem){
		.group = cs_setting_keys[index].group,
		.key = cs_setting_keys[index].key,
		.values = (const char *const *)settings->values[index],
		.origin = settings->origins[index],
		.is_pinned = settings->pinned[index],
	};
	return TRUE;
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
