/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ui/account-page.h"
#include "ui/accounts-page.h"
#include "ui/add-page.h"
#include "ui/explanation-page.h"
#include "ui/repurpose-page.h"
#include "ui/window.h"

#define CS_PAGE_ACCOUNTS    "accounts"
#define CS_PAGE_ACCOUNT	    "account"
#define CS_PAGE_EXPLANATION "explanation"
#define CS_PAGE_ADD	    "add"
#define CS_PAGE_REPURPOSE   "repurpose"

/* What the window's files share among themselves, and with nobody else. */
struct _CsWindow {
	GtkWindow parent_instance;
	GApplication *application;
	CsAgent *agent;
	CsWindowSettings settings;
	GActionMap *actions;
	CsAccountsPage *accounts;
	CsAccountPage *account;
	CsExplanationPage *explanation; /* of that account */
	CsAddPage *add;
	CsRepurposePage *repurpose;
	gboolean adds_for_guide; /* the guide goes on when the account is added, or is not */
	GtkHeaderBar *header;
	GtkWidget *back_button;
	GtkWidget *add_button;
	GtkToggleButton *menu_button;
	GtkInfoBar *info_bar;
	GtkLabel *info_label;
	GtkStack *stack;
	guint ages_id; /* 0 while nobody can see an age */
	gboolean is_iconified;
};

gboolean cs_window_is_at(CsWindow *self, const char *page);
void cs_window_go_to(CsWindow *self, const char *page);
void cs_window_say(CsWindow *self, GtkMessageType kind, const char *text);
/* Back to where adding was begun. */
void cs_window_leave_add(CsWindow *self);
void cs_window_show_deletion(CsWindow *self, const char *id);

/* window-actions.c: what the menu, the buttons and the keys do. */
void cs_window_add_actions(CsWindow *self);
void cs_window_update_actions(CsWindow *self);
