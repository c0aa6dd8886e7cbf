/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin-private.h"

#include "core/base/error.h"

#include <glib/gi18n-lib.h>

#define DAY_S	 86400
#define MAX_DAYS 825

typedef struct {
	GBytes *csr;
	const char *device_id; /* (nullable) */
	guint days;
} IssueArguments;

static gboolean
refuse(GError **error, const char *reason, const char *message)
{
	cs_error_set(error, CS_ERROR_REFUSED, reason, "%s", message);
	return FALSE;
}

/* Where the device is named the certificate can be bound at once; so the device must be one that
 * keeps its links. */
static gboolean
check_device(CsAdminAct *act, const char *device_id, GError **error)
{
	g_autoptr(CsDeviceRow) device = NULL;

	if (device_id == NULL)
		return TRUE;
	device = cs_registry_get_device(act->registry, device_id, error);
	if (device == NULL)
		return FALSE;
	act->device = g_strdup(device->id);
	if (device->state == CS_DEVICE_ACTIVE || device->state == CS_DEVICE_SUSPENDED)
		return TRUE;
	return refuse(error, "device-not-active",
		      _("the device is deactivated or deleted: it gets no certificates"));
}

/* What the key's link, if there is one, says against another certificate. */
static gboolean
check_link(const CsAdminAct *act, const CsLinkRow *link, GError **error)
{
	if (link == NULL)
		return TRUE;
	if (link->state == CS_LINK_REFUSED)
		return refuse(error, "certificate-refused",
			      _("certificates with this key are refused for ever: make a new key"));
	if (act->device != NULL && !g_str_equal(link->device_id, act->device))
		return refuse(error, "bound-to-another-device",
			      _("this key is bound to another device"));
	return TRUE;
}

/* Rule 26: the key that the record began with, and those that the administrator approved. */
static char **
dup_key_ids(CsAdminAct *act, GError **error)
{
	g_autoptr(GPtrArray) keys = cs_registry_list_device_keys(act->registry, act->device, error);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();

	if (keys == NULL)
		return NULL;
	for (guint i = 0; i < keys->len; i++) {
		const CsDeviceKeyRow *key = g_ptr_array_index(keys, i);

		if (key->approval != CS_APPROVAL_NONE)
			g_ptr_array_add(ids, g_strdup(key->id));
	}
	g_ptr_array_add(ids, NULL);
	return (char **)g_ptr_array_steal(ids, NULL);
}

/* Rule 15: bound when issued. */
static gboolean
bind(CsAdminAct *act, const CsCertificate *certificate, GError **error)
{
	g_autoptr(CsLinkRow) link = g_new0(CsLinkRow, 1);

	link->key_fingerprint = g_strdup(cs_certificate_get_key_fingerprint(certificate));
	link->certificate = g_strdup(cs_certificate_get_fingerprint(certificate));
	link->device_id = g_strdup(act->device);
	link->state = CS_LINK_BOUND;
	link->bound_at = act->now;
	link->key_ids = dup_key_ids(act, error);
	return link->key_ids != NULL && cs_registry_put_link(act->registry, link, error);
}

static gboolean
remember(CsAdminAct *act, CsCertificate *certificate, GError **error)
{
	g_autoptr(CsIssuedRow) row = g_new0(CsIssuedRow, 1);

	row->serial = g_strdup(cs_certificate_get_serial(certificate));
	row->fingerprint = g_strdup(cs_certificate_get_fingerprint(certificate));
	row->key_fingerprint = g_strdup(cs_certificate_get_key_fingerprint(certificate));
	row->subject = g_strdup(cs_certificate_get_subject_text(certificate));
	row->der = g_bytes_ref(cs_certificate_get_der(certificate));
	row->not_after = cs_certificate_get_not_after(certificate);
	row->issued_at = act->now;
	return cs_registry_put_issued(act->registry, row, error) &&
	       cs_registry_note_certificate(act->registry, row->fingerprint, row->key_fingerprint,
					    error);
}

static cJSON *
certificate_to_json(const CsAdminAct *act, CsCertificate *certificate)
{
	cJSON *json = cJSON_CreateObject();
	g_autofree char *pem = cs_certificate_to_pem(certificate);

	cs_json_add_string(json, "certificate", pem);
	cs_json_add_string(json, "fingerprint", cs_certificate_get_fingerprint(certificate));
	cs_json_add_string(json, "serial", cs_certificate_get_serial(certificate));
	cs_json_add_string(json, "subject", cs_certificate_get_subject_text(certificate));
	cs_json_add_time(json, "not_before", cs_certificate_get_not_before(certificate));
	cs_json_add_time(json, "not_after", cs_certificate_get_not_after(certificate));
	cs_json_add_string(json, "device", act->device);
	return json;
}

static cJSON *
issue_certificate(CsAdminAct *act, gpointer data, GError **error)
{
	const IssueArguments *arguments = data;
	g_autoptr(CsCertificate) certificate = NULL;
	g_autoptr(CsLinkRow) link = NULL;

	if (!check_device(act, arguments->device_id, error))
		return NULL;
	certificate = cs_ca_issue(cs_authority_get_ca(act->authority), arguments->csr, act->now,
				  act->now + (gint64)arguments->days * DAY_S, error);
	if (certificate == NULL ||
	    !cs_registry_find_link(act->registry, cs_certificate_get_key_fingerprint(certificate),
				   &link, error) ||
	    !check_link(act, link, error) || !remember(act, certificate, error))
		return NULL;
	if (act->device != NULL && link == NULL && !bind(act, certificate, error))
		return NULL;
	act->certificate = g_strdup(cs_certificate_get_fingerprint(certificate));
	return certificate_to_json(act, certificate);
}

/**
 * cs_admin_issue_certificate:
 * @a: the authority
 * @csr: a PKCS#10 request, PEM or DER
 * @device_id: (nullable): for which device; the certificate is then bound when issued (rule 15)
 * @days: 1 to 825
 * @error: where to put the error
 *
 * Issues a client certificate from the built-in CA, and remembers it, so that it can be revoked.
 * The subject is the request's: that it is true is the administrator's word. A second certificate
 * for a key changes nothing about the key's link.
 *
 * Returns: (transfer full) (nullable): {"certificate": PEM, "fingerprint", "serial", "subject",
 *   "not_before", "not_after", "device"}; CS_ERROR_USAGE "days-invalid"; CS_ERROR_INVALID
 *   "csr-malformed"; CS_ERROR_REFUSED "key-unsuitable", "device-not-active",
 *   "bound-to-another-device", "certificate-refused"; CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_issue_certificate(
	CsAuthority *a, GBytes *csr, const char *device_id, guint days, GError **error)
{
	IssueArguments arguments = {csr, device_id, days};

	if (days < 1 || days > MAX_DAYS) {
		cs_error_set(error, CS_ERROR_USAGE, "days-invalid",
			     _("a certificate is valid for 1 to %d days"), MAX_DAYS);
		return NULL;
	}
	return cs_admin_run(a, "certificate-issue", issue_certificate, &arguments, error);
}

static cJSON *
revoke_certificate(CsAdminAct *act, gpointer data, GError **error)
{
	g_autoptr(CsIssuedRow) issued = NULL;
	cJSON *json = NULL;

	if (!cs_registry_find_issued(act->registry, data, &issued, error))
		return NULL;
	if (issued == NULL) {
		cs_error_set(error, CS_ERROR_NOT_FOUND, "not-found",
			     _("the built-in CA has issued no such certificate"));
		return NULL;
	}
	act->certificate = g_strdup(issued->fingerprint);
	if (!cs_admin_revoke(act, issued, error))
		return NULL;
	json = cJSON_CreateObject();
	cs_json_add_string(json, "fingerprint", issued->fingerprint);
	cs_json_add_string(json, "serial", issued->serial);
	cs_json_add_time(json, "revoked_at", issued->revoked_at);
	return json;
}

/**
 * cs_admin_revoke_certificate:
 * @a: the authority
 * @fingerprint: SHA-256 of a certificate that the built-in CA issued
 * @error: where to put the error
 *
 * Revokes a certificate for good (rule 12). Revoked already is fine.
 *
 * Returns: (transfer full) (nullable): {"fingerprint", "serial", "revoked_at"};
 *   CS_ERROR_NOT_FOUND; CS_ERROR_STATE
 */
cJSON *
cs_admin_revoke_certificate(CsAuthority *a, const char *fingerprint, GError **error)
{
	g_autofree char *normal = cs_admin_normalise_fingerprint(fingerprint);

	return cs_admin_run(a, "certificate-revoke", revoke_certificate, normal, error);
}
