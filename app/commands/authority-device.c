/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"
#include "core/protocol/helpdesk-code.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define SECONDS_A_DAY	       86400
#define DEFAULT_HAND_OVER_DAYS 7
#define MAX_HAND_OVER_DAYS     90

static const CsOption reactivate_options[] = {
	{"hand-over-days", "N", CS_OPTION_ONCE,
	 N_("how long a new key may take over its links (rule 26): 1 to 90, 7 unless given")},
	{NULL},
};

static const CsTextColumn columns[] = {{"id", N_("DEVICE")},   {"helpdesk_code", N_("CODE")},
				       {"name", N_("NAME")},   {"state", N_("STATE")},
				       {"users", N_("USERS")}, {NULL}};

static const CsTextColumn fields[] = {{"id", N_("device")},
				      {"helpdesk_code", N_("helpdesk code")},
				      {"name", N_("name")},
				      {"platform", N_("platform")},
				      {"state", N_("state")},
				      {"users", N_("users")},
				      {NULL}};

/* The tables of one device: a member of the document each. */
static const CsTextColumn key_columns[] = {
	{"id", N_("KEY")}, {"user", N_("USER")}, {"approved", N_("APPROVED")}, {NULL}};
static const CsTextColumn link_columns[] = {{"certificate", N_("CERTIFICATE")},
					    {"state", N_("LINK")},
					    {"hand_over_until", N_("HAND-OVER UNTIL")},
					    {NULL}};
static const CsTextColumn account_columns[] = {
	{"id", N_("ACCOUNT")}, {"user", N_("USER")}, {"deleted", N_("DELETED")}, {NULL}};
static const CsTextColumn conflict_columns[] = {{"time", N_("CONFLICT")},
						{"device", N_("DEVICE")},
						{"certificate", N_("CERTIFICATE")},
						{"reason", N_("REASON")},
						{NULL}};
static const CsTextColumn step_columns[] = {
	{"step", N_("TO REPURPOSE")}, {"done", N_("DONE")}, {"by", N_("BY")}, {NULL}};

static const struct {
	const char *member;
	const CsTextColumn *columns;
} tables[] = {
	{"keys", key_columns},		 {"links", link_columns}, {"accounts", account_columns},
	{"conflicts", conflict_columns}, {"steps", step_columns},
};

static const struct {
	const char *verb;
	CsDeviceMove move;
} moves[] = {
	{"authority device suspend", CS_MOVE_SUSPEND},
	{"authority device resume", CS_MOVE_RESUME},
	{"authority device deactivate", CS_MOVE_DEACTIVATE},
	{"authority device reactivate", CS_MOVE_REACTIVATE},
	{"authority device delete", CS_MOVE_DELETE},
};

/* As people say it, in groups. */
static void
spell_code(cJSON *device)
{
	cJSON *member = cJSON_GetObjectItemCaseSensitive(device, "helpdesk_code");
	g_autofree char *code =
		member ? cs_helpdesk_code_format(cJSON_GetStringValue(member)) : NULL;

	if (code)
		cJSON_SetValuestring(member, code);
}

static void
print_devices(const CsInvocation *invocation, const cJSON *document)
{
	g_autoptr(cJSON) spelled = cJSON_Duplicate(document, TRUE);
	cJSON *device;

	cJSON_ArrayForEach (device, cJSON_GetObjectItemCaseSensitive(spelled, "devices"))
		spell_code(device);
	cs_authority_print_list(invocation, spelled, "devices", columns,
				_("There is no device; adding an account makes one."));
}

static void
print_device(const CsInvocation *invocation, const cJSON *document)
{
	g_autoptr(cJSON) spelled = cJSON_Duplicate(document, TRUE);

	spell_code(spelled);
	cs_authority_print_fields(invocation, spelled, fields);
	for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
		const cJSON *array = cJSON_GetObjectItemCaseSensitive(document, tables[i].member);
		g_autofree char *table = cs_text_format_table(array, tables[i].columns);

		if (table[0] == '\0')
			continue;
		cs_invocation_print(invocation, "\n");
		cs_invocation_print_block(invocation, table);
	}
}

static cJSON *
list_devices(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_list_devices(authority, error);
}

static cJSON *
move_device(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	gint64 days = DEFAULT_HAND_OVER_DAYS;
	guint i = 0;

	if (!cs_invocation_get_number(invocation, "hand-over-days", 1, MAX_HAND_OVER_DAYS, &days,
				      error))
		return NULL;
	while (strcmp(moves[i].verb, invocation->command->path) != 0)
		i++;
	return cs_admin_move_device(authority, invocation->arguments[0], moves[i].move,
				    days * SECONDS_A_DAY, error);
}

static cJSON *
approve_key(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_approve_key(authority, invocation->arguments[0], invocation->arguments[1],
				    error);
}

static cJSON *
release_link(CsAuthority *authority, const CsInvocation *invocation, GError **error)
{
	return cs_admin_release_link(authority, invocation->arguments[0], invocation->arguments[1],
				     error);
}

static CsExit
run_list(CsInvocation *invocation)
{
	return cs_authority_run(invocation, list_devices, print_devices);
}

static CsExit
run_show(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);
	g_autoptr(cJSON) document = NULL;
	g_autofree char *id = NULL;
	CsExit code = CS_EXIT_DONE;

	if (!authority)
		return cs_invocation_fail(invocation, error);
	id = cs_authority_find_device(invocation, authority, &code);
	if (!id)
		return code;
	document = cs_admin_show_device(authority, id, &error);
	if (!document)
		return cs_invocation_fail(invocation, error);
	cs_invocation_print_json(invocation, document);
	if (!invocation->json)
		print_device(invocation, document);
	return CS_EXIT_DONE;
}

static CsExit
run_move(CsInvocation *invocation)
{
	return cs_authority_run(invocation, move_device, print_device);
}

static CsExit
run_approve(CsInvocation *invocation)
{
	return cs_authority_run(invocation, approve_key, print_device);
}

static CsExit
run_release(CsInvocation *invocation)
{
	return cs_authority_run(invocation, release_link, print_device);
}

const CsCommand cs_command_authority_device_list = {
	.path = "authority device list",
	.summary = N_("List the devices"),
	.description = N_("With --json, {\"devices\": [{\"id\", \"helpdesk_code\", \"name\", "
			  "\"state\", \"users\", "
			  "\"keys\": [{\"id\", \"user\", \"approved\"}], \"links\": "
			  "[{\"certificate\", \"state\"}]}]}."),
	.run = run_list,
};

const CsCommand cs_command_authority_device_show = {
	.path = "authority device show",
	.arguments = "ID|CODE",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Show a device: keys, links, accounts, conflicts, and the steps to "
		      "repurpose it"),
	.description =
		N_("CODE is the device's helpdesk code, as its user reads it out: eight "
		   "characters, in whatever case, with spaces and hyphens as you like. Where one "
		   "character was "
		   "misheard, or two neighbours changed places, the devices that it may be are "
		   "named (with --json, {\"error\": {\"code\", \"message\", \"candidates\": "
		   "[{\"helpdesk_code\", \"id\", \"name\", \"state\"}]}}) and the exit code is 6: "
		   "none is ever taken for the one that was meant. The code is no secret: "
		   "it names a device and authorises nothing."),
	.run = run_show,
};

const CsCommand cs_command_authority_device_suspend = {
	.path = "authority device suspend",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Let nobody sign in from a device, until resumed"),
	.description = N_("Only an active device; links and accounts stay (rule 22)."),
	.run = run_move,
};

const CsCommand cs_command_authority_device_resume = {
	.path = "authority device resume",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Let a suspended device back, as it was"),
	.run = run_move,
};

const CsCommand cs_command_authority_device_deactivate = {
	.path = "authority device deactivate",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Suspend a device's links and drop its accounts for good"),
	.description = N_("Of an active or a suspended device; the second step of repurposing "
			  "(rules 22, 25)."),
	.run = run_move,
};

const CsCommand cs_command_authority_device_reactivate = {
	.path = "authority device reactivate",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Make a deactivated device ready for its next user"),
	.description =
		N_("Opens a hand-over: for each suspended link the first key with an account added "
		   "since that authenticates with the certificate becomes its only key (rule 26)."),
	.options = reactivate_options,
	.run = run_move,
};

const CsCommand cs_command_authority_device_delete = {
	.path = "authority device delete",
	.arguments = "ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Refuse a deactivated device's certificates for ever"),
	.description = N_("Only a deactivated device. Redeploy a certificate with a new key."),
	.run = run_move,
};

const CsCommand cs_command_authority_device_approve = {
	.path = "authority device approve",
	.arguments = "ID KEY",
	.min_arguments = 2,
	.max_arguments = 2,
	.summary = N_("Let a new key of the same hardware use all of the device's links"),
	.description = N_("Present and future ones (rule 26). The hardware id is only a claim: "
			  "make sure that it is that machine."),
	.run = run_approve,
};

const CsCommand cs_command_authority_device_release = {
	.path = "authority device release",
	.arguments = "ID FINGERPRINT",
	.min_arguments = 2,
	.max_arguments = 2,
	.summary = N_("Untie a certificate from a device"),
	.description = N_("The next device that authenticates with it is the one it is bound to "
			  "(rule 15). FINGERPRINT is the certificate's, or its public key's."),
	.run = run_release,
};
