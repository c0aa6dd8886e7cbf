/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/registry.h"

#include <sqlite3.h>

/* Between the registry*.c files only: statements with their bounds, and the schema. */

struct _CsRegistry {
	sqlite3 *database;
	GHashTable *statements; /* SQL text (static) to an idle sqlite3_stmt */
	gboolean
		in_transaction; /* what the caller believes; SQLite may have rolled back by itself */
};

/* A prepared statement for the length of a scope. add_ binds the next parameter, get_ and dup_ read
 * the current row; what goes wrong there is kept in `status` and surfaces in the next call that
 * takes a GError. */
typedef struct {
	CsRegistry *registry;
	const char *sql;
	sqlite3_stmt *statement;
	int bound;
	int status;
} CsStatement;

gboolean cs_statement_open(CsStatement *s, CsRegistry *r, const char *sql, GError **error);
void cs_statement_clear(CsStatement *s);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsStatement, cs_statement_clear)

void cs_statement_add_text(CsStatement *s, const char *text); /* (nullable): NULL */
void cs_statement_add_int64(CsStatement *s, gint64 value);
void cs_statement_add_blob(CsStatement *s, GBytes *blob);

typedef enum {
	CS_STEP_ERROR,
	CS_STEP_DONE,
	CS_STEP_ROW,
} CsStep;
CsStep cs_statement_step(CsStatement *s, GError **error);
/* A statement that answers no rows; changed (nullable): how many it touched. */
gboolean cs_statement_run(CsStatement *s, int *changed, GError **error);

gsize cs_statement_count_columns(CsStatement *s);
char *cs_statement_dup_text(CsStatement *s, int column); /* (nullable): of NULL */
char *cs_statement_dup_text_to_nul(CsStatement *s, int column, gboolean *is_cut); /* (nullable) */
gint64 cs_statement_get_int64(CsStatement *s, int column);
GBytes *cs_statement_dup_blob(CsStatement *s, int column);
/* The place of the column's text in a NULL-terminated table; foreign text breaks the row. */
int cs_statement_get_choice(CsStatement *s, int column, const char *const *table);

/* A row as a struct: NULL is never an answer, an odd row is told through s->status. */
typedef gpointer (*CsRowReader)(CsStatement *s);
/* TRUE and *row NULL where there is none. */
gboolean cs_statement_find(
	CsStatement *s, CsRowReader read, GDestroyNotify free_row, gpointer *row, GError **error);
GPtrArray *
cs_statement_list(CsStatement *s, CsRowReader read, GDestroyNotify free_row, GError **error);

void cs_registry_set_error(CsRegistry *r, int status, GError **error);
/* Begins where the caller has no transaction open; `own` says that end_write is to finish it. */
gboolean cs_registry_begin_write(CsRegistry *r, gboolean *own, GError **error);
gboolean cs_registry_end_write(CsRegistry *r, gboolean own, gboolean success, GError **error);

/* States as text, in the order of their enums, NULL-terminated. */
extern const char *const cs_registry_user_states[];
extern const char *const cs_registry_device_states[];
extern const char *const cs_registry_link_states[];
extern const char *const cs_registry_approvals[];

#define CS_REGISTRY_APPLICATION_ID 1131636590 /* "Csgn": tells our file from another's */
CsRegistry *cs_registry_connect(const char *path, int flags, GError **error);
gboolean cs_registry_execute(CsRegistry *r, const char *sql, GError **error);
/* NULL-terminated; stops at the first failure. */
gboolean cs_registry_execute_all(CsRegistry *r, const char *const *statements, GError **error);
gboolean cs_registry_read_number(CsRegistry *r, const char *sql, gint64 *value, GError **error);

/* The log's columns: its number, its hash, its time, and the texts of cs_registry_log_names in that
 * order. A column that a later version adds is nullable and comes last. */
#define CS_LOG_COLUMNS                                                                             \
	"seq, hash, time, event, actor, device, account, certificate, outcome, reason, operator,"  \
	" origin, application, access, request, detail"
extern const char *const cs_registry_log_names[]; /* NULL-terminated */

/* Where the log's chain ends. */
typedef struct {
	gint64 line;
	char hash[CS_LOG_HEAD_LENGTH + 1];
} CsChainHead;

char *
cs_registry_chain_hash(const char *previous, gint64 line, gint64 time, const char *const *values);
gboolean cs_registry_chain_append(
	CsRegistry *r, gint64 time, const char *const *values, CsChainHead *head, GError **error);
gboolean cs_registry_chain_old_lines(CsRegistry *r, GError **error);

/* To every record that has none, in a transaction. */
gboolean cs_registry_give_helpdesk_codes(CsRegistry *r, GError **error);

/* Inside a transaction on an empty database. */
gboolean cs_registry_schema_create(CsRegistry *r, GError **error);
/* *exists FALSE where the database is empty; an earlier version: CS_ERROR_STATE
 * "registry-outdated"; another application's, or a later version: "registry-version". */
gboolean cs_registry_schema_check(CsRegistry *r, gboolean *exists, GError **error);
gboolean cs_registry_schema_check_again(CsRegistry *r, GError **error);
gint64 cs_registry_schema_get_version(void); /* what this program writes */
/* Inside a transaction: from the version that it is of, up to `to`. */
gboolean cs_registry_schema_migrate(CsRegistry *r, gint64 to, GError **error);
