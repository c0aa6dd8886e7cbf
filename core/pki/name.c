/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/name.h"

#include <string.h>

#include "core/pki/name-string.h"

/* The canonical form: for each RDN CANONICAL_RDN and the number of its members, then each member as
 * length and bytes. A member is its type's length and bytes, the value's form, and the value. */
#define CANONICAL_RDN	 'R'
#define CANONICAL_STRING 'S'
#define CANONICAL_OCTETS 'O'

typedef struct {
	CsDer type; /* the OID's contents */
	guint8 tag;
	CsDer value; /* contents */
	CsDer whole_value;
} CsNameMember;

/* ---- the walk ---- */

static gboolean
next_member(CsDer *rdn, CsNameMember *member)
{
	CsDer contents;

	return cs_der_expect(rdn, CS_DER_SEQUENCE, &contents, NULL) &&
	       cs_der_expect(&contents, CS_DER_OID, &member->type, NULL) &&
	       cs_der_is_oid(member->type) &&
	       cs_der_next(&contents, &member->tag, &member->value, &member->whole_value) &&
	       contents.length == 0;
}

/**
 * cs_name_is_well_formed:
 * @name: a whole Name
 *
 * Asks for an RDNSequence, empty or not, of sets of one or more pairs of a type and a value, and
 * nothing else. What a value holds is not judged: the subject's form never matters (rule 5).
 */
gboolean
cs_name_is_well_formed(CsDer name)
{
	CsDer sequence, rdn;
	CsNameMember member;

	if (!cs_der_expect(&name, CS_DER_SEQUENCE, &sequence, NULL) || name.length != 0)
		return FALSE;
	while (sequence.length > 0) {
		if (!cs_der_expect(&sequence, CS_DER_SET, &rdn, NULL) || rdn.length == 0)
			return FALSE;
		while (rdn.length > 0) {
			if (!next_member(&rdn, &member))
				return FALSE;
		}
	}
	return TRUE;
}

/* ---- comparison ---- */

static void
append_length(GString *out, gsize length)
{
	const guint8 octets[] = {(guint8)(length >> 24), (guint8)(length >> 16),
				 (guint8)(length >> 8), (guint8)length};
	g_string_append_len(out, (const char *)octets, sizeof(octets));
}

static void
append_octets(GString *out, CsDer octets)
{
	g_string_append_len(out, (const char *)octets.data, (gssize)octets.length);
}

static void
append_member(GString *out, const CsNameMember *member)
{
	append_length(out, member->type.length);
	append_octets(out, member->type);

	gsize form_at = out->len;
	g_string_append_c(out, CANONICAL_STRING);
	if (cs_name_string_fold(member->tag, member->value, out))
		return;
	out->str[form_at] = CANONICAL_OCTETS;
	append_octets(out, member->whole_value);
}

static int
compare_members_cb(gconstpointer a, gconstpointer b)
{
	const GString *first = *(GString *const *)a;
	const GString *second = *(GString *const *)b;
	int order = memcmp(first->str, second->str, MIN(first->len, second->len));

	if (order != 0)
		return order;
	return (first->len > second->len) - (first->len < second->len);
}

static void
free_string_cb(gpointer string)
{
	g_string_free(string, TRUE);
}

/* Their order in the encoding says nothing: DER sorts by bytes that fold away. */
static void
append_sorted_members(GString *out, CsDer rdn)
{
	g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(free_string_cb);
	CsNameMember member;

	while (next_member(&rdn, &member)) {
		GString *one = g_string_new(NULL);
		append_member(one, &member);
		g_ptr_array_add(members, one);
	}
	g_ptr_array_sort(members, compare_members_cb);
	append_length(out, members->len);
	for (guint i = 0; i < members->len; i++) {
		const GString *one = g_ptr_array_index(members, i);
		append_length(out, one->len);
		g_string_append_len(out, one->str, (gssize)one->len);
	}
}

static void
append_rdn(GString *out, CsDer rdn)
{
	CsDer rest = rdn;
	CsNameMember member;

	g_string_append_c(out, CANONICAL_RDN);
	if (!next_member(&rest, &member) || rest.length > 0) {
		append_sorted_members(out, rdn);
		return;
	}
	append_length(out, 1);
	gsize length_at = out->len;
	append_length(out, 0);
	append_member(out, &member);
	gsize length = out->len - length_at - 4;
	for (gsize i = 0; i < 4; i++)
		out->str[length_at + i] = (char)(length >> (24 - 8 * i));
}

/**
 * cs_name_canonicalise:
 * @name: a whole Name
 *
 * The form in which RFC 5280 section 7.1 compares names: the RDNs in their order, the members of
 * a multi-valued one in any; strings of any encoding by their text, case and insignificant white
 * space ignored, for every attribute alike (the serialNumber's, the domainComponent's and the
 * e-mail address's rules ask the same). A value that is no string, or no valid one, equals only
 * the same octets. Equal names prove nothing of equal keys.
 *
 * Returns: (transfer full) (nullable): bytes for comparison only, not DER; NULL for a malformed
 *   Name
 */
GBytes *
cs_name_canonicalise(CsDer name)
{
	CsDer sequence, rdn;

	if (!cs_name_is_well_formed(name))
		return NULL;
	GString *out = g_string_sized_new(name.length + 32);
	cs_der_expect(&name, CS_DER_SEQUENCE, &sequence, NULL);
	while (cs_der_expect(&sequence, CS_DER_SET, &rdn, NULL))
		append_rdn(out, rdn);
	return g_string_free_to_bytes(out);
}

/* ---- for people ---- */

static const struct {
	const char *oid;
	gsize length;
	const char *name;
} attribute_names[] = {
	{"\x55\x04\x03", 3, "CN"},
	{"\x55\x04\x04", 3, "SN"},
	{"\x55\x04\x05", 3, "serialNumber"},
	{"\x55\x04\x06", 3, "C"},
	{"\x55\x04\x07", 3, "L"},
	{"\x55\x04\x08", 3, "ST"},
	{"\x55\x04\x09", 3, "STREET"},
	{"\x55\x04\x0a", 3, "O"},
	{"\x55\x04\x0b", 3, "OU"},
	{"\x55\x04\x0c", 3, "title"},
	{"\x55\x04\x2a", 3, "GN"},
	{"\x55\x04\x61", 3, "organizationIdentifier"},
	{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "UID"},
	{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC"},
	{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "emailAddress"},
};

static void
append_hex(GString *text, const char *before_each, const guint8 *octets, gsize length)
{
	for (gsize i = 0; i < length; i++)
		g_string_append_printf(text, "%s%02X", before_each, octets[i]);
}

/**
 * cs_name_append_oid:
 * @text: appended to
 * @oid: the contents of a well-formed OBJECT IDENTIFIER
 *
 * Writes it in dotted decimal; one with an arc past 64 bits in hexadecimal.
 */
void
cs_name_append_oid(GString *text, CsDer oid)
{
	gsize start = text->len;
	guint64 arc = 0;
	gboolean first = TRUE;

	for (gsize i = 0; i < oid.length; i++) {
		if (arc >> 57 != 0) {
			g_string_truncate(text, start);
			append_hex(text, "", oid.data, oid.length);
			return;
		}
		arc = arc << 7 | (oid.data[i] & 0x7f);
		if ((oid.data[i] & 0x80) != 0)
			continue;
		if (first) {
			guint64 root = MIN(arc / 40, 2);
			g_string_append_printf(text, "%" G_GUINT64_FORMAT, root);
			arc -= root * 40;
		}
		g_string_append_printf(text, ".%" G_GUINT64_FORMAT, arc);
		first = FALSE;
		arc = 0;
	}
}

static void
append_type(GString *text, CsDer type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(attribute_names); i++) {
		if (cs_der_equal(type, attribute_names[i].oid, attribute_names[i].length)) {
			g_string_append(text, attribute_names[i].name);
			return;
		}
	}
	cs_name_append_oid(text, type);
}

/* What could hide, reorder or fake text: controls, formatting (bidi, zero width), what is
 * unassigned or private, line and paragraph separators. */
static gboolean
is_unseemly(gunichar character)
{
	switch ((int)g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return TRUE;
	default:
		return FALSE;
	}
}

static void
append_escaped(GString *text, const char *value)
{
	const char *start = value;

	for (; *value != '\0'; value = g_utf8_next_char(value)) {
		gunichar character = g_utf8_get_char(value);
		gsize length = (gsize)(g_utf8_next_char(value) - value);
		gboolean at_edge = value == start || value[length] == '\0';
		if (is_unseemly(character)) {
			append_hex(text, "\\", (const guint8 *)value, length);
			continue;
		}
		if ((*value == ' ' && at_edge) || (*value == '#' && value == start) ||
		    strchr("\"+,;<>\\", *value) != NULL)
			g_string_append_c(text, '\\');
		g_string_append_len(text, value, (gssize)length);
	}
}

static void
append_value(GString *text, const CsNameMember *member)
{
	g_autoptr(GString) value = g_string_new(NULL);

	if (cs_name_string_decode(member->tag, member->value, value)) {
		append_escaped(text, value->str);
		return;
	}
	g_string_append_c(text, '#');
	append_hex(text, "", member->whole_value.data, member->whole_value.length);
}

static char *
format_rdn(CsDer rdn)
{
	GString *text = g_string_new(NULL);
	CsNameMember member;

	while (next_member(&rdn, &member)) {
		if (text->len > 0)
			g_string_append_c(text, '+');
		append_type(text, member.type);
		g_string_append_c(text, '=');
		append_value(text, &member);
	}
	return g_string_free(text, FALSE);
}

/**
 * cs_name_format:
 * @name: a whole Name
 *
 * RFC 4514's escaping and order, the last RDN first, but with short names for a few more
 * attributes and with text for strings of every attribute. Characters that could hide, reorder or
 * fake text are escaped as their UTF-8 octets in hexadecimal. For people, never for comparison.
 *
 * Returns: (transfer full) (nullable): "" for the empty name; NULL for a malformed one
 */
char *
cs_name_format(CsDer name)
{
	g_autoptr(GPtrArray) rdns = g_ptr_array_new_with_free_func(g_free);
	CsDer sequence, rdn;

	if (!cs_name_is_well_formed(name))
		return NULL;
	cs_der_expect(&name, CS_DER_SEQUENCE, &sequence, NULL);
	while (cs_der_expect(&sequence, CS_DER_SET, &rdn, NULL))
		g_ptr_array_insert(rdns, 0, format_rdn(rdn));
	g_ptr_array_add(rdns, NULL);
	return g_strjoinv(",", (char **)rdns->pdata);
}
