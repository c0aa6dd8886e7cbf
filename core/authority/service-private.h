/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/challenges.h"
#include "core/authority/revocation-watch.h"
#include "core/authority/service-counts.h"
#include "core/authority/service.h"
#include "core/authority/trusted-issuers.h"
#include "core/base/file.h"
#include "core/base/workers.h"

/* The built-in CA's CRL that was handed out last; service-status.c's. */
typedef struct _CsPublishedCrl CsPublishedCrl;
void cs_published_crl_free(CsPublishedCrl *published);

/* A response whose signatures are verified ahead; service-prepare.c's. */
typedef struct _CsPreparedResponse CsPreparedResponse;

/* By how much the clock was set, each way apart, as there and back is two jumps. */
typedef struct {
	gint64 forward_s;
	gint64 backward_s; /* below 0 */
} CsClockJumps;

#define CS_SERVICE_MAX_POSTPONED 64 /* of the connections; beyond it nobody waits */
#define CS_SERVICE_MAX_AWAITING	 8  /* of these, for one certificate: no device takes all places */

/* What the service's files share among themselves, and with nobody else. */
struct _CsService {
	CsAuthority *authority; /* lent */
	CsRegistry *registry;	/* the authority's */
	CsFileLock *lock;
	CsHttpd *httpd;
	CsChallenges *challenges;
	CsTrustedIssuers *issuers;
	CsPublishedCrl *crl; /* NULL before the first */
	CsRevocationWatch *watch;
	GSource *news;	       /* the watch knows more: made ready by its thread */
	CsTlsFiles *tls_files; /* NULL: not watched */
	gboolean tls_refused;  /* what is in them is not what is served */
	gint64 tls_tried_us;   /* when they were tried last, monotonic */
	CsServiceCounts *counts;
	CsSecret *metrics_token; /* NULL: with a loopback URL, this machine may see the metrics */
	gint64 began_at;	 /* Unix seconds */
	CsWorkers *workers;
	CsPreparedResponse *prepared; /* (nullable): the request under way, lent */
	char *address;
	CsServiceFault fault; /* NULL: nobody wants to know */
	gpointer fault_data;
	gint64 unproven_since;	   /* the minute that the count below is of */
	guint unproven_lines;	   /* of the log */
	const char *peer;	   /* where the request under way came from */
	const char *request;	   /* its id */
	const char *authorization; /* (nullable) what it brings to be let in by */
	gboolean is_forwarded;	   /* a proxy handed it on */
	gboolean may_postpone;	   /* it need not be answered yet */
	char *awaited; /* (nullable): it is not: the certificate whose revocation it awaits */
	gboolean commits_alone; /* each request's own commit, instead of one for all */
	CsClockMark clock_mark;
	CsClockJumps jumps;	 /* no line of the log says so yet */
	CsClockJumps turn_jumps; /* one of this turn does */
	guint turn_parts;	 /* requests that have their part in the turn */
	gboolean turn_open;	 /* the registry's transaction that this turn's requests share */
	gboolean turn_failed;	 /* nothing of this turn can be kept */
	gboolean turn_faulty;	 /* something of this turn has failed */
	gboolean unwell;	 /* something has failed since all was last written well */
};

/* What a caller may be told instead of an answer (docs/protocol.md). */
typedef enum {
	CS_PROBLEM_REQUEST_MALFORMED,
	CS_PROBLEM_CONTENT_TYPE,
	CS_PROBLEM_TOKEN_MALFORMED,
	CS_PROBLEM_NONCE_INVALID,
	CS_PROBLEM_CODE_INVALID,
	CS_PROBLEM_USER_SUSPENDED,
	CS_PROBLEM_DEVICE_NOT_ACTIVE,
	CS_PROBLEM_CHALLENGE_UNKNOWN,
	CS_PROBLEM_DEVICE_UNKNOWN,
	CS_PROBLEM_NOT_FOUND,
	CS_PROBLEM_METHOD_NOT_ALLOWED,
	CS_PROBLEM_BUSY,
	CS_PROBLEM_DISK_FULL,
	CS_PROBLEM_INTERNAL,
	CS_PROBLEM_COUNT,
} CsProblem;

typedef struct {
	guint status;
	cJSON *body;		  /* NULL: bytes, or a problem */
	GBytes *bytes;		  /* NULL: body, or a problem */
	const char *content_type; /* of bytes; static */
	CsProblem problem;
	const char *detail; /* static sentence, nothing of the request in it */
	const char
		*route; /* (nullable) static: the path that was asked for, "{id}" in place of ids */
} CsAnswer;

void cs_answer_set(CsAnswer *answer, guint status, cJSON *body_taken);
void cs_answer_set_bytes(CsAnswer *answer, const char *content_type, GBytes *bytes);
void cs_answer_set_problem(CsAnswer *answer, CsProblem problem, const char *detail);
/* The server's own failure. */
void cs_answer_set_fault(CsAnswer *answer, const GError *error);
/* Lets go of what the answer holds. */
void cs_answer_write(CsAnswer *answer, CsHttpdResponse *response);

/* One call: id is the path's (nullable), body the request's object (NULL for GET). TRUE: the answer
 * is set, be it a problem, or what the request awaits is. FALSE and error only where the server itself failed. */
typedef gboolean (*CsServiceCall)(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);

/* The same for a call whose body is no JSON: it comes as it is. */
typedef gboolean (*CsServiceRawCall)(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error);

gboolean cs_service_get_crl(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error);
gboolean cs_service_answer_ocsp(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error);
gboolean cs_service_make_nonce(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);
gboolean cs_service_enrol(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);
gboolean cs_service_delete_account(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);
gboolean cs_service_open_transaction(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);
gboolean cs_service_respond(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);
gboolean cs_service_get_metrics(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error);
gboolean cs_service_get_health(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);
gboolean cs_service_query_device(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error);

/* What a response costs begins when it has arrived. Before the first request. */
void cs_service_start_workers(CsService *service);
gpointer cs_service_prepare_cb(const CsHttpdRequest *request, gpointer data);
void cs_service_prepared_free_cb(gpointer data);
/* Of the request under way; NULL where nothing was begun. */
const cJSON *cs_service_get_prepared_body(const CsService *service);
const CsProofs *cs_service_ensure_proofs(CsService *service);
/* The transaction that a request responds to; NULL where it is another call. */
char *cs_service_dup_response_id(const CsHttpdRequest *request);

/* Finds the call and runs it; the answer is set, be it to a problem. */
void cs_service_answer_request(CsService *service, const CsHttpdRequest *request, CsAnswer *answer);

gint64 cs_service_get_now(const CsService *service);
void cs_service_check_clock(CsService *service);
/* Within a turn: the lines of what is not in the log. Nothing where all is. */
gboolean cs_service_write_jumps(CsService *service, gpointer data, GError **error);
gboolean cs_service_has_jumps(const CsService *service);
/* At the end of a turn: whether its lines are kept. */
void cs_service_settle_jumps(CsService *service, gboolean kept);
/* The administrator's list as it is now, for challenges and for what is asked about revocation. */
gboolean cs_service_refresh_issuers(CsService *service, GError **error);
/* Runs work within the transaction that all requests of a turn share; what it did is undone where it
 * fails, and all of the turn where the commit does. The answer is held until then. */
typedef gboolean (*CsServiceWork)(CsService *service, gpointer data, GError **error);
gboolean cs_service_commit(CsService *service, CsServiceWork work, gpointer data, GError **error);
void cs_service_settle_cb(GPtrArray *answers, gpointer data);
/* proven: somebody's signature or code was good. Others' lines are limited. */
gboolean
cs_service_log(CsService *service, const CsLogEntry *entry, gboolean proven, GError **error);
/* What every token with a nonce must say; a problem in answer, and FALSE, where it does not. Takes
 * the nonce. */
gboolean cs_service_accept_token(
	CsService *service, const char *aud, gint64 iat, const char *nonce, CsAnswer *answer);
/* Fills kid, iss, iat, rsh and request, signs, and answers 200 {"verdict"}. */
gboolean cs_service_answer_verdict(CsService *service,
				   CsVerdict *verdict,
				   const char *answered_token,
				   CsAnswer *answer,
				   GError **error);
/* cs_httpd_set_observer()'s: the server's log. */
void cs_service_observe_cb(const CsHttpdOutcome *outcome, gpointer data);
/* For whoever runs the server. */
void cs_service_report_fault(CsService *service, const GError *error);
gboolean cs_service_is_id(const char *text); /* [a-z0-9]{1,64} */
