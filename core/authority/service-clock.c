/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/error.h"
#include "core/base/event.h"

#define AMOUNT_SIZE 32

static gboolean
write_jump(CsService *service, gpointer data, GError **error)
{
	const CsLogEntry entry = {
		.time = cs_service_get_now(service),
		.event = "clock-jump",
		.actor = "server",
		.outcome = "ok",
		.detail = data,
	};

	return cs_registry_log(service->registry, &entry, error);
}

/* The line is of this turn; where that is not kept, the next one's. */
static void
log_jumps(CsService *service)
{
	g_autofree char *detail = g_strdup_printf("seconds=%+" G_GINT64_FORMAT, service->jumped_s);
	g_autoptr(GError) error = NULL;

	service->jump_in_turn = cs_service_commit(service, write_jump, detail, &error);
	if (!service->jump_in_turn)
		cs_service_report_fault(service, error);
	else if (!service->turn_open) /* each request's own commit: it is kept */
		service->jumped_s = 0;
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
	service->jumped_s += jump_s;
}

/**
 * cs_service_check_clock:
 * @service: the service
 *
 * Before anything is decided by the clock: whether it was set since the last request. A jump is told
 * to the server's log, counted, and a line of the authority's log; and nothing that was handed out
 * before it is accepted any more.
 */
void
cs_service_check_clock(CsService *service)
{
	gint64 jump_s = cs_clock_find_jump(cs_authority_get_clock(service->authority),
					   &service->clock_mark);

	if (jump_s != 0)
		take_jump(service, jump_s);
	if (service->jumped_s != 0 && !service->jump_in_turn)
		log_jumps(service);
}
