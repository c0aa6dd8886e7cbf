/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-decision.h"

/* rule 12: how old is too old */

#define NOW G_GINT64_CONSTANT(1800000000)
#define DAY 86400

typedef struct {
	CsRevocationTimes times;
	gint64 max_age_s;
	CsFreshness expected;
	gint64 end;
} Case;

static void
test_times(void)
{
	static const Case cases[] = {
		{{NOW - 10, NOW, TRUE}, 0, CS_FRESHNESS_FRESH, NOW},
		{{NOW - 10, NOW - 1, TRUE}, 0, CS_FRESHNESS_STALE, NOW - 1},
		{{NOW + 60, NOW + DAY, TRUE}, 0, CS_FRESHNESS_FRESH, NOW + DAY},
		{{NOW + 61, NOW + DAY, TRUE}, 0, CS_FRESHNESS_NOT_YET, NOW + DAY},
		/* The limit and nextUpdate count both. */
		{{NOW - 10, NOW + DAY, TRUE}, 10, CS_FRESHNESS_FRESH, NOW},
		{{NOW - 11, NOW + DAY, TRUE}, 10, CS_FRESHNESS_TOO_OLD, NOW - 1},
		{{NOW - 10, NOW - 1, TRUE}, DAY, CS_FRESHNESS_STALE, NOW - 1},
		/* Without nextUpdate a day, or the limit. */
		{{NOW - DAY, 0, FALSE}, 0, CS_FRESHNESS_FRESH, NOW},
		{{NOW - DAY - 1, 0, FALSE}, 0, CS_FRESHNESS_TOO_OLD, NOW - 1},
		{{NOW - 2 * DAY, 0, FALSE}, 2 * DAY, CS_FRESHNESS_FRESH, NOW},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const CsRevocationLimits limits = {NOW, cases[i].max_age_s};

		g_assert_cmpint(cs_revocation_judge_times(&cases[i].times, &limits), ==,
				cases[i].expected);
		g_assert_cmpint(cs_revocation_get_end(&cases[i].times, &limits), ==, cases[i].end);
	}
}

static void
test_unknown(void)
{
	CsRevocationAnswer answer = {.status = CS_REVOCATION_GOOD,
				     .detail = "crl",
				     .this_update = NOW,
				     .valid_until = NOW};

	cs_revocation_answer_set_unknown(&answer, "crl-missing");
	g_assert_cmpint(answer.status, ==, CS_REVOCATION_UNKNOWN);
	g_assert_cmpstr(answer.detail, ==, "crl-missing");
	g_assert_cmpint(answer.this_update, ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/revocation-decision/times", test_times);
	g_test_add_func("/revocation-decision/unknown", test_unknown);
	return g_test_run();
}
