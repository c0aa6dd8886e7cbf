/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-plan.h"

/* rule 12: when what is at hand is fetched again */

#define NOW    G_GINT64_CONSTANT(1800000000)
#define MINUTE 60
#define HOUR   3600
#define YEAR   (365 * 24 * HOUR)

typedef struct {
	const char *what;
	gint64 fetched_at;
	gint64 tried_at;
	const char *failure;
	gboolean empty;
	const char *problem;
	gint64 end;
	gint64 planned;
} Case;

static void
test_plan(void)
{
	static const Case cases[] = {
		{"nothing yet", 0, 0, NULL, TRUE, NULL, 0, NOW},
		{"good for a day: hourly", NOW, NOW, NULL, FALSE, NULL, NOW + 24 * HOUR,
		 NOW + HOUR},
		{"good for half an hour: at half of it", NOW, NOW, NULL, FALSE, NULL,
		 NOW + HOUR / 2, NOW + HOUR / 4},
		{"good for a second", NOW, NOW, NULL, FALSE, NULL, NOW + 1, NOW + MINUTE},
		{"for ever", NOW, NOW, NULL, FALSE, NULL, G_MAXINT64, NOW + HOUR},
		{"past its time", NOW - HOUR, NOW - HOUR, NULL, FALSE, "crl-stale", NOW - 1, NOW},
		{"past its time at once", NOW - 1, NOW - 1, NULL, FALSE, "crl-stale", NOW - 1,
		 NOW - 1 + MINUTE},
		{"failed", 0, NOW - 1, "unreachable", TRUE, NULL, 0, NOW - 1 + MINUTE},
		{"failed, and good", NOW - HOUR, NOW, "unreachable", FALSE, NULL, NOW + HOUR,
		 NOW + MINUTE},
		/* A clock that was ahead, and is right again. */
		{"tried a year ahead", 0, NOW + YEAR, "unreachable", TRUE, NULL, 0, NOW},
		{"tried a second ahead", 0, NOW + 1, "unreachable", TRUE, NULL, 0, NOW},
		{"fetched a year ahead", NOW + YEAR, NOW + YEAR, NULL, FALSE, NULL, NOW + 2 * YEAR,
		 NOW},
		{"fetched ahead, of the future", NOW + YEAR, NOW + YEAR, NULL, FALSE,
		 "crl-not-yet-valid", 0, NOW},
		/* Not at once again and again, where what came since is no better. */
		{"fetched ahead, and failed since", NOW + YEAR, NOW, "unreachable", FALSE, NULL,
		 NOW + 2 * YEAR, NOW + MINUTE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) data = g_bytes_new_static("x", 1);
		const CsRevocationRecord record = {
			.fetched_at = cases[i].fetched_at,
			.tried_at = cases[i].tried_at,
			.failure = (char *)cases[i].failure,
			.data = cases[i].empty ? NULL : data,
		};

		g_test_message("%s", cases[i].what);
		g_assert_cmpint(cs_revocation_plan(&record, cases[i].problem, cases[i].end, NOW),
				==, cases[i].planned);
	}
}

static void
test_due(void)
{
	g_assert_true(cs_revocation_plan_is_due(NOW, NOW));
	g_assert_true(cs_revocation_plan_is_due(0, NOW));
	g_assert_false(cs_revocation_plan_is_due(NOW + 1, NOW));
	g_assert_false(cs_revocation_plan_is_due(NOW + HOUR, NOW));
	/* Nothing is ever planned for later: the clock was set back since. */
	g_assert_true(cs_revocation_plan_is_due(NOW + HOUR + 1, NOW));
	g_assert_true(cs_revocation_plan_is_due(NOW + YEAR, NOW));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/revocation-plan/plan", test_plan);
	g_test_add_func("/revocation-plan/due", test_due);
	return g_test_run();
}
