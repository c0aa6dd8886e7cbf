/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/certificate-index.h"
#include "tests/fixtures/pki-fixture.h"

static CsStoreEntry *
make(const char *issuer_subject)
{
	const CsTestProfile profile = {.issuer_subject = issuer_subject, .key_number = 1};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
	return cs_store_entry_new(cs_test_identity_get_certificate(identity), "/x", CS_STORE_USER,
				  NULL, NULL, NULL);
}

static GBytes *
name_of(CsStoreEntry *entry)
{
	return cs_certificate_get_issuer_name(cs_store_entry_get_certificate(entry));
}

static guint
count(CsCertificateIndex *index, CsStoreEntry *of)
{
	g_autoptr(GPtrArray) found = cs_certificate_index_look_up(index, name_of(of));
	return found != NULL ? found->len : 0;
}

/* rule 5: names are compared by RFC 5280: case and white space do not matter */
static void
test_by_name(void)
{
	g_autoptr(CsCertificateIndex) index = cs_certificate_index_new();
	g_autoptr(CsStoreEntry) one = make("CN=One,O=x");
	g_autoptr(CsStoreEntry) same = make("CN=ONE,O=X");
	g_autoptr(CsStoreEntry) other = make("CN=Other,O=x");
	g_assert_cmpuint(count(index, one), ==, 0);
	cs_certificate_index_add(index, one);
	cs_certificate_index_add(index, same);
	cs_certificate_index_add(index, other);
	g_assert_cmpuint(cs_certificate_index_count(index), ==, 3);
	g_assert_cmpuint(count(index, one), ==, 2);
	g_assert_cmpuint(count(index, other), ==, 1);
}

static void
test_remove(void)
{
	g_autoptr(CsCertificateIndex) index = cs_certificate_index_new();
	g_autoptr(CsStoreEntry) one = make("CN=One");
	g_autoptr(CsStoreEntry) same = make("CN=One");
	cs_certificate_index_add(index, one);
	cs_certificate_index_remove(index, same);
	g_assert_cmpuint(cs_certificate_index_count(index), ==, 1);
	cs_certificate_index_add(index, same);
	cs_certificate_index_remove(index, one);
	g_assert_cmpuint(count(index, one), ==, 1);
	cs_certificate_index_remove(index, same);
	cs_certificate_index_remove(index, same);
	g_assert_cmpuint(cs_certificate_index_count(index), ==, 0);
	g_assert_cmpuint(count(index, one), ==, 0);
}

/* An answer is a snapshot: what changes later does not change it. */
static void
test_snapshot(void)
{
	g_autoptr(CsCertificateIndex) index = cs_certificate_index_new();
	g_autoptr(CsStoreEntry) one = make("CN=One");
	g_autoptr(CsStoreEntry) same = make("CN=One");
	cs_certificate_index_add(index, one);
	g_autoptr(GPtrArray) before = cs_certificate_index_look_up(index, name_of(one));
	cs_certificate_index_add(index, same);
	g_autoptr(GPtrArray) between = cs_certificate_index_look_up(index, name_of(one));
	g_autoptr(GPtrArray) again = cs_certificate_index_look_up(index, name_of(one));
	g_assert_true(between == again);
	cs_certificate_index_remove(index, one);
	cs_certificate_index_clear(index);
	g_assert_cmpuint(before->len, ==, 1);
	g_assert_true(g_ptr_array_index(before, 0) == one);
	g_assert_cmpuint(between->len, ==, 2);
	g_assert_cmpuint(cs_certificate_index_count(index), ==, 0);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/certificate-index/by-name", test_by_name);
	g_test_add_func("/certificate-index/remove", test_remove);
	g_test_add_func("/certificate-index/snapshot", test_snapshot);
	return g_test_run();
}
