/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "app/commands/repurpose-text.h"
#include "app/commands/text.h"
#include "app/commands/verbs.h"
#include "core/account/repurposing.h"
#include "core/protocol/helpdesk-code.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>

#define WATCH_INTERVAL_US (5 * G_USEC_PER_SEC)

static const CsOption options[] = {
	{"watch", NULL, CS_OPTION_ONCE, N_("ask again every 5 seconds until all is done")},
	{NULL},
};

static const char *
get_text(const cJSON *object, const char *name, const char *otherwise)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : otherwise;
}

static void
print_steps(const CsInvocation *invocation, const cJSON *steps)
{
	g_autofree char *text = cs_repurpose_steps_to_text(steps);

	cs_invocation_print_block(invocation, text);
}

static void
print_helpdesk_code(const CsInvocation *invocation, const char *code)
{
	g_autofree char *text = code ? cs_helpdesk_code_format(code) : NULL;

	if (text)
		cs_invocation_print(invocation, _("  helpdesk code: %s\n"), text);
}

static void
print_text(const CsInvocation *invocation, const cJSON *organisations)
{
	const cJSON *organisation;

	if (cJSON_GetArraySize(organisations) == 0)
		cs_invocation_print(invocation, "%s\n",
				    _("This user's client knows no organisation, so this device "
				      "has nothing to follow."));
	cJSON_ArrayForEach (organisation, organisations) {
		const char *error_code = get_text(organisation, "error", NULL);

		cs_invocation_print(invocation, "%s (%s)\n",
				    get_text(organisation, "organisation", "?"),
				    get_text(organisation, "url", "?"));
		if (error_code) {
			cs_invocation_print(invocation, _("  no answer: %s\n"), error_code);
			continue;
		}
		cs_invocation_print(invocation, _("  device %s: %s\n"),
				    get_text(organisation, "device_id", "-"),
				    get_text(organisation, "state", "-"));
		print_helpdesk_code(invocation, get_text(organisation, "helpdesk_code", NULL));
		print_steps(invocation, cJSON_GetObjectItemCaseSensitive(organisation, "steps"));
	}
}

static gboolean
is_all_done(const cJSON *organisations)
{
	const cJSON *organisation;

	cJSON_ArrayForEach (organisation, organisations) {
		const cJSON *steps = cJSON_GetObjectItemCaseSensitive(organisation, "steps");

		if (get_text(organisation, "error", NULL) || !cs_repurpose_steps_are_done(steps))
			return FALSE;
	}
	return TRUE;
}

static CsExit
get_exit_of(const char *error_code)
{
	static const char *const local_codes[] = {"key-missing", "key-unusable",
						  "state-unavailable", NULL};

	if (!error_code)
		return CS_EXIT_DONE;
	if (g_strv_contains(local_codes, error_code))
		return CS_EXIT_STATE;
	return strcmp(error_code, "unreachable") == 0 ? CS_EXIT_UNREACHABLE : CS_EXIT_REFUSED;
}

/* As over several accounts: 5 before 4 before 3. */
static CsExit
get_exit(const cJSON *organisations)
{
	const cJSON *organisation;
	CsExit code = CS_EXIT_DONE;

	cJSON_ArrayForEach (organisation, organisations)
		code = MAX(code, get_exit_of(get_text(organisation, "error", NULL)));
	return code;
}

/* Returns FALSE where somebody interrupts. */
static gboolean
wait_for_next(const CsInvocation *invocation)
{
	GPollFD fd = {.fd = -1};

	(void)fflush(stdout); /* ferror() below is asked */
	if (g_cancellable_make_pollfd(invocation->cancellable, &fd)) {
		g_poll(&fd, 1, WATCH_INTERVAL_US / 1000);
		g_cancellable_release_fd(invocation->cancellable);
	}
	return !g_cancellable_is_cancelled(invocation->cancellable) && !ferror(stdout);
}

static cJSON *
query(CsInvocation *invocation, GError **error)
{
	const CsClient *client = cs_invocation_ensure_client(invocation, error);

	return client ? cs_repurposing_query(client, invocation->cancellable, error) : NULL;
}

/* One look. TRUE in *ends where there is nothing to wait for, or nobody waits. */
static CsExit
look(CsInvocation *invocation, char **shown, gboolean *ends)
{
	gboolean watches = cs_invocation_has(invocation, "watch");
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) document = cJSON_CreateObject();
	g_autofree char *current = NULL;
	cJSON *organisations = query(invocation, &error);

	*ends = TRUE;
	if (!organisations)
		return cs_invocation_fail(invocation, error);
	cs_json_add(document, "organisations", organisations);
	current = cs_json_print(document);
	if (g_strcmp0(current, *shown) != 0)
		print_text(invocation, organisations);
	g_free(*shown);
	*shown = g_steal_pointer(&current);
	*ends = !watches || is_all_done(organisations) || !wait_for_next(invocation);
	if (*ends)
		cs_invocation_print_json(invocation, document);
	return get_exit(organisations);
}

static CsExit
run(CsInvocation *invocation)
{
	g_autofree char *shown = NULL;
	gboolean ends = FALSE;
	CsExit code = CS_EXIT_DONE;

	while (!ends)
		code = look(invocation, &shown, &ends);
	return code;
}

const CsCommand cs_command_repurpose = {
	.path = "repurpose",
	.summary = N_("Show the five steps that give this device to another user"),
	.description = N_(
		"Rule 25: delete the account on the device; the administrator deactivates the "
		"device and reactivates it; the new user adds an account and authenticates. Each "
		"step shows whether it is done, as the server sees it now; the device asks by "
		"its device key, which needs no account.\n"
		"With --json, {\"organisations\": [{\"organisation\", \"url\", \"device_id\", "
		"\"helpdesk_code\", \"state\", \"steps\": [{\"step\", \"done\", \"by\", "
		"\"text\"}], \"error\"}]}, "
		"once: with --watch at the end."),
	.options = options,
	.run = run,
};
