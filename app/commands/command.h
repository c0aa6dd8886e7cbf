/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command-line.h"
#include "app/log.h"
#include "core/account/client.h"
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/secret.h"
#include "core/base/settings.h"

#include <gio/gio.h>

/* One run of one verb: what the parser found, and what a command may use; all lent. */
struct _CsInvocation {
	const CsCommand *command;
	char **arguments; /* NULL-terminated */
	guint n_arguments;
	gboolean json;
	GCancellable *cancellable; /* SIGINT and SIGTERM cancel it */
	const char *authority_folder;
	const CsSettingsPaths *paths;
	const CsClock *clock;
	CsLog *log; /* opened with the client */
	/* used through the functions below */
	const CsCommandLine *line;
	CsClient *client;
};

gboolean cs_invocation_has(const CsInvocation *invocation, const char *option);
const char *cs_invocation_get(const CsInvocation *invocation, const char *option); /* last; NULL */
const char *const *cs_invocation_get_all(const CsInvocation *invocation, const char *option);
gboolean cs_invocation_get_number(const CsInvocation *invocation,
				  const char *option,
				  gint64 minimum,
				  gint64 maximum,
				  gint64 *number,
				  GError **error);

/* Settings, stores and HTTP client, made on first use. */
const CsClient *cs_invocation_ensure_client(CsInvocation *invocation, GError **error);
/* With the defaults where the settings cannot be read, and *settings_error says why. */
const CsClient *
cs_invocation_ensure_any_client(CsInvocation *invocation, GError **settings_error, GError **error);
void cs_invocation_clear(CsInvocation *invocation);

/* Output: one document on standard output. With --json errors are {"error": {"code", "message"}}
 * there too; otherwise on standard error, with what to do next. Consumes nothing. */
CsExit cs_invocation_fail(const CsInvocation *invocation, const GError *error);
void cs_invocation_print_json(const CsInvocation *invocation, const cJSON *document);
CsExit cs_exit_from_error(const GError *error);
cJSON *cs_error_to_json(const GError *error);
/* Text for people only: nothing with --json. Control characters in arguments are escaped. */
void cs_invocation_print(const CsInvocation *invocation, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
void cs_invocation_note(const CsInvocation *invocation, const char *format, ...)
	G_GNUC_PRINTF(2, 3); /* standard error, in either form */
void cs_invocation_note_paragraph(const CsInvocation *invocation, const char *paragraph);
/* Several lines that are ours, made by text.h. Only text for people, as above. */
void cs_invocation_print_block(const CsInvocation *invocation, const char *text);

/* One line of standard input, without its end; at most 4096 bytes. */
CsSecret *cs_read_line_secret(GCancellable *cancellable, GError **error);
/* Ask on the terminal; CS_ERROR_USAGE "no-terminal" where there is none. */
gboolean cs_ask_is_possible(void);
CsSecret *cs_ask_secret(const char *prompt, GCancellable *cancellable, GError **error);
gboolean cs_answer_is_yes(const char *answer);
gboolean cs_ask_yes(const char *question, gboolean *yes, GCancellable *cancellable, GError **error);

const CsCommandTable *cs_commands_get_table(void);
int cs_commands_main(char **argv,
		     const CsSettingsPaths *paths,
		     const CsClock *clock,
		     const char *authority_folder);
