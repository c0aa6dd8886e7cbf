/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/distribution-point.h"

#include "core/pki/name.h"
#include "core/pki/x509-parts.h"

#include <string.h>

#define MAX_NAMES 32
#define MAX_URLS  16

/**
 * cs_reason_flags_read:
 * @bits: a BIT STRING's contents
 * @reasons: (out): the reasons that it names
 *
 * Bits that RFC 5280 does not define count for nothing.
 *
 * Returns: FALSE where it is malformed
 */
gboolean
cs_reason_flags_read(CsDer bits, guint *reasons)
{
	*reasons = 0;
	if (!cs_x509_is_bit_string(bits))
		return FALSE;
	for (guint i = 0; i < 8 * (bits.length - 1) && i <= 8; i++) {
		if ((bits.data[1 + i / 8] & (0x80 >> i % 8)) != 0)
			*reasons |= 1u << i;
	}
	*reasons &= CS_REASONS_ALL;
	return TRUE;
}

/**
 * cs_distribution_point_next:
 * @points: what is left of the contents of cRLDistributionPoints' SEQUENCE
 * @point: (out): the next one, lent
 *
 * Returns: FALSE at the end, @points then being empty, and where it is malformed
 */
gboolean
cs_distribution_point_next(CsDer *points, CsDistributionPoint *point)
{
	CsDer rest = *points;
	CsDer sequence, contents;

	*point = (CsDistributionPoint){.reasons = CS_REASONS_ALL};
	if (!cs_der_expect(&rest, CS_DER_SEQUENCE, &sequence, NULL))
		return FALSE;
	if (cs_der_expect(&sequence, CS_DER_CONTEXT_CONSTRUCTED(0), &contents, NULL)) {
		guint8 tag = 0;
		CsDer choice;

		if (!cs_der_next(&contents, &tag, &choice, &point->name) || contents.length != 0)
			return FALSE;
	}
	if (cs_der_expect(&sequence, CS_DER_CONTEXT(1), &contents, NULL) &&
	    !cs_reason_flags_read(contents, &point->reasons))
		return FALSE;
	point->has_issuer =
		cs_der_expect(&sequence, CS_DER_CONTEXT_CONSTRUCTED(2), &contents, NULL);
	if (sequence.length != 0)
		return FALSE;
	*points = rest;
	return TRUE;
}

/**
 * cs_general_name_add_url:
 * @urls: (element-type utf8): addresses; at most 16 are added
 * @contents: a uniformResourceIdentifier's
 *
 * What is no address, or none that is ever fetched, is passed over.
 */
void
cs_general_name_add_url(GPtrArray *urls, CsDer contents)
{
	g_autofree char *url = g_strndup((const char *)contents.data, contents.length);

	if (strlen(url) == contents.length && urls->len < MAX_URLS &&
	    (g_str_has_prefix(url, "http://") || g_str_has_prefix(url, "https://")))
		g_ptr_array_add(urls, g_steal_pointer(&url));
}

static void
add_full_name(GPtrArray *urls, CsDer name)
{
	CsDer names, contents;
	guint8 tag = 0;

	if (!cs_der_expect(&name, CS_DER_CONTEXT_CONSTRUCTED(0), &names, NULL))
		return;
	while (cs_der_next(&names, &tag, &contents, NULL)) {
		if (tag == CS_GENERAL_NAME_URL)
			cs_general_name_add_url(urls, contents);
	}
}

/**
 * cs_distribution_point_list_urls:
 * @value: the value of cRLDistributionPoints or freshestCRL; empty: there is none
 *
 * Returns: (transfer full) (element-type utf8): at most 16 of its addresses, without those of points
 *   with a cRLIssuer, and up to where it is malformed; nobody has looked at them
 */
GPtrArray *
cs_distribution_point_list_urls(CsDer value)
{
	GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
	CsDistributionPoint point;
	CsDer points;

	if (!cs_der_expect(&value, CS_DER_SEQUENCE, &points, NULL))
		return urls;
	while (cs_distribution_point_next(&points, &point)) {
		if (!point.has_issuer)
			add_full_name(urls, point.name);
	}
	return urls;
}

/* One letter tells the forms apart. */
static GBytes *
tag_bytes(char form, gconstpointer data, gsize length)
{
	GByteArray *array = g_byte_array_sized_new((guint)length + 1);

	g_byte_array_append(array, (const guint8 *)&form, 1);
	g_byte_array_append(array, data, (guint)length);
	return g_byte_array_free_to_bytes(array);
}

/**
 * cs_distribution_point_name_of:
 * @issuer: a whole Name
 *
 * Returns: (transfer full) (nullable): what it is in cs_distribution_point_list_names(); NULL where
 *   it is malformed
 */
GBytes *
cs_distribution_point_name_of(CsDer issuer)
{
	g_autoptr(GBytes) canonical = cs_name_canonicalise(issuer);

	if (canonical == NULL)
		return NULL;
	return tag_bytes('D', g_bytes_get_data(canonical, NULL), g_bytes_get_size(canonical));
}

/* The issuer's name with one RDN more. */
static GBytes *
complete_name(CsDer rdn, CsDer issuer)
{
	g_autoptr(GByteArray) rdns = g_byte_array_new();
	g_autoptr(GByteArray) name = g_byte_array_new();
	CsDer contents;

	if (!cs_der_expect(&issuer, CS_DER_SEQUENCE, &contents, NULL) ||
	    contents.length + rdn.length > G_MAXUINT16 / 2)
		return NULL;
	g_byte_array_append(rdns, contents.data, (guint)contents.length);
	cs_der_append(rdns, CS_DER_SET, rdn.data, rdn.length);
	cs_der_append(name, CS_DER_SEQUENCE, rdns->data, rdns->len);
	return cs_distribution_point_name_of((CsDer){name->data, name->len});
}

/* A directoryName by RFC 5280's comparison; all others by their bytes. */
static GBytes *
convert_general_name(guint8 tag, CsDer contents, CsDer whole)
{
	CsDer name;

	if (tag != CS_DER_CONTEXT_CONSTRUCTED(4))
		return tag_bytes('G', whole.data, whole.length);
	if (!cs_x509_read_name(&contents, &name) || contents.length != 0)
		return NULL;
	return cs_distribution_point_name_of(name);
}

static gboolean
add_general_names(GPtrArray *names, CsDer contents)
{
	CsDer value, whole;
	guint8 tag = 0;

	while (contents.length > 0) {
		GBytes *name = NULL;

		if (names->len < MAX_NAMES && cs_der_next(&contents, &tag, &value, &whole))
			name = convert_general_name(tag, value, whole);
		if (name == NULL)
			return FALSE;
		g_ptr_array_add(names, name);
	}
	return names->len > 0;
}

/**
 * cs_distribution_point_list_names:
 * @name: the choice of a DistributionPointName: fullName or nameRelativeToCRLIssuer
 * @issuer: the CRL issuer's whole Name, which completes the latter
 *
 * Returns: (transfer full) (nullable) (element-type GBytes): its names, equal where they name the
 *   same; NULL where it is malformed or has more than 32
 */
GPtrArray *
cs_distribution_point_list_names(CsDer name, CsDer issuer)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	CsDer contents;

	if (cs_der_expect(&name, CS_DER_CONTEXT_CONSTRUCTED(0), &contents, NULL) &&
	    name.length == 0)
		return add_general_names(names, contents) ? g_steal_pointer(&names) : NULL;
	if (cs_der_expect(&name, CS_DER_CONTEXT_CONSTRUCTED(1), &contents, NULL) &&
	    name.length == 0) {
		GBytes *completed = complete_name(contents, issuer);

		if (completed == NULL)
			return NULL;
		g_ptr_array_add(names, completed);
		return g_steal_pointer(&names);
	}
	return NULL;
}

/**
 * cs_distribution_point_share_name:
 * @a: (element-type GBytes): names
 * @b: (element-type GBytes): names
 *
 * Returns: whether one is in both (RFC 5280 section 6.3.3, (b) (2) (i))
 */
gboolean
cs_distribution_point_share_name(const GPtrArray *a, const GPtrArray *b)
{
	for (guint i = 0; i < a->len; i++) {
		for (guint j = 0; j < b->len; j++) {
			if (g_bytes_equal(a->pdata[i], b->pdata[j]))
				return TRUE;
		}
	}
	return FALSE;
}
