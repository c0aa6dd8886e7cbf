/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/clock.h"
#include "core/base/settings.h"
#include "core/account/client.h"

#include "core/base/json.h"

#include <gio/gio.h>

/* One verb. The one table of them (commands.c) makes parsing, --help and countersign(1). */
typedef struct _CsCommand CsCommand;
typedef struct _CsInvocation CsInvocation;

typedef enum {
	CS_EXIT_DONE = 0,
	CS_EXIT_NO = 1,
	CS_EXIT_USAGE = 2,
	CS_EXIT_REFUSED = 3,
	CS_EXIT_UNREACHABLE = 4,
	CS_EXIT_STATE = 5,
	CS_EXIT_NOT_FOUND = 6,
} CsExit;

typedef struct {
	const char *name;  /* long name without "--"; NULL ends the table */
	const char *value; /* placeholder, or NULL for a switch */
	gboolean repeatable;
	const char *help; /* N_() */
} CsOption;

struct _CsCommand {
	const char *path;      /* "status", "account add", "authority device list" */
	const char *arguments; /* "URL", "[ACCOUNT]", "LOGIN", NULL */
	int min_arguments;
	int max_arguments;
	const char *summary;	 /* N_(), one line */
	const char *description; /* N_(), paragraphs; for the manual and --help */
	const CsOption *options; /* beside --json, --help and --config */
	CsExit (*run)(CsInvocation *invocation);
};

/* What the parser found, and what a command may use; all lent. */
struct _CsInvocation {
	const CsCommand *command;
	char **arguments; /* NULL-terminated */
	guint n_arguments;
	gboolean json;
	GCancellable *cancellable; /* SIGINT and SIGTERM cancel it */
	/* used through the functions below */
	GHashTable *options;
	const char *authority_folder;
	const CsSettingsPaths *paths;
	const CsClock *clock;
	CsClient *client;
};

gboolean cs_invocation_has(const CsInvocation *invocation, const char *option);
const char *cs_invocation_get(const CsInvocation *invocation, const char *option); /* last; NULL */
const char *const *cs_invocation_get_all(const CsInvocation *invocation, const char *option);

/* Settings, stores and HTTP client, made on first use. NULL after printing the error. */
const CsClient *cs_invocation_ensure_client(CsInvocation *invocation, GError **error);

/* Output: one document on standard output. With --json errors are {"error": {"code", "message"}}
 * there too; otherwise on standard error, with what to do next. Consumes nothing. */
CsExit cs_invocation_fail(const CsInvocation *invocation, const GError *error);
void cs_invocation_print_json(const CsInvocation *invocation, const cJSON *document);
CsExit cs_exit_from_error(const GError *error);
/* Text for people only: nothing with --json. Control characters in arguments are escaped. */
void cs_invocation_print(const CsInvocation *invocation, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
void cs_invocation_note(const CsInvocation *invocation, const char *format, ...)
	G_GNUC_PRINTF(2, 3); /* standard error, in either form */

/* One line of standard input, without its end; at most 4096 bytes. */
CsSecret *cs_read_line_secret(GError **error);
/* Asks on the terminal; CS_ERROR_USAGE "no-terminal" where there is none. */
CsSecret *cs_ask_secret(const char *prompt, GError **error);
gboolean cs_ask_yes(const char *question, GError **error);

const CsCommand *const *cs_commands_get_all(void); /* NULL-terminated, in the manual's order */
int cs_commands_main(int argc,
		     char **argv,
		     const CsSettingsPaths *paths,
		     const CsClock *clock,
		     const char *authority_folder);
