/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

/* The one part that knows libmicrohttpd: its epoll descriptor as a GSource of `context`; the
 * handler runs on that context's thread. Caps: body 256 KiB (413), 512 connections, 10 s idle. */
typedef struct _CsHttpd CsHttpd;

typedef struct {
	const char *id; /* (nullable) [a-z0-9]; the answer's Request-Id; NULL: no chance */
	const char *method;
	const char *path;	   /* decoded by nobody; no query */
	const char *content_type;  /* (nullable) */
	const char *authorization; /* (nullable) */
	gboolean is_forwarded;	   /* it says that it came through a proxy */
	const char *peer;	   /* numeric address */
	GBytes *body;		   /* never NULL */
	gboolean last_try;	   /* must be answered now: can no longer be postponed */
	gpointer prepared;	   /* (nullable) what CsHttpdPrepare made of it; lent */
} CsHttpdRequest;

typedef struct {
	const char *request; /* (nullable) its id, lent; set before the handler is called */
	guint status;
	const char *content_type; /* static string */
	char *body;		  /* (transfer full) (nullable) text, g_malloc'ed */
	GBytes *bytes;		  /* (transfer full) (nullable): in place of body, not copied */
	gboolean held;		  /* not to be sent before the turn is settled */
	char *awaited;	   /* (transfer full) what it waits for; NULL: answered, not postponed */
	const char *route; /* (nullable) static strings, for whoever observes: */
	const char *code;  /* (nullable) of a problem */
} CsHttpdResponse;

/* What became of a request, when all is over. */
typedef struct {
	const char *id;		/* (nullable) */
	const char *method;	/* as it came, cut at 15 octets */
	const char *peer;	/* numeric address */
	const char *route;	/* (nullable) the handler's */
	const char *code;	/* (nullable) of a problem, the handler's or the server's own */
	guint status;		/* 0: gone before it was answered */
	gboolean complete;	/* the answer was sent whole */
	guint64 received_bytes; /* of the body */
	guint64 sent_bytes;	/* of the answer's body */
	gint64 duration_us;
} CsHttpdOutcome;

typedef void (*CsHttpdHandler)(const CsHttpdRequest *request,
			       CsHttpdResponse *response,
			       gpointer data);

/* Begins in other threads what the handler will need. NULL: nothing. */
typedef gpointer (*CsHttpdPrepare)(const CsHttpdRequest *request, gpointer data);

typedef void (*CsHttpdObserve)(const CsHttpdOutcome *outcome, gpointer data);

/* answers: CsHttpdResponse, lent, of every request held in this turn; each may be changed. */
typedef void (*CsHttpdSettle)(GPtrArray *answers, gpointer data);

/* Whether a postponed request goes on waiting for what it awaited. */
typedef gboolean (*CsHttpdAwaits)(const char *awaited, gpointer data);

/* Without certificate_pem and key_pem only a literal loopback address can be served. */
CsHttpd *cs_httpd_new(GMainContext *context,
		      const char *host,
		      guint16 port,
		      const char *certificate_pem,
		      const char *key_pem,
		      CsHttpdHandler handler,
		      gpointer data,
		      GError **error);
guint16 cs_httpd_get_port(const CsHttpd *httpd);
void cs_httpd_set_request_timeout(CsHttpd *httpd, guint timeout_ms); /* 30 s unless set */
void cs_httpd_set_settle(CsHttpd *httpd, CsHttpdSettle settle, gpointer data);
/* free_prepared: when the request is over; what was begun must have ended then. */
void cs_httpd_set_prepare(CsHttpd *httpd,
			  CsHttpdPrepare prepare,
			  GDestroyNotify free_prepared,
			  gpointer data);
/* 2 s and 64 unless set */
void cs_httpd_set_patience(CsHttpd *httpd, guint patience_ms, guint max_postponed);
void cs_httpd_retry(CsHttpd *httpd, CsHttpdAwaits awaits, gpointer data);
guint cs_httpd_count_awaiting(const CsHttpd *httpd, const char *awaited);

/* What is under way. */
typedef struct {
	guint connections;
	guint requests;	 /* begun, without a whole answer */
	guint postponed; /* of these */
} CsHttpdLoad;

void cs_httpd_get_load(const CsHttpd *httpd, CsHttpdLoad *load);
gboolean cs_httpd_is_loopback(const char *peer); /* (nullable) a request's */
void cs_httpd_set_observer(CsHttpd *httpd, CsHttpdObserve observe, gpointer data);
/* now: Unix seconds. For connections from here on; CS_ERROR_INVALID "tls-invalid", "tls-not-valid-now":
 * then it is as before. Only of a server with TLS. */
gboolean cs_httpd_set_tls(CsHttpd *httpd,
			  const char *certificate_pem,
			  const char *key_pem,
			  gint64 now,
			  GError **error);
gint64 cs_httpd_get_tls_not_after(const CsHttpd *httpd); /* Unix seconds; 0 without TLS */
typedef void (*CsHttpdBeforeAccept)(gpointer data);
void cs_httpd_set_before_accept(CsHttpd *httpd, CsHttpdBeforeAccept before, gpointer data);
void cs_httpd_free(CsHttpd *httpd); /* finishes answers under way, at most 2 s */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHttpd, cs_httpd_free)
