/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-private.h"
#include "core/authority/ca-status.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#define THIS_UPDATE G_GINT64_CONSTANT(1800000000)
#define NEXT_UPDATE G_GINT64_CONSTANT(1800086400)
/* Past 2049: GeneralizedTime. */
#define LATE_UPDATE G_GINT64_CONSTANT(2600000000)

typedef struct {
	char *folder;
	CsCa *ca;
	GPtrArray *revoked;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	fixture->folder = cs_test_make_folder();
	fixture->ca = cs_ca_create(fixture->folder, "Example", cs_clock_get_system(), &error);
	g_assert_no_error(error);
	fixture->revoked = g_ptr_array_new_with_free_func((GDestroyNotify)cs_revoked_serial_free);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	g_ptr_array_unref(fixture->revoked);
	cs_ca_free(fixture->ca);
	cs_test_delete_folder(fixture->folder);
	g_free(fixture->folder);
}

static void
add_revoked(Fixture *fixture, const char *serial, gint64 when)
{
	CsRevokedSerial *revoked = g_new0(CsRevokedSerial, 1);

	revoked->serial = g_strdup(serial);
	revoked->revoked_at = when;
	g_ptr_array_add(fixture->revoked, revoked);
}

static X509_CRL *
make(Fixture *fixture, gint64 number, gint64 this_update, gint64 next_update)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der = cs_ca_make_crl(fixture->ca, fixture->revoked, number, this_update,
					       next_update, &error);
	const unsigned char *data = NULL;
	gsize length = 0;
	X509_CRL *crl = NULL;

	g_assert_no_error(error);
	data = g_bytes_get_data(der, &length);
	crl = d2i_X509_CRL(NULL, &data, (long)length);
	g_assert_nonnull(crl);
	g_assert_cmpint(X509_CRL_verify(crl, cs_private_key_get_pkey(fixture->ca->key)), ==, 1);
	return crl;
}

static gint64
get_time(const ASN1_TIME *time)
{
	struct tm parts;

	g_assert_cmpint(ASN1_TIME_to_tm(time, &parts), ==, 1);
	return (gint64)timegm(&parts);
}

static gboolean
is_revoked(X509_CRL *crl, const char *hexadecimal, gint64 *when)
{
	BIGNUM *number = NULL;
	g_autoptr(ASN1_INTEGER) serial = NULL;
	X509_REVOKED *entry = NULL;
	int found = 0;

	g_assert_cmpint(BN_hex2bn(&number, hexadecimal), >, 0);
	serial = BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	found = X509_CRL_get0_by_serial(crl, &entry, serial);
	if (found == 1)
		*when = get_time(X509_REVOKED_get0_revocationDate(entry));
	return found == 1;
}

/* RFC 5280, section 5: version 2, both updates, the issuer's name, number and key identifier. */
static void
test_form(Fixture *fixture, gconstpointer data)
{
	g_autoptr(X509_CRL) crl = make(fixture, 7, THIS_UPDATE, NEXT_UPDATE);
	g_autoptr(ASN1_INTEGER) number = NULL;
	AUTHORITY_KEYID *key_id = NULL;

	g_assert_cmpint(X509_CRL_get_version(crl), ==, X509_CRL_VERSION_2);
	g_assert_cmpint(get_time(X509_CRL_get0_lastUpdate(crl)), ==, THIS_UPDATE);
	g_assert_cmpint(get_time(X509_CRL_get0_nextUpdate(crl)), ==, NEXT_UPDATE);
	g_assert_cmpint(
		X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(fixture->ca->x509)),
		==, 0);
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	g_assert_cmpint(ASN1_INTEGER_get(number), ==, 7);
	key_id = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	g_assert_nonnull(key_id);
	g_assert_cmpint(
		ASN1_OCTET_STRING_cmp(key_id->keyid, X509_get0_subject_key_id(fixture->ca->x509)),
		==, 0);
	AUTHORITY_KEYID_free(key_id);
	g_assert_null(X509_CRL_get_REVOKED(crl));
}

static void
test_late(Fixture *fixture, gconstpointer data)
{
	g_autoptr(X509_CRL) crl = make(fixture, 1, LATE_UPDATE, LATE_UPDATE + 1);

	g_assert_cmpint(get_time(X509_CRL_get0_lastUpdate(crl)), ==, LATE_UPDATE);
	g_assert_cmpint(ASN1_STRING_type(X509_CRL_get0_lastUpdate(crl)), ==,
			V_ASN1_GENERALIZEDTIME);
}

/* rule 12: what was revoked is in it, with its time, and nothing else */
static void
test_entries(Fixture *fixture, gconstpointer data)
{
	g_autoptr(X509_CRL) crl = NULL;
	gint64 when = 0;

	add_revoked(fixture, "7f00000000000000000000000000000b", THIS_UPDATE - 100);
	add_revoked(fixture, "40000000000000000000000000000001", THIS_UPDATE - 200);
	crl = make(fixture, 2, THIS_UPDATE, NEXT_UPDATE);
	g_assert_cmpint(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), ==, 2);
	g_assert_true(is_revoked(crl, "7f00000000000000000000000000000b", &when));
	g_assert_cmpint(when, ==, THIS_UPDATE - 100);
	g_assert_true(is_revoked(crl, "40000000000000000000000000000001", &when));
	g_assert_cmpint(when, ==, THIS_UPDATE - 200);
	g_assert_false(is_revoked(crl, "40000000000000000000000000000002", &when));
}

static void
test_failure(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	add_revoked(fixture, "no number", THIS_UPDATE);
	g_assert_null(
		cs_ca_make_crl(fixture->ca, fixture->revoked, 1, THIS_UPDATE, NEXT_UPDATE, &error));
	cs_test_expect_error(NULL, &error, CS_ERROR_STATE, "ca-failed");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ca-crl/" name, Fixture, NULL, set_up, func, tear_down)
	ADD("form", test_form);
	ADD("late", test_late);
	ADD("entries", test_entries);
	ADD("failure", test_failure);
	return g_test_run();
}
