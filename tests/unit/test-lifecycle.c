/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/lifecycle.h"
#include "tests/fixtures/authority-fixture.h"

#include <string.h>

#define N_STATES (CS_DEVICE_DELETED + 1)
#define N_MOVES	 (CS_MOVE_DELETE + 1)

/* rule 22: the moves that there are, written from the rule alone */
static const struct {
	CsDeviceState from;
	CsDeviceMove move;
	CsDeviceState to;
} allowed[] = {
	{CS_DEVICE_ACTIVE, CS_MOVE_SUSPEND, CS_DEVICE_SUSPENDED},
	{CS_DEVICE_ACTIVE, CS_MOVE_DEACTIVATE, CS_DEVICE_DEACTIVATED},
	{CS_DEVICE_SUSPENDED, CS_MOVE_RESUME, CS_DEVICE_ACTIVE},
	{CS_DEVICE_SUSPENDED, CS_MOVE_DEACTIVATE, CS_DEVICE_DEACTIVATED},
	{CS_DEVICE_DEACTIVATED, CS_MOVE_REACTIVATE, CS_DEVICE_ACTIVE},
	{CS_DEVICE_DEACTIVATED, CS_MOVE_DELETE, CS_DEVICE_DELETED},
};

static gboolean
find_allowed(CsDeviceState from, CsDeviceMove move, CsDeviceState *to)
{
	for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++) {
		if (allowed[i].from != from || allowed[i].move != move)
			continue;
		*to = allowed[i].to;
		return TRUE;
	}
	return FALSE;
}

static void
test_moves(void)
{
	for (guint cell = 0; cell < N_STATES * N_MOVES; cell++) {
		CsDeviceState from = (CsDeviceState)(cell / N_MOVES);
		CsDeviceMove move = (CsDeviceMove)(cell % N_MOVES);
		CsDeviceState expected = CS_DEVICE_DELETED;
		CsDeviceState to = (CsDeviceState)99;
		g_autoptr(GError) error = NULL;

		if (find_allowed(from, move, &expected)) {
			g_assert_true(cs_lifecycle_decide(from, move, &to, &error));
			g_assert_no_error(error);
			g_assert_cmpint(to, ==, expected);
			continue;
		}
		g_assert_false(cs_lifecycle_decide(from, move, &to, &error));
		g_assert_nonnull(strstr(error->message, cs_device_state_to_text(from)));
		cs_test_expect_error(NULL, &error, CS_ERROR_REFUSED, "transition-forbidden");
		g_assert_cmpint(to, ==, 99);
	}
}

#define NO_LINK	      FALSE, 0
#define WAITING	      TRUE, 0
#define BOUND_BEFORE  FALSE, 50
#define BOUND_SINCE   FALSE, 150
#define ONE_OF_TWO    TRUE, 150
#define BOUND_AT_ONCE FALSE, 100

/* rule 25: every cell; "x" is a step done. Reactivated at 100, where it was. */
static const struct {
	CsDeviceState state;
	guint live_accounts;
	gint64 reactivated_at;
	gboolean any_suspended_link;
	gint64 last_bound_at;
	gboolean key_refused;
	const char *done;
} cells[] = {
	/* never deactivated */
	{CS_DEVICE_ACTIVE, 0, 0, NO_LINK, FALSE, "x----"},
	{CS_DEVICE_ACTIVE, 1, 0, NO_LINK, FALSE, "-----"},
	{CS_DEVICE_ACTIVE, 0, 0, BOUND_BEFORE, FALSE, "x----"},
	{CS_DEVICE_ACTIVE, 2, 0, BOUND_BEFORE, FALSE, "-----"},
	{CS_DEVICE_ACTIVE, 1, 0, BOUND_BEFORE, TRUE, "-----"},
	/* deactivated: its accounts were dropped; whatever went before is over */
	{CS_DEVICE_DEACTIVATED, 0, 0, NO_LINK, FALSE, "xx---"},
	{CS_DEVICE_DEACTIVATED, 0, 0, WAITING, FALSE, "xx---"},
	{CS_DEVICE_DEACTIVATED, 0, 100, WAITING, FALSE, "xx---"},
	{CS_DEVICE_DEACTIVATED, 0, 100, BOUND_SINCE, FALSE, "xx---"},
	/* reactivated, and the link waits */
	{CS_DEVICE_ACTIVE, 0, 100, WAITING, FALSE, "xxx--"},
	{CS_DEVICE_ACTIVE, 1, 100, WAITING, FALSE, "xxxx-"},
	{CS_DEVICE_ACTIVE, 1, 100, WAITING, TRUE, "xxxx-"},
	/* the first authentication was there */
	{CS_DEVICE_ACTIVE, 1, 100, BOUND_SINCE, FALSE, "xxxxx"},
	{CS_DEVICE_ACTIVE, 3, 100, BOUND_SINCE, FALSE, "xxxxx"},
	{CS_DEVICE_ACTIVE, 1, 100, BOUND_AT_ONCE, FALSE, "xxxxx"},
	/* that another certificate's link still waits takes nothing away */
	{CS_DEVICE_ACTIVE, 1, 100, ONE_OF_TWO, FALSE, "xxxxx"},
	{CS_DEVICE_ACTIVE, 0, 100, ONE_OF_TWO, FALSE, "xxx--"},
	{CS_DEVICE_ACTIVE, 1, 100, ONE_OF_TWO, TRUE, "xxxx-"},
	/* a cycle whose accounts are gone again, and one that went to another key (rule 26) */
	{CS_DEVICE_ACTIVE, 0, 100, BOUND_SINCE, FALSE, "x----"},
	{CS_DEVICE_ACTIVE, 1, 100, BOUND_SINCE, TRUE, "-----"},
	{CS_DEVICE_ACTIVE, 0, 100, BOUND_SINCE, TRUE, "x----"},
	/* there never was a link to suspend */
	{CS_DEVICE_ACTIVE, 0, 100, NO_LINK, FALSE, "xxx--"},
	{CS_DEVICE_ACTIVE, 1, 100, NO_LINK, FALSE, "xxxx-"},
	/* suspended: as it was (rule 22) */
	{CS_DEVICE_SUSPENDED, 0, 0, NO_LINK, FALSE, "x----"},
	{CS_DEVICE_SUSPENDED, 1, 0, BOUND_BEFORE, FALSE, "-----"},
	{CS_DEVICE_SUSPENDED, 1, 100, WAITING, FALSE, "xxxx-"},
	{CS_DEVICE_SUSPENDED, 1, 100, BOUND_SINCE, FALSE, "xxxxx"},
	/* deleted: nothing leads anywhere */
	{CS_DEVICE_DELETED, 0, 0, NO_LINK, FALSE, "-----"},
	{CS_DEVICE_DELETED, 0, 100, WAITING, FALSE, "-----"},
	{CS_DEVICE_DELETED, 0, 100, BOUND_SINCE, FALSE, "-----"},
};

static void
test_steps(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
		const CsRepurposeFacts facts = {
			.state = cells[i].state,
			.live_accounts = cells[i].live_accounts,
			.any_suspended_link = cells[i].any_suspended_link,
			.reactivated_at = cells[i].reactivated_at,
			.last_bound_at = cells[i].last_bound_at,
			.key_refused = cells[i].key_refused,
		};
		gboolean done[CS_REPURPOSE_STEPS];
		char text[CS_REPURPOSE_STEPS + 1] = {0};

		memset(done, 0xff, sizeof(done));
		cs_lifecycle_repurpose_steps(&facts, done);
		for (guint step = 0; step < CS_REPURPOSE_STEPS; step++) {
			g_assert_true(done[step] == TRUE || done[step] == FALSE);
			text[step] = done[step] ? 'x' : '-';
		}
		g_test_message("cell %" G_GSIZE_FORMAT, i);
		g_assert_cmpstr(text, ==, cells[i].done);
	}
}

static void
test_step_names(void)
{
	g_autoptr(cJSON) steps = NULL;
	const CsRepurposeFacts facts = {.state = CS_DEVICE_DEACTIVATED};

	steps = cs_lifecycle_steps_to_json(&facts);
	cs_test_expect_json(
		g_steal_pointer(&steps), NULL,
		"[{\"step\":\"delete-account\",\"done\":true,\"by\":\"user\"},"
		"{\"step\":\"deactivate\",\"done\":true,\"by\":\"administrator\"},"
		"{\"step\":\"reactivate\",\"done\":false,\"by\":\"administrator\"},"
		"{\"step\":\"add-account\",\"done\":false,\"by\":\"new-user\"},"
		"{\"step\":\"first-authentication\",\"done\":false,\"by\":\"new-user\"}]");
}

static void
test_facts(void)
{
	CsDeviceRow device = {.state = CS_DEVICE_ACTIVE, .reactivated_at = 7};
	CsAccountRow ended = {.deleted = TRUE};
	CsAccountRow live = {.deleted = FALSE};
	char *names_one[] = {(char *)"k1", NULL};
	CsLinkRow old = {.state = CS_LINK_BOUND, .bound_at = 8, .key_ids = names_one};
	CsLinkRow new = {.state = CS_LINK_BOUND, .bound_at = 9, .key_ids = NULL};
	CsLinkRow refused = {.state = CS_LINK_REFUSED, .bound_at = 10, .key_ids = names_one};
	g_autoptr(GPtrArray) accounts = g_ptr_array_new();
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	CsRepurposeFacts facts;

	cs_lifecycle_gather_facts(&device, accounts, links, NULL, &facts);
	g_assert_cmpuint(facts.live_accounts, ==, 0);
	g_assert_cmpint(facts.reactivated_at, ==, 7);
	g_assert_cmpint(facts.last_bound_at, ==, 0);
	g_assert_false(facts.any_suspended_link);
	g_assert_false(facts.key_refused);
	g_ptr_array_add(accounts, &ended);
	g_ptr_array_add(accounts, &live);
	g_ptr_array_add(links, &new);
	g_ptr_array_add(links, &old);
	g_ptr_array_add(links, &refused);
	cs_lifecycle_gather_facts(&device, accounts, links, NULL, &facts);
	g_assert_cmpuint(facts.live_accounts, ==, 1);
	g_assert_cmpint(facts.last_bound_at, ==, 9);
	g_assert_false(facts.any_suspended_link);
	g_assert_false(facts.key_refused);
	old.state = CS_LINK_SUSPENDED;
	cs_lifecycle_gather_facts(&device, accounts, links, NULL, &facts);
	g_assert_true(facts.any_suspended_link);
}

/* rule 26: a key is refused where links are bound and none of them names it */
static void
test_key_refused(void)
{
	const CsDeviceRow device = {.state = CS_DEVICE_ACTIVE};
	char *names_one[] = {(char *)"k1", NULL};
	CsLinkRow link = {.state = CS_LINK_BOUND, .key_ids = names_one};
	CsDeviceKeyRow key = {.id = (char *)"k1", .approval = CS_APPROVAL_FOUNDER};
	g_autoptr(GPtrArray) accounts = g_ptr_array_new();
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	CsRepurposeFacts facts;

	cs_lifecycle_gather_facts(&device, accounts, links, &key, &facts);
	g_assert_false(facts.key_refused);
	g_ptr_array_add(links, &link);
	cs_lifecycle_gather_facts(&device, accounts, links, &key, &facts);
	g_assert_false(facts.key_refused);
	key.id = (char *)"k2";
	cs_lifecycle_gather_facts(&device, accounts, links, &key, &facts);
	g_assert_true(facts.key_refused);
	key.approval = CS_APPROVAL_ADMINISTRATOR;
	cs_lifecycle_gather_facts(&device, accounts, links, &key, &facts);
	g_assert_false(facts.key_refused);
	key.approval = CS_APPROVAL_NONE;
	link.state = CS_LINK_SUSPENDED;
	cs_lifecycle_gather_facts(&device, accounts, links, &key, &facts);
	g_assert_false(facts.key_refused);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lifecycle/moves", test_moves);
	g_test_add_func("/lifecycle/steps", test_steps);
	g_test_add_func("/lifecycle/step-names", test_step_names);
	g_test_add_func("/lifecycle/facts", test_facts);
	g_test_add_func("/lifecycle/key-refused", test_key_refused);
	return g_test_run();
}
