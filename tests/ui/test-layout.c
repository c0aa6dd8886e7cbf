/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/ui/scenes.h"

#include <string.h>

/* Nothing is cut off, and the window keeps its width: in light and dark, with letters twice as large,
 * and from right to left; in English, and in German, which is longer. With the argument
 * --screenshots FOLDER every scene is kept as a picture there, to be looked at. */

#define NORMAL_DPI (96 * 1024)

typedef struct {
	const char *name;
	gboolean is_dark;
	int scale;
	GtkTextDirection direction;
} Look;

static const Look looks[] = {
	{"light", FALSE, 1, GTK_TEXT_DIR_LTR},
	{"dark", TRUE, 1, GTK_TEXT_DIR_LTR},
	{"double", FALSE, 2, GTK_TEXT_DIR_LTR},
	{"rtl", FALSE, 1, GTK_TEXT_DIR_RTL},
};

/* Of the test that is running. */
static const Look *current;
static const char *screenshots; /* (nullable) */

static void
put_on(const Look *look)
{
	g_object_set(gtk_settings_get_default(), "gtk-application-prefer-dark-theme", look->is_dark,
		     "gtk-xft-dpi", look->scale * NORMAL_DPI, NULL);
	gtk_widget_set_default_direction(look->direction);
	current = look;
}

/* The header's title gives way to its buttons, as it does everywhere. */
static gboolean
may_be_short(GtkWidget *label)
{
	GtkStyleContext *style = gtk_widget_get_style_context(label);

	return gtk_style_context_has_class(style, GTK_STYLE_CLASS_TITLE) ||
	       gtk_style_context_has_class(style, GTK_STYLE_CLASS_SUBTITLE);
}

/* (nullable): what is wrong with how it is placed. */
static char *
find_fault(GtkWidget *widget, GtkWidget *window)
{
	int width = gtk_widget_get_allocated_width(widget);
	int needed = 0;
	int left = 0;

	gtk_widget_translate_coordinates(widget, window, 0, 0, &left, NULL);
	if (left < 0 || left + width > gtk_widget_get_allocated_width(window))
		return g_strdup_printf("reaches from %d to %d in a window of %d", left,
				       left + width, gtk_widget_get_allocated_width(window));
	if (!GTK_IS_LABEL(widget))
		return NULL;
	gtk_widget_get_preferred_height_for_width(widget,
						  width + gtk_widget_get_margin_start(widget) +
							  gtk_widget_get_margin_end(widget),
						  &needed, NULL);
	needed -= gtk_widget_get_margin_top(widget) + gtk_widget_get_margin_bottom(widget);
	if (gtk_widget_get_allocated_height(widget) < needed)
		return g_strdup_printf("is %d high and needs %d",
				       gtk_widget_get_allocated_height(widget), needed);
	if (!may_be_short(widget) &&
	    pango_layout_is_ellipsized(gtk_label_get_layout(GTK_LABEL(widget))))
		return g_strdup("is cut short");
	return NULL;
}

typedef struct {
	GtkWidget *window;
	guint n_texts;
	char *complaint;
} Placing;

static void
find_faults_cb(GtkWidget *widget, gpointer data)
{
	Placing *placing = data;
	g_autofree char *fault = NULL;

	if (placing->complaint || !gtk_widget_get_mapped(widget))
		return;
	if (GTK_IS_LABEL(widget) || GTK_IS_BUTTON(widget) || GTK_IS_ENTRY(widget))
		fault = find_fault(widget, placing->window);
	placing->n_texts += GTK_IS_LABEL(widget);
	if (fault)
		placing->complaint = g_strdup_printf(
			"%s \"%s\" %s", gtk_buildable_get_name(GTK_BUILDABLE(widget)),
			GTK_IS_LABEL(widget) ? gtk_label_get_text(GTK_LABEL(widget)) : "", fault);
	else if (GTK_IS_CONTAINER(widget))
		gtk_container_forall(GTK_CONTAINER(widget), find_faults_cb, placing);
}

/* The windows as they stand on the screen, one over the other. */
static void
keep_picture(CsTestDesktop *d, const CsTestScene *scene)
{
	GtkWidget *dialog = cs_test_get_dialog();
	GdkRectangle frame = {0};
	g_autofree char *name = g_strdup_printf("%s-%s.png", scene->name, current->name);
	g_autofree char *path = g_build_filename(screenshots, name, NULL);
	g_autoptr(GdkPixbuf) picture = NULL;
	g_autoptr(GError) error = NULL;

	gdk_window_get_frame_extents(gtk_widget_get_window(d->window), &frame);
	if (dialog) {
		GdkRectangle other = {0};

		gdk_window_get_frame_extents(gtk_widget_get_window(dialog), &other);
		gdk_rectangle_union(&frame, &other, &frame);
	}
	picture = gdk_pixbuf_get_from_window(gdk_get_default_root_window(), frame.x, frame.y,
					     frame.width, frame.height);
	gdk_pixbuf_save(picture, path, "png", &error, NULL);
	g_assert_no_error(error);
}

/* A text that does not fold would make the window wider than it wants to be. */
static void
assert_width(GtkWindow *window)
{
	int wanted = 0;
	int width = 0;

	gtk_window_get_default_size(window, &wanted, NULL);
	gtk_window_get_size(window, &width, NULL);
	g_assert_cmpint(width, <=, wanted * current->scale);
}

static void
look_at(CsTestDesktop *d, const CsTestScene *scene)
{
	GtkWidget *dialog = cs_test_get_dialog();
	Placing placing = {dialog ? dialog : d->window, 0, NULL};

	assert_width(GTK_WINDOW(d->window));
	find_faults_cb(placing.window, &placing);
	if (screenshots)
		keep_picture(d, scene);
	g_assert_cmpstr(placing.complaint, ==, NULL);
	g_assert_cmpuint(placing.n_texts, >, 1);
}

typedef struct {
	const Look *look;
	const CsTestScene *scene;
} Case;

static void
test_scene(gconstpointer data)
{
	const Case *test = data;

	put_on(test->look);
	cs_test_scene_run(test->scene, look_at);
	put_on(&looks[0]);
}

/* What this test exists to find: it does. */
static void
test_samples(void)
{
	GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	GtkWidget *label = gtk_label_new("a text that is much longer than the window is wide");
	Placing placing = {window, 0, NULL};

	gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
	gtk_container_add(GTK_CONTAINER(window), label);
	gtk_window_set_default_size(GTK_WINDOW(window), 80, 40);
	gtk_widget_show_all(window);
	gtk_test_widget_wait_for_draw(window);
	find_faults_cb(window, &placing);
	g_assert_nonnull(strstr(placing.complaint, "is cut short"));
	g_free(placing.complaint);
	gtk_widget_destroy(window);
}

int
main(int argc, char **argv)
{
	cs_test_desktop_init(&argc, &argv);
	if (argc == 3 && strcmp(argv[1], "--screenshots") == 0)
		screenshots = argv[2];
	g_test_add_func("/layout/samples", test_samples);
	for (guint i = 0; i < G_N_ELEMENTS(looks); i++) {
		for (const CsTestScene *scene = cs_test_scenes; scene->name; scene++) {
			g_autofree char *path =
				g_strconcat("/layout/", looks[i].name, "/", scene->name, NULL);
			Case *test = g_new(Case, 1);

			*test = (Case){&looks[i], scene};
			g_test_add_data_func_full(path, test, test_scene, g_free);
		}
	}
	return g_test_run();
}
