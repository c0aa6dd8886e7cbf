/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/alloc-driver.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#define MAX_ALLOCATIONS 100000 /* far beyond any act's */
#define WARM_UPS	3
#define LEAK_TRIES	3

typedef struct {
	CsFaultyAct act;
	CsAllocOwner owner;
} Case;

/* TRUE where none failed. */
static gboolean
try_once(const Case *c, guint nth)
{
	const CsFaultyAct *act = &c->act;
	gpointer world = act->set_up != NULL ? act->set_up(act->data) : NULL;
	g_autoptr(GError) error = NULL;
	gboolean accepted;
	gboolean hit;

	cs_alloc_faults_arm(c->owner, act->elsewhere, nth);
	accepted = act->act(world, act->data, &error);
	hit = cs_alloc_faults_disarm();
	if (g_test_verbose())
		g_test_message("allocation %u: %s", nth,
			       error != NULL ? error->message : "accepted");
	g_assert_true(accepted == (error == NULL));
	g_assert_false(accepted && !act->good);
	if (!hit)
		g_assert_true(accepted == act->good);
	if (act->tear_down != NULL)
		act->tear_down(world);
	ERR_clear_error();
	OPENSSL_thread_stop();
	return !hit;
}

/* Caches grow once; a leak grows each time. A server's state and SQLite's pages of it grow, too:
 * what leaks there the leak sanitizer tells. */
static gboolean
leaks(const Case *c, guint nth)
{
	if (c->act.elsewhere)
		return FALSE;
	for (guint i = 0; i < LEAK_TRIES; i++) {
		gint before = cs_alloc_faults_count_held(c->owner);

		try_once(c, nth);
		if (cs_alloc_faults_count_held(c->owner) <= before)
			return FALSE;
	}
	return TRUE;
}

/* And fills the caches. */
static guint
count_allocations(const Case *c)
{
	for (guint i = 0; i < WARM_UPS; i++)
		g_assert_true(try_once(c, MAX_ALLOCATIONS));
	return MAX_ALLOCATIONS - cs_alloc_faults_get_left();
}

static void
report(const Case *c, guint count, guint tried, guint first, guint stride)
{
	const char *owner = cs_alloc_owner_names[c->owner];

	if (stride == 1)
		g_test_message("%s: each of %u allocations of %s failed once", c->act.name, tried,
			       owner);
	else
		g_test_message("%s: %u of %u allocations of %s failed once: number %u, then one in "
			       "%u (-m thorough: each)",
			       c->act.name, tried, count, owner, first, stride);
}

static void
test_case(gconstpointer data)
{
	const Case *c = data;
	guint count = count_allocations(c);
	guint tries = g_test_thorough() || c->act.tries == 0 ? count : c->act.tries;
	guint stride = MAX((count + tries - 1) / MAX(tries, 1), 1);
	guint first = (guint)g_test_rand_int_range(1, (gint)stride + 1);
	guint tried = 0;
	gboolean came_through = FALSE;

	for (guint n = first; !came_through; n += stride) {
		gint before = cs_alloc_faults_count_held(c->owner);

		g_assert_cmpuint(n, <, MAX_ALLOCATIONS);
		came_through = try_once(c, n);
		if (cs_alloc_faults_count_held(c->owner) > before && leaks(c, n))
			g_error("%s: leaks where allocation %u of %s fails", c->act.name, n,
				cs_alloc_owner_names[c->owner]);
		tried += came_through ? 0 : 1;
	}
	report(c, count, tried, first, stride);
	g_assert_cmpuint(tried, >, 0);
}

static void
free_case(gpointer data)
{
	Case *c = data;

	g_free((char *)c->act.name);
	g_free(c);
}

void
cs_faulty_act_add(const CsFaultyAct *act)
{
	for (guint owner = 0; owner < CS_ALLOC_OWNERS; owner++) {
		g_autofree char *path = NULL;
		Case *c;

		if ((act->owners & (1u << owner)) == 0)
			continue;
		path = g_strdup_printf("/faults/allocation/%s/%s", act->name,
				       cs_alloc_owner_names[owner]);
		c = g_new0(Case, 1);
		c->act = *act;
		c->act.name = g_strdup(act->name);
		c->owner = owner;
		g_test_add_data_func_full(path, c, test_case, free_case);
	}
}
