/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/name-share.h"

#include "core/pki/certificate-private.h"

#define SLOTS 64 /* a power of two */

/* The certificate met last of those whose issuer falls into a slot. */
struct _CsNameShare {
	CsCertificate *slots[SLOTS];
};

/**
 * cs_name_share_new:
 *
 * Returns: (transfer full): a share of nothing yet
 */
CsNameShare *
cs_name_share_new(void)
{
	return g_new0(CsNameShare, 1);
}

/**
 * cs_name_share_free:
 * @share: (transfer full): a share; names that were lent stay where they are
 */
void
cs_name_share_free(CsNameShare *share)
{
	for (gsize i = 0; i < SLOTS; i++)
		cs_certificate_unref(share->slots[i]);
	g_free(share);
}

/* FNV-1a; who makes names collide gains only that theirs are made anew. */
static guint32
find_slot(CsDer name)
{
	guint32 hash = 2166136261u;

	for (gsize i = 0; i < name.length; i++)
		hash = (hash ^ name.data[i]) * 16777619u;
	return (hash ^ hash >> 16) & (SLOTS - 1);
}

/**
 * cs_name_share_issuer:
 * @share: a share
 * @certificate: a certificate
 *
 * Makes its issuer's canonical name ready, as cs_certificate_get_issuer_name() would, or takes that
 * of a certificate met before whose issuer is the same to the byte.
 */
void
cs_name_share_issuer(CsNameShare *share, CsCertificate *certificate)
{
	const CsDer name = cs_certificate_get_part(certificate, certificate->issuer);
	CsCertificate **slot = &share->slots[find_slot(name)];
	GBytes *known = NULL;

	if (*slot != NULL &&
	    cs_der_equal(cs_certificate_get_part(*slot, (*slot)->issuer), name.data, name.length)) {
		known = g_bytes_ref(cs_certificate_get_issuer_name(*slot));
		if (!g_atomic_pointer_compare_and_exchange(&certificate->issuer_name, NULL, known))
			g_bytes_unref(known);
		return;
	}
	cs_certificate_get_issuer_name(certificate);
	cs_certificate_unref(*slot);
	*slot = cs_certificate_ref(certificate);
}
