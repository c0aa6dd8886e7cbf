/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tests/fixtures/agent-fixture.h"
#include "ui/window.h"

/* The window over a real agent, its server and its home. Whatever is looked for and is not there
 * ends the test. */
typedef struct {
	CsTestAgent base; /* first: its functions take this */
	GApplication *application;
	GtkWidget *window; /* (nullable), weak: NULL once it is destroyed */
	CsWindowSettings settings;
	CsClock clock;
	gint64 now; /* Unix seconds, for the window alone */
	char *state_file;
	gboolean is_autostarted;
	gboolean is_autostart_broken;
} CsTestDesktop;

/* GLib's tests and GTK, without animations, so that what is shown is there at once. */
void cs_test_desktop_init(int *argc, char ***argv);
void cs_test_add_desktop_test(const char *path, void (*test)(CsTestDesktop *d, gconstpointer data));
void cs_test_desktop_set_up(CsTestDesktop *d, gconstpointer data);
void cs_test_desktop_tear_down(CsTestDesktop *d, gconstpointer data);

/* Starts the agent, waits until it has settled, and shows the window. */
void cs_test_desktop_open(CsTestDesktop *d);
void cs_test_desktop_open_window(CsTestDesktop *d);
/* Lets GTK place and draw everything; the other waits until the agent has settled first. */
void cs_test_desktop_place(CsTestDesktop *d);
void cs_test_desktop_draw(CsTestDesktop *d);
/* Ada's account is gone before the agent looks. */
void cs_test_desktop_empty(CsTestDesktop *d);
/* A code that the server takes, for one account of this user. */
/* A user's store that nobody can read, root either; until it is removed again. */
void cs_test_desktop_block_store(CsTestDesktop *d);
void cs_test_desktop_unblock_store(CsTestDesktop *d);
void cs_test_desktop_add_code(CsTestDesktop *d, const char *code, const char *user);
char *cs_test_desktop_make_link(CsTestDesktop *d, const char *code);

/* By its id in the .ui file, among what can be seen of all windows; the newest window first. */
GtkWidget *cs_test_find(const char *id);
gboolean cs_test_is_shown(const char *id);
const char *cs_test_get_text(const char *id); /* of a label, an entry, a field or a problem */
void cs_test_expect_text(const char *id, const char *part);
void cs_test_type(const char *id, const char *text);
/* What a click does; the button can be clicked. */
void cs_test_press(const char *id);
/* To the window, which gives it to what has the focus. */
void cs_test_key(GtkWidget *window, guint key, GdkModifierType modifiers);
/* As a window manager gives it, or takes it away. */
void cs_test_give_focus(GtkWidget *window, gboolean in);
GtkWidget *cs_test_get_dialog(void); /* (nullable): the one on the screen */
/* Until a text shows, or no longer. */
void cs_test_wait_shown(const char *id);
void cs_test_wait_hidden(const char *id);
void cs_test_wait_text(const char *id, const char *part);
void cs_test_wait_rows(const char *id, guint count); /* of a list */
