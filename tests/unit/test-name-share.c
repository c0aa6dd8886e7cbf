/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/name-share.h"

#include "tests/fixtures/pki-fixture.h"

#define NAMES 300 /* several to each slot */

/* One that has not been asked for its names. */
static CsCertificate *
make_leaf(const char *issuer_name)
{
	const CsTestProfile profile = {.subject = issuer_name, .ca = TRUE};
	g_autoptr(CsTestIdentity) issuer = cs_test_identity_new(&profile, NULL);
	g_autoptr(CsTestIdentity) leaf = cs_test_identity_new(NULL, issuer);

	return cs_certificate_new(cs_test_identity_get_der(leaf), NULL);
}

static void
test_share(void)
{
	g_autoptr(CsNameShare) share = cs_name_share_new();
	g_autoptr(CsCertificate) first = make_leaf("CN=Same,O=Example");
	g_autoptr(CsCertificate) second = make_leaf("CN=Same,O=Example");
	g_autoptr(CsCertificate) other = make_leaf("CN=same,O=Example");

	cs_name_share_issuer(share, first);
	cs_name_share_issuer(share, second);
	cs_name_share_issuer(share, other);
	g_assert_true(cs_certificate_get_issuer_name(first) ==
		      cs_certificate_get_issuer_name(second));
	/* Equal names of other bytes are equal still, but made anew. */
	g_assert_true(cs_certificate_get_issuer_name(first) !=
		      cs_certificate_get_issuer_name(other));
	g_assert_true(g_bytes_equal(cs_certificate_get_issuer_name(first),
				    cs_certificate_get_issuer_name(other)));
}

/* A name that was asked for before is kept, for somebody may hold it. */
static void
test_asked_before(void)
{
	g_autoptr(CsNameShare) share = cs_name_share_new();
	g_autoptr(CsCertificate) first = make_leaf("CN=Same");
	g_autoptr(CsCertificate) second = make_leaf("CN=Same");
	GBytes *held = cs_certificate_get_issuer_name(second);

	cs_name_share_issuer(share, first);
	cs_name_share_issuer(share, second);
	g_assert_true(cs_certificate_get_issuer_name(second) == held);
}

/* Names that fall into one slot are not taken for each other. */
static void
test_many_names(void)
{
	g_autoptr(CsNameShare) share = cs_name_share_new();

	for (guint round = 0; round < 2; round++) {
		for (guint i = 0; i < NAMES; i++) {
			g_autofree char *name = g_strdup_printf("CN=Issuer %u", i);
			g_autoptr(CsCertificate) shared = make_leaf(name);
			g_autoptr(CsCertificate) alone = make_leaf(name);

			cs_name_share_issuer(share, shared);
			g_assert_true(g_bytes_equal(cs_certificate_get_issuer_name(shared),
						    cs_certificate_get_issuer_name(alone)));
		}
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/name-share/share", test_share);
	g_test_add_func("/name-share/asked-before", test_asked_before);
	g_test_add_func("/name-share/many-names", test_many_names);
	return g_test_run();
}
