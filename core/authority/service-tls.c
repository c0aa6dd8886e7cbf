/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/error.h"
#include "core/base/event.h"

#define RETRY_AFTER_US (G_GINT64_CONSTANT(60) * G_USEC_PER_SEC)

static void
tell_reloaded(const CsService *service)
{
	g_autofree char *until = cs_time_format_rfc3339(cs_httpd_get_tls_not_after(service->httpd));

	cs_event(CS_EVENT_INFO, "tls-reloaded", CS_FIELD_UNTIL, until, CS_FIELD_END);
}

static void
tell_refused(const GError *error)
{
	cs_event(CS_EVENT_ERROR, "tls-refused", CS_FIELD_CODE, cs_error_get_reason(error),
		 CS_FIELD_MESSAGE, error->message, CS_FIELD_END);
}

static gint64
get_monotonic_us(const CsService *service)
{
	return cs_clock_get_monotonic_us(cs_authority_get_clock(service->authority));
}

/* The same files may be good a while later: a certificate's time comes, or the clock is set right. */
static gboolean
is_worth_another_try(const CsService *service)
{
	return service->tls_refused &&
	       get_monotonic_us(service) >= service->tls_tried_us + RETRY_AFTER_US;
}

/* The old pair stays, whatever is wrong with the new one. Told once: what comes out as before is not
 * told again, unless somebody asks for that. */
static void
take_files(CsService *service, gboolean anew)
{
	CsTlsFiles *files = service->tls_files;
	gint64 now = cs_service_get_now(service);
	gboolean is_new = FALSE;
	g_autoptr(GError) error = NULL;
	gboolean is_read = cs_tls_files_read(files, now, &is_new, &error);

	if (!is_new && !anew && !is_worth_another_try(service))
		return;
	service->tls_tried_us = get_monotonic_us(service);
	service->tls_refused =
		!is_read || !cs_httpd_set_tls(service->httpd, cs_tls_files_get_certificate(files),
					      cs_tls_files_get_key(files), now, &error);
	if (!service->tls_refused)
		tell_reloaded(service);
	else if (is_new || anew)
		tell_refused(error);
}

/**
 * cs_service_reload_tls:
 * @service: the service; nothing happens where it watches no files
 *
 * Takes the certificate and key as the files are now, for connections from here on; those that are
 * open go on. What cannot be taken is told to the server's log, and the pair that was served stays.
 */
void
cs_service_reload_tls(CsService *service)
{
	if (service->tls_files != NULL)
		take_files(service, TRUE);
}

static void
before_accept_cb(gpointer data)
{
	CsService *service = data;

	if (cs_tls_files_may_have_changed(service->tls_files) || is_worth_another_try(service))
		take_files(service, FALSE);
}

/**
 * cs_service_watch_tls:
 * @service: the service, serving with TLS, before its context runs
 * @files: (transfer full): what its certificate and key were read from
 *
 * Looks at the files whenever somebody connects, and takes them where they were replaced: an idle
 * server wakes up for nothing, and nobody meets an old certificate. What was refused is tried again a
 * minute later.
 */
void
cs_service_watch_tls(CsService *service, CsTlsFiles *files)
{
	service->tls_files = files;
	cs_httpd_set_before_accept(service->httpd, before_accept_cb, service);
}
