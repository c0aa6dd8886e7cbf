/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/ui-fixture.h"

#include "core/account/deletion.h"
#include "core/base/error.h"
#include "ui/field.h"
#include "ui/problem.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static gint64
get_unix_s(gpointer data)
{
	return ((CsTestDesktop *)data)->now;
}

static gint64
get_monotonic_us(gpointer data)
{
	return 0;
}

static gboolean
get_autostart(gpointer data)
{
	return ((CsTestDesktop *)data)->is_autostarted;
}

static gboolean
set_autostart(gboolean start, gpointer data, GError **error)
{
	CsTestDesktop *d = data;

	if (d->is_autostart_broken) {
		cs_error_set(error, CS_ERROR_STATE, NULL, "the folder cannot be written");
		return FALSE;
	}
	d->is_autostarted = start;
	return TRUE;
}

void
cs_test_desktop_init(int *argc, char ***argv)
{
	const char *folder = g_getenv("COUNTERSIGN_LOCALE_FOLDER");

	/* As main() does, so that LANGUAGE has its effect. */
	if (folder)
		bindtextdomain(GETTEXT_PACKAGE, folder);
	textdomain(GETTEXT_PACKAGE);
	g_test_init(argc, argv, NULL);
	gtk_init(argc, argv);
	g_object_set(gtk_settings_get_default(), "gtk-enable-animations", FALSE, NULL);
}

void
cs_test_desktop_set_up(CsTestDesktop *d, gconstpointer data)
{
	cs_test_agent_set_up(&d->base, data);
	d->application = g_application_new("org.countersign.Test", G_APPLICATION_NON_UNIQUE);
	d->now = CS_TEST_SERVER_NOW;
	d->clock = (CsClock){get_unix_s, get_monotonic_us, d};
	d->state_file = g_build_filename(d->base.home->folder, "made", "window.ini", NULL);
	d->settings = (CsWindowSettings){
		.clock = &d->clock,
		.organisation_url = cs_test_server_get_url(d->base.server),
		.device_name = "Ada's laptop",
		.get_autostart = get_autostart,
		.set_autostart = set_autostart,
		.data = d,
		.state_file = d->state_file,
	};
}

void
cs_test_desktop_tear_down(CsTestDesktop *d, gconstpointer data)
{
	GtkWidget *dialog = NULL;

	while ((dialog = cs_test_get_dialog()))
		gtk_widget_destroy(dialog);
	if (d->window)
		gtk_widget_destroy(d->window);
	g_assert_null(d->window);
	cs_test_agent_tear_down(&d->base, data);
	g_object_unref(d->application);
	g_free(d->state_file);
}

void
cs_test_add_desktop_test(const char *path, void (*test)(CsTestDesktop *, gconstpointer))
{
	g_test_add(path, CsTestDesktop, NULL, cs_test_desktop_set_up, test,
		   cs_test_desktop_tear_down);
}

void
cs_test_desktop_place(CsTestDesktop *d)
{
	GtkWidget *dialog = cs_test_get_dialog();

	gtk_test_widget_wait_for_draw(dialog ? dialog : d->window);
	while (gtk_events_pending())
		gtk_main_iteration();
}

void
cs_test_desktop_draw(CsTestDesktop *d)
{
	cs_test_agent_settle(&d->base);
	cs_test_desktop_place(d);
}

void
cs_test_desktop_open_window(CsTestDesktop *d)
{
	d->window = cs_window_new(d->application, d->base.agent, &d->settings);
	g_object_add_weak_pointer(G_OBJECT(d->window), (gpointer *)&d->window);
	gtk_window_present(GTK_WINDOW(d->window));
}

void
cs_test_desktop_open(CsTestDesktop *d)
{
	cs_test_agent_start(&d->base);
	cs_test_agent_settle(&d->base);
	cs_test_desktop_open_window(d);
	cs_test_desktop_draw(d);
}

void
cs_test_desktop_empty(CsTestDesktop *d)
{
	gboolean pending = FALSE;

	g_assert_true(cs_deletion_delete(&d->base.home->client, d->base.id, &pending, NULL, NULL));
}

static char *
get_aside(CsTestDesktop *d)
{
	return g_build_filename(d->base.home->folder, "aside", NULL);
}

/* A link to a name that is longer than any may be. */
void
cs_test_desktop_block_store(CsTestDesktop *d)
{
	const char *store = d->base.home->certificates;
	g_autofree char *aside = get_aside(d);
	g_autofree char *target = g_strnfill(NAME_MAX + 1, 'a');

	g_assert_cmpint(g_rename(store, aside), ==, 0);
	g_assert_cmpint(symlink(target, store), ==, 0);
}

void
cs_test_desktop_unblock_store(CsTestDesktop *d)
{
	const char *store = d->base.home->certificates;
	g_autofree char *aside = get_aside(d);

	g_assert_cmpint(g_unlink(store), ==, 0);
	g_assert_cmpint(g_rename(aside, store), ==, 0);
}

void
cs_test_desktop_add_code(CsTestDesktop *d, const char *code, const char *user)
{
	cs_test_server_add_code(d->base.server, code, user);
}

char *
cs_test_desktop_make_link(CsTestDesktop *d, const char *code)
{
	return g_strdup_printf("%s#%s.%s", cs_test_server_get_url(d->base.server), code,
			       cs_jwk_get_thumbprint(cs_test_server_get_key(d->base.server)));
}

typedef struct {
	const char *id;
	GtkWidget *found;
} Search;

static void
search_cb(GtkWidget *widget, gpointer data)
{
	Search *search = data;

	if (search->found || !gtk_widget_get_mapped(widget))
		return;
	if (g_strcmp0(gtk_buildable_get_name(GTK_BUILDABLE(widget)), search->id) == 0)
		search->found = widget;
	else if (GTK_IS_CONTAINER(widget))
		gtk_container_forall(GTK_CONTAINER(widget), search_cb, search);
}

static GtkWidget *
find(const char *id)
{
	g_autoptr(GList) windows = gtk_window_list_toplevels();
	Search search = {id, NULL};

	for (GList *at = windows; at; at = at->next) {
		if (GTK_IS_DIALOG(at->data))
			search_cb(at->data, &search);
	}
	for (GList *at = windows; at; at = at->next)
		search_cb(at->data, &search);
	return search.found;
}

GtkWidget *
cs_test_find(const char *id)
{
	GtkWidget *widget = find(id);

	if (!widget)
		g_error("nothing on the screen is called %s", id);
	return widget;
}

gboolean
cs_test_is_shown(const char *id)
{
	return find(id) != NULL;
}

static const char *
get_text(GtkWidget *widget)
{
	if (GTK_IS_LABEL(widget))
		return gtk_label_get_text(GTK_LABEL(widget));
	if (GTK_IS_ENTRY(widget))
		return gtk_entry_get_text(GTK_ENTRY(widget));
	if (CS_IS_FIELD(widget))
		return cs_field_get_value(CS_FIELD(widget));
	g_assert_true(CS_IS_PROBLEM(widget));
	return cs_problem_get_text(CS_PROBLEM(widget));
}

const char *
cs_test_get_text(const char *id)
{
	return get_text(cs_test_find(id));
}

void
cs_test_expect_text(const char *id, const char *part)
{
	const char *text = cs_test_get_text(id);

	if (!strstr(text, part))
		g_error("%s says \"%s\", not \"%s\"", id, text, part);
}

void
cs_test_type(const char *id, const char *text)
{
	GtkWidget *entry = cs_test_find(id);

	g_assert_true(gtk_widget_is_sensitive(entry));
	gtk_entry_set_text(GTK_ENTRY(entry), text);
}

void
cs_test_press(const char *id)
{
	GtkWidget *button = cs_test_find(id);

	g_assert_true(gtk_widget_is_sensitive(button));
	g_assert_true(atk_action_do_action(ATK_ACTION(gtk_widget_get_accessible(button)), 0));
	while (gtk_events_pending())
		gtk_main_iteration();
}

void
cs_test_key(GtkWidget *window, guint key, GdkModifierType modifiers)
{
	GdkEvent *event = gdk_event_new(GDK_KEY_PRESS);
	GdkKeymap *keymap = gdk_keymap_get_for_display(gtk_widget_get_display(window));
	g_autofree GdkKeymapKey *keys = NULL;
	int n_keys = 0;

	event->key.window = g_object_ref(gtk_widget_get_window(window));
	event->key.keyval = key;
	event->key.state = modifiers;
	if (gdk_keymap_get_entries_for_keyval(keymap, key, &keys, &n_keys))
		event->key.hardware_keycode = (guint16)keys[0].keycode;
	gdk_event_set_device(event, gdk_seat_get_keyboard(gdk_display_get_default_seat(
					    gtk_widget_get_display(window))));
	gtk_widget_event(window, event);
	gdk_event_free(event);
	while (gtk_events_pending())
		gtk_main_iteration();
}

void
cs_test_give_focus(GtkWidget *window, gboolean in)
{
	GdkEvent *event = gdk_event_new(GDK_FOCUS_CHANGE);

	event->focus_change.window = g_object_ref(gtk_widget_get_window(window));
	event->focus_change.in = (gint16)in;
	gtk_widget_event(window, event);
	gdk_event_free(event);
}

GtkWidget *
cs_test_get_dialog(void)
{
	g_autoptr(GList) windows = gtk_window_list_toplevels();

	for (GList *at = windows; at; at = at->next) {
		if (GTK_IS_DIALOG(at->data) && gtk_widget_get_mapped(at->data))
			return at->data;
	}
	return NULL;
}

static gboolean
is_shown(gpointer data)
{
	return cs_test_is_shown(data);
}

void
cs_test_wait_shown(const char *id)
{
	cs_test_agent_wait(is_shown, (gpointer)id);
}

static gboolean
is_hidden(gpointer data)
{
	return !cs_test_is_shown(data);
}

void
cs_test_wait_hidden(const char *id)
{
	cs_test_agent_wait(is_hidden, (gpointer)id);
}

static gboolean
has_text(gpointer data)
{
	const char *const *wanted = data;
	GtkWidget *widget = find(wanted[0]);

	return widget && strstr(get_text(widget), wanted[1]);
}

void
cs_test_wait_text(const char *id, const char *part)
{
	const char *wanted[] = {id, part};

	cs_test_agent_wait(has_text, wanted);
}

typedef struct {
	const char *id;
	guint count;
} Rows;

static gboolean
has_rows(gpointer data)
{
	const Rows *rows = data;
	GtkListBox *list = GTK_LIST_BOX(cs_test_find(rows->id));

	return gtk_list_box_get_row_at_index(list, (int)rows->count - 1) != NULL;
}

void
cs_test_wait_rows(const char *id, guint count)
{
	Rows rows = {id, count};

	cs_test_agent_wait(has_rows, &rows);
}
