/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/diagnosis.h"

#include "core/account/account-book-private.h"
#include "core/account/redaction.h"
#include "core/base/error.h"
#include "core/base/http.h"
#include "core/base/log-file.h"
#include "core/base/openssl.h"

#include <stdlib.h>

#define FORMAT_VERSION 1
#define MAX_LOG_LINES  200
/* A challenge's answer is accepted for about as long. */
#define MAX_CLOCK_OFFSET_S 300

static void
add_error(cJSON *object, const char *name, const GError *error)
{
	g_autofree char *message = NULL;
	cJSON *json;

	if (error == NULL) {
		cs_json_add_null(object, name);
		return;
	}
	message = g_utf8_make_valid(error->message, -1);
	json = cs_json_add_object(object, name);
	cs_json_add_string(json, "code", cs_account_get_error_code(error));
	cs_json_add_string(json, "message", message);
}

/* A path, or what a file says: perhaps no text. */
static void
add_text(cJSON *object, const char *name, const char *text)
{
	g_autofree char *valid = text == NULL ? NULL : g_utf8_make_valid(text, -1);

	cs_json_add_string(object, name, valid);
}

static void
add_texts(cJSON *object, const char *name, const char *const *texts)
{
	cJSON *array = cs_json_add_array(object, name);

	for (; texts != NULL && *texts != NULL; texts++)
		add_text(array, NULL, *texts);
}

static void
add_surroundings(cJSON *document, const CsDiagnosisSurroundings *surroundings)
{
	g_autofree char *glib = g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version,
						glib_micro_version);
	cJSON *versions = cs_json_add_object(document, "versions");
	cJSON *desktop = NULL;

	cs_json_add_string(versions, "countersign", CS_VERSION);
	cs_json_add_string(versions, "glib", glib);
	cs_json_add_string(versions, "openssl", cs_openssl_get_version());
	cs_json_add_string(versions, "curl", cs_http_get_version());
	desktop = cs_json_add_object(document, "desktop");
	if (surroundings->describe != NULL)
		surroundings->describe(versions, desktop, surroundings->data);
}

static void
add_settings(cJSON *document, const CsSettings *settings, const GError *error)
{
	cJSON *object = cs_json_add_object(document, "settings");
	cJSON *values = NULL;
	CsSettingsItem item = {NULL};

	add_error(object, "error", error);
	values = cs_json_add_array(object, "values");
	for (guint i = 0; cs_settings_get_item(settings, i, &item); i++) {
		cJSON *value = cs_json_add_object(values, NULL);

		cs_json_add_string(value, "group", item.group);
		cs_json_add_string(value, "key", item.key);
		if (item.values != NULL)
			add_texts(value, "value", item.values);
		else
			cs_json_add_null(value, "value");
		add_text(value, "origin", item.origin);
		cs_json_add_boolean(value, "pinned", item.is_pinned);
	}
	add_texts(object, "notes", cs_settings_get_notes(settings));
}

/* Read anew, as somebody would who had just begun: what the agent remembers proves nothing. */
static void
add_store(cJSON *array, const char *directory, CsStoreKind kind, GCancellable *cancellable)
{
	const char *const directories[] = {directory, NULL};
	gboolean is_user = kind == CS_STORE_USER;
	g_autoptr(CsStores) stores =
		cs_stores_new(is_user ? directories : NULL, is_user ? NULL : directories);
	g_autoptr(GPtrArray) passed_over = NULL;
	cJSON *object = cs_json_add_object(array, NULL);
	cJSON *list;

	cs_stores_refresh(stores, cancellable);
	passed_over = cs_stores_dup_passed_over(stores);
	cs_json_add_string(object, "store", cs_store_kind_to_text(kind));
	add_text(object, "location", directory);
	cs_json_add_int64(object, "certificates", cs_stores_count(stores));
	list = cs_json_add_array(object, "passed_over");
	for (guint i = 0; i < passed_over->len; i++) {
		const CsPassedOver *item = g_ptr_array_index(passed_over, i);
		cJSON *entry = cs_json_add_object(list, NULL);

		add_text(entry, "location", item->location);
		add_text(entry, "why", item->why);
	}
}

static void
add_stores(cJSON *document, const CsSettings *settings, GCancellable *cancellable)
{
	cJSON *array = cs_json_add_array(document, "stores");
	const char *const *user = cs_settings_get_user_directories(settings);
	const char *const *machine = cs_settings_get_machine_directories(settings);

	for (; *user != NULL; user++)
		add_store(array, *user, CS_STORE_USER, cancellable);
	for (; *machine != NULL; machine++)
		add_store(array, *machine, CS_STORE_MACHINE, cancellable);
}

static void
add_history(cJSON *object, GPtrArray *history)
{
	cJSON *array = cs_json_add_array(object, "history");

	for (guint i = 0; i < history->len; i++) {
		const CsHistoryEntry *entry = g_ptr_array_index(history, i);
		cJSON *json = cs_json_add_object(array, NULL);

		cs_json_add_time(json, "at", entry->at);
		if (entry->managed == CS_MANAGED_UNKNOWN)
			cs_json_add_null(json, "managed");
		else
			cs_json_add_boolean(json, "managed", entry->managed == CS_MANAGED_YES);
		cs_json_add_string(
			json, "reason",
			entry->reason == CS_REASON_NONE ? NULL : cs_reason_to_code(entry->reason));
		cs_json_add_string(json, "error", entry->error_code);
		cs_json_add_string(json, "request", entry->request);
	}
}

static void
add_explanation(cJSON *object, const CsClient *client, const char *id)
{
	g_autoptr(GError) error = NULL;
	cJSON *explanation = cs_account_book_get_explanation(client, id, &error);

	if (explanation != NULL)
		cs_json_add(object, "explanation", explanation);
	else
		cs_json_add_null(object, "explanation");
	add_error(object, "explanation_error", error);
}

/* What the device's clock was ahead of the server's when the last verdict was written down. */
static gboolean
measure_offset(GPtrArray *history, gint64 *offset_s)
{
	const CsHistoryEntry *newest = history->len == 0 ? NULL : g_ptr_array_index(history, 0);

	if (newest == NULL || newest->error_code != NULL || newest->device_at == 0)
		return FALSE;
	*offset_s = newest->device_at - newest->at;
	return TRUE;
}

/* What the accounts say of the clock. */
typedef struct {
	gint64 newest; /* the newest verdict, by the server's clock */
	gboolean is_measured;
	gint64 offset_s; /* the largest */
} ClockEvidence;

static void
add_account(cJSON *array, const CsClient *client, const CsAccount *account, ClockEvidence *evidence)
{
	g_autoptr(GPtrArray) history = cs_history_list(client, account->id);
	cJSON *object = cs_account_to_json(account, NULL);
	gint64 offset_s = 0;

	add_history(object, history);
	add_explanation(object, client, account->id);
	cs_json_append(array, object);
	evidence->newest = MAX(evidence->newest, account->checked_at);
	if (!measure_offset(history, &offset_s))
		return;
	if (!evidence->is_measured || llabs(offset_s) > llabs(evidence->offset_s))
		evidence->offset_s = offset_s;
	evidence->is_measured = TRUE;
}

/* (transfer full) (element-type CsAccount): those that are listed, maybe none. */
static GPtrArray *
add_accounts(cJSON *document, const CsClient *client, ClockEvidence *evidence)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *accounts = cs_account_book_list(client, &error);
	cJSON *array = cs_json_add_array(document, "accounts");

	if (accounts == NULL)
		accounts = g_ptr_array_new();
	for (guint i = 0; i < accounts->len; i++)
		add_account(array, client, g_ptr_array_index(accounts, i), evidence);
	add_error(document, "accounts_error", error);
	return accounts;
}

static const char *
judge_clock(const ClockEvidence *evidence, gint64 now)
{
	if (now + MAX_CLOCK_OFFSET_S < evidence->newest)
		return "behind-last-verdict";
	if (evidence->is_measured && llabs(evidence->offset_s) > MAX_CLOCK_OFFSET_S)
		return evidence->offset_s > 0 ? "ahead-of-server" : "behind-server";
	return NULL;
}

static void
add_clock(cJSON *document, const ClockEvidence *evidence, gint64 now)
{
	cJSON *object = cs_json_add_object(document, "clock");
	const char *reason = judge_clock(evidence, now);

	cs_json_add_time(object, "now", now);
	cs_json_add_boolean(object, "plausible", reason == NULL);
	cs_json_add_string(object, "reason", reason);
	if (evidence->is_measured)
		cs_json_add_int64(object, "offset_s", evidence->offset_s);
	else
		cs_json_add_null(object, "offset_s");
}

static void
add_log(cJSON *document, const CsSettings *settings)
{
	g_autofree char *folder =
		g_build_filename(cs_settings_get_state_folder(settings), CS_LOG_FOLDER, NULL);
	const CsLogFile log = {folder, CS_LOG_FILE_OF_CLIENT};
	g_autofree char *path = g_build_filename(folder, log.name, NULL);
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = cs_log_file_read_tail(&log, MAX_LOG_LINES, &error);
	cJSON *object = cs_json_add_object(document, "log");

	add_text(object, "file", path);
	cs_json_add_string(object, "level",
			   cs_event_level_to_text(cs_settings_get_log_level(settings)));
	add_error(object, "error", error);
	add_texts(object, "lines", (const char *const *)lines);
}

static void
reduce(cJSON *document,
       const CsDiagnosisSurroundings *surroundings,
       GPtrArray *accounts,
       gboolean initials)
{
	g_autoptr(CsRedaction) redaction =
		cs_redaction_new(surroundings->home, surroundings->login);

	for (guint i = 0; initials && i < accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(accounts, i);

		cs_redaction_add_name(redaction, account->user);
	}
	if (initials) {
		cs_redaction_add_name(redaction, surroundings->login);
		cs_redaction_add_name(redaction, surroundings->real_name);
	}
	cs_redaction_apply_to_json(redaction, document);
}

/**
 * cs_diagnosis_make:
 * @client: whose state; no server is asked
 * @surroundings: (nullable): what app/ knows
 * @initials: whether names are reduced to initials
 * @cancellable: (nullable): cancels the reading of the stores, which then say less
 *
 * The report as a document: its members are in docs/diagnosis.md. It never fails: what cannot be
 * read is said in it, and the rest goes on. There is no private key, code, token or password in it:
 * nothing that it reads holds one. The home folder is "~" everywhere. Reads the stores anew; blocks;
 * any thread.
 *
 * Returns: (transfer full): the document
 */
cJSON *
cs_diagnosis_make(const CsClient *client,
		  const CsDiagnosisSurroundings *surroundings,
		  gboolean initials,
		  GCancellable *cancellable)
{
	static const CsDiagnosisSurroundings nothing = {NULL};
	const CsDiagnosisSurroundings *known = surroundings != NULL ? surroundings : &nothing;
	gint64 now = cs_clock_get_unix_s(client->clock);
	cJSON *document = cJSON_CreateObject();
	ClockEvidence evidence = {0};
	g_autoptr(GPtrArray) accounts = NULL;

	cs_json_add_int64(document, "version", FORMAT_VERSION);
	cs_json_add_time(document, "made_at", now);
	cs_json_add_boolean(document, "initials", initials);
	add_surroundings(document, known);
	add_settings(document, client->settings, known->settings_error);
	add_stores(document, client->settings, cancellable);
	accounts = add_accounts(document, client, &evidence);
	add_clock(document, &evidence, now);
	add_log(document, client->settings);
	reduce(document, known, accounts, initials);
	return document;
}
