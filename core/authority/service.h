/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"
#include "core/base/httpd.h"
#include "core/base/tls-files.h"

/* The HTTP calls of docs/protocol.md over one authority, on `context`'s thread. Challenges and
 * nonces live in memory: a restart forgets them, so nothing can be replayed over it. */
typedef struct _CsService CsService;

/* Takes the folder's serve lock: CS_ERROR_REFUSED, "already-serving", where another holds it. */
CsService *cs_service_new(CsAuthority *authority,
			  GMainContext *context,
			  const char *host,
			  guint16 port,
			  const char *certificate_pem,
			  const char *key_pem,
			  GError **error);
/* Where it listens: "http://127.0.0.1:8080". */
const char *cs_service_get_address(const CsService *service);
/* A call that failed for no fault of the caller's, who only hears "internal": full disk, broken
 * registry. On the context's thread. */
typedef void (*CsServiceFault)(const GError *error, gpointer data);
void cs_service_set_fault_handler(CsService *service, CsServiceFault fault, gpointer data);
/* files: (transfer full): what certificate and key were read from; taken anew when replaced. */
void cs_service_watch_tls(CsService *service, CsTlsFiles *files);
void cs_service_reload_tls(CsService *service); /* now */
/* token (nullable): who brings it sees /metrics, and nobody else; NULL: who asks from this machine. */
void cs_service_set_metrics_token(CsService *service, CsSecret *token);
/* TRUE: each request its own commit. Unless set, those that are ready share one. */
void cs_service_set_commits_alone(CsService *service, gboolean alone);
/* How long a sign-in may wait for a revocation answer under way; 2000 unless set. */
void cs_service_set_patience(CsService *service, guint patience_ms);
void cs_service_free(CsService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsService, cs_service_free)
