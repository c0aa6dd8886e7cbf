/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <string.h>

/* Where the chain ends, kept beside the log: "LINE HASH". A log that was cut off at its end is
 * shorter than this says. */
#define META_HEAD "log-head"
/* What stands for the hash of the line before the first. */
#define GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

#define PAGE_LINES 256
#define PAGE_SQL   "SELECT " CS_LOG_COLUMNS " FROM log WHERE seq >= ? ORDER BY seq LIMIT ?"
/* The columns that there were when the chain came, which is never changed; those since are the
 * later names. */
#define FIRST_PAGE_SQL                                                                             \
	"SELECT seq, hash, time, event, actor, device, account, certificate, outcome, reason,"     \
	" operator, origin, application, access FROM log WHERE seq >= ? ORDER BY seq LIMIT ?"

static void
add_field(GString *text, const char *name, const char *value)
{
	if (value != NULL)
		g_string_append_printf(text, "%s=%" G_GSIZE_FORMAT ":%s\n", name, strlen(value),
				       value);
}

static void
add_number(GString *text, const char *name, gint64 value)
{
	g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, value);

	add_field(text, name, digits);
}

/**
 * cs_registry_chain_hash:
 * @previous: the hash of the line before, or of nothing before the first
 * @line: the line's number
 * @time: its time, Unix seconds
 * @values: the texts of cs_registry_log_names, in that order; %NULL for null
 *
 * The canonical bytes of a line are, each followed by a newline, the hash before it and of every
 * column that is not null NAME=LENGTH:VALUE, the number and the time first. So no two lines have
 * the same bytes, and a column that a later version adds changes no earlier line.
 *
 * Returns: (transfer full): SHA-256 of them in lower-case hex
 */
char *
cs_registry_chain_hash(const char *previous, gint64 line, gint64 time, const char *const *values)
{
	g_autoptr(GString) text = g_string_new(previous);

	g_string_append_c(text, '\n');
	add_number(text, "line", line);
	add_number(text, "time", time);
	for (gsize i = 0; cs_registry_log_names[i] != NULL; i++)
		add_field(text, cs_registry_log_names[i], values[i]);
	return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text->str, text->len);
}

static gboolean
parse_head(const char *text, CsChainHead *head)
{
	const char *space = strchr(text, ' ');
	g_autofree char *digits = space != NULL ? g_strndup(text, (gsize)(space - text)) : NULL;
	guint64 line = 0;

	if (digits == NULL || strlen(space + 1) != strlen(GENESIS) ||
	    !g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64, &line, NULL))
		return FALSE;
	head->line = (gint64)line;
	g_strlcpy(head->hash, space + 1, sizeof(head->hash));
	return TRUE;
}

/* Where the word on the end is lost, known is FALSE, and the chain goes on from nothing: the break
 * is found by whoever verifies it. */
static gboolean
read_head(CsRegistry *r, CsChainHead *head, gboolean *known, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	g_autofree char *text = cs_registry_dup_meta(r, META_HEAD, &local_error);

	*head = (CsChainHead){0, GENESIS};
	*known = text != NULL && parse_head(text, head);
	if (text != NULL || g_error_matches(local_error, CS_ERROR, CS_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local_error));
	return FALSE;
}

static gboolean
write_head(CsRegistry *r, gint64 line, const char *hash, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s", line, hash);

	return cs_registry_set_meta(r, META_HEAD, text, error);
}

/**
 * cs_registry_chain_append:
 * @r: the registry, in a writing transaction
 * @time: the new line's time
 * @values: as for cs_registry_chain_hash()
 * @head: (out caller-allocates): the new line's number and hash
 * @error: where to put the error
 *
 * Reckons the next line's place in the chain and notes it as the chain's end. The line before it is
 * the one that was noted, not the one that is found: whoever cut lines off or added some leaves a
 * break.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_chain_append(
	CsRegistry *r, gint64 time, const char *const *values, CsChainHead *head, GError **error)
{
	CsChainHead before = {0};
	g_autofree char *hash = NULL;
	gint64 found = 0;
	gboolean known = FALSE;

	if (!read_head(r, &before, &known, error) ||
	    !cs_registry_read_number(r, "SELECT coalesce(max(seq), 0) FROM log", &found, error))
		return FALSE;
	found = MAX(before.line, found);
	if (found == G_MAXINT64) { /* no log grows so far: somebody put a line there */
		cs_registry_set_error(r, SQLITE_CORRUPT, error);
		return FALSE;
	}
	head->line = found + 1;
	hash = cs_registry_chain_hash(before.hash, head->line, time, values);
	g_strlcpy(head->hash, hash, sizeof(head->hash));
	return write_head(r, head->line, head->hash, error);
}

/* ---- reading it again ---- */

typedef struct {
	gint64 line;
	char *said; /* the hash that stands there */
	gint64 time;
	char **values;	 /* as for cs_registry_chain_hash(), with NULL among them */
	gboolean is_cut; /* a text has a NUL in it: what is behind it is in no hash */
} Line;

static void
line_free(gpointer data)
{
	Line *line = data;

	for (gsize i = 0; cs_registry_log_names[i] != NULL; i++)
		g_free(line->values[i]);
	g_free(line->values);
	g_free(line->said);
	g_free(line);
}

static gsize
count_names(void)
{
	gsize count = 0;

	while (cs_registry_log_names[count] != NULL)
		count++;
	return count;
}

/* Columns beyond those that were asked for are null. */
static gpointer
read_line(CsStatement *s)
{
	Line *line = g_new0(Line, 1);
	gsize columns = cs_statement_count_columns(s);

	line->line = cs_statement_get_int64(s, 0);
	line->said = cs_statement_dup_text_to_nul(s, 1, &line->is_cut);
	line->time = cs_statement_get_int64(s, 2);
	line->values = g_new0(char *, count_names());
	for (gsize i = 3; i < columns; i++)
		line->values[i - 3] = cs_statement_dup_text_to_nul(s, (int)i, &line->is_cut);
	return line;
}

static GPtrArray *
read_page(CsRegistry *r, const char *sql, gint64 from, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, sql, error))
		return NULL;
	cs_statement_add_int64(&s, from);
	cs_statement_add_int64(&s, PAGE_LINES);
	return cs_statement_list(&s, read_line, line_free, error);
}

/* From the least number that a row can have: nobody reads a log that begins below its first line. */
typedef gboolean (*LineVisitor)(CsRegistry *r, const Line *line, gpointer data, GError **error);

static gboolean
visit_lines(CsRegistry *r, const char *page_sql, LineVisitor visit, gpointer data, GError **error)
{
	gint64 from = G_MININT64;
	guint count = PAGE_LINES;

	while (count == PAGE_LINES) {
		g_autoptr(GPtrArray) page = read_page(r, page_sql, from, error);

		if (page == NULL)
			return FALSE;
		count = page->len;
		for (guint i = 0; i < count; i++) {
			const Line *line = g_ptr_array_index(page, i);

			if (!visit(r, line, data, error))
				return FALSE;
			if (line->line == G_MAXINT64)
				return TRUE;
			from = line->line + 1;
		}
	}
	return TRUE;
}

static char *
hash_line(const char *previous, const Line *line)
{
	return cs_registry_chain_hash(previous, line->line, line->time,
				      (const char *const *)line->values);
}

/* ---- the lines of before ---- */

static gboolean
chain_line(CsRegistry *r, const Line *line, gpointer data, GError **error)
{
	CsChainHead *head = data;
	g_autofree char *hash = hash_line(head->hash, line);
	g_auto(CsStatement) s = {0};

	head->line = line->line;
	g_strlcpy(head->hash, hash, sizeof(head->hash));
	if (!cs_statement_open(&s, r, "UPDATE log SET hash = ? WHERE seq = ?", error))
		return FALSE;
	cs_statement_add_text(&s, hash);
	cs_statement_add_int64(&s, line->line);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_chain_old_lines:
 * @r: a registry whose log has no hashes yet, in a transaction
 * @error: where to put the error
 *
 * Chains the lines that are there, as they are: what was done to them before is not found.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_chain_old_lines(CsRegistry *r, GError **error)
{
	CsChainHead head = {0, GENESIS};

	return visit_lines(r, FIRST_PAGE_SQL, chain_line, &head, error) &&
	       write_head(r, head.line, head.hash, error);
}

/* ---- verifying ---- */

typedef struct {
	CsLogCheck *check;
	CsChainHead noted; /* in the registry */
	CsChainHead last;
	const char *wanted; /* (nullable): noted elsewhere */
	gboolean seen;
} Verification;

/* Only the first: what comes after a break proves nothing. */
static void
set_problem(CsLogCheck *check, const char *problem, gint64 line)
{
	if (check->problem != NULL)
		return;
	check->problem = problem;
	check->line = line;
}

static gboolean
verify_line(CsRegistry *r, const Line *line, gpointer data, GError **error)
{
	Verification *v = data;
	g_autofree char *hash = hash_line(v->last.hash, line);

	v->check->lines++;
	if (line->line < 1 || line->line > v->noted.line)
		set_problem(v->check, CS_LOG_ADDED, line->line);
	else if (line->line != v->last.line + 1)
		set_problem(v->check, CS_LOG_MISSING, v->last.line + 1);
	else if (line->is_cut || g_strcmp0(hash, line->said) != 0)
		set_problem(v->check, CS_LOG_CHANGED, line->line);
	v->last.line = line->line;
	g_strlcpy(v->last.hash, hash, sizeof(v->last.hash));
	v->seen = v->seen || g_strcmp0(hash, v->wanted) == 0;
	return TRUE;
}

static void
judge_end(Verification *v)
{
	if (v->last.line < v->noted.line)
		set_problem(v->check, CS_LOG_MISSING, v->last.line + 1);
	if (strcmp(v->last.hash, v->noted.hash) != 0)
		set_problem(v->check, CS_LOG_CHANGED, v->last.line);
	if (v->wanted != NULL && !v->seen)
		set_problem(v->check, CS_LOG_HEAD_UNKNOWN, 0);
}

static gboolean
verify(CsRegistry *r, Verification *v, GError **error)
{
	gboolean known = FALSE;

	if (!read_head(r, &v->noted, &known, error))
		return FALSE;
	if (!known)
		set_problem(v->check, CS_LOG_HEAD_LOST, 0);
	if (!visit_lines(r, PAGE_SQL, verify_line, v, error))
		return FALSE;
	judge_end(v);
	g_strlcpy(v->check->head, v->last.hash, sizeof(v->check->head));
	return TRUE;
}

/**
 * cs_registry_verify_log:
 * @r: the registry, with no transaction open
 * @head: (nullable): a head that was noted elsewhere, in lower-case hex
 * @check: (out caller-allocates): what was found
 * @error: where to put the error
 *
 * Reads the whole log and reckons its chain again. A line that was changed, taken out or put in is
 * found, and lines cut off the end where the registry's own note of the end was not changed with
 * them. Whoever may write to the registry can make a whole chain anew: only a head that was noted
 * elsewhere tells then.
 *
 * Returns: %FALSE with CS_ERROR_STATE where it cannot be read
 */
gboolean
cs_registry_verify_log(CsRegistry *r, const char *head, CsLogCheck *check, GError **error)
{
	Verification v = {.check = check, .last = {0, GENESIS}, .wanted = head};
	gboolean verified;

	memset(check, 0, sizeof(*check));
	if (!cs_registry_begin_reading(r, error))
		return FALSE;
	verified = verify(r, &v, error);
	cs_registry_rollback(r);
	return verified;
}
