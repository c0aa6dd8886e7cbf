/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/help.h"

#include "app/commands/text.h"

#include <string.h>

/* countersign(1) in man(7), out of the table that the parser works by; in English, so that it is
 * the same wherever it is built. */
#define MANUAL_DATE  "2026-11-22"
#define MANUAL_WIDTH 64

typedef struct {
	const char *term;
	const char *text;
} Item;

static const Item exit_codes[] = {
	{"0", "Done; whatever was asked for is so."},
	{"1", "The answer is no: with \"status --check\", some account is not managed, or there is "
	      "no account."},
	{"2", "The command line is wrong, or something would have to be asked for without a "
	      "terminal."},
	{"3", "Refused by the server or by a rule, or something that came from outside is not as "
	      "it has to be."},
	{"4", "The server could not be reached."},
	{"5", "Local state could not be read or written, standard output among it; or there is no "
	      "display or session bus for the desktop application."},
	{"6", "What was named does not exist."},
	{"128+N", "Interrupted by signal N."},
	{NULL, NULL},
};

static const Item environment[] = {
	{"XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME",
	 "Where the user's settings, certificates and state are; ~/.config, ~/.local/share and "
	 "~/.local/state unless set to absolute paths."},
	{"DISPLAY, WAYLAND_DISPLAY, DBUS_SESSION_BUS_ADDRESS",
	 "The desktop session for the desktop application."},
	{"LC_ALL, LC_MESSAGES, LANG, LANGUAGE", "The language of what people read."},
	{"COUNTERSIGN_LOCALE_FOLDER", "An absolute path where translations are looked for in place "
				      "of where they were installed."},
	{NULL, NULL},
};

static const Item files[] = {
	{"/etc/countersign/countersign.conf, /etc/countersign/countersign.conf.d/*.conf",
	 "The machine's settings. A key that is set here is pinned: the user's value is ignored."},
	{"$XDG_CONFIG_HOME/countersign/countersign.conf", "The user's settings."},
	{"/etc/countersign/certificates", "The machine's certificates with their keys."},
	{"$XDG_DATA_HOME/countersign/certificates", "The user's."},
	{"$XDG_CONFIG_HOME/autostart/org.countersign.Countersign.desktop",
	 "Starts the desktop application with the session; a switch in its window writes and "
	 "removes "
	 "it."},
	{"$XDG_STATE_HOME/countersign",
	 "Accounts, keys and verdicts. Never to be edited, copied or shared."},
	{NULL, NULL},
};

static const Item settings[] = {
	{"[stores] user-directories=, machine-directories=",
	 "Lists of folders, with a semicolon after each, in place of the defaults above."},
	{"[device] machine-id-file=",
	 "What the hardware id is derived from; /etc/machine-id unless set."},
	{"[device] name=", "What the device calls itself; the host's name unless set."},
	{"[organisation] url=", "The server for \"account add\" without one."},
	{"[organisation] issuers=",
	 "Fingerprints, in the machine's file only: issuers beyond these are passed over, whatever "
	 "the organisation lists."},
	{"[organisation] tls-ca-file=",
	 "Certificates, PEM, trusted for TLS in place of the system's."},
	{"[organisation] timeout-seconds=",
	 "How long a server may take for one answer, all of it: 1 to 600, 30 unless set."},
	{NULL, NULL},
};

static const Item examples[] = {
	{"countersign account add https://attest.example.org",
	 "Add an account; the activation code is asked for."},
	{"countersign status --check", "Authenticate everywhere, and say whether it is managed."},
	{"countersign explain --issuer ca.pem",
	 "Which certificate would be selected for that issuer, and why not the others?"},
	{"countersign authority init --name Example --url http://127.0.0.1:8080",
	 "Make an authority for trying things out on one machine."},
	{NULL, NULL},
};

/* One line of text: nothing in it is a request, an escape or, in a request's argument, a quote. */
static void
append_escaped(GString *out, const char *text, gboolean is_argument)
{
	if (text[0] == '.' || text[0] == '\'')
		g_string_append(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			g_string_append(out, "\\e");
		else if (*text == '-')
			g_string_append(out, "\\-");
		else if (*text == '"' && is_argument)
			g_string_append(out, "\\(dq");
		else if (*text == '~')
			g_string_append(out, "\\(ti");
		else if (*text == '\'')
			g_string_append(out, "\\(aq");
		else
			g_string_append_c(out, *text);
	}
}

static void
append_request(GString *out, const char *request, const char *text)
{
	g_string_append_printf(out, ".%s ", request);
	append_escaped(out, text, TRUE);
	g_string_append_c(out, '\n');
}

static void
append_heading(GString *out, const char *request, const char *text)
{
	g_string_append_printf(out, ".%s \"", request);
	append_escaped(out, text, TRUE);
	g_string_append(out, "\"\n");
}

static void
append_lines(GString *out, const char *text)
{
	g_autoptr(GString) wrapped = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	cs_text_append_wrapped(wrapped, text, 0, MANUAL_WIDTH);
	lines = g_strsplit(wrapped->str, "\n", -1);
	for (char **line = lines; *line; line++) {
		if (**line == '\0')
			continue;
		append_escaped(out, *line, FALSE);
		g_string_append_c(out, '\n');
	}
}

static void
append_paragraphs(GString *out, const char *text)
{
	g_auto(GStrv) paragraphs = g_strsplit(text, "\n", -1);

	for (char **paragraph = paragraphs; *paragraph; paragraph++) {
		g_string_append(out, ".PP\n");
		append_lines(out, *paragraph);
	}
}

static void
append_item(GString *out, const char *term, const char *text)
{
	g_string_append(out, ".TP\n");
	append_request(out, "B", term);
	append_lines(out, text);
}

static void
append_items(GString *out, const char *heading, const Item *items)
{
	append_heading(out, "SH", heading);
	for (; items->term; items++)
		append_item(out, items->term, items->text);
}

static void
append_options(GString *out, const CsOption *options)
{
	for (const CsOption *option = options; option && option->name; option++) {
		g_autofree char *term = g_strdup_printf(
			"%s%s--%s%s%s", option->short_name ? option->short_name : "",
			option->short_name ? ", " : "", option->name, option->value ? " " : "",
			option->value ? option->value : "");

		if (option->help)
			append_item(out, term, option->help);
	}
}

static void
append_command(GString *out, const CsCommandTable *table, const CsCommand *command)
{
	g_autofree char *synopsis = cs_help_format_synopsis(table, command->path);
	g_autofree char *summary = g_strconcat(command->summary, ".", NULL);

	append_heading(out, "SS", command->path);
	append_lines(out, synopsis);
	append_paragraphs(out, summary);
	if (command->description)
		append_paragraphs(out, command->description);
	append_options(out, command->options);
}

/**
 * cs_manual_format:
 * @table: the commands
 *
 * Returns: (transfer full): countersign(1), for man
 */
char *
cs_manual_format(const CsCommandTable *table)
{
	GString *out = g_string_new(".\\\" Made from the table of verbs; not to be edited.\n");

	g_string_append_printf(out, ".TH COUNTERSIGN 1 %s \"Countersign %s\"\n", MANUAL_DATE,
			       CS_VERSION);
	append_heading(out, "SH", "NAME");
	g_string_append(out, "countersign \\- show an organisation that this device is managed\n");
	append_heading(out, "SH", "SYNOPSIS");
	g_string_append_printf(out, ".B countersign\n.I %s\n",
			       cs_command_table_has_desktop(table) ? "[VERB]" : "VERB");
	append_lines(out, "[ARGUMENT...] [OPTION...]");
	append_heading(out, "SH", "DESCRIPTION");
	append_lines(out, "A client certificate that only management software can put on a device "
			  "attests that the device is managed. Countersign selects that "
			  "certificate on every authentication, signs the attestation with its "
			  "key, and shows the verdict of the organisation's server, with the "
			  "reason. The same program is that server: \"countersign authority\".");
	if (cs_command_table_has_desktop(table))
		append_paragraphs(out, "Without a verb, it opens the window of the desktop "
				       "application, which shows its state in the tray and checks "
				       "by itself when it starts and when the network returns.");
	append_heading(out, "SH", "VERBS");
	for (const CsCommand *const *command = table->commands; *command; command++)
		append_command(out, table, *command);
	append_heading(out, "SH", "OPTIONS");
	append_lines(out, "Of every verb, before it or after it:");
	append_options(out, table->global_options);
	for (const CsCommandGroup *group = table->groups; group->path; group++) {
		g_autofree char *text = NULL;

		if (!group->options)
			continue;
		text = g_strdup_printf("Of every verb of \"%s\":", group->path);
		append_paragraphs(out, text);
		append_options(out, group->options);
	}
	append_items(out, "EXIT STATUS", exit_codes);
	append_items(out, "ENVIRONMENT", environment);
	append_items(out, "FILES", files);
	append_items(out, "SETTINGS", settings);
	append_items(out, "EXAMPLES", examples);
	return g_string_free(out, FALSE);
}
