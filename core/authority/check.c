/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/check.h"

#include <sys/stat.h>

/* An array that names thousands of rows helps nobody. */
#define MAX_PROBLEMS 100

static void
add_problem_cb(const char *check, const char *detail, gpointer data)
{
	cJSON *problems = data;
	cJSON *problem;

	if (cJSON_GetArraySize(problems) >= MAX_PROBLEMS)
		return;
	problem = cJSON_CreateObject();
	cs_json_add_string(problem, "check", check);
	cs_json_add_string(problem, "detail", detail);
	cs_json_append(problems, problem);
}

static void
check_modes(const CsAuthority *a, cJSON *problems)
{
	const char *const *names = cs_authority_get_part_names();

	for (gsize i = 0; names[i] != NULL; i++) {
		g_autofree char *path =
			g_build_filename(cs_authority_get_folder(a), names[i], NULL);
		struct stat info = {0};

		if (stat(path, &info) != 0 || (info.st_mode & 077) != 0)
			add_problem_cb("permissions", names[i], problems);
	}
}

/* The built-in CA's place in the list of issuers is of this folder's key. */
static gboolean
check_built_in(CsAuthority *a, cJSON *problems, GError **error)
{
	const char *own =
		cs_certificate_get_fingerprint(cs_ca_get_certificate(cs_authority_get_ca(a)));
	g_autoptr(GPtrArray) issuers =
		cs_registry_list_issuers(cs_authority_get_registry(a), error);

	if (issuers == NULL)
		return FALSE;
	for (guint i = 0; i < issuers->len; i++) {
		const CsIssuerRow *issuer = g_ptr_array_index(issuers, i);

		if (issuer->built_in && g_strcmp0(issuer->fingerprint, own) != 0)
			add_problem_cb("keys", issuer->id, problems);
	}
	return TRUE;
}

static gboolean
check_log(CsAuthority *a, cJSON *document, cJSON *problems, GError **error)
{
	CsLogCheck check = {0};
	g_autofree char *detail = NULL;

	if (!cs_registry_verify_log(cs_authority_get_registry(a), NULL, &check, error))
		return FALSE;
	cs_json_add_int64(document, "lines", check.lines);
	cs_json_add_string(document, "head", check.head);
	if (check.problem == NULL)
		return TRUE;
	detail = g_strdup_printf("%s %" G_GINT64_FORMAT, check.problem, check.line);
	add_problem_cb("log", detail, problems);
	return TRUE;
}

/**
 * cs_authority_check:
 * @authority: the authority; its server may be running
 * @ok: (out): whether nothing was found
 * @error: where to put the error
 *
 * Looks for what must never be: in the registry (cs_registry_check()), in the log's chain, in the
 * modes of files. That the keys fit each other was seen when the folder was opened.
 *
 * Returns: (transfer full) (nullable): {"ok", "schema_version", "lines", "head", "problems"};
 *   CS_ERROR_STATE
 */
cJSON *
cs_authority_check(CsAuthority *authority, gboolean *ok, GError **error)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();
	g_autoptr(cJSON) problems = cJSON_CreateArray();

	if (!cs_registry_check(cs_authority_get_registry(authority), add_problem_cb, problems,
			       error) ||
	    !check_built_in(authority, problems, error))
		return NULL;
	check_modes(authority, problems);
	cs_json_add_int64(document, "schema_version", cs_registry_get_version());
	if (!check_log(authority, document, problems, error))
		return NULL;
	*ok = cJSON_GetArraySize(problems) == 0;
	cs_json_add_boolean(document, "ok", *ok);
	cs_json_add(document, "problems", g_steal_pointer(&problems));
	return g_steal_pointer(&document);
}
