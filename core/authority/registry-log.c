/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

/* Lines held at once: a reader behind a slow pipe holds no lock between pages. */
#define PAGE_LINES 256

/* What `device show` prints is bounded, however often a copied certificate is tried. */
#define MAX_CONFLICTS_TEXT "100"

const char *const cs_registry_log_names[] = {
	"event",    "actor",  "device",	     "account", "certificate", "outcome", "reason",
	"operator", "origin", "application", "access",	"request",     "detail",  NULL};

static gboolean
insert(CsRegistry *r,
       const CsChainHead *head,
       gint64 time,
       const char *const *values,
       GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "INSERT INTO log (" CS_LOG_COLUMNS
			       ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       error))
		return FALSE;
	cs_statement_add_int64(&s, head->line);
	cs_statement_add_text(&s, head->hash);
	cs_statement_add_int64(&s, time);
	for (gsize i = 0; cs_registry_log_names[i] != NULL; i++)
		cs_statement_add_text(&s, values[i]);
	return cs_statement_run(&s, NULL, error);
}

/**
 * cs_registry_log:
 * @r: the registry
 * @entry: what happened; never a code, a key or a payload
 * @error: where to put the error
 *
 * Adds a line to the log and to its chain, inside the caller's transaction where one is open.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_log(CsRegistry *r, const CsLogEntry *entry, GError **error)
{
	const char *const values[] = {entry->event,	  entry->actor,		entry->device,
				      entry->account,	  entry->certificate,	entry->outcome,
				      entry->reason,	  entry->operator_user, entry->origin,
				      entry->application, entry->access,	entry->request,
				      entry->detail};
	CsChainHead head = {0};
	gboolean own = FALSE;

	if (!cs_registry_begin_write(r, &own, error))
		return FALSE;
	return cs_registry_end_write(
		r, own,
		cs_registry_chain_append(r, entry->time, values, &head, error) &&
			insert(r, &head, entry->time, values, error),
		error);
}

/* The contract's object: each member always, null where there is nothing to say. A text that
 * somebody put a NUL into is shown to there: the log is read on, and cs_registry_verify_log() says
 * what is wrong with the line. */
static gpointer
read_line(CsStatement *s)
{
	cJSON *line = cJSON_CreateObject();
	gboolean is_cut = FALSE;
	g_autofree char *hash = cs_statement_dup_text_to_nul(s, 1, &is_cut);

	cs_json_add_time(line, "time", cs_statement_get_int64(s, 2));
	for (gsize i = 0; cs_registry_log_names[i] != NULL; i++) {
		g_autofree char *text = cs_statement_dup_text_to_nul(s, (int)i + 3, &is_cut);

		cs_json_add_string(line, cs_registry_log_names[i], text);
	}
	cs_json_add_int64(line, "line", cs_statement_get_int64(s, 0));
	cs_json_add_string(line, "hash", hash);
	if (line == NULL)
		s->status = SQLITE_NOMEM;
	return line;
}

static gboolean
read_last(CsRegistry *r, gint64 *last, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, "SELECT coalesce(max(seq), 0) FROM log", error))
		return FALSE;
	if (cs_statement_step(&s, error) != CS_STEP_ROW)
		return FALSE;
	*last = cs_statement_get_int64(&s, 0);
	return TRUE;
}

/* Lines are numbered without gaps from 1: nothing is ever deleted, and what was rolled back took no
 * number. Where somebody cut lines out their pages are shorter. */
static GPtrArray *
read_page(CsRegistry *r, gint64 first, gint64 last, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r,
			       "SELECT " CS_LOG_COLUMNS " FROM log WHERE seq BETWEEN ? AND ?"
			       " ORDER BY seq",
			       error))
		return NULL;
	cs_statement_add_int64(&s, first);
	cs_statement_add_int64(&s, MIN(last, first + PAGE_LINES - 1));
	return cs_statement_list(&s, read_line, (GDestroyNotify)cJSON_Delete, error);
}

/**
 * cs_registry_read_log:
 * @r: the registry
 * @visit: called once a line, oldest first, with the contract's JSON object (lent)
 * @data: for @visit
 * @error: where to put the error
 *
 * Reads the log as it stood when the reading began. @visit may use the registry.
 *
 * Returns: %FALSE with CS_ERROR_STATE, possibly after some lines
 */
gboolean
cs_registry_read_log(CsRegistry *r, CsLogVisitor visit, gpointer data, GError **error)
{
	gint64 last = 0;

	if (!read_last(r, &last, error))
		return FALSE;
	for (gint64 first = 1; first <= last; first += PAGE_LINES) {
		g_autoptr(GPtrArray) lines = read_page(r, first, last, error);

		if (lines == NULL)
			return FALSE;
		for (guint i = 0; i < lines->len; i++)
			visit(g_ptr_array_index(lines, i), data);
	}
	return TRUE;
}

/**
 * cs_registry_list_conflicts:
 * @r: the registry
 * @device_id: a device's id
 * @error: where to put the error
 *
 * Rule 15's conflicts: other devices that came with a certificate of this device's links and were
 * turned away for the link (bound-to-another-device, link-suspended). The newest hundred.
 *
 * Returns: (transfer full) (nullable): an array of log lines, oldest first; CS_ERROR_STATE
 */
cJSON *
cs_registry_list_conflicts(CsRegistry *r, const char *device_id, GError **error)
{
	g_auto(CsStatement) s = {0};
	g_autoptr(cJSON) array = cJSON_CreateArray();
	g_autoptr(GPtrArray) lines = NULL;

	if (!cs_statement_open(&s, r,
			       "SELECT " CS_LOG_COLUMNS " FROM (SELECT " CS_LOG_COLUMNS " FROM log"
			       " WHERE reason IN ('bound-to-another-device', 'link-suspended')"
			       " AND device <> ?1 AND certificate IN"
			       " (SELECT certificate FROM links WHERE device_id = ?1"
			       " UNION SELECT c.fingerprint FROM certificates c JOIN links l"
			       " ON l.key_fingerprint = c.key_fingerprint WHERE l.device_id = ?1)"
			       " ORDER BY seq DESC LIMIT " MAX_CONFLICTS_TEXT ") ORDER BY seq",
			       error))
		return NULL;
	cs_statement_add_text(&s, device_id);
	lines = cs_statement_list(&s, read_line, (GDestroyNotify)cJSON_Delete, error);
	if (lines == NULL)
		return NULL;
	g_ptr_array_set_free_func(lines, NULL); /* the array of JSON takes them over */
	for (guint i = 0; i < lines->len; i++)
		cs_json_append(array, g_ptr_array_index(lines, i));
	return g_steal_pointer(&array);
}
