/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"

#include "core/account/advice.h"
#include "app/commands/signals.h"
#include "app/commands/text.h"

#include <glib/gi18n-lib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TERMINAL_WIDTH 80
#define DOCUMENT_LOST  "{\"error\":{\"code\":\"out-of-memory\",\"message\":\"out of memory\"}}"

static const struct {
	CsErrorCode code;
	CsExit exit;
} exits[] = {
	{CS_ERROR_USAGE, CS_EXIT_USAGE},
	{CS_ERROR_INVALID, CS_EXIT_REFUSED},
	{CS_ERROR_REFUSED, CS_EXIT_REFUSED},
	{CS_ERROR_SIGNATURE, CS_EXIT_REFUSED},
	{CS_ERROR_UNSUPPORTED, CS_EXIT_REFUSED},
	{CS_ERROR_KEY, CS_EXIT_REFUSED},
	{CS_ERROR_UNREACHABLE, CS_EXIT_UNREACHABLE},
	{CS_ERROR_STATE, CS_EXIT_STATE},
	{CS_ERROR_NOT_FOUND, CS_EXIT_NOT_FOUND},
};

/* Whether everything arrived is asked once, at the end (finish_output() in commands.c); what cannot
 * be told on standard error cannot be told. */
static void
put(const char *text, FILE *stream)
{
	(void)fputs(text, stream);
}

/* GLib ends the process where memory runs out; this one still has words for it. No success is told
 * of whose document was lost. */
static void G_GNUC_NORETURN
end_without_memory(void)
{
	put(DOCUMENT_LOST "\n", stdout);
	(void)fflush(stdout);
	exit(CS_EXIT_STATE);
}

static const char *
get_reason(const GError *error)
{
	const char *reason = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return "cancelled";
	if (error->domain == CS_ERROR)
		reason = cs_error_get_reason(error);
	return reason ? reason : "internal";
}

static void
print_advice(const CsInvocation *invocation, const GError *error)
{
	const char *const sentences[] = {cs_advice_get_sentence(error),
					 cs_advice_get_next_step(error)};

	for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++) {
		if (sentences[i] && sentences[i][0] != '\0')
			cs_invocation_note_paragraph(invocation, sentences[i]);
	}
}

static void
print_request(const CsInvocation *invocation, const GError *error)
{
	g_autofree char *text = NULL;

	if (!cs_error_get_request(error))
		return;
	text = g_strdup_printf(_("request: %s (for the helpdesk)"), cs_error_get_request(error));
	cs_invocation_note_paragraph(invocation, text);
}

/* What settings that cannot be read say of the log is not known. */
static void
open_default_log(const CsInvocation *invocation)
{
	g_autofree char *folder =
		g_build_filename(invocation->paths->state_home, "countersign", NULL);

	cs_log_open(invocation->log, folder, CS_EVENT_INFO);
}

/* Settings that make no sense are no rule's refusal, but something of this machine that cannot be
 * read. */
static CsSettings *
load_settings(const CsInvocation *invocation, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	CsSettings *settings = cs_settings_load(invocation->paths, &local_error);

	if (settings) {
		cs_log_open(invocation->log, cs_settings_get_state_folder(settings),
			    cs_settings_get_log_level(settings));
		return settings;
	}
	open_default_log(invocation);
	if (g_error_matches(local_error, CS_ERROR, CS_ERROR_INVALID))
		cs_error_set(error, CS_ERROR_STATE, "settings-invalid", "%s", local_error->message);
	else
		g_propagate_error(error, g_steal_pointer(&local_error));
	return NULL;
}

static CsClient *
client_new(const CsInvocation *invocation, CsSettings *settings)
{
	CsClient *client = g_new0(CsClient, 1);

	client->clock = invocation->clock;
	client->http = cs_http_client_new(cs_settings_get_tls_ca_file(settings),
					  cs_settings_get_timeout_ms(settings));
	client->stores = cs_stores_new(cs_settings_get_user_directories(settings),
				       cs_settings_get_machine_directories(settings));
	client->settings = cs_settings_ref(settings);
	return client;
}

/**
 * cs_invocation_has:
 * @invocation: the run
 * @option: a long name without "--"
 *
 * Returns: whether it was given
 */
gboolean
cs_invocation_has(const CsInvocation *invocation, const char *option)
{
	return cs_command_line_has(invocation->line, option);
}

/**
 * cs_invocation_get:
 * @invocation: the run
 * @option: a long name without "--"
 *
 * Returns: (nullable) (transfer none): its last value
 */
const char *
cs_invocation_get(const CsInvocation *invocation, const char *option)
{
	return cs_command_line_get(invocation->line, option);
}

/**
 * cs_invocation_get_all:
 * @invocation: the run
 * @option: a long name without "--"
 *
 * Returns: (transfer none): its values in their order, NULL-terminated; empty where there is none
 */
const char *const *
cs_invocation_get_all(const CsInvocation *invocation, const char *option)
{
	return cs_command_line_get_all(invocation->line, option);
}

/**
 * cs_invocation_get_number:
 * @invocation: the run
 * @option: a long name without "--"
 * @minimum: the least number allowed
 * @maximum: the greatest
 * @number: (inout): the default; left as it is where the option was not given
 *
 * Returns: FALSE where the value is no decimal number in that range: CS_ERROR_USAGE,
 *   "number-invalid"
 */
gboolean
cs_invocation_get_number(const CsInvocation *invocation,
			 const char *option,
			 gint64 minimum,
			 gint64 maximum,
			 gint64 *number,
			 GError **error)
{
	const char *value = cs_invocation_get(invocation, option);

	if (!value || g_ascii_string_to_signed(value, 10, minimum, maximum, number, NULL))
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "number-invalid",
		     _("--%s needs a number from %" PRId64 " to %" PRId64), option, minimum,
		     maximum);
	return FALSE;
}

/**
 * cs_invocation_ensure_client:
 * @invocation: the run
 *
 * Returns: (nullable) (transfer none): what the account's operations work with, made on first use.
 *   Fails as cs_settings_load() does
 */
const CsClient *
cs_invocation_ensure_client(CsInvocation *invocation, GError **error)
{
	g_autoptr(CsSettings) settings = NULL;

	if (invocation->client)
		return invocation->client;
	settings = load_settings(invocation, error);
	if (settings)
		invocation->client = client_new(invocation, settings);
	return invocation->client;
}

/**
 * cs_invocation_ensure_any_client:
 * @invocation: the run
 * @settings_error: (out): why the settings could not be read, %NULL where they could
 *
 * For whoever has to go on where nothing else can: state is where it always is, all else is as if
 * nobody had set anything.
 *
 * Returns: (nullable) (transfer none): as cs_invocation_ensure_client(), or with the defaults
 */
const CsClient *
cs_invocation_ensure_any_client(CsInvocation *invocation, GError **settings_error, GError **error)
{
	const CsSettingsPaths nothing = {
		.machine_folder = invocation->paths->machine_folder,
		.config_home = invocation->paths->config_home,
		.data_home = invocation->paths->data_home,
		.state_home = invocation->paths->state_home,
		.config_file = "/dev/null",
	};
	g_autoptr(CsSettings) settings = NULL;

	if (cs_invocation_ensure_client(invocation, settings_error))
		return invocation->client;
	settings = cs_settings_load(&nothing, error);
	if (settings)
		invocation->client = client_new(invocation, settings);
	return invocation->client;
}

/**
 * cs_invocation_clear:
 * @invocation: the run, at its end
 *
 * Frees what cs_invocation_ensure_client() made; the rest is lent.
 */
void
cs_invocation_clear(CsInvocation *invocation)
{
	if (!invocation->client)
		return;
	g_clear_pointer(&invocation->client->stores, cs_stores_free);
	g_clear_pointer(&invocation->client->http, cs_http_client_free);
	g_clear_pointer(&invocation->client->settings, cs_settings_unref);
	g_clear_pointer(&invocation->client, g_free);
}

/**
 * cs_exit_from_error:
 * @error: any error
 *
 * Returns: the exit code that the contract gives to its code; 128 and the signal's number where a
 *   signal cancelled, as shells count; CS_EXIT_STATE for what else is none of ours, as something
 *   of this machine must have failed
 */
CsExit
cs_exit_from_error(const GError *error)
{
	int number = cs_signals_get_received();

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) && number != 0)
		return (CsExit)(CS_EXIT_INTERRUPTED + number);
	for (guint i = 0; error->domain == CS_ERROR && i < G_N_ELEMENTS(exits); i++) {
		if ((int)exits[i].code == error->code)
			return exits[i].exit;
	}
	return CS_EXIT_STATE;
}

/**
 * cs_error_to_json:
 * @error: any error
 *
 * Returns: (transfer full): {"code": its reason, "message"}, and "request" where the server named it
 */
cJSON *
cs_error_to_json(const GError *error)
{
	g_autofree char *message = g_utf8_make_valid(error->message, -1);
	cJSON *object = cJSON_CreateObject();

	cs_json_add_string(object, "code", get_reason(error));
	cs_json_add_string(object, "message", message);
	if (cs_error_get_request(error))
		cs_json_add_string(object, "request", cs_error_get_request(error));
	return object;
}

/**
 * cs_invocation_fail:
 * @invocation: the run
 * @error: what went wrong
 *
 * Tells it: one document on standard output with --json, else a line on standard error and, where
 * there is more to say (cs_advice_get_next_step()), what that means and what to do next.
 *
 * Returns: the exit code
 */
CsExit
cs_invocation_fail(const CsInvocation *invocation, const GError *error)
{
	CsExit code = cs_exit_from_error(error);

	cs_event(code == CS_EXIT_STATE ? CS_EVENT_ERROR : CS_EVENT_WARNING, "error", CS_FIELD_VERB,
		 invocation->line->path, CS_FIELD_CODE, get_reason(error), CS_FIELD_REQUEST,
		 cs_error_get_request(error), CS_FIELD_MESSAGE, error->message, CS_FIELD_END);
	if (invocation->json) {
		g_autoptr(cJSON) document = cJSON_CreateObject();

		cs_json_add(document, "error", cs_error_to_json(error));
		cs_invocation_print_json(invocation, document);
	} else {
		cs_invocation_note(invocation, "countersign: %s\n", error->message);
		print_advice(invocation, error);
		print_request(invocation, error);
	}
	return code;
}

/**
 * cs_invocation_print_json:
 * @invocation: the run
 * @document: what to print; nothing is printed without --json
 *
 * One line on standard output, at once: a reader of a long list need not wait for its end. Where
 * memory ran out while @document was made, the process ends with %CS_EXIT_STATE.
 */
void
cs_invocation_print_json(const CsInvocation *invocation, const cJSON *document)
{
	g_autofree char *text = NULL;

	if (!invocation->json)
		return;
	text = cs_json_print(document);
	if (!text)
		end_without_memory();
	put(text, stdout);
	put("\n", stdout);
}

/**
 * cs_invocation_print:
 * @invocation: the run
 * @format: line feeds and all
 * @...: its arguments, from anywhere: they are escaped (cs_text_format())
 *
 * Text on standard output; nothing with --json.
 */
void
cs_invocation_print(const CsInvocation *invocation, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	if (invocation->json)
		return;
	va_start(arguments, format);
	text = cs_text_format(format, arguments);
	va_end(arguments);
	put(text, stdout);
}

/**
 * cs_invocation_note:
 * @invocation: the run
 * @format: line feeds and all
 * @...: its arguments, from anywhere: they are escaped (cs_text_format())
 *
 * Text on standard error, with --json too.
 */
void
cs_invocation_note(const CsInvocation *invocation, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = cs_text_format(format, arguments);
	va_end(arguments);
	put(text, stderr);
}

/**
 * cs_invocation_note_paragraph:
 * @invocation: the run
 * @paragraph: our own sentences
 *
 * A paragraph on standard error, with --json too, its lines no longer than a terminal's.
 */
void
cs_invocation_note_paragraph(const CsInvocation *invocation, const char *paragraph)
{
	g_autoptr(GString) wrapped = g_string_new(NULL);

	cs_text_append_wrapped(wrapped, paragraph, 0, TERMINAL_WIDTH);
	put(wrapped->str, stderr);
}

/**
 * cs_invocation_print_block:
 * @invocation: the run
 * @text: lines, of which each is ours
 *
 * Text on standard output; nothing with --json. Control characters but line feeds are escaped.
 */
void
cs_invocation_print_block(const CsInvocation *invocation, const char *text)
{
	g_autofree char *escaped = NULL;

	if (invocation->json)
		return;
	escaped = cs_text_escape(text, TRUE);
	put(escaped, stdout);
}
