/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/revocation-feed.h"
#include "core/authority/revocation-pool.h"
#include "core/authority/revocation-questions.h"
#include "core/authority/revocation-watch.h"

/* For revocation-watch.c, which others ask, and revocation-work.c, the work of its thread. */

struct _CsRevocationWatch {
	char *folder;
	CsClock clock;
	GCancellable *cancellable; /* cancelled: the thread ends */
	GThread *thread;
	CsRevocationTold told; /* (nullable), before the thread */
	gpointer told_data;

	/* The thread's, once there is one: */
	GPtrArray *feeds; /* (element-type CsRevocationFeed) */
	CsRevocationPool *pool;
	guint64 stamp; /* of the store */

	GAsyncQueue *wake; /* anything in it: look at once */

	GMutex mutex;
	GPtrArray *rows;  /* (nullable) */
	gboolean changed; /* rows, the store or a file: to be loaded */
	gboolean loading; /* they are */
	GPtrArray *views; /* (element-type CsRevocationView) */
	CsRevocationQuestions *questions;
	GHashTable *used; /* fingerprints of certificates asked about, for the thread to note */
	guint64 seen_stamp;
};

gint64 cs_revocation_watch_get_now(const CsRevocationWatch *watch);
/* (transfer full) (nullable). Under the mutex. */
CsRevocationView *cs_revocation_watch_find_view(const CsRevocationWatch *watch, const char *issuer);
/* Drops what answers by another choice than the rows'. Under the mutex. */
void cs_revocation_watch_keep_current(CsRevocationWatch *watch);

/* By the thread, or while there is none. */
void cs_revocation_watch_load(CsRevocationWatch *watch, GPtrArray *rows);
/* One round; when the next is to be, Unix seconds. */
gint64 cs_revocation_watch_work(CsRevocationWatch *watch);
/* Whether there is something to do at once. */
gboolean cs_revocation_watch_has_more(CsRevocationWatch *watch);
