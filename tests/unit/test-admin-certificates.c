/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/issuer.h"
#include "tests/fixtures/authority-fixture.h"
#include "tests/fixtures/csr-fixture.h"

#include <string.h>

static CsTestAuthority *
set_up(void)
{
	CsTestAuthority *test = cs_test_authority_new();

	cs_test_put_device(test->registry, "d1");
	cs_test_put_device(test->registry, "d2");
	cs_test_put_key(test->registry, "k1", "d1", CS_APPROVAL_FOUNDER);
	cs_test_put_key(test->registry, "k2", "d1", CS_APPROVAL_NONE);
	cs_test_put_key(test->registry, "k3", "d1", CS_APPROVAL_ADMINISTRATOR);
	cs_test_put_key(test->registry, "k4", "d2", CS_APPROVAL_FOUNDER);
	return test;
}

static cJSON *
issue(CsTestAuthority *test, GBytes *csr, const char *device_id)
{
	g_autoptr(GError) error = NULL;
	cJSON *answer = cs_admin_issue_certificate(test->authority, csr, device_id, 30, &error);

	g_assert_no_error(error);
	return answer;
}

static CsCertificate *
decode(const cJSON *answer)
{
	const char *pem = cs_json_get_string(answer, "certificate", NULL);
	g_autoptr(GBytes) file = g_bytes_new(pem, strlen(pem));
	g_autoptr(GPtrArray) certificates = cs_certificates_decode(file, NULL);

	g_assert_cmpuint(certificates->len, ==, 1);
	return cs_certificate_ref(g_ptr_array_index(certificates, 0));
}

static void
expect_line(CsTestAuthority *test,
	    const char *event_and_outcome,
	    const char *device,
	    const char *fingerprint)
{
	g_autofree char *line =
		g_strdup_printf("%s %s - %s", event_and_outcome, device, fingerprint);

	cs_test_expect_log(test, line);
}

/* What the answer says is what the certificate says, and the registry. */
static void
test_issue(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);
	g_autoptr(cJSON) answer = issue(test, csr, NULL);
	g_autoptr(CsCertificate) certificate = decode(answer);
	const char *fingerprint = cs_certificate_get_fingerprint(certificate);
	g_autoptr(CsIssuedRow) row = NULL;
	g_autoptr(CsLinkRow) link = NULL;
	g_autofree char *key = NULL;
	const char *device = "";

	g_assert_cmpint(cJSON_GetArraySize(answer), ==, 7);
	g_assert_cmpstr(cs_json_get_string(answer, "fingerprint", NULL), ==, fingerprint);
	g_assert_cmpstr(cs_json_get_string(answer, "serial", NULL), ==,
			cs_certificate_get_serial(certificate));
	g_assert_cmpstr(cs_json_get_string(answer, "subject", NULL), ==, "CN=device");
	g_assert_cmpstr(cs_json_get_string(answer, "not_before", NULL), ==, "2027-01-15T08:00:00Z");
	g_assert_cmpstr(cs_json_get_string(answer, "not_after", NULL), ==, "2027-02-14T08:00:00Z");
	g_assert_true(cs_json_get_optional_string(answer, "device", &device, NULL));
	g_assert_null(device);
	g_assert_cmpint(cs_certificate_get_not_before(certificate), ==, CS_TEST_NOW);
	g_assert_cmpint(cs_certificate_get_not_after(certificate), ==, CS_TEST_NOW + 30 * 86400);
	expect_line(test, "certificate-issue ok -", "-", fingerprint);

	g_assert_true(cs_registry_find_issued(test->registry, fingerprint, &row, NULL));
	g_assert_cmpstr(row->serial, ==, cs_certificate_get_serial(certificate));
	g_assert_true(g_bytes_equal(row->der, cs_certificate_get_der(certificate)));
	g_assert_cmpint(row->not_after, ==, CS_TEST_NOW + 30 * 86400);
	g_assert_cmpint(row->issued_at, ==, CS_TEST_NOW);
	g_assert_cmpint(row->revoked_at, ==, 0);
	g_assert_true(cs_registry_find_key_of_certificate(test->registry, fingerprint, &key, NULL));
	g_assert_cmpstr(key, ==, cs_certificate_get_key_fingerprint(certificate));
	g_assert_true(cs_registry_find_link(test->registry, key, &link, NULL));
	g_assert_null(link);
}

static CsLinkRow *
find_link(CsTestAuthority *test, const CsCertificate *certificate)
{
	CsLinkRow *link = NULL;

	g_assert_true(cs_registry_find_link(
		test->registry, cs_certificate_get_key_fingerprint(certificate), &link, NULL));
	return link;
}

/* rule 15: bound when issued, where the device is known; rule 26: for the key that the record began
 * with and those that were approved. A second one for the same key changes nothing about it. */
static void
test_issue_for_device(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);
	g_autoptr(cJSON) answer = issue(test, csr, "d1");
	g_autoptr(CsCertificate) certificate = decode(answer);
	g_autoptr(CsLinkRow) link = find_link(test, certificate);
	g_autoptr(CsLinkRow) same = NULL;
	g_autoptr(cJSON) again = NULL;
	g_autofree char *keys = g_strjoinv(" ", link->key_ids);

	g_assert_cmpstr(cs_json_get_string(answer, "device", NULL), ==, "d1");
	expect_line(test, "certificate-issue ok -", "d1",
		    cs_certificate_get_fingerprint(certificate));
	g_assert_cmpstr(link->device_id, ==, "d1");
	g_assert_cmpstr(link->certificate, ==, cs_certificate_get_fingerprint(certificate));
	g_assert_cmpint(link->state, ==, CS_LINK_BOUND);
	g_assert_cmpint(link->bound_at, ==, CS_TEST_NOW);
	g_assert_cmpint(link->hand_over_until, ==, 0);
	g_assert_cmpstr(keys, ==, "k1 k3");

	test->now += 60;
	again = issue(test, csr, "d1");
	same = find_link(test, certificate);
	g_assert_cmpstr(same->certificate, ==, link->certificate);
	g_assert_cmpint(same->bound_at, ==, CS_TEST_NOW);
	g_clear_pointer(&again, cJSON_Delete);
	again = issue(test, csr, NULL);
	g_assert_cmpstr(cs_json_get_string(again, "fingerprint", NULL), !=,
			cs_certificate_get_fingerprint(certificate));
}

static void
expect_refused(CsTestAuthority *test,
	       GBytes *csr,
	       const char *device,
	       CsErrorCode code,
	       const char *reason)
{
	g_autoptr(GError) error = NULL;

	cs_test_expect_error(cs_admin_issue_certificate(test->authority, csr, device, 30, &error),
			     &error, code, reason);
}

/* rule 15: one link a key, with one device */
static void
test_bound_elsewhere(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);
	g_autoptr(cJSON) answer = issue(test, csr, "d1");
	g_autoptr(CsCertificate) certificate = decode(answer);
	g_autoptr(GPtrArray) issued = NULL;

	test->logged = cs_test_count_log(test->registry);
	expect_refused(test, csr, "d2", CS_ERROR_REFUSED, "bound-to-another-device");
	cs_test_expect_log(test, "certificate-issue refused bound-to-another-device d2 - -");
	issued = cs_registry_list_issued_by_key(
		test->registry, cs_certificate_get_key_fingerprint(certificate), NULL);
	g_assert_cmpuint(issued->len, ==, 1);
}

static void
move(CsTestAuthority *test, const char *id, CsDeviceMove which)
{
	g_autoptr(GError) error = NULL;

	cJSON_Delete(cs_admin_move_device(test->authority, id, which, 3600, &error));
	g_assert_no_error(error);
}

/* A suspended device keeps what it has and may get more; a deactivated or deleted one gets nothing.
 * rule 22: what is refused for ever gets no new certificate either. */
static void
test_states(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);

	move(test, "d1", CS_MOVE_SUSPEND);
	cJSON_Delete(issue(test, csr, "d1"));
	move(test, "d1", CS_MOVE_DEACTIVATE);
	expect_refused(test, csr, "d1", CS_ERROR_REFUSED, "device-not-active");
	move(test, "d1", CS_MOVE_REACTIVATE);
	cJSON_Delete(issue(test, csr, "d1"));
	move(test, "d1", CS_MOVE_DEACTIVATE);
	move(test, "d1", CS_MOVE_DELETE);
	expect_refused(test, csr, "d1", CS_ERROR_REFUSED, "device-not-active");
	expect_refused(test, csr, "d2", CS_ERROR_REFUSED, "certificate-refused");
	expect_refused(test, csr, NULL, CS_ERROR_REFUSED, "certificate-refused");
}

static void
test_arguments(void)
{
	static const guint bad[] = {0, 826, G_MAXUINT};
	static const CsTestCsr weak = {.kind = CS_KEY_KIND_RSA, .rsa_bits = 1024};
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);
	g_autoptr(GBytes) weak_csr = cs_test_csr_new("CN=device", &weak);
	g_autoptr(GBytes) text = g_bytes_new_static("text", 4);
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		cs_test_expect_error(
			cs_admin_issue_certificate(test->authority, csr, NULL, bad[i], &error),
			&error, CS_ERROR_USAGE, "days-invalid");
	cs_test_expect_log(test, "");
	expect_refused(test, csr, "d9", CS_ERROR_NOT_FOUND, "not-found");
	expect_refused(test, text, NULL, CS_ERROR_INVALID, "csr-malformed");
	expect_refused(test, weak_csr, NULL, CS_ERROR_REFUSED, "key-unsuitable");
	cs_test_expect_log(test, "certificate-issue refused not-found - - -\n"
				 "certificate-issue refused csr-malformed - - -\n"
				 "certificate-issue refused key-unsuitable - - -");
}

/* rule 12: revoked for good; a second time changes nothing */
static void
test_revoke(void)
{
	g_autoptr(CsTestAuthority) test = set_up();
	g_autoptr(GBytes) csr = cs_test_csr_new("CN=device", NULL);
	g_autoptr(cJSON) issued = issue(test, csr, NULL);
	const char *fingerprint = cs_json_get_string(issued, "fingerprint", NULL);
	const char *serial = cs_json_get_string(issued, "serial", NULL);
	g_autofree char *expected =
		g_strdup_printf("{\"fingerprint\":\"%s\",\"serial\":\"%s\",\"revoked_at\":"
				"\"2027-01-15T08:00:00Z\"}",
				fingerprint, serial);
	g_autofree char *upper = g_ascii_strup(fingerprint, -1);
	g_autoptr(GError) error = NULL;

	test->logged = cs_test_count_log(test->registry);
	cs_test_expect_json(cs_admin_revoke_certificate(test->authority, fingerprint, &error),
			    error, expected);
	expect_line(test, "certificate-revoke ok -", "-", fingerprint);
	test->now += 60;
	cs_test_expect_json(cs_admin_revoke_certificate(test->authority, upper, &error), error,
			    expected);
	test->logged = cs_test_count_log(test->registry);
	cs_test_expect_error(cs_admin_revoke_certificate(test->authority, serial, &error), &error,
			     CS_ERROR_NOT_FOUND, "not-found");
	cs_test_expect_log(test, "certificate-revoke refused not-found - - -");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/admin-certificates/issue", test_issue);
	g_test_add_func("/admin-certificates/issue-for-device", test_issue_for_device);
	g_test_add_func("/admin-certificates/bound-elsewhere", test_bound_elsewhere);
	g_test_add_func("/admin-certificates/states", test_states);
	g_test_add_func("/admin-certificates/arguments", test_arguments);
	g_test_add_func("/admin-certificates/revoke", test_revoke);
	return g_test_run();
}
