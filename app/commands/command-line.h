/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/error.h"

#include <glib.h>

/* What a command line may say, as tables, and the parser that reads it by them. The same tables
 * make --help and countersign(1). Knows nothing of what the commands do. */
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
	CS_EXIT_INTERRUPTED = 128, /* and the signal's number */
} CsExit;

typedef enum {
	CS_OPTION_ONCE,
	CS_OPTION_REPEATABLE,
	CS_OPTION_REQUIRED, /* once, too */
} CsOptionUse;

typedef struct {
	const char *name;  /* long name without "--"; NULL ends the table */
	const char *value; /* placeholder, or NULL for a switch */
	CsOptionUse use;
	const char *help;	/* N_(); NULL: not shown to anybody */
	const char *short_name; /* (nullable) "-o" */
} CsOption;

struct _CsCommand {
	const char *path;      /* "status", "account add", "authority device list" */
	const char *arguments; /* "URL", "[ACCOUNT]", "LOGIN", NULL */
	int min_arguments;
	int max_arguments;
	const char *summary;	 /* N_(), one line */
	const char *description; /* N_(), paragraphs; for the manual and --help */
	const CsOption *options; /* (nullable) beside those of its groups and the global ones */
	CsExit (*run)(CsInvocation *invocation);
};

/* What several commands have in common: the words that begin their paths, and options. */
typedef struct {
	const char *path;	 /* "authority"; NULL ends the table */
	const char *summary;	 /* N_(), one line */
	const CsOption *options; /* (nullable) */
} CsCommandGroup;

typedef struct {
	const CsCommand *const *commands; /* NULL-terminated, in the manual's order */
	const CsCommandGroup *groups;
	const CsOption *global_options;
} CsCommandTable;

typedef struct {
	const CsCommand *command; /* NULL where the words name no verb yet */
	char *path;		  /* the words understood: "" or "authority device" */
	GPtrArray *arguments;	  /* (element-type utf8), NULL-terminated */
	GHashTable *options;	  /* name to GPtrArray of values, NULL-terminated */
	gboolean json;
} CsCommandLine;

CsCommandLine *cs_command_line_new(void);
gboolean cs_command_line_parse(CsCommandLine *line,
			       const CsCommandTable *table,
			       const char *const *words,
			       GError **error);
gboolean cs_command_line_check(const CsCommandLine *line, GError **error);
void cs_command_line_free(CsCommandLine *line);
gboolean cs_command_line_has(const CsCommandLine *line, const char *option);
const char *cs_command_line_get(const CsCommandLine *line, const char *option);
const char *const *cs_command_line_get_all(const CsCommandLine *line, const char *option);

/* TRUE where `path` is `group` or lies under it; "" is above all. */
gboolean cs_command_path_is_under(const char *path, const char *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsCommandLine, cs_command_line_free)
