/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/scenes.h"

#include <string.h>

/* By Tab: more than any window has places for the focus. */
#define MAX_STEPS 60

/* What a person acts on, as it is told to whoever reads the screen aloud. */
static gboolean
is_control(AtkRole role)
{
	switch ((int)role) {
	case ATK_ROLE_PUSH_BUTTON:
	case ATK_ROLE_TOGGLE_BUTTON:
	case ATK_ROLE_CHECK_BOX:
	case ATK_ROLE_RADIO_BUTTON:
	case ATK_ROLE_MENU_ITEM:
	case ATK_ROLE_CHECK_MENU_ITEM:
	case ATK_ROLE_COMBO_BOX:
	case ATK_ROLE_ENTRY:
	case ATK_ROLE_PASSWORD_TEXT:
	case ATK_ROLE_TEXT:
	case ATK_ROLE_LINK:
	case ATK_ROLE_LIST:
	case ATK_ROLE_LIST_BOX:
	case ATK_ROLE_LIST_ITEM:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean
has_name(AtkObject *object)
{
	const char *name = atk_object_get_name(object);
	AtkRelationSet *relations = NULL;
	gboolean is_labelled = FALSE;

	if (name && *name != '\0')
		return TRUE;
	relations = atk_object_ref_relation_set(object);
	is_labelled = atk_relation_set_contains(relations, ATK_RELATION_LABELLED_BY);
	g_object_unref(relations);
	return is_labelled;
}

static gboolean
is_showing(AtkObject *object)
{
	AtkStateSet *states = atk_object_ref_state_set(object);
	gboolean is_showing = atk_state_set_contains_state(states, ATK_STATE_SHOWING);

	g_object_unref(states);
	return is_showing;
}

static char *
describe(AtkObject *object, const char *what)
{
	GtkWidget *widget = GTK_IS_ACCESSIBLE(object)
				    ? gtk_accessible_get_widget(GTK_ACCESSIBLE(object))
				    : NULL;

	return g_strdup_printf("a %s (%s, \"%s\") %s",
			       atk_role_get_name(atk_object_get_role(object)),
			       widget ? gtk_buildable_get_name(GTK_BUILDABLE(widget)) : "no widget",
			       atk_object_get_name(object), what);
}

/* (nullable): the first that has no name. */
static char *
find_nameless(AtkObject *object, guint *n_controls)
{
	char *complaint = NULL;

	/* a link within a text has no widget of its own: it is read with the text */
	if (GTK_IS_ACCESSIBLE(object) && is_control(atk_object_get_role(object)) &&
	    is_showing(object)) {
		(*n_controls)++;
		if (!has_name(object))
			return describe(object, "has no name");
	}
	for (int i = 0; !complaint && i < atk_object_get_n_accessible_children(object); i++) {
		AtkObject *child = atk_object_ref_accessible_child(object, i);

		if (child)
			complaint = find_nameless(child, n_controls);
		g_clear_object(&child);
	}
	return complaint;
}

static GtkWidget *
stand_on(GHashTable *reached, GtkWidget *window)
{
	GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(window));

	if (focus)
		g_hash_table_add(reached, focus);
	return focus;
}

/* Everything that somebody without a mouse can stand on: by Tab, and in a list by the arrows. */
static GHashTable *
walk_by_keyboard(GtkWidget *window)
{
	GHashTable *reached = g_hash_table_new(NULL, NULL);

	cs_test_give_focus(window, TRUE);
	gtk_window_set_focus(GTK_WINDOW(window), NULL);
	for (guint i = 0; i < MAX_STEPS; i++) {
		GtkWidget *focus = NULL;
		GtkWidget *list = NULL;

		gtk_widget_child_focus(window, GTK_DIR_TAB_FORWARD);
		focus = stand_on(reached, window);
		list = focus ? gtk_widget_get_ancestor(focus, GTK_TYPE_LIST_BOX) : NULL;
		if (!list || !g_hash_table_add(reached, list))
			continue;
		for (guint j = 0; j < MAX_STEPS && gtk_widget_child_focus(list, GTK_DIR_DOWN); j++)
			(void)stand_on(reached, window);
		gtk_widget_grab_focus(focus);
	}
	return reached;
}

/* The window's own buttons are the window manager's to reach; insensitive ones wait their turn. */
static gboolean
must_be_reached(GtkWidget *widget)
{
	if (gtk_style_context_has_class(gtk_widget_get_style_context(widget), "titlebutton") ||
	    !gtk_widget_is_sensitive(widget))
		return FALSE;
	return GTK_IS_BUTTON(widget) || GTK_IS_ENTRY(widget) || GTK_IS_SWITCH(widget) ||
	       GTK_IS_MODEL_BUTTON(widget) || GTK_IS_LIST_BOX_ROW(widget) ||
	       (GTK_IS_LABEL(widget) && gtk_label_get_selectable(GTK_LABEL(widget)));
}

typedef struct {
	GHashTable *reached;
	char *complaint;
} Reach;

static void
find_unreached_cb(GtkWidget *widget, gpointer data)
{
	Reach *reach = data;

	if (reach->complaint || !gtk_widget_get_mapped(widget) || GTK_IS_POPOVER(widget))
		return;
	if (must_be_reached(widget) && !g_hash_table_contains(reach->reached, widget))
		reach->complaint = describe(gtk_widget_get_accessible(widget),
					    "is out of the keyboard's reach");
	else if (GTK_IS_CONTAINER(widget))
		gtk_container_forall(GTK_CONTAINER(widget), find_unreached_cb, reach);
}

/* (nullable): the first that is out of reach. */
static char *
find_unreached(GtkWidget *window)
{
	Reach reach = {walk_by_keyboard(window), NULL};

	find_unreached_cb(window, &reach);
	g_hash_table_unref(reach.reached);
	return reach.complaint;
}

static void
look(CsTestDesktop *d, const CsTestScene *scene)
{
	GtkWidget *dialog = cs_test_get_dialog();
	GtkWidget *window = dialog ? dialog : d->window;
	guint n_controls = 0;
	g_autofree char *nameless = find_nameless(gtk_widget_get_accessible(window), &n_controls);
	g_autofree char *unreached = NULL;

	g_assert_cmpstr(nameless, ==, NULL);
	g_assert_cmpuint(n_controls, >, 0);
	if (cs_test_is_shown("menu_button"))
		gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(cs_test_find("menu_button")), FALSE);
	unreached = find_unreached(window);
	g_assert_cmpstr(unreached, ==, NULL);
}

static void
test_scene(gconstpointer data)
{
	cs_test_scene_run(data, look);
}

/* In the open menu the arrows move, from line to line. */
static void
test_menu(CsTestDesktop *d, gconstpointer data)
{
	static const char *const labels[] = {"Check Now", "Start at Login", "About Countersign",
					     "Quit"};
	g_autoptr(GHashTable) reached = g_hash_table_new(g_str_hash, g_str_equal);
	GtkPopover *menu = NULL;

	cs_test_desktop_open(d);
	cs_test_give_focus(d->window, TRUE);
	cs_test_key(d->window, GDK_KEY_F10, 0);
	menu = gtk_menu_button_get_popover(GTK_MENU_BUTTON(cs_test_find("menu_button")));
	g_assert_true(gtk_widget_get_mapped(GTK_WIDGET(menu)));
	for (guint i = 0; i < 2 * G_N_ELEMENTS(labels); i++) {
		GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(d->window));

		if (focus && GTK_IS_MODEL_BUTTON(focus))
			g_hash_table_add(reached, (gpointer)atk_object_get_name(
							  gtk_widget_get_accessible(focus)));
		gtk_widget_child_focus(GTK_WIDGET(menu), GTK_DIR_TAB_FORWARD);
	}
	for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
		if (!g_hash_table_contains(reached, labels[i]))
			g_error("the menu's \"%s\" is out of the keyboard's reach", labels[i]);
	}
}

/* What this test exists to find: it does. */
static void
test_samples(void)
{
	GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
	GtkWidget *icon = gtk_button_new();
	GtkWidget *named = gtk_button_new_with_label("Named");
	guint n_controls = 0;
	g_autofree char *complaint = NULL;

	gtk_container_add(GTK_CONTAINER(window), box);
	gtk_container_add(GTK_CONTAINER(box), named);
	gtk_container_add(GTK_CONTAINER(box), icon);
	gtk_widget_show_all(window);
	gtk_test_widget_wait_for_draw(window);
	complaint = find_nameless(gtk_widget_get_accessible(window), &n_controls);
	g_assert_nonnull(complaint);
	g_assert_cmpstr(find_unreached(window), ==, NULL);

	gtk_widget_set_can_focus(named, FALSE);
	g_free(complaint);
	complaint = find_unreached(window);
	g_assert_nonnull(strstr(complaint, "Named"));
	gtk_widget_destroy(window);
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	g_test_add_func("/accessible/samples", test_samples);
	cs_test_add_desktop_test("/accessible/menu", test_menu);
	for (const CsTestScene *scene = cs_test_scenes; scene->name; scene++) {
		g_autofree char *path = g_strconcat("/accessible/", scene->name, "-scene", NULL);

		g_test_add_data_func(path, scene, test_scene);
	}
	return g_test_run();
}
