/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/error.h"
#include "core/base/event.h"

#define AMOUNT_SIZE 32

static void
add_jumps(CsClockJumps *jumps, const CsClockJumps *more)
{
	jumps->forward_s += more->forward_s;
	jumps->backward_s += more->backward_s;
}

/* "seconds=+3600", "seconds=-3600", and for both "seconds=+3600,-3600". */
static char *
dup_detail(const CsClockJumps *jumps)
{
	GString *detail = g_string_new("seconds=");

	if (jumps->forward_s != 0)
		g_string_append_printf(detail, "%+" G_GINT64_FORMAT, jumps->forward_s);
	if (jumps->forward_s != 0 && jumps->backward_s != 0)
		g_string_append_c(detail, ',');
	if (jumps->backward_s != 0)
		g_string_append_printf(detail, "%+" G_GINT64_FORMAT, jumps->backward_s);
	return g_string_free(detail, FALSE);
}

/**
 * cs_service_has_jumps:
 * @service: the service
 *
 * Returns: whether the clock was set, and the log does not say so yet
 */
gboolean
cs_service_has_jumps(const CsService *service)
{
	return service->jumps.forward_s != 0 || service->jumps.backward_s != 0;
}

/**
 * cs_service_write_jumps:
 * @service: the service, which has jumps
 * @data: not looked at
 *
 * Writes the line of the log; a CsServiceWork.
 *
 * Returns: %FALSE where the registry fails: %CS_ERROR_STATE
 */
gboolean
cs_service_write_jumps(CsService *service, gpointer data, GError **error)
{
	g_autofree char *detail = dup_detail(&service->jumps);
	const CsLogEntry entry = {
		.time = cs_service_get_now(service),
		.event = "clock-jump",
		.actor = "server",
		.outcome = "ok",
		.detail = detail,
	};

	if (!cs_registry_log(service->registry, &entry, error))
		return FALSE;
	add_jumps(&service->turn_jumps, &service->jumps);
	service->jumps = (CsClockJumps){0};
	return TRUE;
}

/**
 * cs_service_settle_jumps:
 * @service: the service
 * @kept: whether what the turn has written is kept
 *
 * The lines are of this turn; where that is not kept, the next one's.
 */
void
cs_service_settle_jumps(CsService *service, gboolean kept)
{
	if (!kept)
		add_jumps(&service->jumps, &service->turn_jumps);
	service->turn_jumps = (CsClockJumps){0};
}

/* What was handed out lives by the wall's clock: set back, it would live longer than it may. It is
 * forgotten, as over a restart. */
static void
take_jump(CsService *service, gint64 jump_s)
{
	char amount[AMOUNT_SIZE];

	g_snprintf(amount, sizeof(amount), "%+" G_GINT64_FORMAT, jump_s);
	cs_event(CS_EVENT_WARNING, "clock-jump", CS_FIELD_SECONDS, amount, CS_FIELD_END);
	cs_service_counts_note_jump(service->counts, jump_s);
	cs_challenges_forget(service->challenges);
	g_clear_pointer(&service->crl, cs_published_crl_free);
	add_jumps(&service->jumps, &(CsClockJumps){MAX(0, jump_s), MIN(0, jump_s)});
}

/**
 * cs_service_check_clock:
 * @service: the service
 *
 * Before anything is decided by the clock: whether it was set since the last request. A jump is told
 * to the server's log, counted, and a line of the authority's log; and nothing that was handed out
 * before it is accepted any more. Where nothing can be written, the line comes with what is written
 * next, and whoever only reads is not held up by it.
 */
void
cs_service_check_clock(CsService *service)
{
	gint64 jump_s = cs_clock_find_jump(cs_authority_get_clock(service->authority),
					   &service->clock_mark);
	g_autoptr(GError) error = NULL;

	if (jump_s != 0)
		take_jump(service, jump_s);
	if (!cs_service_has_jumps(service) || service->unwell)
		return;
	if (!cs_service_commit(service, NULL, NULL, &error))
		cs_service_report_fault(service, error);
}
