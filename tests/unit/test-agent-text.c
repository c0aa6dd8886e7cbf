/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/account-book-private.h"
#include "core/account/deletion.h"
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#include <string.h>

static void
start(CsTestAgent *f)
{
	cs_test_agent_start(f);
	cs_test_agent_settle(f);
}

/* id NULL: of all. step NULL: there is none. */
static void
expect_text(CsTestAgent *f, const char *id, const char *sentence, const char *step)
{
	g_autofree char *actual_sentence = cs_agent_dup_sentence(f->agent, id);
	g_autofree char *actual_step = cs_agent_dup_next_step(f->agent, id);

	g_test_message("%s / %s", actual_sentence, actual_step);
	g_assert_nonnull(strstr(actual_sentence, sentence));
	if (step == NULL)
		g_assert_null(actual_step);
	else
		g_assert_nonnull(strstr(actual_step, step));
}

static void
test_names(void)
{
	for (int state = CS_AGENT_NO_ACCOUNT; state <= CS_AGENT_CHECKING; state++) {
		const char *name = cs_agent_state_get_name((CsAgentState)state);

		g_assert_cmpint(name[0], !=, '\0');
		for (int other = CS_AGENT_NO_ACCOUNT; other < state; other++)
			g_assert_cmpstr(name, !=, cs_agent_state_get_name((CsAgentState)other));
	}
	g_assert_cmpstr(cs_agent_state_get_name((CsAgentState)99), ==, "");
}

static void
test_no_account(CsTestAgent *f, gconstpointer data)
{
	gboolean pending = TRUE;

	g_assert_true(cs_deletion_delete(&f->home->client, f->id, &pending, NULL, NULL));
	cs_test_agent_start(f);
	expect_text(f, NULL, "being read", NULL);
	cs_test_agent_settle(f);
	expect_text(f, NULL, "no account", "Add an account");
	g_assert_null(cs_agent_dup_sentence(f->agent, f->id));
	g_assert_null(cs_agent_dup_next_step(f->agent, f->id));
}

static void
test_verdicts(CsTestAgent *f, gconstpointer data)
{
	start(f);
	expect_text(f, f->id, cs_reason_get_sentence(CS_REASON_NO_CERTIFICATE),
		    cs_reason_get_next_step(CS_REASON_NO_CERTIFICATE));
	expect_text(f, NULL, cs_reason_get_sentence(CS_REASON_NO_CERTIFICATE),
		    cs_reason_get_next_step(CS_REASON_NO_CERTIFICATE));
	cs_test_agent_install(f);
	cs_agent_check(f->agent, NULL);
	expect_text(f, f->id, "Checking with Example Corp", NULL);
	cs_test_agent_settle(f);
	expect_text(f, f->id, cs_reason_get_sentence(CS_REASON_MANAGED), "nothing for you to do");
}

static void
test_away(CsTestAgent *f, gconstpointer data)
{
	f->faults->status = 503;
	start(f);
	expect_text(f, f->id, "has not been reached yet", "repeated by itself");
	f->faults->status = 0;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	f->faults->status = 503;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	/* what there is to do about the verdict is to be done all the same */
	expect_text(f, f->id, cs_reason_get_sentence(CS_REASON_NO_CERTIFICATE),
		    cs_reason_get_next_step(CS_REASON_NO_CERTIFICATE));
	expect_text(f, f->id, "still stands", "certificate");
	f->faults->status = 0;
	cs_test_agent_install(f);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	f->faults->status = 503;
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	expect_text(f, f->id, "still stands", "repeated by itself");
}

static void
test_trouble(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *folder = cs_book_path(&f->home->client, CS_BOOK_KEYS_FOLDER, "");

	f->faults->challenge_key = cs_private_key_generate_p256(NULL);
	start(f);
	expect_text(f, f->id, cs_reason_get_sentence(CS_REASON_SERVER_KEY_UNKNOWN), "Do not go on");
	g_clear_pointer(&f->faults->challenge_key, cs_private_key_unref);
	cs_test_delete_folder(folder);
	cs_agent_check(f->agent, NULL);
	cs_test_agent_settle(f);
	expect_text(f, f->id, "This check failed: the key file", "backup");
}

static void
test_book(CsTestAgent *f, gconstpointer data)
{
	cs_test_home_write_book(f->home, "");
	start(f);
	expect_text(f, NULL, "out of reach", "backup");
}

/* Of several, whose it is. */
static void
test_several(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(CsTestServer) other = cs_test_server_new();
	g_autofree char *second = NULL;

	cs_test_server_set_next_id(other, "second");
	cs_test_server_get_faults(other)->reason = CS_REASON_USER_SUSPENDED;
	second = cs_test_home_enrol(f->home, other, "grace");
	start(f);
	expect_text(f, NULL, "grace at Example Corp: Your organisation has suspended",
		    cs_reason_get_next_step(CS_REASON_USER_SUSPENDED));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent-text/names", test_names);
	cs_test_add_agent_test("/agent-text/no-account", test_no_account);
	cs_test_add_agent_test("/agent-text/verdicts", test_verdicts);
	cs_test_add_agent_test("/agent-text/away", test_away);
	cs_test_add_agent_test("/agent-text/trouble", test_trouble);
	cs_test_add_agent_test("/agent-text/book", test_book);
	cs_test_add_agent_test("/agent-text/several", test_several);
	return g_test_run();
}
