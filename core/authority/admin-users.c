/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/activation.h"
#include "core/authority/admin-private.h"

#include "core/base/error.h"
#include "core/base/random.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define ID_LENGTH	    16
#define MAX_LOGIN_BYTES	    128
#define MIN_CODE_LIFETIME_S 60
#define MAX_CODE_LIFETIME_S 604800

/* No spaces and nothing that could disturb a line of the log or a terminal. */
static gboolean
check_login(const char *login, GError **error)
{
	gsize length = strlen(login);
	gboolean good = length >= 1 && length <= MAX_LOGIN_BYTES &&
			g_utf8_validate(login, (gssize)length, NULL);

	for (const char *p = login; good && *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar character = g_utf8_get_char(p);

		good = g_unichar_isgraph(character) && !g_unichar_isspace(character);
	}
	if (good)
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "login-invalid",
		     _("a login is 1 to %d bytes of printable characters without spaces"),
		     MAX_LOGIN_BYTES);
	return FALSE;
}

static CsUserRow *
get_user(CsAdminAct *act, const char *login, GError **error)
{
	CsUserRow *user = NULL;

	if (!cs_registry_find_user(act->registry, login, &user, error))
		return NULL;
	if (user == NULL) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found", _("there is no such user"));
		return NULL;
	}
	act->account = g_strdup(user->login);
	return user;
}

static cJSON *
user_to_json(const CsUserRow *user)
{
	cJSON *json = cJSON_CreateObject();

	cs_json_add_string(json, "login", user->login);
	cs_json_add_string(json, "state", cs_user_state_to_text(user->state));
	return json;
}

static cJSON *
add_user(CsAdminAct *act, gpointer data, GError **error)
{
	const char *login = data;
	g_autoptr(CsUserRow) user = NULL;

	act->account = g_strdup(login);
	if (!cs_registry_find_user(act->registry, login, &user, error))
		return NULL;
	if (user != NULL) {
		cs_error_set(error, CS_ERROR_REFUSED, "user-exists",
			     _("there is a user of this login already"));
		return NULL;
	}
	user = g_new0(CsUserRow, 1);
	user->id = cs_random_id(ID_LENGTH, error);
	if (user->id == NULL)
		return NULL;
	user->login = g_strdup(login);
	user->state = CS_USER_ACTIVE;
	user->created_at = act->now;
	return cs_registry_put_user(act->registry, user, error) ? user_to_json(user) : NULL;
}

/**
 * cs_admin_add_user:
 * @a: the authority
 * @login: 1 to 128 bytes of printable characters without spaces
 * @error: where to put the error
 *
 * Adds a user. The login of a deleted one may be taken: it is then another user's.
 *
 * Returns: (transfer full) (nullable): {"login", "state"}; CS_ERROR_USAGE "login-invalid";
 *   CS_ERROR_REFUSED "user-exists"; CS_ERROR_STATE
 */
cJSON *
cs_admin_add_user(CsAuthority *a, const char *login, GError **error)
{
	if (!check_login(login, error))
		return NULL;
	return cs_admin_run(a, "user-add", add_user, (gpointer)login, error);
}

static gboolean
add_user_line(CsAdminAct *act, const CsUserRow *user, cJSON *users, GError **error)
{
	g_autoptr(GPtrArray) accounts =
		cs_registry_list_accounts(act->registry, user->id, NULL, error);
	cJSON *json = NULL;
	gint64 live = 0;

	if (accounts == NULL)
		return FALSE;
	for (guint i = 0; i < accounts->len; i++) {
		const CsAccountRow *account = g_ptr_array_index(accounts, i);

		live += account->deleted ? 0 : 1;
	}
	json = user_to_json(user);
	cs_json_add_time(json, "created_at", user->created_at);
	cs_json_add_int64(json, "accounts", live);
	cs_json_append(users, json);
	return TRUE;
}

static cJSON *
list_users(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_users(act->registry, error);
	g_autoptr(cJSON) json = cJSON_CreateObject();
	cJSON *users = NULL;

	if (rows == NULL)
		return NULL;
	users = cs_json_add_array(json, "users");
	for (guint i = 0; i < rows->len; i++)
		if (!add_user_line(act, g_ptr_array_index(rows, i), users, error))
			return NULL;
	return g_steal_pointer(&json);
}

/**
 * cs_admin_list_users:
 * @a: the authority
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): {"users": [{"login", "state", "created_at", "accounts"}]},
 *   accounts being how many live ones there are; deleted users are not listed; CS_ERROR_STATE
 */
cJSON *
cs_admin_list_users(CsAuthority *a, GError **error)
{
	return cs_admin_read(a, list_users, NULL, error);
}

static cJSON *
set_state(CsAdminAct *act, const char *login, CsUserState state, GError **error)
{
	g_autoptr(CsUserRow) user = get_user(act, login, error);

	if (user == NULL)
		return NULL;
	user->state = state;
	return cs_registry_put_user(act->registry, user, error) ? user_to_json(user) : NULL;
}

static cJSON *
suspend_user(CsAdminAct *act, gpointer data, GError **error)
{
	return set_state(act, data, CS_USER_SUSPENDED, error);
}

static cJSON *
resume_user(CsAdminAct *act, gpointer data, GError **error)
{
	return set_state(act, data, CS_USER_ACTIVE, error);
}

/**
 * cs_admin_suspend_user:
 * @a: the authority
 * @login: whose
 * @error: where to put the error
 *
 * Suspends a user: accounts, code and links stay as they are (rule 22), none of them counts.
 * Suspended already is fine.
 *
 * Returns: (transfer full) (nullable): {"login", "state"}; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_suspend_user(CsAuthority *a, const char *login, GError **error)
{
	return cs_admin_run(a, "user-suspend", suspend_user, (gpointer)login, error);
}

/**
 * cs_admin_resume_user:
 * @a: the authority
 * @login: whose
 * @error: where to put the error
 *
 * Ends a suspension: all comes back. Active already is fine.
 *
 * Returns: (transfer full) (nullable): {"login", "state"}; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_resume_user(CsAuthority *a, const char *login, GError **error)
{
	return cs_admin_run(a, "user-resume", resume_user, (gpointer)login, error);
}

static gboolean
end_accounts(CsAdminAct *act, const char *user_id, GError **error)
{
	g_autoptr(GPtrArray) accounts =
		cs_registry_list_accounts(act->registry, user_id, NULL, error);

	for (guint i = 0; accounts != NULL && i < accounts->len; i++)
		if (!cs_admin_end_account(act, g_ptr_array_index(accounts, i), error))
			return FALSE;
	return accounts != NULL;
}

static cJSON *
delete_user(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(CsUserRow) user = get_user(act, data, error);

	if (user == NULL)
		return NULL;
	user->state = CS_USER_DELETED;
	if (!end_accounts(act, user->id, error) ||
	    !cs_registry_delete_code(act->registry, user->id, error) ||
	    !cs_registry_put_user(act->registry, user, error))
		return NULL;
	return user_to_json(user);
}

/**
 * cs_admin_delete_user:
 * @a: the authority
 * @login: whose
 * @error: where to put the error
 *
 * Deletes a user with accounts and code, for good; the links stay as they are (rule 22).
 *
 * Returns: (transfer full) (nullable): {"login", "state"}; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_delete_user(CsAuthority *a, const char *login, GError **error)
{
	return cs_admin_run(a, "user-delete", delete_user, (gpointer)login, error);
}

typedef struct {
	const char *login;
	gint64 lifetime_s;
} CodeArguments;

static cJSON *
code_to_json(const CsAdminAct *act, const char *code, gint64 expires_at)
{
	cJSON *json = cJSON_CreateObject();
	char *shown = cs_activation_format(code);
	char *link =
		g_strdup_printf("%s#%s.%s", cs_authority_get_url(act->authority), shown,
				cs_jwk_get_thumbprint(cs_authority_get_server_jwk(act->authority)));

	cs_json_add_string(json, "code", shown);
	cs_json_add_string(json, "link", link);
	cs_json_add_time(json, "expires_at", expires_at);
	cs_secret_wipe(shown, strlen(shown));
	cs_secret_wipe(link, strlen(link));
	g_free(shown);
	g_free(link);
	return json;
}

static cJSON *
store_code(CsAdminAct *act, const CsUserRow *user, gint64 expires_at, GError **error)
{
	g_autoptr(CsSecret) code = cs_activation_generate(error);
	g_autoptr(CsCodeRow) row = NULL;

	if (code == NULL)
		return NULL;
	row = g_new0(CsCodeRow, 1);
	row->user_id = g_strdup(user->id);
	row->hash = cs_activation_hash(act->authority, cs_secret_get_text(code));
	row->groups = cs_activation_hash_groups(act->authority, cs_secret_get_text(code));
	row->expires_at = expires_at;
	if (!cs_registry_put_code(act->registry, row, error))
		return NULL;
	return code_to_json(act, cs_secret_get_text(code), expires_at);
}

static cJSON *
make_code(CsAdminAct *act, gpointer data, GError **error)
{
	const CodeArguments *arguments = data;
	g_autoptr(CsUserRow) user = get_user(act, arguments->login, error);

	if (user == NULL)
		return NULL;
	if (user->state != CS_USER_ACTIVE) {
		cs_error_set(error, CS_ERROR_REFUSED, "user-suspended", _("the user is suspended"));
		return NULL;
	}
	return store_code(act, user, act->now + arguments->lifetime_s, error);
}

/**
 * cs_admin_make_code:
 * @a: the authority
 * @login: for whom
 * @lifetime_s: 60 to 604800
 * @error: where to put the error
 *
 * Makes a one-time activation code and its link, which carries the server key's thumbprint too; a
 * new one replaces the old. Only keyed hashes are kept: nobody can show it again.
 *
 * Returns: (transfer full) (nullable): {"code", "link", "expires_at"}; CS_ERROR_USAGE
 *   "lifetime-invalid"; CS_ERROR_NOT_FOUND; CS_ERROR_REFUSED "user-suspended"; CS_ERROR_STATE
 */
cJSON *
cs_admin_make_code(CsAuthority *a, const char *login, gint64 lifetime_s, GError **error)
{
	CodeArguments arguments = {login, lifetime_s};

	if (lifetime_s < MIN_CODE_LIFETIME_S || lifetime_s > MAX_CODE_LIFETIME_S) {
		cs_error_set(error, CS_ERROR_USAGE, "lifetime-invalid",
			     _("a code's lifetime is %d to %d seconds"), MIN_CODE_LIFETIME_S,
			     MAX_CODE_LIFETIME_S);
		return NULL;
	}
	return cs_admin_run(a, "code-make", make_code, &arguments, error);
}
