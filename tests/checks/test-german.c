/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a person reads in trouble is there in German: every reason's sentence and next step, and the
 * words for the states. */
#include "core/account/agent.h"
#include "core/protocol/reason.h"

#include <glib/gi18n-lib.h>
#include <locale.h>

/* The texts of one reason, in one language. */
typedef struct {
	char *sentence;
	char *next_step;
	char *owned; /* with whose it is */
} Texts;

static void
texts_clear(Texts *texts)
{
	g_free(texts->sentence);
	g_free(texts->next_step);
	g_free(texts->owned);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Texts, texts_clear)

/* Where no catalogue is found, gettext answers in English. */
static void
speak_english(void)
{
	bindtextdomain(GETTEXT_PACKAGE, "/nonexistent");
}

static void
speak_german(void)
{
	bindtextdomain(GETTEXT_PACKAGE, g_getenv("COUNTERSIGN_LOCALE_FOLDER"));
}

static void
read_texts(CsReason reason, Texts *texts)
{
	texts->sentence = g_strdup(cs_reason_get_sentence(reason));
	texts->next_step = g_strdup(cs_reason_get_next_step(reason));
	texts->owned = cs_owner_dup_step(cs_reason_get_owner(reason), "x");
}

static void
assert_translated(const char *code, const char *german, const char *english)
{
	g_test_message("%s: %s", code, german);
	g_assert_cmpstr(english, !=, "");
	g_assert_cmpstr(german, !=, "");
	g_assert_cmpstr(german, !=, english);
	g_assert_true(g_str_has_suffix(german, "."));
}

static void
test_reasons(void)
{
	for (CsReason reason = CS_REASON_NONE + 1; reason < CS_REASON_COUNT; reason++) {
		g_auto(Texts) english = {NULL};
		g_auto(Texts) german = {NULL};

		speak_english();
		read_texts(reason, &english);
		speak_german();
		read_texts(reason, &german);
		assert_translated(cs_reason_to_code(reason), german.sentence, english.sentence);
		assert_translated(cs_reason_to_code(reason), german.next_step, english.next_step);
		if (reason != CS_REASON_MANAGED)
			g_assert_cmpstr(german.owned, !=, english.owned);
	}
}

static void
test_states(void)
{
	static const struct {
		CsAgentState state;
		const char *german;
	} rows[] = {
		{CS_AGENT_NO_ACCOUNT, "Kein Konto"},
		{CS_AGENT_MANAGED, "Verwaltet"},
		{CS_AGENT_NOT_MANAGED, "Nicht verwaltet"},
		{CS_AGENT_ACTION_NEEDED, "Handlung nötig"},
		{CS_AGENT_CHECKING, "Wird geprüft"},
	};

	speak_german();
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpstr(cs_agent_state_get_name(rows[i].state), ==, rows[i].german);
}

int
main(int argc, char **argv)
{
	/* German needs no locale of its own to be there, as long as there is one that is not "C". */
	g_setenv("LANGUAGE", "de", TRUE);
	(void)setlocale(LC_ALL, "");
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/german/reasons", test_reasons);
	g_test_add_func("/german/states", test_states);
	return g_test_run();
}
