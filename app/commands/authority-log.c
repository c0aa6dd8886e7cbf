/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"

#include <glib/gi18n-lib.h>

static const char *const details[] = {"reason", "actor", "device", "account", "certificate"};

static const char *
get_text(const cJSON *line, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
}

/* One line each, at once: the log may be long. */
static void
print_line_cb(const cJSON *line, gpointer data)
{
	const CsInvocation *invocation = data;
	g_autoptr(GString) text = g_string_new(NULL);
	const char *time = get_text(line, "time");
	const char *event = get_text(line, "event");
	const char *outcome = get_text(line, "outcome");

	cs_invocation_print_json(invocation, line);
	if (invocation->json)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(details); i++) {
		const char *value = get_text(line, details[i]);

		if (value)
			g_string_append_printf(text, " %s=%s", details[i], value);
	}
	cs_invocation_print(invocation, "%s %-18s %-7s%s\n", time ? time : "-", event ? event : "-",
			    outcome ? outcome : "-", text->str);
}

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);

	if (!authority || !cs_registry_read_log(cs_authority_get_registry(authority), print_line_cb,
						invocation, &error))
		return cs_invocation_fail(invocation, error);
	return CS_EXIT_DONE;
}

const CsCommand cs_command_authority_log = {
	.path = "authority log",
	.summary = N_("Print what happened, oldest first"),
	.description = N_("With --json, one object a line: {\"time\", \"event\", \"actor\", "
			  "\"device\", \"account\", \"certificate\", \"outcome\", \"reason\"}."),
	.run = run,
};
