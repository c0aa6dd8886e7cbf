/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/authority/revocation-feed.h"
#include "core/base/error.h"
#include "core/base/http-fetch.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* ---- what the administrator chooses ---- */

static gboolean
refuse(GError **error, const char *reason, const char *words)
{
	cs_error_set(error, CS_ERROR_USAGE, reason, "%s", words);
	return FALSE;
}

static gboolean
has_prefix_list(const CsRevocationChoice *choice)
{
	return choice->allowed_urls != NULL && choice->allowed_urls[0] != NULL;
}

static gboolean
names_source(const CsRevocationChoice *choice)
{
	return choice->crl_file != NULL || choice->url != NULL || has_prefix_list(choice);
}

static const char *
mode_of(const CsRevocationChoice *choice)
{
	if (choice->mode != NULL)
		return choice->mode;
	return names_source(choice) ? "any" : NULL;
}

static gboolean
check_mode(const CsRevocationChoice *choice, const char *mode, GError **error)
{
	static const char *const modes[] = {"crl", "ocsp", "any", "none", NULL};
	gboolean is_none = g_strcmp0(mode, "none") == 0;

	if (mode != NULL && !g_strv_contains(modes, mode))
		return refuse(error, "value-invalid",
			      _("--revocation is one of \"crl\", \"ocsp\", \"any\" and \"none\""));
	if ((mode == NULL || is_none) && (names_source(choice) || choice->max_age_s != 0))
		return refuse(error, "options-conflict",
			      _("--crl-file, --revocation-url, --allow-url and --max-age go with "
				"--revocation crl, ocsp or any"));
	if (mode != NULL && !is_none && !names_source(choice))
		return refuse(error, "options-incomplete",
			      _("say where the answers come from: --crl-file, --revocation-url or "
				"--allow-url"));
	return TRUE;
}

static gboolean
check_sources(const CsRevocationChoice *choice, const char *mode, GError **error)
{
	if (choice->crl_file != NULL && g_str_equal(mode, "ocsp"))
		return refuse(error, "options-conflict",
			      _("--crl-file goes with --revocation crl or any"));
	if (choice->crl_file != NULL &&
	    (!g_path_is_absolute(choice->crl_file) || !g_utf8_validate(choice->crl_file, -1, NULL)))
		return refuse(error, "value-invalid",
			      _("--crl-file is the path of a file that the server reads"));
	if (choice->url != NULL && g_str_equal(mode, "any"))
		return refuse(error, "options-incomplete",
			      _("say what --revocation-url answers with: --revocation crl or "
				"--revocation ocsp"));
	if (choice->url != NULL && has_prefix_list(choice))
		return refuse(error, "options-conflict",
			      _("--revocation-url stands in place of the certificates' own "
				"addresses, which --allow-url is about"));
	return TRUE;
}

static gboolean
check_urls(const CsRevocationChoice *choice, GError **error)
{
	if (choice->url != NULL && !cs_http_check_url(choice->url, error))
		return FALSE;
	for (gsize i = 0; has_prefix_list(choice) && choice->allowed_urls[i] != NULL; i++) {
		if (!cs_http_check_url(choice->allowed_urls[i], error))
			return FALSE;
	}
	return TRUE;
}

/**
 * cs_admin_check_revocation_choice:
 * @choice: what an administrator may have chosen
 * @error: CS_ERROR_USAGE "value-invalid", "options-incomplete", "options-conflict", "url-invalid"
 *
 * Returns: FALSE where it makes no sense
 */
gboolean
cs_admin_check_revocation_choice(const CsRevocationChoice *choice, GError **error)
{
	const char *mode = mode_of(choice);

	return check_mode(choice, mode, error) &&
	       (mode == NULL || check_sources(choice, mode, error)) && check_urls(choice, error);
}

/**
 * cs_admin_choose_revocation:
 * @row: the issuer; changed
 * @choice: (nullable): what to choose, in place of what was chosen
 * @error: CS_ERROR_USAGE "value-invalid", "options-incomplete", "options-conflict", "url-invalid"
 *
 * Returns: FALSE where it makes no sense; @row is then as it was
 */
gboolean
cs_admin_choose_revocation(CsIssuerRow *row, const CsRevocationChoice *choice, GError **error)
{
	static const CsRevocationChoice nothing = {0};
	const char *mode = NULL;

	if (choice == NULL)
		choice = &nothing;
	if (!cs_admin_check_revocation_choice(choice, error))
		return FALSE;
	mode = mode_of(choice);
	cs_issuer_row_clear_revocation(row);
	row->revocation_none = g_strcmp0(mode, "none") == 0;
	if (mode == NULL || row->revocation_none)
		return TRUE;
	row->revocation = g_strdup(mode);
	row->crl_file = g_strdup(choice->crl_file);
	row->revocation_url = g_strdup(choice->url);
	if (has_prefix_list(choice))
		row->allowed_urls = g_strdupv((char **)choice->allowed_urls);
	row->max_age_s = choice->max_age_s;
	return TRUE;
}

static void
describe_part(GString *text, const char *name, const char *value)
{
	if (value != NULL)
		g_string_append_printf(text, " %s=%s", name, value);
}

/**
 * cs_admin_describe_revocation:
 * @row: an issuer
 *
 * Rule 12's recorded choice, for the log.
 *
 * Returns: (transfer full): "revocation=MODE" and what was chosen with it; the mode is "unset" where
 *   nothing was
 */
char *
cs_admin_describe_revocation(const CsIssuerRow *row)
{
	GString *text = g_string_new("revocation=");
	g_autofree char *age =
		row->max_age_s > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, row->max_age_s) : NULL;

	g_string_append(text, row->revocation_none ? "none"
			      : row->revocation	   ? row->revocation
						   : "unset");
	describe_part(text, "url", row->revocation_url);
	for (gsize i = 0; row->allowed_urls != NULL && row->allowed_urls[i] != NULL; i++)
		describe_part(text, "allowed", row->allowed_urls[i]);
	describe_part(text, "max-age", age);
	describe_part(text, "crl-file", row->crl_file); /* last: a path may have spaces */
	return g_string_free(text, FALSE);
}

typedef struct {
	const char *id;
	const CsRevocationChoice *choice;
} SetArguments;

static cJSON *
set_revocation(CsAdminAct *act, gpointer data, GError **error)
{
	const SetArguments *arguments = data;
	g_autoptr(CsIssuerRow) row = cs_admin_get_issuer(act, arguments->id, error);

	if (row == NULL)
		return NULL;
	act->certificate = g_strdup(row->fingerprint);
	if (row->built_in) {
		cs_error_set(error, CS_ERROR_REFUSED, "issuer-built-in",
			     _("the built-in certificate authority knows itself what it revoked"));
		return NULL;
	}
	if (!cs_admin_choose_revocation(row, arguments->choice, error))
		return NULL;
	act->detail = cs_admin_describe_revocation(row);
	if (!cs_registry_put_issuer(act->registry, row, error))
		return NULL;
	return cs_admin_issuer_to_json(row);
}

/**
 * cs_admin_set_issuer_revocation:
 * @a: the authority
 * @id: the issuer's
 * @choice: (nullable): nothing: its certificates are unknown from now on
 * @error: where to put the error
 *
 * Chooses anew where answers about an issuer's certificates come from, from the next authentication
 * on (rule 12).
 *
 * Returns: (transfer full) (nullable): {"id", "fingerprint", "subject"}; CS_ERROR_NOT_FOUND;
 *   CS_ERROR_REFUSED "issuer-built-in"; CS_ERROR_USAGE "value-invalid", "options-incomplete",
 *   "options-conflict", "url-invalid"; CS_ERROR_STATE
 */
cJSON *
cs_admin_set_issuer_revocation(CsAuthority *a,
			       const char *id,
			       const CsRevocationChoice *choice,
			       GError **error)
{
	SetArguments arguments = {id, choice};

	return cs_admin_run(a, "issuer-set", set_revocation, &arguments, error);
}

/* ---- what is at hand ---- */

static void
add_age(cJSON *source, gint64 since, gint64 now)
{
	cs_json_add_time(source, "fetched_at", since);
	if (since != 0)
		cs_json_add_int64(source, "age", MAX(0, now - since));
	else
		cs_json_add_null(source, "age");
}

static cJSON *
new_source(const CsIssuerRow *row, const char *kind, const char *from, gint64 since, gint64 now)
{
	cJSON *source = cJSON_CreateObject();

	cs_json_add_string(source, "issuer", row->id);
	cs_json_add_string(source, "kind", kind);
	cs_json_add_string(source, "from", from);
	add_age(source, since, now);
	return source;
}

static cJSON *
describe_record(const CsIssuerRow *row, const CsRevocationRecord *record, gint64 now)
{
	cJSON *source = new_source(row, record->kind, record->url,
				   record->data != NULL ? record->fetched_at : 0, now);
	g_autoptr(CsCertificate) certificate =
		record->certificate != NULL ? cs_certificate_new(record->certificate, NULL) : NULL;

	cs_json_add_string(source, "certificate",
			   certificate != NULL ? cs_certificate_get_fingerprint(certificate)
					       : NULL);
	cs_json_add_time(source, "tried_at", record->tried_at);
	cs_json_add_string(source, "problem", record->failure);
	return source;
}

static cJSON *
describe_file(const CsIssuerRow *row, const CsRevocationFeed *feed, gint64 now)
{
	cJSON *source =
		new_source(row, "crl", row->crl_file, cs_revocation_feed_get_file_time(feed), now);

	cs_json_add_null(source, "certificate");
	cs_json_add_time(source, "tried_at", now);
	cs_json_add_string(source, "problem", cs_revocation_feed_get_file_problem(feed));
	return source;
}

static cJSON *
describe_url(const CsIssuerRow *row, gint64 now)
{
	cJSON *source = new_source(row, row->revocation, row->revocation_url, 0, now);

	cs_json_add_null(source, "certificate");
	cs_json_add_time(source, "tried_at", 0);
	cs_json_add_null(source, "problem");
	return source;
}

static cJSON *
describe_feed(const CsRevocationFeed *feed, gint64 now)
{
	const CsIssuerRow *row = cs_revocation_feed_get_row(feed);
	GPtrArray *records = cs_revocation_feed_get_records(feed);
	cJSON *sources = cJSON_CreateArray();

	if (row->crl_file != NULL)
		cs_json_append(sources, describe_file(row, feed, now));
	for (guint i = 0; i < records->len; i++)
		cs_json_append(sources, describe_record(row, records->pdata[i], now));
	if (row->revocation_url != NULL && records->len == 0)
		cs_json_append(sources, describe_url(row, now));
	return sources;
}

/**
 * cs_admin_list_revocation_sources:
 * @a: the authority
 * @row: an issuer
 * @records: (element-type CsRevocationRecord): what the store has
 * @now: Unix seconds
 *
 * Returns: (transfer full): [{"issuer", "kind", "from", "fetched_at", "age", "certificate",
 *   "tried_at", "problem"}]; of a file, fetched_at is when its CRL was issued
 */
cJSON *
cs_admin_list_revocation_sources(CsAuthority *a,
				 const CsIssuerRow *row,
				 GPtrArray *records,
				 gint64 now)
{
	g_autoptr(CsRevocationFeed) feed =
		row->revocation != NULL ? cs_revocation_feed_new(row, cs_authority_get_folder(a))
					: NULL;

	if (feed == NULL)
		return cJSON_CreateArray();
	cs_revocation_feed_load(feed, records, now);
	return describe_feed(feed, now);
}

static void
append_all(cJSON *to, cJSON *from_taken)
{
	while (from_taken->child != NULL)
		cs_json_append(to, cJSON_DetachItemFromArray(from_taken, 0));
	cJSON_Delete(from_taken);
}

static cJSON *
show(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(act->registry, error);
	g_autoptr(GPtrArray) records =
		cs_revocation_store_list(cs_authority_get_folder(act->authority));
	cJSON *document, *sources;

	if (rows == NULL)
		return NULL;
	document = cJSON_CreateObject();
	sources = cs_json_add_array(document, "sources");
	for (guint i = 0; i < rows->len; i++)
		append_all(sources, cs_admin_list_revocation_sources(act->authority, rows->pdata[i],
								     records, act->now));
	return document;
}

/**
 * cs_admin_show_revocation:
 * @a: the authority
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): {"sources": [...]}, as cs_admin_list_revocation_sources(), of
 *   every issuer; CS_ERROR_STATE
 */
cJSON *
cs_admin_show_revocation(CsAuthority *a, GError **error)
{
	return cs_admin_read(a, show, NULL, error);
}

/* ---- fetching everything anew ---- */

static gboolean
refresh_record(CsAuthority *a,
	       CsRevocationFeed *feed,
	       const CsRevocationRecord *wanted,
	       GCancellable *cancellable,
	       GError **error)
{
	gint64 now = cs_clock_get_unix_s(cs_authority_get_clock(a));
	CsRevocationRecord *record = cs_revocation_feed_fetch(feed, wanted, now, cancellable);
	gboolean kept = !g_cancellable_set_error_if_cancelled(cancellable, error) &&
			cs_revocation_store_put(cs_authority_get_folder(a), record, error);

	cs_revocation_feed_take(feed, record, now);
	return kept;
}

/* The serving process hears of it once, and of what came before a failure, too: it reads all anew. */
static gboolean
refresh_list(CsAuthority *a,
	     CsRevocationFeed *feed,
	     GPtrArray *wanted,
	     GCancellable *cancellable,
	     GError **error)
{
	gboolean kept = TRUE;

	for (guint i = 0; i < wanted->len && kept; i++)
		kept = refresh_record(a, feed, wanted->pdata[i], cancellable, error);
	if (wanted->len == 0)
		return TRUE;
	return cs_revocation_store_mark(cs_authority_get_folder(a), kept ? error : NULL) && kept;
}

static gboolean
refresh_issuer(CsAuthority *a,
	       const CsIssuerRow *row,
	       GPtrArray *records,
	       GCancellable *cancellable,
	       GError **error)
{
	gint64 now = cs_clock_get_unix_s(cs_authority_get_clock(a));
	gint64 due = G_MAXINT64;
	g_autoptr(CsRevocationFeed) feed =
		row->revocation != NULL ? cs_revocation_feed_new(row, cs_authority_get_folder(a))
					: NULL;
	g_autoptr(GPtrArray) wanted = NULL;
	g_autoptr(GPtrArray) more = NULL;

	if (feed == NULL)
		return TRUE;
	cs_revocation_feed_load(feed, records, now);
	/* Everything is due at the end of time; then what that points to. */
	wanted = cs_revocation_feed_list_due(feed, G_MAXINT64, &due);
	if (!refresh_list(a, feed, wanted, cancellable, error))
		return FALSE;
	more = cs_revocation_feed_list_due(feed, now, &due);
	return refresh_list(a, feed, more, cancellable, error);
}

/**
 * cs_admin_refresh_revocation:
 * @a: the authority
 * @cancellable: (nullable): ends it
 * @error: where to put the error
 *
 * Fetches all that is known of: each issuer's own address, what certificates have led to before, and
 * the delta CRLs that these point to.
 * What cannot be had is no error: its problem stands beside it. A serving process takes up what is
 * new within seconds.
 *
 * Returns: (transfer full) (nullable): as cs_admin_show_revocation(); CS_ERROR_STATE;
 *   G_IO_ERROR_CANCELLED
 */
cJSON *
cs_admin_refresh_revocation(CsAuthority *a, GCancellable *cancellable, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_issuers(cs_authority_get_registry(a), error);
	g_autoptr(GPtrArray) records = cs_revocation_store_list(cs_authority_get_folder(a));

	for (guint i = 0; rows != NULL && i < rows->len; i++) {
		if (!refresh_issuer(a, rows->pdata[i], records, cancellable, error))
			return NULL;
	}
	return rows != NULL ? cs_admin_show_revocation(a, error) : NULL;
}
