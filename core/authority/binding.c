/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/binding.h"

/* Rule 26: the key that binds, and those that the administrator approved for all links to come. */
static gboolean
fill_new_link(CsRegistry *registry,
	      const CsBindingRequest *request,
	      CsLinkRow *link,
	      GError **error)
{
	g_autoptr(GPtrArray) keys =
		cs_registry_list_device_keys(registry, request->device_id, error);

	if (keys == NULL)
		return FALSE;
	link->key_fingerprint =
		g_strdup(cs_certificate_get_key_fingerprint(request->decision->certificate));
	link->device_id = g_strdup(request->device_id);
	link->bound_at = request->now;
	cs_link_row_add_key(link, request->key_id);
	for (guint i = 0; i < keys->len; i++) {
		const CsDeviceKeyRow *key = g_ptr_array_index(keys, i);

		if (key->approval == CS_APPROVAL_ADMINISTRATOR)
			cs_link_row_add_key(link, key->id);
	}
	return TRUE;
}

static gboolean
write_link(CsRegistry *registry, const CsDecision *decision, CsLinkRow *link, GError **error)
{
	link->state = CS_LINK_BOUND;
	g_free(link->certificate);
	link->certificate = g_strdup(cs_certificate_get_fingerprint(decision->certificate));
	return cs_registry_put_link(registry, link, error);
}

static gboolean
bind_new(CsRegistry *registry, const CsBindingRequest *request, GError **error)
{
	g_autoptr(CsLinkRow) link = g_new0(CsLinkRow, 1);

	return fill_new_link(registry, request, link, error) &&
	       write_link(registry, request->decision, link, error);
}

/* Rules 25 and 26: the hand-over is used up with this. */
static void
hand_over(const CsBindingRequest *request, CsLinkRow *link)
{
	g_strfreev(link->key_ids);
	link->key_ids = NULL;
	cs_link_row_add_key(link, request->key_id);
	link->hand_over_until = 0;
	link->bound_at = request->now;
}

/**
 * cs_binding_write:
 * @registry: the registry, in the transaction in which @found was read and the verifier decided
 * @request: what was decided, and for whom
 * @found: (nullable): the link of the certificate's key, as the verifier saw it; becomes what is
 *   written
 * @error: where to put the error
 *
 * Writes the link that the decision asks for (rules 15, 25 and 26). A link that stays what it is
 * only notes a renewed certificate of its key.
 *
 * Returns: %FALSE with CS_ERROR_STATE
 */
gboolean
cs_binding_write(CsRegistry *registry,
		 const CsBindingRequest *request,
		 CsLinkRow *found,
		 GError **error)
{
	const CsDecision *decision = request->decision;
	const char *certificate = cs_certificate_get_fingerprint(decision->certificate);

	g_return_val_if_fail((decision->binding == CS_BINDING_BIND) == (found == NULL), FALSE);
	if (decision->binding == CS_BINDING_BIND)
		return bind_new(registry, request, error);
	if (decision->binding == CS_BINDING_ADD_KEY)
		cs_link_row_add_key(found, request->key_id);
	else if (decision->binding == CS_BINDING_HAND_OVER)
		hand_over(request, found);
	else if (g_str_equal(found->certificate, certificate))
		return TRUE;
	return write_link(registry, decision, found, error);
}
