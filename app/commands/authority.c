/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"

#include "core/authority/admin.h"

#include <glib/gi18n-lib.h>

/**
 * cs_authority_run:
 * @invocation: the run
 * @call: what to do with the opened authority; answers the document to print
 * @print: how the document is told to people
 *
 * Returns: the exit code, after everything has been printed
 */
CsExit
cs_authority_run(CsInvocation *invocation, CsAdminCall call, CsAdminPrint print)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);
	g_autoptr(cJSON) document = authority ? call(authority, invocation, &error) : NULL;

	if (!document)
		return cs_invocation_fail(invocation, error);
	cs_invocation_print_json(invocation, document);
	if (!invocation->json)
		print(invocation, document);
	return CS_EXIT_DONE;
}

/* With --json the error has a member "candidates" where there are some; its message names them. */
static CsExit
fail_to_find(const CsInvocation *invocation, const GError *error, const cJSON *candidates)
{
	g_autoptr(cJSON) document = NULL;
	cJSON *told = NULL;

	if (candidates && invocation->json) {
		document = cJSON_CreateObject();
		told = cs_error_to_json(error);
		cs_json_add(told, "candidates", cJSON_Duplicate(candidates, TRUE));
		cs_json_add(document, "error", told);
		cs_invocation_print_json(invocation, document);
		return cs_exit_from_error(error);
	}
	cs_invocation_fail(invocation, error);
	if (candidates)
		cs_invocation_note_paragraph(invocation,
					     _("Compare the device's name, or ask for the code "
					       "once more; then give the one that was meant."));
	return cs_exit_from_error(error);
}

/**
 * cs_authority_find_device:
 * @invocation: the run, whose first argument is a device's id or helpdesk code
 * @authority: the authority
 * @code: (out): the exit code where there is no such device
 *
 * As cs_admin_find_device(); where it finds none that is told, with the devices that a misheard code
 * may have meant.
 *
 * Returns: (transfer full) (nullable): the device's id
 */
char *
cs_authority_find_device(const CsInvocation *invocation, CsAuthority *authority, CsExit *code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) candidates = NULL;
	char *id = cs_admin_find_device(authority, invocation->arguments[0], &candidates, &error);

	*code = id ? CS_EXIT_DONE : fail_to_find(invocation, error, candidates);
	return id;
}

/**
 * cs_authority_print_list:
 * @invocation: the run
 * @document: what a listing verb answered
 * @member: the name of its array
 * @columns: which members of the array's objects
 * @empty: the sentence for an empty list
 */
void
cs_authority_print_list(const CsInvocation *invocation,
			const cJSON *document,
			const char *member,
			const CsTextColumn *columns,
			const char *empty)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(document, member);
	g_autofree char *table = cs_text_format_table(array, columns);

	if (cJSON_GetArraySize(array) == 0)
		cs_invocation_print(invocation, "%s\n", empty);
	cs_invocation_print_block(invocation, table);
}

/**
 * cs_authority_print_fields:
 * @invocation: the run
 * @document: an object
 * @fields: which of its members
 */
void
cs_authority_print_fields(const CsInvocation *invocation,
			  const cJSON *document,
			  const CsTextColumn *fields)
{
	g_autofree char *text = cs_text_format_fields(document, fields);

	cs_invocation_print_block(invocation, text);
}

/**
 * cs_authority_add_age:
 * @object: what a table shows; gets the member "age_text"
 * @age_s: in seconds; negative: none
 *
 * Says how old something is, in the largest unit that fits twice.
 */
void
cs_authority_add_age(cJSON *object, gint64 age_s)
{
	g_autofree char *text = NULL;

	if (age_s < 0)
		text = g_strdup("-");
	else if (age_s < 120)
		/* Translators: seconds, minutes, hours and days, short, for a column of a table. */
		text = g_strdup_printf(_("%d s"), (int)age_s);
	else if (age_s < 7200)
		text = g_strdup_printf(_("%d min"), (int)(age_s / 60));
	else if (age_s < 172800)
		text = g_strdup_printf(_("%d h"), (int)(age_s / 3600));
	else
		text = g_strdup_printf(_("%d d"), (int)(age_s / 86400));
	cs_json_add_string(object, "age_text", text);
}
