/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/error.h"

static gboolean
can_be_kept(const CsService *service, GError **error)
{
	if (service->turn_failed)
		cs_error_set(error, CS_ERROR_STATE, "registry-unavailable",
			     "the registry failed for a request beside this one");
	return !service->turn_failed;
}

/* The first request of a turn that needs the registry begins the transaction for all. Where that
 * failed the others need not wait for the lock in turn. */
static gboolean
join_turn(CsService *service, GError **error)
{
	if (!can_be_kept(service, error))
		return FALSE;
	if (!service->turn_open) {
		service->turn_open = cs_registry_begin(service->registry, error);
		service->turn_failed = !service->turn_open;
	}
	return service->turn_open;
}

static gboolean
commit_turn(CsService *service, GError **error)
{
	const CsClock *clock = cs_authority_get_clock(service->authority);
	gint64 begun_us = cs_clock_get_monotonic_us(clock);
	gboolean kept;

	service->turn_open = FALSE;
	if (!service->turn_failed) {
		kept = cs_registry_commit(service->registry, error);
		cs_service_counts_note_commit(service->counts, kept, service->turn_parts,
					      cs_clock_get_monotonic_us(clock) - begun_us);
		cs_service_settle_jumps(service, kept);
		return kept;
	}
	cs_service_settle_jumps(service, FALSE);
	cs_service_counts_note_commit(service->counts, FALSE, 0, 0);
	cs_registry_rollback(service->registry);
	return can_be_kept(service, error);
}

/* What was written whole, with nothing that failed beside it, says that all is well again. */
static void
end_turn(CsService *service, gboolean is_written)
{
	if (is_written && !service->turn_faulty)
		service->unwell = FALSE;
	service->turn_faulty = FALSE;
	service->turn_parts = 0;
	service->turn_failed = FALSE;
}

/* A request whose part cannot be ended takes the turn with it: SQLite keeps nothing of either. */
static gboolean
work_in_part(CsService *service, CsServiceWork work, gpointer data, GError **error)
{
	gboolean worked;
	gboolean ended;

	if (!cs_registry_begin_part(service->registry, error)) {
		service->turn_failed = TRUE;
		return FALSE;
	}
	service->turn_parts++;
	worked = work(service, data, error);
	ended = cs_registry_end_part(service->registry, worked, worked ? error : NULL);
	service->turn_failed = !ended;
	return worked && ended;
}

/* That the clock was set is written with whatever is. */
static gboolean
write_jumps_first(CsService *service, GError **error)
{
	g_autoptr(GError) fault = NULL;

	if (cs_service_has_jumps(service) &&
	    !work_in_part(service, cs_service_write_jumps, NULL, &fault))
		cs_service_report_fault(service, fault);
	return can_be_kept(service, error);
}

/**
 * cs_service_commit:
 * @service: the service
 * @work: (nullable): what to do in the transaction; %NULL: nothing but what goes with whatever is
 *   written
 * @data: (nullable): for @work
 *
 * Does @work in the transaction that all requests share which are ready in one turn of the main
 * loop. They are decided one after another, each in a part of its own, and see each other's work;
 * the commit comes after the last of them, and no answer leaves before it. Where the commit fails
 * nothing of the turn has happened and every request in it hears so.
 *
 * Returns: %FALSE where @work or the registry failed; for this request everything is then as before
 */
gboolean
cs_service_commit(CsService *service, CsServiceWork work, gpointer data, GError **error)
{
	gboolean worked;

	if (!join_turn(service, error))
		return FALSE;
	worked = write_jumps_first(service, error) &&
		 (work == NULL || work_in_part(service, work, data, error));
	if (!service->commits_alone)
		return worked;
	worked = commit_turn(service, worked ? error : NULL) && worked;
	end_turn(service, worked);
	return worked;
}

/**
 * cs_service_settle_cb:
 * @answers: (element-type CsHttpdResponse): of the requests of this turn that wait for its commit
 * @data: the service
 *
 * cs_httpd_set_settle()'s: one commit for all that was ready; the answers leave after it, or none
 * does.
 */
void
cs_service_settle_cb(GPtrArray *answers, gpointer data)
{
	CsService *service = data;
	g_autoptr(GError) error = NULL;
	gboolean was_open = service->turn_open;
	gboolean kept = !was_open || commit_turn(service, &error);

	if (!kept)
		cs_service_report_fault(service, error);
	end_turn(service, was_open && kept);
	if (kept)
		return;
	for (guint i = 0; i < answers->len; i++) {
		CsAnswer answer = {0};

		cs_answer_set_fault(&answer, error);
		cs_answer_write(&answer, g_ptr_array_index(answers, i));
	}
}
