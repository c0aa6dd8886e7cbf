/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define FIRST_VERSION_TEXT  "1"
#define APPLICATION_ID_TEXT G_STRINGIFY(CS_REGISTRY_APPLICATION_ID)

#define STATES_OF_USERS	  "('active', 'suspended', 'deleted')"
#define STATES_OF_DEVICES "('active', 'suspended', 'deactivated', 'deleted')"
#define STATES_OF_LINKS	  "('bound', 'suspended', 'refused')"
#define APPROVALS	  "('none', 'founder', 'administrator')"

/* Version 1, which is never changed again: what came after it is in registry-migrations.c.
 *
 * seq is the order created. What must hold whoever writes (one live user a login, one live record
 * a machine and a device key, one account a key, one link a certificate's key) is the schema's to
 * say. Times are Unix seconds, 0 for never. */
static const char *const first_version[] = {
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",

	"CREATE TABLE users (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" login TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN " STATES_OF_USERS "),"
	" created_at INTEGER NOT NULL) STRICT",
	"CREATE UNIQUE INDEX users_live ON users (login) WHERE state <> 'deleted'",

	"CREATE TABLE devices (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" hardware_id TEXT NOT NULL, name TEXT NOT NULL, platform TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN " STATES_OF_DEVICES "),"
	" created_at INTEGER NOT NULL, deactivated_at INTEGER NOT NULL,"
	" reactivated_at INTEGER NOT NULL) STRICT",
	"CREATE UNIQUE INDEX devices_live ON devices (hardware_id) WHERE state <> 'deleted'",

	"CREATE TABLE device_keys (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" device_id TEXT NOT NULL REFERENCES devices (id), thumbprint TEXT NOT NULL,"
	" jwk TEXT NOT NULL, approval TEXT NOT NULL CHECK (approval IN " APPROVALS "),"
	" hardware INTEGER NOT NULL CHECK (hardware IN (0, 1)), created_at INTEGER NOT NULL,"
	" UNIQUE (device_id, thumbprint)) STRICT",
	"CREATE INDEX device_keys_thumbprint ON device_keys (thumbprint)",
	/* Rule 24: the key of a deleted record may begin a new one, no other key may. */
	"CREATE TRIGGER device_keys_live BEFORE INSERT ON device_keys"
	" WHEN EXISTS (SELECT 1 FROM device_keys k JOIN devices d ON d.id = k.device_id"
	" WHERE k.thumbprint = new.thumbprint AND k.id <> new.id AND d.state <> 'deleted')"
	" BEGIN SELECT RAISE (ABORT, 'device key of another live record'); END",

	"CREATE TABLE accounts (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" user_id TEXT NOT NULL REFERENCES users (id),"
	" device_id TEXT NOT NULL REFERENCES devices (id),"
	" key_id TEXT NOT NULL REFERENCES device_keys (id), thumbprint TEXT NOT NULL UNIQUE,"
	" jwk TEXT NOT NULL, code_hash TEXT, deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),"
	" created_at INTEGER NOT NULL, deleted_at INTEGER NOT NULL) STRICT",
	"CREATE INDEX accounts_user ON accounts (user_id)",
	"CREATE INDEX accounts_device ON accounts (device_id)",
	"CREATE INDEX accounts_code ON accounts (code_hash)",
	/* Rule 22: dropped for good. */
	"CREATE TRIGGER accounts_ended BEFORE UPDATE ON accounts"
	" WHEN old.deleted = 1 AND new.deleted = 0"
	" BEGIN SELECT RAISE (ABORT, 'a deleted account stays deleted'); END",

	"CREATE TABLE issuers (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" fingerprint TEXT NOT NULL UNIQUE, subject TEXT NOT NULL, der BLOB NOT NULL,"
	" revocation_none INTEGER NOT NULL CHECK (revocation_none IN (0, 1)),"
	" built_in INTEGER NOT NULL CHECK (built_in IN (0, 1)), created_at INTEGER NOT NULL)"
	" STRICT",

	"CREATE TABLE links (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" key_fingerprint TEXT NOT NULL UNIQUE, certificate TEXT NOT NULL,"
	" device_id TEXT NOT NULL REFERENCES devices (id),"
	" state TEXT NOT NULL CHECK (state IN " STATES_OF_LINKS "), bound_at INTEGER NOT NULL,"
	" hand_over_until INTEGER NOT NULL) STRICT",
	"CREATE INDEX links_device ON links (device_id)",
	/* Rule 22: refused for ever; nothing changes or removes such a link. */
	"CREATE TRIGGER links_refused_update BEFORE UPDATE ON links"
	" WHEN old.state = 'refused' AND (new.state <> 'refused' OR new.device_id <> old.device_id)"
	" BEGIN SELECT RAISE (ABORT, 'a refused link stays refused'); END",
	"CREATE TRIGGER links_refused_delete BEFORE DELETE ON links WHEN old.state = 'refused'"
	" BEGIN SELECT RAISE (ABORT, 'a refused link stays refused'); END",
	"CREATE TABLE link_keys (key_fingerprint TEXT NOT NULL"
	" REFERENCES links (key_fingerprint) ON DELETE CASCADE, place INTEGER NOT NULL,"
	" key_id TEXT NOT NULL REFERENCES device_keys (id),"
	" PRIMARY KEY (key_fingerprint, place), UNIQUE (key_fingerprint, key_id))"
	" STRICT, WITHOUT ROWID",

	"CREATE TABLE codes (user_id TEXT PRIMARY KEY REFERENCES users (id),"
	" hash TEXT NOT NULL UNIQUE, groups TEXT NOT NULL, expires_at INTEGER NOT NULL,"
	" wrong_tries INTEGER NOT NULL) STRICT",

	"CREATE TABLE issued (seq INTEGER PRIMARY KEY AUTOINCREMENT, serial TEXT NOT NULL UNIQUE,"
	" fingerprint TEXT NOT NULL UNIQUE, key_fingerprint TEXT NOT NULL, subject TEXT NOT NULL,"
	" der BLOB NOT NULL, not_after INTEGER NOT NULL, issued_at INTEGER NOT NULL,"
	" revoked_at INTEGER NOT NULL) STRICT",
	"CREATE INDEX issued_key ON issued (key_fingerprint)",
	"CREATE TRIGGER issued_revoked BEFORE UPDATE ON issued"
	" WHEN old.revoked_at <> 0 AND new.revoked_at <> old.revoked_at"
	" BEGIN SELECT RAISE (ABORT, 'a revoked certificate stays revoked'); END",

	"CREATE TABLE certificates (fingerprint TEXT PRIMARY KEY, key_fingerprint TEXT NOT NULL)"
	" STRICT, WITHOUT ROWID",
	"CREATE INDEX certificates_key ON certificates (key_fingerprint)",

	"CREATE TABLE log (seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
	" event TEXT NOT NULL, actor TEXT NOT NULL, device TEXT, account TEXT, certificate TEXT,"
	" outcome TEXT NOT NULL, reason TEXT) STRICT",
	"CREATE INDEX log_conflicts ON log (certificate, seq)"
	" WHERE reason IN ('bound-to-another-device', 'link-suspended')",
	"CREATE TRIGGER log_kept_update BEFORE UPDATE ON log"
	" BEGIN SELECT RAISE (ABORT, 'the log only grows'); END",
	"CREATE TRIGGER log_kept_delete BEFORE DELETE ON log"
	" BEGIN SELECT RAISE (ABORT, 'the log only grows'); END",

	"PRAGMA application_id = " APPLICATION_ID_TEXT,
	"PRAGMA user_version = " FIRST_VERSION_TEXT,
	NULL,
};

/**
 * cs_registry_schema_create:
 * @r: a registry on an empty database, inside a transaction
 * @error: where to put the error
 *
 * Lays down tables, the rules that hold whoever writes, and the version: the first one and every
 * migration since, so that a new registry and an old one that was migrated are the same.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_schema_create(CsRegistry *r, GError **error)
{
	return cs_registry_execute_all(r, first_version, error) &&
	       cs_registry_schema_migrate(r, cs_registry_schema_get_version(), error);
}

/**
 * cs_registry_read_number:
 * @r: the registry
 * @sql: static text of a statement that answers one number
 * @value: (out): the number
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_registry_read_number(CsRegistry *r, const char *sql, gint64 *value, GError **error)
{
	g_auto(CsStatement) s = {0};

	if (!cs_statement_open(&s, r, sql, error))
		return FALSE;
	if (cs_statement_step(&s, error) != CS_STEP_ROW)
		return FALSE;
	*value = cs_statement_get_int64(&s, 0);
	return TRUE;
}

/* Of a later version, or no registry of ours. */
static void
set_foreign(gint64 version, GError **error)
{
	g_autofree char *found = g_strdup_printf("%" G_GINT64_FORMAT, version);
	g_autofree char *known =
		g_strdup_printf("%" G_GINT64_FORMAT, cs_registry_schema_get_version());

	cs_error_set(error, CS_ERROR_STATE, "registry-version",
		     _("the registry is of version %s, this program reads up to version %s: use "
		       "the program that made it, or a later one"),
		     found, known);
}

/**
 * cs_registry_schema_check:
 * @r: the registry
 * @exists: (out): %FALSE where the database is empty
 * @error: where to put the error
 *
 * Returns: %FALSE with CS_ERROR_STATE: "registry-outdated" where the database is of an earlier
 *   version and cs_registry_migrate() would bring it up; "registry-version" where it is of a later
 *   one or another application's; "registry-unavailable" where it cannot be read
 */
gboolean
cs_registry_schema_check(CsRegistry *r, gboolean *exists, GError **error)
{
	gint64 objects = 0;
	gint64 application = 0;
	gint64 version = 0;

	if (!cs_registry_read_number(r, "SELECT count(*) FROM sqlite_schema", &objects, error) ||
	    !cs_registry_read_number(r, "PRAGMA application_id", &application, error) ||
	    !cs_registry_read_number(r, "PRAGMA user_version", &version, error))
		return FALSE;
	*exists = objects != 0 || application != 0 || version != 0;
	if (!*exists || (application == CS_REGISTRY_APPLICATION_ID &&
			 version == cs_registry_schema_get_version()))
		return TRUE;
	if (application == CS_REGISTRY_APPLICATION_ID && version >= 1 &&
	    version < cs_registry_schema_get_version())
		cs_error_set(error, CS_ERROR_STATE, CS_REGISTRY_OUTDATED,
			     _("the registry is of an earlier version"));
	else
		set_foreign(version, error);
	return FALSE;
}

/**
 * cs_registry_schema_check_again:
 * @r: a registry that was opened, inside a transaction
 * @error: where to put the error
 *
 * A program of a later version may have migrated the registry since it was opened: whoever does
 * not know that version must not write to it.
 *
 * Returns: %FALSE with CS_ERROR_STATE, "registry-version" where that happened
 */
gboolean
cs_registry_schema_check_again(CsRegistry *r, GError **error)
{
	gint64 version = 0;

	if (!cs_registry_read_number(r, "PRAGMA user_version", &version, error))
		return FALSE;
	/* 0: the transaction that lays the schema down. */
	if (version <= cs_registry_schema_get_version())
		return TRUE;
	set_foreign(version, error);
	return FALSE;
}
