/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/httpd-tls.h"
#include "core/base/httpd.h"

#include <microhttpd.h>

#define CS_HTTPD_DISCARD_MAX_BYTES 1048576
#define CS_HTTPD_CONNECTIONS_MAX   512
#define CS_HTTPD_METHOD_SIZE_BYTES 16

/* What the server's files share among themselves, and with nobody else. */
struct _CsHttpd {
	struct MHD_Daemon *daemon;
	GSource *source;
	gpointer listen_tag;
	int listen_fd; /* ours, not MHD's: what is not accepted costs MHD nothing */
	int epoll_fd;
	guint16 port;
	CsHttpdHandler handler;
	gpointer data;
	GQueue connections; /* of CsHttpdConnection by deadline, the next one to expire first */
	guint requests;	    /* begun and not yet completed */
	CsHttpdSettle settle;
	gpointer settle_data;
	CsHttpdPrepare prepare; /* (nullable) */
	GDestroyNotify free_prepared;
	gpointer prepare_data;
	CsHttpdTls *tls;		   /* (nullable) */
	CsHttpdBeforeAccept before_accept; /* (nullable) */
	gpointer before_accept_data;
	CsHttpdObserve observe; /* (nullable) */
	gpointer observe_data;
	GPtrArray *prepared; /* CsHttpdUpload, lent: suspended, to be handed over in this turn */
	GPtrArray *held;     /* CsHttpdUpload, lent: of this turn, their answers not yet sent */
	GPtrArray *held_answers; /* their CsHttpdResponse, for settle */
	GPtrArray *postponed;	 /* CsHttpdUpload, lent: suspended, to be handed over again */
	guint postponed_max;
	guint patience_ms;
	gboolean handled; /* whether the handler was called in this turn */
	gboolean resumed; /* whether answers wait for the next run */
	guint request_timeout_ms;
	gint64 accept_after_us;
	gint64 sweep_after_us;
	gboolean accepting; /* what the listening socket is watched for */
	gboolean stopping;
};

/* One request on the way in. Its body may hold a secret: no copy of it stays behind. */
typedef struct {
	guint8 *body;
	gsize length;
	gsize room;
	gsize received_bytes;  /* of it, kept and discarded */
	gsize discarded_bytes; /* beyond the cap, read only so that the peer hears the 413 */
	struct MHD_Connection *handle;
	char *id; /* (nullable) */
	char method[CS_HTTPD_METHOD_SIZE_BYTES];
	gint64 begun_us;
	guint sent_status;	/* 0: none yet */
	gsize sent_bytes;	/* of the answer's body */
	CsHttpdResponse answer; /* held until the turn is settled */
	gboolean is_answered;
	GBytes *whole;	       /* its body, once it has arrived, for every try */
	gint64 last_try_at_us; /* monotonic; when it is postponed no longer */
	gboolean is_resumed;   /* about to be handed over again, and still in its place */
	gboolean is_prepared;
	gpointer prepared; /* (nullable) */
	GDestroyNotify free_prepared;
} CsHttpdUpload;

/* httpd-connection.c: the sockets, and how long each may take. */
typedef struct _CsHttpdConnection CsHttpdConnection;
void cs_httpd_connection_cb(void *data,
			    struct MHD_Connection *handle,
			    void **socket_context,
			    enum MHD_ConnectionNotificationCode code);
CsHttpdConnection *cs_httpd_connection_get(struct MHD_Connection *handle);
const char *cs_httpd_connection_get_peer(CsHttpdConnection *connection,
					 struct MHD_Connection *handle);
void cs_httpd_connection_restart(CsHttpd *httpd, CsHttpdConnection *connection);
gint64 cs_httpd_get_deadline(CsHttpd *httpd);
void cs_httpd_expire_connections(CsHttpd *httpd, gint64 now_us);
void cs_httpd_sweep_connections(CsHttpd *httpd, gint64 now_us);
gboolean cs_httpd_may_accept(const CsHttpd *httpd, gint64 now_us);
void cs_httpd_accept_connections(CsHttpd *httpd, gint64 now_us);

/* httpd-upload.c: the body of a request. */
CsHttpdUpload *cs_httpd_upload_new(struct MHD_Connection *handle, const char *method);
enum MHD_Result cs_httpd_upload_take(CsHttpdUpload *upload, const char *data, size_t *size);
GBytes *cs_httpd_upload_ensure_bytes(CsHttpdUpload *upload);
void cs_httpd_upload_free(CsHttpdUpload *upload);

/* httpd-answer.c: answers that are sent, and those that are held until the turn is settled. */
enum MHD_Result cs_httpd_queue_too_large(CsHttpd *httpd, CsHttpdUpload *upload);
enum MHD_Result cs_httpd_send_answer(CsHttpd *httpd, CsHttpdUpload *upload);
enum MHD_Result cs_httpd_hold(CsHttpd *httpd, CsHttpdUpload *upload);
void cs_httpd_end_turn(CsHttpd *httpd);

/* httpd-postpone.c: requests that wait for something else than the end of a turn. */
gboolean cs_httpd_may_postpone(CsHttpd *httpd, CsHttpdUpload *upload, gint64 now_us);
enum MHD_Result cs_httpd_postpone(CsHttpd *httpd, CsHttpdUpload *upload);
void cs_httpd_retry_late(CsHttpd *httpd, gint64 now_us);
gint64 cs_httpd_get_next_try(const CsHttpd *httpd);

/* httpd-prepare.c: requests whose work begins before they are handed over. */
gboolean cs_httpd_prepare(CsHttpd *httpd, CsHttpdUpload *upload, const CsHttpdRequest *request);
gboolean cs_httpd_hand_over_prepared(CsHttpd *httpd);
