/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/registry.h"

static void
test_texts(void)
{
	g_assert_cmpstr(cs_user_state_to_text(CS_USER_ACTIVE), ==, "active");
	g_assert_cmpstr(cs_user_state_to_text(CS_USER_SUSPENDED), ==, "suspended");
	g_assert_cmpstr(cs_user_state_to_text(CS_USER_DELETED), ==, "deleted");
	g_assert_cmpstr(cs_device_state_to_text(CS_DEVICE_ACTIVE), ==, "active");
	g_assert_cmpstr(cs_device_state_to_text(CS_DEVICE_SUSPENDED), ==, "suspended");
	g_assert_cmpstr(cs_device_state_to_text(CS_DEVICE_DEACTIVATED), ==, "deactivated");
	g_assert_cmpstr(cs_device_state_to_text(CS_DEVICE_DELETED), ==, "deleted");
	g_assert_cmpstr(cs_link_state_to_text(CS_LINK_BOUND), ==, "bound");
	g_assert_cmpstr(cs_link_state_to_text(CS_LINK_SUSPENDED), ==, "suspended");
	g_assert_cmpstr(cs_link_state_to_text(CS_LINK_REFUSED), ==, "refused");
}

static void
test_foreign_state(void)
{
	g_test_expect_message("countersign", G_LOG_LEVEL_CRITICAL, "*CS_DEVICE_DELETED*");
	g_assert_null(cs_device_state_to_text((CsDeviceState)4));
	g_test_assert_expected_messages();
}

static void
test_free_nothing(void)
{
	cs_user_row_free(NULL);
	cs_device_row_free(NULL);
	cs_device_key_row_free(NULL);
	cs_account_row_free(NULL);
	cs_issuer_row_free(NULL);
	cs_link_row_free(NULL);
	cs_code_row_free(NULL);
	cs_issued_row_free(NULL);
}

static void
test_add_key(void)
{
	g_autoptr(CsLinkRow) link = g_new0(CsLinkRow, 1);

	cs_link_row_add_key(link, "a");
	cs_link_row_add_key(link, "b");
	cs_link_row_add_key(link, "a");
	g_assert_cmpuint(g_strv_length(link->key_ids), ==, 2);
	g_assert_cmpstr(link->key_ids[0], ==, "a");
	g_assert_cmpstr(link->key_ids[1], ==, "b");
}

static CsIssuerRow *
make_issuer(void)
{
	CsIssuerRow *row = g_new0(CsIssuerRow, 1);

	row->id = g_strdup("i");
	row->der = g_bytes_new_static("d", 1);
	row->revocation = g_strdup("any");
	row->allowed_urls = g_strsplit("http://a/ http://b/", " ", -1);
	row->max_age_s = 3600;
	return row;
}

/* Any choice that differs makes it another. */
static void
test_issuer_equal(void)
{
	for (guint i = 0; i <= 9; i++) {
		g_autoptr(CsIssuerRow) one = make_issuer();
		g_autoptr(CsIssuerRow) other = cs_issuer_row_copy(one);
		char **texts[] = {&other->id, &other->revocation, &other->crl_file,
				  &other->revocation_url, &other->allowed_urls[1]};

		g_assert_true(cs_issuer_row_equal(one, other));
		if (i < G_N_ELEMENTS(texts)) {
			g_free(*texts[i]);
			*texts[i] = g_strdup("x");
		} else if (i == 5) {
			g_clear_pointer(&other->allowed_urls, g_strfreev);
		} else if (i == 6) {
			g_clear_pointer(&one->allowed_urls, g_strfreev);
		} else if (i == 7) {
			other->max_age_s = 0;
		} else if (i == 8) {
			other->revocation_none = TRUE;
		} else {
			g_bytes_unref(other->der);
			other->der = g_bytes_new_static("e", 1);
		}
		g_assert_false(cs_issuer_row_equal(one, other));
		cs_issuer_row_clear_revocation(one);
		cs_issuer_row_clear_revocation(other);
		g_assert_cmpint(cs_issuer_row_equal(one, other), ==, i != 0 && i != 9);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry-rows/texts", test_texts);
	g_test_add_func("/registry-rows/foreign-state", test_foreign_state);
	g_test_add_func("/registry-rows/free-nothing", test_free_nothing);
	g_test_add_func("/registry-rows/add-key", test_add_key);
	g_test_add_func("/registry-rows/issuer-equal", test_issuer_equal);
	return g_test_run();
}
