/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/base/error.h"
#include "core/protocol/tokens.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define DAY_S	 86400
#define MAX_DAYS 3650
/* The empty name, which no application can have. */
#define DEFAULT_NAME ""
#define USER_PREFIX  "user:"

typedef struct {
	const char *application; /* DEFAULT_NAME: the default */
	CsPolicyDemand demand;
} PolicyArguments;

static gboolean
check_application(const char *application, GError **error)
{
	if (cs_verdict_is_application(application))
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "application-invalid",
		     _("an application's name is 1 to 64 printable ASCII characters without "
		       "space"));
	return FALSE;
}

static gboolean
read_demand(const char *text, CsPolicyDemand *demand, GError **error)
{
	if (cs_policy_demand_from_text(text, demand))
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "demand-invalid",
		     _("a policy asks for \"managed\", \"not-managed\" or \"any\""));
	return FALSE;
}

/* {"application": null for the default, "demand"} */
static cJSON *
policy_to_json(const char *application, CsPolicyDemand demand)
{
	cJSON *json = cJSON_CreateObject();

	cs_json_add_string(json, "application", application[0] != '\0' ? application : NULL);
	cs_json_add_string(json, "demand", cs_policy_demand_to_text(demand));
	return json;
}

/* For the log: "default" would be an application's name as well, so the default's is in the detail. */
static void
name_policy(CsAdminAct *act, const char *application)
{
	if (application[0] != '\0')
		act->application = g_strdup(application);
}

static cJSON *
set_policy(CsAdminAct *act, gpointer data, GError **error)
{
	const PolicyArguments *arguments = data;
	CsPolicyRow row = {
		.application = (char *)arguments->application,
		.demand = arguments->demand,
		.set_at = act->now,
	};

	name_policy(act, arguments->application);
	act->detail = g_strconcat("demand=", cs_policy_demand_to_text(arguments->demand), NULL);
	if (!cs_registry_put_policy(act->registry, &row, error))
		return NULL;
	return policy_to_json(arguments->application, arguments->demand);
}

/**
 * cs_admin_set_policy:
 * @a: the authority
 * @application: (nullable): 1 to 64 printable ASCII characters without space; %NULL: the default,
 *   for every application without a policy of its own
 * @demand: "managed", "not-managed" or "any"
 * @error: where to put the error
 *
 * Sets what access to an application asks of the device (rule 21), from the next authentication on.
 *
 * Returns: (transfer full) (nullable): {"application": null for the default, "demand"};
 *   CS_ERROR_USAGE "application-invalid", "demand-invalid"; CS_ERROR_STATE
 */
cJSON *
cs_admin_set_policy(CsAuthority *a, const char *application, const char *demand, GError **error)
{
	PolicyArguments arguments = {application != NULL ? application : DEFAULT_NAME,
				     CS_POLICY_ANY};

	if ((application != NULL && !check_application(application, error)) ||
	    !read_demand(demand, &arguments.demand, error))
		return NULL;
	return cs_admin_run(a, "policy-set", set_policy, &arguments, error);
}

static cJSON *
list_policies(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) rows = cs_registry_list_policies(act->registry, error);
	CsPolicyDemand fallback = CS_POLICY_ANY;
	cJSON *json = NULL;
	cJSON *policies = NULL;

	if (rows == NULL || !cs_registry_get_policy(act->registry, DEFAULT_NAME, &fallback, error))
		return NULL;
	json = cJSON_CreateObject();
	cs_json_add_string(json, "default", cs_policy_demand_to_text(fallback));
	policies = cs_json_add_array(json, "policies");
	for (guint i = 0; i < rows->len; i++) {
		const CsPolicyRow *row = g_ptr_array_index(rows, i);
		cJSON *policy = NULL;

		if (row->application[0] == '\0')
			continue;
		policy = policy_to_json(row->application, row->demand);
		cs_json_add_time(policy, "set_at", row->set_at);
		cs_json_append(policies, policy);
	}
	return json;
}

/**
 * cs_admin_list_policies:
 * @a: the authority
 * @error: where to put the error
 *
 * Returns: (transfer full) (nullable): {"default": demand, "policies": [{"application", "demand",
 *   "set_at"}]}, by name; CS_ERROR_STATE
 */
cJSON *
cs_admin_list_policies(CsAuthority *a, GError **error)
{
	return cs_admin_read(a, list_policies, NULL, error);
}

static cJSON *
delete_policy(CsAdminAct *act, gpointer data, GError **error)
{
	const char *application = data;
	CsPolicyDemand demand = CS_POLICY_ANY;

	name_policy(act, application);
	if (!cs_registry_delete_policy(act->registry, application, error) ||
	    !cs_registry_get_policy(act->registry, application, &demand, error))
		return NULL;
	return policy_to_json(application, demand);
}

/**
 * cs_admin_delete_policy:
 * @a: the authority
 * @application: its name
 * @error: where to put the error
 *
 * Deletes an application's own policy: the default is then its policy.
 *
 * Returns: (transfer full) (nullable): {"application", "demand": the default's}; CS_ERROR_USAGE
 *   "application-invalid"; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_delete_policy(CsAuthority *a, const char *application, GError **error)
{
	if (!check_application(application, error))
		return NULL;
	return cs_admin_run(a, "policy-delete", delete_policy, (gpointer)application, error);
}

/* A line of the log as the facts that a policy judges. A code that this version does not know is
 * never "managed". */
static CsPolicyFacts
get_facts(const CsPastAuthentication *past)
{
	CsReason reason = cs_reason_from_code(past->reason);

	if (reason == CS_REASON_NONE)
		reason = CS_REASON_REVOCATION_UNKNOWN;
	return (CsPolicyFacts){
		.authenticated = past->authenticated,
		.reason = past->authenticated ? CS_REASON_NONE : reason,
		.device_reason = past->authenticated ? reason : CS_REASON_NONE,
	};
}

static const char *
get_login(const CsPastAuthentication *past)
{
	return g_str_has_prefix(past->actor, USER_PREFIX) ? past->actor + strlen(USER_PREFIX)
							  : past->actor;
}

typedef struct {
	const char *application;
	const char *account;
} TryArguments;

/* What stands now against whoever would authenticate, in the protocol's order. */
static gboolean
find_standing(CsAdminAct *act, const CsAccountRow *account, CsReason *reason, GError **error)
{
	static const CsReason of_device[] = {
		[CS_DEVICE_ACTIVE] = CS_REASON_NONE,
		[CS_DEVICE_SUSPENDED] = CS_REASON_DEVICE_SUSPENDED,
		[CS_DEVICE_DEACTIVATED] = CS_REASON_DEVICE_DEACTIVATED,
		[CS_DEVICE_DELETED] = CS_REASON_DEVICE_DELETED,
	};
	g_autoptr(CsDeviceRow) device =
		cs_registry_get_device(act->registry, account->device_id, error);
	g_autoptr(CsUserRow) user = NULL;

	if (device == NULL)
		return FALSE;
	user = cs_registry_get_user_by_id(act->registry, account->user_id, error);
	if (user == NULL)
		return FALSE;
	*reason = of_device[device->state];
	if (*reason == CS_REASON_NONE && user->state == CS_USER_SUSPENDED)
		*reason = CS_REASON_USER_SUSPENDED;
	if (*reason == CS_REASON_NONE && (account->deleted || user->state == CS_USER_DELETED))
		*reason = CS_REASON_ACCOUNT_DELETED;
	return TRUE;
}

static cJSON *
try_to_json(const TryArguments *arguments,
	    const CsPastAuthentication *past,
	    CsPolicyDemand demand,
	    const CsPolicyAnswer *answer)
{
	cJSON *json = policy_to_json(arguments->application, demand);

	cs_json_add_string(json, "account", arguments->account);
	cs_json_add_string(json, "user", get_login(past));
	cs_json_add_string(json, "device", past->device);
	cs_json_add_boolean(json, "allowed", answer->allowed);
	cs_json_add_string(json, "reason",
			   answer->allowed ? NULL : cs_reason_to_code(answer->reason));
	cs_json_add_time(json, "authenticated_at", past->time);
	return json;
}

static cJSON *
try_policy(CsAdminAct *act, gpointer data, GError **error)
{
	const TryArguments *arguments = data;
	g_autoptr(CsAccountRow) account = NULL;
	g_autoptr(CsPastAuthentication) past = NULL;
	CsPolicyDemand demand = CS_POLICY_ANY;
	CsReason standing = CS_REASON_NONE;
	CsPolicyFacts facts = {0};
	CsPolicyAnswer answer = {0};

	if (!cs_registry_find_account(act->registry, arguments->account, &account, error) ||
	    !cs_registry_find_last_authentication(act->registry, arguments->account, &past,
						  error) ||
	    !cs_registry_get_policy(act->registry, arguments->application, &demand, error))
		return NULL;
	if (account == NULL || past == NULL) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
			     account == NULL ? _("there is no such account")
					     : _("this account has not authenticated yet: there is "
						 "nothing to judge by"));
		return NULL;
	}
	if (!find_standing(act, account, &standing, error))
		return NULL;
	facts = get_facts(past);
	if (standing != CS_REASON_NONE)
		facts = (CsPolicyFacts){.reason = standing};
	answer = cs_policy_decide(demand, &facts);
	return try_to_json(arguments, past, demand, &answer);
}

/**
 * cs_admin_try_policy:
 * @a: the authority
 * @application: its name
 * @account: an account's id
 * @error: where to put the error
 *
 * Says what the application's policy would decide for an account, by its last authentication and by
 * what device, user and account are now. Whether the device's certificate would still be accepted is
 * not looked at: only an authentication proves that.
 *
 * Returns: (transfer full) (nullable): {"application", "demand", "account", "user", "device",
 *   "allowed", "reason", "authenticated_at"}; CS_ERROR_USAGE "application-invalid";
 *   CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_try_policy(CsAuthority *a, const char *application, const char *account, GError **error)
{
	TryArguments arguments = {application, account};

	if (!check_application(application, error))
		return NULL;
	return cs_admin_read(a, try_policy, &arguments, error);
}

/* One account's part of a dry run. */
typedef struct {
	char *user;
	char *device;
	guint allowed;
	guint refused;
	CsReason reason; /* of the last one refused */
} Tally;

typedef struct {
	const char *application;
	CsPolicyDemand demand;
	guint days;

	gboolean only_application; /* what was for it counts, and nothing else */
	guint allowed;
	guint refused;
	guint reasons[CS_REASON_COUNT];
	GHashTable *accounts; /* id (lent) to Tally */
	GPtrArray *order;     /* ids (lent), as they came */
} DryRun;

static void
tally_free(gpointer data)
{
	Tally *tally = data;

	g_free(tally->user);
	g_free(tally->device);
	g_free(tally);
}

static Tally *
ensure_tally(DryRun *run, const CsPastAuthentication *past)
{
	Tally *tally = g_hash_table_lookup(run->accounts, past->account);

	if (tally != NULL)
		return tally;
	tally = g_new0(Tally, 1);
	tally->user = g_strdup(get_login(past));
	tally->device = g_strdup(past->device);
	g_hash_table_insert(run->accounts, past->account, tally);
	g_ptr_array_add(run->order, past->account);
	return tally;
}

static void
count(DryRun *run, const CsPastAuthentication *past)
{
	CsPolicyFacts facts = get_facts(past);
	CsPolicyAnswer answer = cs_policy_decide(run->demand, &facts);
	Tally *tally = NULL;

	if (past->account == NULL ||
	    (run->only_application && g_strcmp0(past->application, run->application) != 0))
		return;
	tally = ensure_tally(run, past);
	if (answer.allowed) {
		run->allowed++;
		tally->allowed++;
		return;
	}
	run->refused++;
	run->reasons[answer.reason]++;
	tally->refused++;
	tally->reason = answer.reason;
}

static gboolean
has_application(GPtrArray *authentications, const char *application)
{
	for (guint i = 0; i < authentications->len; i++) {
		const CsPastAuthentication *past = g_ptr_array_index(authentications, i);

		if (g_strcmp0(past->application, application) == 0)
			return TRUE;
	}
	return FALSE;
}

static void
add_reasons(cJSON *json, const DryRun *run)
{
	cJSON *reasons = cs_json_add_object(json, "reasons");

	for (guint i = 0; i < CS_REASON_COUNT; i++) {
		if (run->reasons[i] > 0)
			cs_json_add_int64(reasons, cs_reason_to_code((CsReason)i), run->reasons[i]);
	}
}

static void
add_accounts(cJSON *json, const DryRun *run)
{
	cJSON *accounts = cs_json_add_array(json, "accounts");

	for (guint i = 0; i < run->order->len; i++) {
		const char *id = g_ptr_array_index(run->order, i);
		const Tally *tally = g_hash_table_lookup(run->accounts, id);
		cJSON *account = cJSON_CreateObject();

		cs_json_add_string(account, "account", id);
		cs_json_add_string(account, "user", tally->user);
		cs_json_add_string(account, "device", tally->device);
		cs_json_add_int64(account, "allowed", tally->allowed);
		cs_json_add_int64(account, "refused", tally->refused);
		cs_json_add_string(account, "reason",
				   tally->refused > 0 ? cs_reason_to_code(tally->reason) : NULL);
		cs_json_append(accounts, account);
	}
}

static cJSON *
dry_run_to_json(const DryRun *run, gint64 since)
{
	cJSON *json = policy_to_json(run->application, run->demand);

	cs_json_add_time(json, "since", since);
	cs_json_add_string(json, "considered", run->only_application ? "application" : "all");
	cs_json_add_int64(json, "authentications", (gint64)run->allowed + run->refused);
	cs_json_add_int64(json, "allowed", run->allowed);
	cs_json_add_int64(json, "refused", run->refused);
	add_reasons(json, run);
	add_accounts(json, run);
	return json;
}

static cJSON *
dry_run(CsAdminAct *act, gpointer data, GError **error)
{
	DryRun *run = data;
	gint64 since = act->now - (gint64)run->days * DAY_S;
	g_autoptr(GPtrArray) authentications =
		cs_registry_list_authentications(act->registry, since, error);
	g_autoptr(GHashTable) accounts = NULL;
	g_autoptr(GPtrArray) order = NULL;

	if (authentications == NULL)
		return NULL;
	accounts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, tally_free);
	order = g_ptr_array_new();
	run->accounts = accounts;
	run->order = order;
	run->only_application = has_application(authentications, run->application);
	for (guint i = 0; i < authentications->len; i++)
		count(run, g_ptr_array_index(authentications, i));
	return dry_run_to_json(run, since);
}

/**
 * cs_admin_dry_run_policy:
 * @a: the authority
 * @application: its name
 * @demand: "managed", "not-managed" or "any": the policy that is thought of
 * @days: how far back, 1 to 3650
 * @error: where to put the error
 *
 * Says what a policy would have decided, over the authentications in the log: those for this
 * application, or all where it was never named. Changes nothing.
 *
 * Returns: (transfer full) (nullable): {"application", "demand", "since", "considered":
 *   "application" or "all", "authentications", "allowed", "refused", "reasons": {code: count},
 *   "accounts": [{"account", "user", "device", "allowed", "refused", "reason"}]}; CS_ERROR_USAGE
 *   "application-invalid", "demand-invalid", "days-invalid"; CS_ERROR_STATE
 */
cJSON *
cs_admin_dry_run_policy(
	CsAuthority *a, const char *application, const char *demand, guint days, GError **error)
{
	DryRun run = {.application = application, .days = days};

	if (!check_application(application, error) || !read_demand(demand, &run.demand, error))
		return NULL;
	if (days < 1 || days > MAX_DAYS) {
		cs_error_set(error, CS_ERROR_USAGE, "days-invalid",
			     _("a dry run looks back 1 to %d days"), MAX_DAYS);
		return NULL;
	}
	return cs_admin_read(a, dry_run, &run, error);
}
