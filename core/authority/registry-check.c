/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <string.h>

#define SCHEMA_SQL                                                                                 \
	"SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1"

/* Each row that a question answers is a problem, named by its text. */
static const struct {
	const char *check;
	const char *sql;
} questions[] = {
	{"integrity", "SELECT integrity_check FROM pragma_integrity_check(100)"
		      " WHERE integrity_check <> 'ok'"},
	{"references",
	 "SELECT \"table\" || ' ' || coalesce(rowid, '') FROM pragma_foreign_key_check"},
	/* rule 15: who may use a link is a key of the link's device */
	{"link-keys", "SELECT k.key_fingerprint || ' ' || k.key_id FROM link_keys k"
		      " JOIN links l ON l.key_fingerprint = k.key_fingerprint"
		      " JOIN device_keys d ON d.id = k.key_id WHERE d.device_id <> l.device_id"},
	/* rule 22: a deleted device's links are refused, a deactivated one's are not bound */
	{"links-of-device", "SELECT l.key_fingerprint || ' ' || d.id FROM links l"
			    " JOIN devices d ON d.id = l.device_id"
			    " WHERE (d.state = 'deleted' AND l.state <> 'refused')"
			    " OR (d.state = 'deactivated' AND l.state = 'bound')"},
	/* rule 22: neither has an account */
	{"accounts-of-device",
	 "SELECT a.id || ' ' || d.id FROM accounts a JOIN devices d ON d.id = a.device_id"
	 " WHERE a.deleted = 0 AND d.state IN ('deactivated', 'deleted')"},
	{"accounts-of-user",
	 "SELECT a.id || ' ' || u.id FROM accounts a JOIN users u ON u.id = a.user_id"
	 " WHERE a.deleted = 0 AND u.state = 'deleted'"},
	{"account-keys",
	 "SELECT a.id || ' ' || k.id FROM accounts a JOIN device_keys k ON k.id = a.key_id"
	 " WHERE k.device_id <> a.device_id"},
};

static gpointer
read_text(CsStatement *s)
{
	char *text = cs_statement_dup_text(s, 0);

	return text != NULL ? text : g_strdup("");
}

static GPtrArray *
ask(CsRegistry *r, const char *sql, GError **error)
{
	g_auto(CsStatement) s = {0};

	return cs_statement_open(&s, r, sql, error)
		       ? cs_statement_list(&s, read_text, g_free, error)
		       : NULL;
}

/* What a new registry of this version would have. */
static GPtrArray *
list_expected_schema(GError **error)
{
	g_autoptr(CsRegistry) fresh =
		cs_registry_connect(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);

	if (fresh == NULL || !cs_registry_schema_create(fresh, error))
		return NULL;
	return ask(fresh, SCHEMA_SQL, error);
}

static void
report_missing(
	GPtrArray *from, GPtrArray *in, const char *sign, CsRegistryProblem visit, gpointer data)
{
	for (guint i = 0; i < from->len; i++) {
		const char *text = g_ptr_array_index(from, i);
		g_autofree char *detail = NULL;

		/* SQLite's own tables of statistics */
		if (g_ptr_array_find_with_equal_func(in, text, g_str_equal, NULL) ||
		    strstr(text, " sqlite_stat") != NULL)
			continue;
		detail = g_strconcat(sign, text, NULL);
		visit("schema", detail, data);
	}
}

static gboolean
check_schema(CsRegistry *r, CsRegistryProblem visit, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) expected = list_expected_schema(error);
	g_autoptr(GPtrArray) found = expected != NULL ? ask(r, SCHEMA_SQL, error) : NULL;

	if (found == NULL)
		return FALSE;
	report_missing(expected, found, "missing: ", visit, data);
	report_missing(found, expected, "foreign: ", visit, data);
	return TRUE;
}

static gboolean
check_all(CsRegistry *r, CsRegistryProblem visit, gpointer data, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
		g_autoptr(GPtrArray) rows = ask(r, questions[i].sql, error);

		if (rows == NULL)
			return FALSE;
		for (guint row = 0; row < rows->len; row++)
			visit(questions[i].check, g_ptr_array_index(rows, row), data);
	}
	return check_schema(r, visit, data, error);
}

/**
 * cs_registry_check:
 * @r: the registry, with no transaction open
 * @visit: called once a problem, with the check's stable name and what it found (lent)
 * @data: for @visit
 * @error: where to put the error
 *
 * Looks at one moment's state for what must never be: pages that do not hold together, references
 * to nothing, a schema that is not this version's, and what rules 15 and 22 forbid. Changes
 * nothing.
 *
 * Returns: %FALSE with CS_ERROR_STATE where it cannot be read, possibly after some problems
 */
gboolean
cs_registry_check(CsRegistry *r, CsRegistryProblem visit, gpointer data, GError **error)
{
	gboolean checked;

	if (!cs_registry_begin_reading(r, error))
		return FALSE;
	checked = check_all(r, visit, data, error);
	cs_registry_rollback(r);
	return checked;
}

/**
 * cs_registry_get_version:
 *
 * Returns: the schema version of every registry that is open
 */
gint64
cs_registry_get_version(void)
{
	return cs_registry_schema_get_version();
}
