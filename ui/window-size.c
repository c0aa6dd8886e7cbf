/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/window-size.h"

#define GROUP	      "window"
#define KEY_WIDTH     "width"
#define KEY_HEIGHT    "height"
#define KEY_MAXIMIZED "maximized"
/* Whatever the file says, the window can be found and closed again. */
#define MIN_SIZE 200
#define MAX_SIZE 10000

typedef struct {
	char *path;
	int width; /* when not maximized; 0 before it was ever shown */
	int height;
} Size;

static void
size_free(gpointer data, GClosure *closure)
{
	Size *size = data;

	g_free(size->path);
	g_free(size);
}

static void
size_allocate_cb(GtkWidget *widget, GdkRectangle *allocation, gpointer data)
{
	Size *size = data;

	if (!gtk_window_is_maximized(GTK_WINDOW(widget)))
		gtk_window_get_size(GTK_WINDOW(widget), &size->width, &size->height);
}

/* Without waiting for the disk: this runs where windows are drawn, and a lost size is no loss. */
static void
unmap_cb(GtkWidget *widget, gpointer data)
{
	const Size *size = data;
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *folder = g_path_get_dirname(size->path);
	g_autofree char *text = NULL;

	if (size->width == 0)
		return;
	g_key_file_set_integer(file, GROUP, KEY_WIDTH, size->width);
	g_key_file_set_integer(file, GROUP, KEY_HEIGHT, size->height);
	g_key_file_set_boolean(file, GROUP, KEY_MAXIMIZED,
			       gtk_window_is_maximized(GTK_WINDOW(widget)));
	text = g_key_file_to_data(file, NULL, NULL);
	(void)g_mkdir_with_parents(folder, 0700);
	(void)g_file_set_contents_full(size->path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
}

/**
 * cs_window_size_restore:
 * @window: a window that has not been shown yet
 * @path: where its size was kept
 */
void
cs_window_size_restore(GtkWindow *window, const char *path)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	int width = 0;
	int height = 0;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
		return;
	width = g_key_file_get_integer(file, GROUP, KEY_WIDTH, NULL);
	height = g_key_file_get_integer(file, GROUP, KEY_HEIGHT, NULL);
	if (width >= MIN_SIZE && width <= MAX_SIZE && height >= MIN_SIZE && height <= MAX_SIZE)
		gtk_window_set_default_size(window, width, height);
	if (g_key_file_get_boolean(file, GROUP, KEY_MAXIMIZED, NULL))
		gtk_window_maximize(window);
}

/**
 * cs_window_size_follow:
 * @window: a window
 * @path: where its size is to be kept
 */
void
cs_window_size_follow(GtkWindow *window, const char *path)
{
	Size *size = g_new0(Size, 1);

	size->path = g_strdup(path);
	g_signal_connect(window, "size-allocate", G_CALLBACK(size_allocate_cb), size);
	g_signal_connect_data(window, "unmap", G_CALLBACK(unmap_cb), size, size_free, 0);
}
