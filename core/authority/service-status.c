/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-status.h"
#include "core/authority/service-private.h"

#include <string.h>

/* What the built-in CA says of its certificates, to everybody (rules 12 and 20): GET
 * /crl/{ca}.crl and POST /ocsp/{ca}. */

#define META_CRL_NUMBER "crl-number"
#define CRL_LIFETIME_S	(G_GINT64_CONSTANT(24) * 60 * 60)
#define CRL_RENEW_S                                                                                \
	(G_GINT64_CONSTANT(60) * 60) /* made anew, at the latest, when this old and asked for */
#define OCSP_LIFETIME_S	  (G_GINT64_CONSTANT(60) * 60)
#define CRL_CONTENT_TYPE  "application/pkix-crl"
#define OCSP_CONTENT_TYPE "application/ocsp-response"

/* The CRL handed out last. It counts while the registry's number is still its own. */
struct _CsPublishedCrl {
	GBytes *der;
	gint64 number;
	gint64 revoked; /* how many were, whenever: nothing revoked is ever good again */
	gint64 made_at;
};

/**
 * cs_published_crl_free:
 * @published: (nullable) (transfer full): the CRL handed out last
 */
void
cs_published_crl_free(CsPublishedCrl *published)
{
	if (published == NULL)
		return;
	g_clear_pointer(&published->der, g_bytes_unref);
	g_free(published);
}

static gboolean
is_our_ca(const CsService *service, const char *id, CsAnswer *answer)
{
	if (strcmp(id, cs_ca_get_id(cs_authority_get_ca(service->authority))) == 0)
		return TRUE;
	cs_answer_set_problem(answer, CS_PROBLEM_NOT_FOUND, "no such CA");
	return FALSE;
}

static gboolean
read_number(CsRegistry *registry, gint64 *number, GError **error)
{
	g_autoptr(GError) local_error = NULL;
	g_autofree char *text = cs_registry_dup_meta(registry, META_CRL_NUMBER, &local_error);

	*number = 0;
	if (text != NULL)
		*number = g_ascii_strtoll(text, NULL, 10);
	if (text != NULL || g_error_matches(local_error, CS_ERROR, CS_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local_error));
	return FALSE;
}

static gboolean
write_number(CsRegistry *registry, gint64 number, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

	return cs_registry_set_meta(registry, META_CRL_NUMBER, text, error);
}

/* A clock that was set back makes no CRL look young. */
static gboolean
is_current(const CsPublishedCrl *published, gint64 number, gint64 revoked, gint64 now)
{
	return published != NULL && published->number == number && published->revoked == revoked &&
	       published->made_at <= now && now - published->made_at < CRL_RENEW_S;
}

static CsPublishedCrl *
make_crl(CsService *service, gint64 number, gint64 now, GError **error)
{
	g_autoptr(GPtrArray) revoked =
		cs_registry_list_revoked(service->registry, now - CRL_LIFETIME_S, error);
	GBytes *der = NULL;
	CsPublishedCrl *published = NULL;

	if (revoked == NULL)
		return NULL;
	der = cs_ca_make_crl(cs_authority_get_ca(service->authority), revoked, number, now,
			     now + CRL_LIFETIME_S, error);
	if (der == NULL)
		return NULL;
	published = g_new0(CsPublishedCrl, 1);
	published->der = der;
	published->number = number;
	published->made_at = now;
	return published;
}

/* In one transaction, so that two CRLs of one number cannot be. No number is below the time, so that
 * they grow over the restoring of a backup, too (RFC 5280, section 5.2.3). */
static gboolean
renew_crl(CsService *service, gpointer data, GError **error)
{
	gint64 now = cs_service_get_now(service);
	gint64 number = 0;
	gint64 revoked = 0;
	CsPublishedCrl *made = NULL;

	if (!read_number(service->registry, &number, error) ||
	    !cs_registry_count_revoked(service->registry, &revoked, error))
		return FALSE;
	if (is_current(service->crl, number, revoked, now))
		return TRUE;
	number = MAX(number + 1, now);
	if (!write_number(service->registry, number, error))
		return FALSE;
	made = make_crl(service, number, now, error);
	if (made == NULL)
		return FALSE;
	made->revoked = revoked;
	cs_published_crl_free(service->crl);
	service->crl = made;
	return TRUE;
}

/**
 * cs_service_get_crl:
 * @service: the service
 * @id: the CA's
 * @body: (nullable): nothing
 * @answer: 200 with DER, or a problem
 *
 * GET /crl/{ca}.crl: the built-in CA's complete CRL (RFC 5280), as true as the registry is now: one
 * that was made before the last revocation is never handed out. What expired more than a CRL's
 * lifetime ago is no longer listed.
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_get_crl(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error)
{
	if (!is_our_ca(service, id, answer))
		return TRUE;
	if (!cs_service_commit(service, renew_crl, NULL, error))
		return FALSE;
	cs_answer_set_bytes(answer, CRL_CONTENT_TYPE, service->crl->der);
	return TRUE;
}

static gboolean
look_up_cb(
	const char *serial, CsIssuedState *state, gint64 *revoked_at, gpointer data, GError **error)
{
	const CsService *service = data;
	g_autoptr(CsIssuedRow) row = NULL;

	if (!cs_registry_find_issued_by_serial(service->registry, serial, &row, error))
		return FALSE;
	*state = CS_ISSUED_UNKNOWN;
	if (row != NULL)
		*state = row->revoked_at != 0 ? CS_ISSUED_REVOKED : CS_ISSUED_GOOD;
	*revoked_at = row != NULL ? row->revoked_at : 0;
	return TRUE;
}

/**
 * cs_service_answer_ocsp:
 * @service: the service
 * @id: the CA's
 * @body: an OCSP request, from anyone
 * @answer: 200 with DER, or a problem
 *
 * POST /ocsp/{ca}: what the built-in CA knows of its certificates now (RFC 6960).
 *
 * Returns: %FALSE where the server failed
 */
gboolean
cs_service_answer_ocsp(
	CsService *service, const char *id, GBytes *body, CsAnswer *answer, GError **error)
{
	gint64 now = cs_service_get_now(service);
	g_autoptr(GBytes) response = NULL;

	if (!is_our_ca(service, id, answer))
		return TRUE;
	response = cs_ca_answer_ocsp(cs_authority_get_ca(service->authority), body, now,
				     now + OCSP_LIFETIME_S, look_up_cb, service, error);
	if (response == NULL)
		return FALSE;
	cs_answer_set_bytes(answer, OCSP_CONTENT_TYPE, response);
	return TRUE;
}
