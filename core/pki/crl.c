/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/crl.h"

#include "core/pki/certificate.h"
#include "core/pki/name.h"
#include "core/pki/pem.h"

#include <string.h>

#define MAX_IN_FILE    64
#define SLOTS_AN_ENTRY 2
#define FNV_OFFSET     2166136261u
#define FNV_PRIME      16777619u
#define BITS_OF_HASH   32

/* The entries are found through an open table of their places, two slots an entry: 8 bytes each,
 * and no entry is copied. Hostile serial numbers could make it slow, so that it is filled only
 * once the signature has verified. */
struct _CsCrl {
	gatomicrefcount references;
	GBytes *der;
	GBytes *issuer_name;
	CsCrlFields fields;
	guint32 *slots; /* an entry's offset in fields.entries, and 1; 0: free */
	guint32 slot_count;
};

static gboolean
set_malformed(GError **error)
{
	cs_error_set(error, CS_ERROR_INVALID, "crl-malformed", "the CRL is malformed");
	return FALSE;
}

/**
 * cs_crl_new:
 * @der: exactly one CRL; kept
 * @error: CS_ERROR_INVALID, "crl-malformed" or, past CS_CRL_MAX_BYTES, "crl-too-large"
 *
 * Returns: (transfer full): the CRL, read by one bounded walk (cs_crl_fields_read())
 */
CsCrl *
cs_crl_new(GBytes *der, GError **error)
{
	g_autoptr(CsCrl) crl = g_new0(CsCrl, 1);
	CsDer bytes = {0};

	g_atomic_ref_count_init(&crl->references);
	crl->der = g_bytes_ref(der);
	bytes.data = g_bytes_get_data(der, &bytes.length);
	if (bytes.length > CS_CRL_MAX_BYTES) {
		cs_error_set(error, CS_ERROR_INVALID, "crl-too-large",
			     "the CRL has more than %d bytes", CS_CRL_MAX_BYTES);
		return NULL;
	}
	if (!cs_crl_fields_read(bytes, &crl->fields)) {
		set_malformed(error);
		return NULL;
	}
	crl->issuer_name = cs_name_canonicalise(crl->fields.issuer);
	return g_steal_pointer(&crl);
}

/**
 * cs_crl_ref:
 * @crl: a CRL
 *
 * Returns: (transfer full): @crl. Any thread.
 */
CsCrl *
cs_crl_ref(CsCrl *crl)
{
	g_atomic_ref_count_inc(&crl->references);
	return crl;
}

/**
 * cs_crl_unref:
 * @crl: (nullable) (transfer full): a CRL. Any thread.
 */
void
cs_crl_unref(CsCrl *crl)
{
	if (crl == NULL || !g_atomic_ref_count_dec(&crl->references))
		return;
	g_free(crl->slots);
	g_clear_pointer(&crl->issuer_name, g_bytes_unref);
	g_bytes_unref(crl->der);
	g_free(crl);
}

/**
 * cs_crl_get_der:
 * @crl: a CRL
 *
 * Returns: (transfer none): the bytes that it was made from
 */
GBytes *
cs_crl_get_der(const CsCrl *crl)
{
	return crl->der;
}

/**
 * cs_crl_get_fields:
 * @crl: a CRL
 *
 * Returns: (transfer none): what it says of itself
 */
const CsCrlFields *
cs_crl_get_fields(const CsCrl *crl)
{
	return &crl->fields;
}

/**
 * cs_crl_get_issuer_name:
 * @crl: a CRL
 *
 * Returns: (transfer none): its issuer's name as cs_name_canonicalise() makes it
 */
GBytes *
cs_crl_get_issuer_name(const CsCrl *crl)
{
	return crl->issuer_name;
}

/**
 * cs_crl_compare_numbers:
 * @a: a number without leading zeroes; empty: none, which is the lowest
 * @b: another
 *
 * Returns: below 0, 0 or above 0
 */
int
cs_crl_compare_numbers(CsDer a, CsDer b)
{
	if (a.length != b.length)
		return a.length < b.length ? -1 : 1;
	return a.length == 0 ? 0 : memcmp(a.data, b.data, a.length);
}

/**
 * cs_crl_is_newer:
 * @a: a CRL
 * @b: another of the same issuer and scope
 *
 * Returns: whether @a was issued after @b
 */
gboolean
cs_crl_is_newer(const CsCrl *a, const CsCrl *b)
{
	int order = 0;

	if (a->fields.number.length > 0 && b->fields.number.length > 0)
		order = cs_crl_compare_numbers(a->fields.number, b->fields.number);
	return order != 0 ? order > 0 : a->fields.this_update > b->fields.this_update;
}

/* ---- finding entries ---- */

static guint32
first_slot(const CsCrl *crl, CsDer serial)
{
	guint32 hash = FNV_OFFSET;

	for (gsize i = 0; i < serial.length; i++)
		hash = (hash ^ serial.data[i]) * FNV_PRIME;
	/* FNV's high bits depend little on the last bytes. */
	hash ^= hash >> 15;
	hash *= 0x2c1b3c6du;
	hash ^= hash >> 12;
	return (guint32)(((guint64)hash * crl->slot_count) >> BITS_OF_HASH);
}

static void
fill_slots(CsCrl *crl)
{
	const guint8 *start = crl->fields.entries.data;
	CsDer rest = crl->fields.entries;
	CsCrlEntry entry;

	crl->slot_count = crl->fields.entry_count * SLOTS_AN_ENTRY;
	crl->slots = g_new0(guint32, crl->slot_count);
	for (const guint8 *at = rest.data; cs_crl_entry_next(&rest, &entry); at = rest.data) {
		guint32 slot = first_slot(crl, entry.serial);

		while (crl->slots[slot] != 0)
			slot = slot + 1 == crl->slot_count ? 0 : slot + 1;
		crl->slots[slot] = (guint32)(at - start) + 1;
	}
}

/**
 * cs_crl_prepare:
 * @crl: a CRL that nobody else has yet
 * @key: (nullable): whom its issuer's word is to be taken from
 *
 * Returns: TRUE only where the signature verifies; then its entries can be found
 */
gboolean
cs_crl_prepare(CsCrl *crl, EVP_PKEY *key)
{
	if (!cs_signed_data_verify(&crl->fields.signed_data, key))
		return FALSE;
	if (crl->fields.entry_count > 0 && crl->slots == NULL)
		fill_slots(crl);
	return TRUE;
}

/**
 * cs_crl_find:
 * @crl: a prepared CRL
 * @serial: the contents of a serial number's INTEGER, in its shortest form
 *
 * Where a serial number is listed twice, the entry that revokes counts.
 *
 * Returns: how it is listed
 */
CsCrlListing
cs_crl_find(const CsCrl *crl, CsDer serial)
{
	CsCrlListing found = CS_CRL_NOT_LISTED;
	guint32 slot = 0;

	if (crl->slots == NULL)
		return CS_CRL_NOT_LISTED;
	for (slot = first_slot(crl, serial); crl->slots[slot] != 0;
	     slot = slot + 1 == crl->slot_count ? 0 : slot + 1) {
		gsize offset = crl->slots[slot] - 1;
		CsDer rest = {crl->fields.entries.data + offset,
			      crl->fields.entries.length - offset};
		CsCrlEntry entry;

		if (!cs_crl_entry_next(&rest, &entry) ||
		    !cs_der_equal(entry.serial, serial.data, serial.length))
			continue;
		if (!entry.removed)
			return CS_CRL_LISTED;
		found = CS_CRL_REMOVED;
	}
	return found;
}

/**
 * cs_crl_get_index_bytes:
 * @crl: a CRL
 *
 * Returns: what finding its entries takes beside its bytes
 */
gsize
cs_crl_get_index_bytes(const CsCrl *crl)
{
	return (gsize)crl->slot_count * sizeof(guint32);
}

/* ---- files ---- */

static gboolean
add_crl(GPtrArray *crls, GBytes *der, GError **error)
{
	CsCrl *crl = NULL;

	if (crls->len >= MAX_IN_FILE)
		return set_malformed(error);
	crl = cs_crl_new(der, error);
	if (crl == NULL)
		return FALSE;
	g_ptr_array_add(crls, crl);
	return TRUE;
}

static gboolean
add_block(const CsPemBlock *block, GPtrArray *crls, GPtrArray *certificates, GError **error)
{
	gsize length = 0;
	guint8 *data = NULL;
	g_autoptr(GBytes) der = NULL;
	CsCertificate *certificate = NULL;

	if (!cs_pem_is(block, "X509 CRL") && !cs_pem_is(block, "CERTIFICATE"))
		return TRUE;
	data = cs_pem_decode(block, &length);
	if (data == NULL)
		return set_malformed(error);
	der = g_bytes_new_take(data, length);
	if (cs_pem_is(block, "X509 CRL"))
		return add_crl(crls, der, error);
	if (certificates->len >= MAX_IN_FILE)
		return set_malformed(error);
	certificate = cs_certificate_new(der, error);
	if (certificate == NULL)
		return FALSE;
	g_ptr_array_add(certificates, certificate);
	return TRUE;
}

static gboolean
add_blocks(GBytes *file, GPtrArray *crls, GPtrArray *certificates, GError **error)
{
	gsize length = 0;
	const char *text = g_bytes_get_data(file, &length);
	CsPemBlock block;

	while (cs_pem_next(&text, &length, &block)) {
		if (!add_block(&block, crls, certificates, error))
			return FALSE;
	}
	if (crls->len > 0)
		return TRUE;
	cs_error_set(error, CS_ERROR_INVALID, "crl-missing", "there is no CRL in it");
	return FALSE;
}

static gboolean
is_der(GBytes *file)
{
	const guint8 *data = g_bytes_get_data(file, NULL);

	return g_bytes_get_size(file) > 0 && data[0] == CS_DER_SEQUENCE;
}

/**
 * cs_crls_decode:
 * @file: one CRL in DER, or PEM with CRLs and certificates
 * @certificates: (out) (transfer full) (nullable) (element-type CsCertificate): the latter
 * @error: CS_ERROR_INVALID, "crl-malformed", "crl-too-large", "crl-missing",
 *   "certificate-malformed"
 *
 * One part that cannot be read spoils the file: which of them would be missed is not known.
 *
 * Returns: (transfer full) (nullable) (element-type CsCrl): at least one, at most 64
 */
GPtrArray *
cs_crls_decode(GBytes *file, GPtrArray **certificates, GError **error)
{
	g_autoptr(GPtrArray) crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	g_autoptr(GPtrArray) beside =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);

	if (is_der(file) ? !add_crl(crls, file, error) : !add_blocks(file, crls, beside, error))
		return NULL;
	if (certificates != NULL)
		*certificates = g_steal_pointer(&beside);
	return g_steal_pointer(&crls);
}
