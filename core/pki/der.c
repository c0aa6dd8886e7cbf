/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/der.h"

#include <string.h>

#define TAG_NUMBER_MASK	    0x1f
#define LENGTH_LONG_FORM    0x80
#define LENGTH_MAX_OCTETS   4
#define UTC_TIME_LENGTH	    13 /* YYMMDDHHMMSSZ */
#define GENERALIZED_LENGTH  15 /* YYYYMMDDHHMMSSZ */
#define UTC_TIME_FIRST_YEAR 1950
#define SECONDS_A_DAY	    86400
#define DAYS_BEFORE_1970    719468 /* from 0000-03-01 */
#define YEARS_OF_AN_ERA	    400
#define DAYS_OF_AN_ERA	    146097

/* Reads a definite length in its shortest form. Returns the octets that it took, 0 where it is
 * indefinite, longer than needed, or longer than what follows it. */
static gsize
read_length(const guint8 *data, gsize available, gsize *length)
{
	if (available == 0)
		return 0;
	if (data[0] < LENGTH_LONG_FORM) {
		*length = data[0];
		return *length <= available - 1 ? 1 : 0;
	}
	gsize octets = data[0] & ~LENGTH_LONG_FORM;
	if (octets == 0 || octets > LENGTH_MAX_OCTETS || octets > available - 1 || data[1] == 0)
		return 0;
	gsize value = 0;
	for (gsize i = 1; i <= octets; i++)
		value = value << 8 | data[i];
	if (value < LENGTH_LONG_FORM || value > available - 1 - octets)
		return 0;
	*length = value;
	return 1 + octets;
}

/**
 * cs_der_next:
 * @der: what is left; moved behind the element
 * @tag: (out): the identifier octet
 * @contents: (out): the element's contents, lent from @der's memory
 * @whole: (out) (nullable): the element with its header
 *
 * Takes the next element. Tags of more than one octet, the end-of-contents tag, indefinite lengths
 * and lengths that are not in their shortest form are malformed (X.690 section 10.1). What the
 * contents hold is not looked at.
 *
 * Returns: FALSE at the end or where it is malformed; @der is then unchanged
 */
gboolean
cs_der_next(CsDer *der, guint8 *tag, CsDer *contents, CsDer *whole)
{
	if (der->length < 2 || der->data[0] == 0 ||
	    (der->data[0] & TAG_NUMBER_MASK) == TAG_NUMBER_MASK)
		return FALSE;

	gsize length = 0;
	gsize octets = read_length(der->data + 1, der->length - 1, &length);
	if (octets == 0)
		return FALSE;

	const guint8 *start = der->data;
	gsize header = 1 + octets;
	*tag = start[0];
	*contents = (CsDer){start + header, length};
	if (whole != NULL)
		*whole = (CsDer){start, header + length};
	der->data = start + header + length;
	der->length -= header + length;
	return TRUE;
}

/**
 * cs_der_expect:
 * @der: what is left; moved behind the element
 * @tag: the identifier octet that must come
 * @contents: (out): its contents
 * @whole: (out) (nullable): the element with its header
 *
 * cs_der_next() for an element that must have @tag.
 *
 * Returns: FALSE at the end, where it is malformed, or where another tag comes; @der is then
 * unchanged
 */
gboolean
cs_der_expect(CsDer *der, guint8 tag, CsDer *contents, CsDer *whole)
{
	return der->length > 0 && der->data[0] == tag && cs_der_next(der, &tag, contents, whole);
}

static gboolean
read_digits(const guint8 *text, gsize count, guint *value)
{
	*value = 0;
	for (gsize i = 0; i < count; i++) {
		if (!g_ascii_isdigit(text[i]))
			return FALSE;
		*value = *value * 10 + (guint)(text[i] - '0');
	}
	return TRUE;
}

static guint
days_of_month(guint year, guint month)
{
	static const guint8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the Gregorian calendar; years are counted from March, so that a leap
 * day is a year's last. */
static gint64
days_since_1970(guint year, guint month, guint day)
{
	gint64 shifted = (gint64)year - (month <= 2 ? 1 : 0);
	gint64 era = (shifted >= 0 ? shifted : shifted - (YEARS_OF_AN_ERA - 1)) / YEARS_OF_AN_ERA;
	gint64 year_of_era = shifted - era * YEARS_OF_AN_ERA;
	gint64 month_from_march = (month + 9) % 12;
	gint64 day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_OF_AN_ERA + day_of_era - DAYS_BEFORE_1970;
}

/**
 * cs_der_read_time:
 * @tag: CS_DER_UTC_TIME or CS_DER_GENERALIZED_TIME; any other is refused
 * @contents: the element's contents
 * @time_unix_s: (out): seconds since 1970-01-01 UTC, negative before
 *
 * Reads a time as RFC 5280 section 4.1.2.5 restricts it: with seconds, without fractions, ending
 * in Z. A UTCTime's year is of 1950 to 2049. A GeneralizedTime before 2050 is taken, though
 * section 4.1.2.5 asks for UTCTime there.
 *
 * Returns: FALSE where it is none
 */
gboolean
cs_der_read_time(guint8 tag, CsDer contents, gint64 *time_unix_s)
{
	const guint8 *text = contents.data;
	guint year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

	if (tag == CS_DER_UTC_TIME && contents.length == UTC_TIME_LENGTH) {
		if (!read_digits(text, 2, &year))
			return FALSE;
		year += year < UTC_TIME_FIRST_YEAR % 100 ? 2000 : 1900;
		text += 2;
	} else if (tag == CS_DER_GENERALIZED_TIME && contents.length == GENERALIZED_LENGTH) {
		if (!read_digits(text, 4, &year))
			return FALSE;
		text += 4;
	} else {
		return FALSE;
	}
	if (!read_digits(text, 2, &month) || !read_digits(text + 2, 2, &day) ||
	    !read_digits(text + 4, 2, &hour) || !read_digits(text + 6, 2, &minute) ||
	    !read_digits(text + 8, 2, &second) || text[10] != 'Z')
		return FALSE;
	if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23 ||
	    minute > 59 || second > 59)
		return FALSE;

	*time_unix_s = days_since_1970(year, month, day) * SECONDS_A_DAY + (gint64)hour * 3600 +
		       (gint64)minute * 60 + second;
	return TRUE;
}

/**
 * cs_der_equal:
 * @a: bytes
 * @data: (nullable): bytes to compare with; NULL where @length is 0
 * @length: how many
 *
 * Returns: whether both are the same bytes; not in constant time
 */
gboolean
cs_der_equal(CsDer a, gconstpointer data, gsize length)
{
	return a.length == length && (length == 0 || memcmp(a.data, data, length) == 0);
}

/**
 * cs_der_is_integer:
 * @contents: an INTEGER's contents
 *
 * Returns: whether they are a whole number in its shortest form (X.690 section 8.3.2)
 */
gboolean
cs_der_is_integer(CsDer contents)
{
	if (contents.length == 0)
		return FALSE;
	if (contents.length == 1)
		return TRUE;
	guint8 first = contents.data[0];
	gboolean next_is_negative = (contents.data[1] & 0x80) != 0;
	return !(first == 0x00 && !next_is_negative) && !(first == 0xff && next_is_negative);
}

/**
 * cs_der_read_octets:
 * @contents: a BIT STRING's contents
 * @octets: (out): the octets that it carries
 *
 * For the bit strings that carry octets: keys and signatures.
 *
 * Returns: FALSE where it is empty or does not end on an octet
 */
gboolean
cs_der_read_octets(CsDer contents, CsDer *octets)
{
	if (contents.length < 2 || contents.data[0] != 0)
		return FALSE;
	*octets = (CsDer){contents.data + 1, contents.length - 1};
	return TRUE;
}

/**
 * cs_der_is_oid:
 * @contents: an OBJECT IDENTIFIER's contents
 *
 * Returns: whether they are well formed: not empty, each arc in its shortest form and ended
 */
gboolean
cs_der_is_oid(CsDer contents)
{
	gboolean at_start = TRUE;

	if (contents.length == 0)
		return FALSE;
	for (gsize i = 0; i < contents.length; i++) {
		if (at_start && contents.data[i] == 0x80)
			return FALSE;
		at_start = (contents.data[i] & 0x80) == 0;
	}
	return at_start;
}

/**
 * cs_der_append:
 * @out: appended to
 * @tag: the identifier octet
 * @contents: (nullable): its contents; NULL where @length is 0
 * @length: how many, at most 65535
 */
void
cs_der_append(GByteArray *out, guint8 tag, gconstpointer contents, gsize length)
{
	guint8 header[4] = {tag};
	guint size = 0;

	g_return_if_fail(length <= G_MAXUINT16);
	if (length < LENGTH_LONG_FORM) {
		header[1] = (guint8)length;
		size = 2;
	} else if (length <= G_MAXUINT8) {
		header[1] = LENGTH_LONG_FORM | 1;
		header[2] = (guint8)length;
		size = 3;
	} else {
		header[1] = LENGTH_LONG_FORM | 2;
		header[2] = (guint8)(length >> 8);
		header[3] = (guint8)length;
		size = 4;
	}
	g_byte_array_append(out, header, size);
	if (length > 0)
		g_byte_array_append(out, contents, (guint)length);
}
