/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

/* Version 2: from where a line of the log came, and who gave the word. */
static const char *const to_version_2[] = {
	"ALTER TABLE log ADD COLUMN origin TEXT",
	"ALTER TABLE log ADD COLUMN operator TEXT",
	NULL,
};

/* Version 3: access policies (rule 21), and which application an authentication was for. The empty
 * name is the default's. */
static const char *const to_version_3[] = {
	"CREATE TABLE policies (application TEXT PRIMARY KEY,"
	" demand TEXT NOT NULL CHECK (demand IN ('any', 'managed', 'not-managed')),"
	" set_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
	"ALTER TABLE log ADD COLUMN application TEXT",
	"ALTER TABLE log ADD COLUMN access TEXT",
	"CREATE INDEX log_authentications ON log (account, seq)"
	" WHERE event = 'authentication' AND actor <> 'device'",
	NULL,
};

/* Version 4: each line of the log is chained to the one before it. The trigger is put back behind
 * the lines' hashes. */
static const char *const to_version_4[] = {
	"DROP TRIGGER log_kept_update",
	"ALTER TABLE log ADD COLUMN hash TEXT NOT NULL DEFAULT ''",
	NULL,
};

static gboolean
chain_log(CsRegistry *r, GError **error)
{
	return cs_registry_chain_old_lines(r, error) &&
	       cs_registry_execute(r,
				   "CREATE TRIGGER log_kept_update BEFORE UPDATE ON log"
				   " BEGIN SELECT RAISE (ABORT, 'the log only grows'); END",
				   error);
}

/* Version 5: the built-in CA's CRL is made of what was revoked, however much was issued. */
static const char *const to_version_5[] = {
	"CREATE INDEX issued_revoked_at ON issued (revoked_at) WHERE revoked_at <> 0",
	NULL,
};

/* Version 6: what a device is called on the telephone; never two of them the same, nor is it ever
 * another one's: people have written it down. Every record has one, which an added column cannot
 * say of itself. */
static const char *const to_version_6[] = {
	"ALTER TABLE devices ADD COLUMN helpdesk_code TEXT",
	"CREATE UNIQUE INDEX devices_helpdesk_code ON devices (helpdesk_code)",
	"CREATE TRIGGER devices_helpdesk_code_given BEFORE INSERT ON devices"
	" WHEN new.helpdesk_code IS NULL"
	" BEGIN SELECT RAISE (ABORT, 'a device needs a helpdesk code'); END",
	"CREATE TRIGGER devices_helpdesk_code_kept BEFORE UPDATE ON devices"
	" WHEN old.helpdesk_code IS NOT NULL AND new.helpdesk_code IS NOT old.helpdesk_code"
	" BEGIN SELECT RAISE (ABORT, 'a device keeps its helpdesk code'); END",
	NULL,
};

/* Version 7: where answers about an uploaded issuer's certificates come from (rule 12). */
static const char add_revocation[] = "ALTER TABLE issuers ADD COLUMN revocation TEXT"
				     " CHECK (revocation IN ('crl', 'ocsp', 'any'))";
static const char *const to_version_7[] = {
	add_revocation,
	"ALTER TABLE issuers ADD COLUMN crl_file TEXT",
	"ALTER TABLE issuers ADD COLUMN revocation_url TEXT",
	"ALTER TABLE issuers ADD COLUMN allowed_urls TEXT",
	"ALTER TABLE issuers ADD COLUMN max_age_s INTEGER NOT NULL DEFAULT 0",
	NULL,
};

/* Version 8: the id of the request that a line is of, which the client keeps with its verdict. */
static const char *const to_version_8[] = {
	"ALTER TABLE log ADD COLUMN request TEXT",
	NULL,
};

/* Version 9: what an act set, where its name and its object do not say it. */
static const char *const to_version_9[] = {
	"ALTER TABLE log ADD COLUMN detail TEXT",
	NULL,
};

/* The first leads from version 1 to 2, and so on: a new version is a new row at the end. What is
 * here was released and is never changed. */
static const struct {
	const char *const *statements;
	/* (nullable): what SQL cannot say, after the statements */
	gboolean (*work)(CsRegistry *r, GError **error);
} migrations[] = {
	{to_version_2, NULL},
	{to_version_3, NULL},
	{to_version_4, chain_log},
	{to_version_5, NULL},
	{to_version_6, cs_registry_give_helpdesk_codes},
	{to_version_7, NULL},
	{to_version_8, NULL},
	{to_version_9, NULL},
};

/**
 * cs_registry_schema_get_version:
 *
 * Returns: the schema version that this program reads and writes
 */
gint64
cs_registry_schema_get_version(void)
{
	return 1 + (gint64)G_N_ELEMENTS(migrations);
}

static gboolean
set_version(CsRegistry *r, gint64 version, GError **error)
{
	g_autofree char *sql = g_strdup_printf("PRAGMA user_version = %" G_GINT64_FORMAT, version);

	return cs_registry_execute(r, sql, error);
}

static gboolean
check_references(CsRegistry *r, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, "PRAGMA foreign_key_check", error))
		return FALSE;
	switch (cs_statement_step(&s, error)) {
	case CS_STEP_DONE:
		return TRUE;
	case CS_STEP_ROW:
		cs_registry_set_error(r, SQLITE_CONSTRAINT_FOREIGNKEY, error);
		return FALSE;
	case CS_STEP_ERROR:
	default:
		return FALSE;
	}
}

/**
 * cs_registry_schema_migrate:
 * @r: a registry of an earlier version, inside a transaction
 * @to: the version that it is to have, at most cs_registry_schema_get_version()
 * @error: where to put the error
 *
 * Takes each step from the version that the registry is of up to @to. What refers to a row that is
 * not there ends it: the caller rolls back and the registry is as it was.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_schema_migrate(CsRegistry *r, gint64 to, GError **error)
{
	gint64 from = 0;

	g_return_val_if_fail(to <= cs_registry_schema_get_version(), FALSE);
	if (!cs_registry_read_number(r, "PRAGMA user_version", &from, error))
		return FALSE;
	g_return_val_if_fail(from >= 1, FALSE);
	for (gint64 version = from; version < to; version++) {
		gsize step = (gsize)version - 1;

		if (!cs_registry_execute_all(r, migrations[step].statements, error))
			return FALSE;
		if (migrations[step].work != NULL && !migrations[step].work(r, error))
			return FALSE;
	}
	return set_version(r, to, error) && check_references(r, error);
}
