/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"
#include "core/account/diagnosis.h"
#include "core/account/enrolment.h"
#include "core/account/history.h"
#include "core/account/repurposing.h"
#include "core/attest/explanation.h"
#include "core/store/removal.h"

#include <gio/gio.h>

/* The resident client: what the accounts' states are, and when it authenticates by itself. Lives on
 * the main thread; the room's blocking functions run in threads, their results are published here.
 * Knows no screen: ui/ shows what it says. */

/* From best to worst but for CHECKING, which shows while something is under way. */
typedef enum {
	CS_AGENT_NO_ACCOUNT,
	CS_AGENT_MANAGED,
	CS_AGENT_NOT_MANAGED,
	CS_AGENT_ACTION_NEEDED, /* the user has to do something before it can be otherwise */
	CS_AGENT_CHECKING,
} CsAgentState;

/* What a person is told once, and what to do next. */
#define CS_TYPE_AGENT_NOTICE (cs_agent_notice_get_type())
GType cs_agent_notice_get_type(void);
typedef struct {
	char *account_id; /* (nullable); that of an ended account is in no list any more */
	char *code;	  /* stable: "managed", a reason's or an error's; or, of what is to come,
			   * "certificate-expiring" or "key-rotating" */
	char *topic;	  /* (nullable): NULL: the account's state; else something beside it */
	char *title;	  /* translated, as the two below */
	char *sentence;	  /* names nobody: who shows it may read it as markup; the title names */
	char *next_step;  /* (nullable) */
	gboolean urgent;
} CsAgentNotice;

CsAgentNotice *cs_agent_notice_copy(const CsAgentNotice *notice);
void cs_agent_notice_free(CsAgentNotice *notice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAgentNotice, cs_agent_notice_free)

#define CS_TYPE_AGENT (cs_agent_get_type())
G_DECLARE_FINAL_TYPE(CsAgent, cs_agent, CS, AGENT, GObject)

/* Signals: "changed" (void): accounts, states or verdicts are others than they were.
 * "notice" (const CsAgentNotice *): something to tell; the same thing never twice, nor after a
 * restart. Connect before cs_agent_start().
 * Of the client the settings, the clock and the stores are used, lent for as long as the agent
 * lives; each operation opens an HTTP client of its own, so that none waits for another. */
CsAgent *cs_agent_new(const CsClient *client);
/* (nullable): when the network returns, every account is authenticated. At any time; the default
 * monitor is the program's to get. */
void cs_agent_watch_network(CsAgent *agent, GNetworkMonitor *monitor);
void cs_agent_start(CsAgent *agent); /* reads the book, then authenticates every account */
void cs_agent_stop(CsAgent *agent);  /* cancels what is under way and waits for it; final */

/* (transfer none) (element-type CsAccount), until the next "changed". */
GPtrArray *cs_agent_get_accounts(CsAgent *agent);
const CsAccount *cs_agent_get_account(CsAgent *agent, const char *id); /* (nullable) */
/* id NULL: of all, the worst; CHECKING while any is being checked. */
CsAgentState cs_agent_get_state(CsAgent *agent, const char *id);
/* (nullable): why the last check of this account had no answer; NULL where it had one. */
const GError *cs_agent_get_last_error(CsAgent *agent, const char *id);
/* (nullable): the book could not be read. */
const GError *cs_agent_get_book_error(CsAgent *agent);
/* Translated: one of the five states by name; and the state of one account, or of all, in a
 * sentence with what to do next (nullable). Free with g_free(). */
const char *cs_agent_state_get_name(CsAgentState state);
char *cs_agent_dup_sentence(CsAgent *agent, const char *id);
char *cs_agent_dup_next_step(CsAgent *agent, const char *id);
/* Of one account: whose that step is, before it; empty where there is none. */
char *cs_agent_dup_owned_step(CsAgent *agent, const char *id);

/* Check now: id NULL, every account. One under way is not begun again. */
void cs_agent_check(CsAgent *agent, const char *id);
/* Reads the book again: somebody else (the command line) may have changed it. */
void cs_agent_reload(CsAgent *agent);

/* Add, in two steps. Cancelling leaves nothing half added. */
void cs_agent_introduce_async(CsAgent *agent,
			      const char *url,
			      const char *pin,
			      GCancellable *cancellable,
			      GAsyncReadyCallback callback,
			      gpointer data);
CsIntroduction *cs_agent_introduce_finish(CsAgent *agent, GAsyncResult *result, GError **error);
void cs_agent_add_async(CsAgent *agent,
			const CsIntroduction *introduction,
			CsSecret *code,
			GCancellable *cancellable,
			GAsyncReadyCallback callback,
			gpointer data);
/* The new account's id; its first authentication has begun. */
char *cs_agent_add_finish(CsAgent *agent, GAsyncResult *result, GError **error);

/* Rule 23. *pending: the server could not be told yet. */
void cs_agent_delete_async(CsAgent *agent,
			   const char *id,
			   GCancellable *cancellable,
			   GAsyncReadyCallback callback,
			   gpointer data);
gboolean
cs_agent_delete_finish(CsAgent *agent, GAsyncResult *result, gboolean *pending, GError **error);

/* The last authentications, newest first, at most 20. (element-type CsHistoryEntry) */
void cs_agent_list_history_async(CsAgent *agent,
				 const char *id,
				 GCancellable *cancellable,
				 GAsyncReadyCallback callback,
				 gpointer data);
GPtrArray *cs_agent_list_history_finish(CsAgent *agent, GAsyncResult *result, GError **error);

/* Rule 25's steps at one organisation, url's or the first's, by the device key, which needs no
 * account. (element-type CsRepurposing) */
void cs_agent_follow_repurposing_async(CsAgent *agent,
				       const char *url,
				       GCancellable *cancellable,
				       GAsyncReadyCallback callback,
				       gpointer data);
GPtrArray *cs_agent_follow_repurposing_finish(CsAgent *agent, GAsyncResult *result, GError **error);

/* Where the certificate in use lives and whether its key can be copied, of the last explanation;
 * NULL where nothing is known. */
typedef struct {
	char *location;	     /* path, later a token's URI */
	gboolean is_machine; /* of the machine's store */
	gboolean key_exportable;
} CsAgentCertificatePlace;
void cs_agent_certificate_place_free(CsAgentCertificatePlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAgentCertificatePlace, cs_agent_certificate_place_free)
void cs_agent_find_certificate_async(CsAgent *agent,
				     const char *id,
				     GCancellable *cancellable,
				     GAsyncReadyCallback callback,
				     gpointer data);
CsAgentCertificatePlace *
cs_agent_find_certificate_finish(CsAgent *agent, GAsyncResult *result, GError **error);

/* The last authentication's explanation: of display alone. NULL without error: there is none. */
void cs_agent_get_explanation_async(CsAgent *agent,
				    const char *id,
				    GCancellable *cancellable,
				    GAsyncReadyCallback callback,
				    gpointer data);
CsExplanation *
cs_agent_get_explanation_finish(CsAgent *agent, GAsyncResult *result, GError **error);
/* (nullable): all of it in lines, for the helpdesk. */
char *cs_agent_dup_explanation_text(CsAgent *agent,
				    const char *id,
				    const char *step,
				    const CsExplanation *explanation);

/* Rule 9: what deleting a certificate would do, and the act; then every account is checked. */
void cs_agent_plan_removal_async(CsAgent *agent,
				 const char *fingerprint,
				 GCancellable *cancellable,
				 GAsyncReadyCallback callback,
				 gpointer data);
CsRemoval *cs_agent_plan_removal_finish(CsAgent *agent, GAsyncResult *result, GError **error);
void cs_agent_remove_certificate_async(CsAgent *agent,
				       const char *fingerprint,
				       GCancellable *cancellable,
				       GAsyncReadyCallback callback,
				       gpointer data);
CsRemoval *cs_agent_remove_certificate_finish(CsAgent *agent, GAsyncResult *result, GError **error);

/* The report for helpdesk: made to be read first, then saved. surroundings (nullable): lent until
 * the agent has stopped. */
void cs_agent_diagnose_async(CsAgent *agent,
			     const CsDiagnosisSurroundings *surroundings,
			     gboolean initials,
			     GCancellable *cancellable,
			     GAsyncReadyCallback callback,
			     gpointer data);
char *cs_agent_diagnose_finish(CsAgent *agent, GAsyncResult *result, GError **error);
void cs_agent_save_report_async(CsAgent *agent,
				const char *path,
				const char *text,
				GAsyncReadyCallback callback,
				gpointer data);
gboolean cs_agent_save_report_finish(CsAgent *agent, GAsyncResult *result, GError **error);
