/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_LINE_BYTES 4096

/* Waits until standard input has something, or somebody interrupts: SIGINT is blocked in this
 * thread and arrives as the cancellable. */
static gboolean
wait_for_input(GCancellable *cancellable, GError **error)
{
	GPollFD fds[2] = {{.fd = STDIN_FILENO, .events = G_IO_IN | G_IO_HUP}};
	gboolean has_fd = g_cancellable_make_pollfd(cancellable, &fds[1]);
	int ready = 0;

	do {
		ready = g_poll(fds, has_fd ? 2 : 1, -1);
	} while (ready < 0 && errno == EINTR);
	if (has_fd)
		g_cancellable_release_fd(cancellable);
	return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

/* Byte by byte: what follows the line belongs to whoever reads next. Returns the number of bytes
 * before the line's end, or -1. */
static gssize
read_line(char line[MAX_LINE_BYTES + 1], GCancellable *cancellable, GError **error)
{
	gsize length = 0;

	while (length <= MAX_LINE_BYTES) {
		gssize count = 0;

		if (!wait_for_input(cancellable, error))
			return -1;
		count = read(STDIN_FILENO, line + length, 1);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			cs_error_set_from_errno(error, CS_ERROR_STATE, errno,
						N_("cannot read standard input"));
			return -1;
		}
		if (count == 0 || line[length] == '\n')
			return (gssize)length;
		length++;
	}
	cs_error_set(error, CS_ERROR_USAGE, "input-too-long",
		     _("the line on standard input is too long"));
	return -1;
}

/**
 * cs_read_line_secret:
 * @cancellable: (nullable): what ends the wait
 *
 * Reads one line of standard input, whatever that is, of at most 4096 bytes.
 *
 * Returns: (transfer full): the line without its end. CS_ERROR_USAGE, with the reasons
 *   "input-missing" (empty, or none), "input-too-long", "input-invalid" (a NUL); CS_ERROR_STATE
 *   where it cannot be read; G_IO_ERROR_CANCELLED
 */
CsSecret *
cs_read_line_secret(GCancellable *cancellable, GError **error)
{
	char line[MAX_LINE_BYTES + 1];
	gssize length = read_line(line, cancellable, error);
	CsSecret *secret = NULL;

	if (length > 0 && line[length - 1] == '\r')
		length--;
	if (length == 0)
		cs_error_set(error, CS_ERROR_USAGE, "input-missing",
			     _("a line was expected on standard input"));
	else if (length > 0 && memchr(line, '\0', (gsize)length))
		cs_error_set(error, CS_ERROR_USAGE, "input-invalid",
			     _("the line on standard input is not text"));
	else if (length > 0)
		secret = cs_secret_new(line, (gsize)length);
	cs_secret_wipe(line, sizeof line);
	return secret;
}

/**
 * cs_ask_is_possible:
 *
 * Returns: whether standard input is a terminal
 */
gboolean
cs_ask_is_possible(void)
{
	return isatty(STDIN_FILENO) == 1;
}

static gboolean
check_possible(GError **error)
{
	if (cs_ask_is_possible())
		return TRUE;
	cs_error_set(error, CS_ERROR_USAGE, "no-terminal",
		     _("this has to be asked for, and standard input is no terminal"));
	return FALSE;
}

/**
 * cs_ask_secret:
 * @prompt: what to ask for
 * @cancellable: (nullable): what ends the wait
 *
 * Asks on the terminal, which does not show what is typed. What was typed ahead counts.
 *
 * Returns: (transfer full): the answer. CS_ERROR_USAGE, "no-terminal"; CS_ERROR_STATE where the
 *   terminal cannot be kept from showing it; and as cs_read_line_secret()
 */
CsSecret *
cs_ask_secret(const char *prompt, GCancellable *cancellable, GError **error)
{
	struct termios shown;
	struct termios hidden;
	CsSecret *answer = NULL;
	gboolean hides = FALSE;

	if (!check_possible(error))
		return NULL;
	/* Before the prompt: whoever is quick must not see the answer appear. */
	if (tcgetattr(STDIN_FILENO, &shown) == 0) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		hides = tcsetattr(STDIN_FILENO, TCSADRAIN, &hidden) == 0;
	}
	if (!hides) {
		cs_error_set_from_errno(error, CS_ERROR_STATE, errno,
					N_("cannot keep the terminal from showing what is typed"));
		return NULL;
	}
	(void)fprintf(stderr, "%s ", prompt);
	answer = cs_read_line_secret(cancellable, error);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &shown);
	(void)fputc('\n', stderr);
	return answer;
}

/**
 * cs_answer_is_yes:
 * @answer: a line that somebody typed, without its end
 *
 * Returns: whether it is yes, in English, in the language of the question, or in that of the locale
 */
gboolean
cs_answer_is_yes(const char *answer)
{
	/* Translators: what people type for "yes", in one letter; and in full. */
	const char *const words[] = {"y", "yes", _("y"), _("yes")};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (g_ascii_strcasecmp(answer, words[i]) == 0)
			return TRUE;
	}
	return rpmatch(answer) == 1;
}

/**
 * cs_ask_yes:
 * @question: what to ask
 * @yes: (out): whether the answer was yes, in English or in the language of the question
 * @cancellable: (nullable): what ends the wait
 *
 * A script may answer too, on a standard input that is no terminal.
 *
 * Returns: FALSE where nobody answers: CS_ERROR_USAGE, "no-terminal", and as cs_read_line_secret().
 *   On a terminal no answer is a no
 */
gboolean
cs_ask_yes(const char *question, gboolean *yes, GCancellable *cancellable, GError **error)
{
	g_autoptr(CsSecret) answer = NULL;
	g_autoptr(GError) local_error = NULL;

	*yes = FALSE;
	/* Translators: the letters of "yes" and "no"; the capital is what no answer means. */
	(void)fprintf(stderr, "%s %s ", question, _("[y/N]"));
	answer = cs_read_line_secret(cancellable, &local_error);
	if (g_error_matches(local_error, CS_ERROR, CS_ERROR_USAGE) && cs_ask_is_possible())
		return TRUE;
	if (g_error_matches(local_error, CS_ERROR, CS_ERROR_USAGE)) {
		cs_error_set(error, CS_ERROR_USAGE, "no-terminal",
			     _("standard input is no terminal and gives no answer; --yes goes "
			       "ahead without asking"));
		return FALSE;
	}
	if (!answer) {
		g_propagate_error(error, g_steal_pointer(&local_error));
		return FALSE;
	}
	*yes = cs_answer_is_yes(cs_secret_get_text(answer));
	return TRUE;
}
