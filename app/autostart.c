/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/autostart.h"

#include "core/base/error.h"
#include "core/base/file.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#define ENTRY_NAME	"org.countersign.Countersign.desktop"
#define MAX_ENTRY_BYTES 65536

static char *
dup_path(const char *config_home)
{
	return g_build_filename(config_home, "autostart", ENTRY_NAME, NULL);
}

/* Desktop Entry Specification, "The Exec key": within double quotes, these four are escaped; the
 * string's own escapes come on top, and a percent sign is doubled. GKeyFile does the string's. */
static char *
quote_argument(const char *argument)
{
	g_autoptr(GString) quoted = g_string_new("\"");

	for (; *argument != '\0'; argument++) {
		if (strchr("\"`$\\", *argument) != NULL)
			g_string_append_c(quoted, '\\');
		if (*argument == '%')
			g_string_append_c(quoted, '%');
		g_string_append_c(quoted, *argument);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(g_steal_pointer(&quoted), FALSE);
}

/* By name where that finds this very program: the entry then outlives a move from /usr/local. */
static char *
dup_program(GError **error)
{
	g_autofree char *own = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *found = g_find_program_in_path("countersign");
	g_autofree char *target = found != NULL ? realpath(found, NULL) : NULL;

	if (own == NULL || !g_utf8_validate(own, -1, NULL) || strpbrk(own, "\n\r") != NULL) {
		cs_error_set(error, CS_ERROR_STATE, "autostart-failed",
			     _("the program's own path cannot be written into a desktop entry"));
		return NULL;
	}
	if (g_strcmp0(own, target) == 0)
		return g_strdup("countersign");
	return quote_argument(own);
}

static GKeyFile *
make_entry(const char *program)
{
	GKeyFile *entry = g_key_file_new();
	g_autofree char *command = g_strconcat(program, " start", NULL);

	g_key_file_set_string(entry, G_KEY_FILE_DESKTOP_GROUP, G_KEY_FILE_DESKTOP_KEY_TYPE,
			      G_KEY_FILE_DESKTOP_TYPE_APPLICATION);
	g_key_file_set_string(entry, G_KEY_FILE_DESKTOP_GROUP, G_KEY_FILE_DESKTOP_KEY_NAME,
			      "Countersign");
	g_key_file_set_string(entry, G_KEY_FILE_DESKTOP_GROUP, G_KEY_FILE_DESKTOP_KEY_EXEC,
			      command);
	g_key_file_set_string(entry, G_KEY_FILE_DESKTOP_GROUP, G_KEY_FILE_DESKTOP_KEY_ICON,
			      "org.countersign.Countersign");
	g_key_file_set_boolean(entry, G_KEY_FILE_DESKTOP_GROUP, "X-GNOME-Autostart-enabled", TRUE);
	return entry;
}

static gboolean
write_entry(const char *path, const char *program, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(GKeyFile) entry = make_entry(program);
	g_autofree char *text = g_key_file_to_data(entry, NULL, NULL);
	g_autoptr(GError) failure = NULL;

	if (g_mkdir_with_parents(folder, 0700) != 0) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot make folder %s"),
					folder);
		return FALSE;
	}
	if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
				     &failure))
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "autostart-failed", "%s", failure->message);
	return FALSE;
}

static gboolean
remove_entry(const char *path, GError **error)
{
	if (g_unlink(path) == 0 || errno == ENOENT)
		return TRUE;
	cs_error_set_from_errno(error, CS_ERROR_STATE, errno, N_("cannot delete %s"), path);
	return FALSE;
}

/**
 * cs_autostart_get:
 * @config_home: $XDG_CONFIG_HOME
 *
 * An entry that somebody hid, by another program's switch, is one that does not start.
 *
 * Returns: whether Countersign starts with the user's next session
 */
gboolean
cs_autostart_get(const char *config_home)
{
	g_autofree char *path = dup_path(config_home);
	g_autoptr(GBytes) data = cs_file_read(path, MAX_ENTRY_BYTES, NULL);
	g_autoptr(GKeyFile) entry = g_key_file_new();
	g_autofree char *enabled = NULL;

	if (data == NULL || !g_key_file_load_from_bytes(entry, data, G_KEY_FILE_NONE, NULL))
		return FALSE;
	enabled = g_key_file_get_string(entry, G_KEY_FILE_DESKTOP_GROUP,
					"X-GNOME-Autostart-enabled", NULL);
	return g_key_file_has_key(entry, G_KEY_FILE_DESKTOP_GROUP, G_KEY_FILE_DESKTOP_KEY_EXEC,
				  NULL) &&
	       g_strcmp0(enabled, "false") != 0 &&
	       !g_key_file_get_boolean(entry, G_KEY_FILE_DESKTOP_GROUP,
				       G_KEY_FILE_DESKTOP_KEY_HIDDEN, NULL);
}

/**
 * cs_autostart_set:
 * @config_home: $XDG_CONFIG_HOME
 * @start: whether to start with the user's sessions
 *
 * Writes or removes the entry, atomically, but without waiting for the disk as core/base/file.h
 * does: this runs where windows are drawn, and after a power cut the switch says what is there.
 *
 * Returns: TRUE where it is as asked. CS_ERROR_STATE
 */
gboolean
cs_autostart_set(const char *config_home, gboolean start, GError **error)
{
	g_autofree char *path = dup_path(config_home);
	g_autofree char *program = NULL;

	if (!start)
		return remove_entry(path, error);
	program = dup_program(error);
	return program != NULL && write_entry(path, program, error);
}
