/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"

#include "core/base/random.h"

#define META_PROBE  "health-probe"
#define PROBE_BYTES 49152

/* More than an authentication writes, or a full disk would still take it; and never the same, of
 * which SQLite writes nothing. */
static gboolean
write_probe(CsService *service, gpointer data, GError **error)
{
	g_autofree char *probe = cs_random_base64url(PROBE_BYTES, error);

	return probe != NULL && cs_registry_set_meta(service->registry, META_PROBE, probe, error);
}

/**
 * cs_service_get_health:
 * @service: the service
 * @id: ""
 * @body: (nullable): nothing
 * @answer: 200 {"status": "ok"}
 *
 * GET and HEAD /healthz: whether authentications can be served. The registry is read each time; it is
 * written only where something has failed since it was last written well, so that a healthy server
 * pays no commit, and one that was sent no more work finds out that its disk has room again. It says
 * nothing of the server, so that anybody may ask.
 *
 * Returns: %FALSE where the registry cannot be read or written
 */
gboolean
cs_service_get_health(
	CsService *service, const char *id, const cJSON *body, CsAnswer *answer, GError **error)
{
	cJSON *health;

	if (!cs_service_refresh_issuers(service, error) ||
	    (service->unwell && !cs_service_commit(service, write_probe, NULL, error)))
		return FALSE;
	health = cJSON_CreateObject();
	cs_json_add_string(health, "status", "ok");
	cs_answer_set(answer, 200, health);
	return TRUE;
}
