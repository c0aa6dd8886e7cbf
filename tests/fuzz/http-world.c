/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/http-world.h"

#include "core/authority/activation.h"
#include "core/authority/registry-private.h"
#include "tests/fixtures/authority-fixture.h"

#include <stdlib.h>

static CsFuzzWorld *world;
static char *world_folder;

static gint64
get_unix_s_cb(gpointer data)
{
	return CS_TEST_TIME;
}

static gint64
get_monotonic_us_cb(gpointer data)
{
	return (gint64)CS_TEST_TIME * G_USEC_PER_SEC;
}

static const CsClock still_clock = {get_unix_s_cb, get_monotonic_us_cb, NULL};

static void
remove_folder(void)
{
	cs_test_delete_folder(world_folder);
}

static void
check(gboolean done, const GError *error)
{
	g_assert_no_error(error);
	g_assert_true(done);
}

static void
fault_cb(const GError *error, gpointer data)
{
	g_error("the service has failed: %s", error->message);
}

/* ---- rows ---- */

static void
put_key(CsFuzzKey number, const char *id, const char *device_id)
{
	g_autofree char *jwk = cs_jwk_to_text(world->jwks[number]);
	const CsDeviceKeyRow row = {
		.id = (char *)id,
		.device_id = (char *)device_id,
		.thumbprint = (char *)cs_jwk_get_thumbprint(world->jwks[number]),
		.jwk = jwk,
		.approval = CS_APPROVAL_FOUNDER,
		.created_at = CS_TEST_TIME,
	};
	g_autoptr(GError) error = NULL;
	gboolean done = cs_registry_put_device_key(world->registry, &row, &error);

	check(done, error);
}

static void
put_account(void)
{
	g_autofree char *jwk = cs_jwk_to_text(world->jwks[CS_FUZZ_KEY_ACCOUNT]);
	const CsAccountRow row = {
		.id = (char *)CS_FUZZ_ACCOUNT,
		.user_id = (char *)"u1",
		.device_id = (char *)CS_FUZZ_DEVICE,
		.key_id = (char *)"k1",
		.thumbprint = (char *)cs_jwk_get_thumbprint(world->jwks[CS_FUZZ_KEY_ACCOUNT]),
		.jwk = jwk,
		.code_hash = (char *)"hash",
		.created_at = CS_TEST_TIME,
	};
	g_autoptr(GError) error = NULL;
	gboolean done = cs_registry_put_account(world->registry, &row, &error);

	check(done, error);
}

static void
put_code(const CsAuthority *authority)
{
	g_autofree char *hash = cs_activation_hash(authority, CS_FUZZ_CODE);
	g_auto(GStrv) groups = cs_activation_hash_groups(authority, CS_FUZZ_CODE);
	const CsCodeRow row = {
		.user_id = (char *)"u2",
		.hash = hash,
		.groups = groups,
		.expires_at = CS_TEST_TIME + 600,
	};
	g_autoptr(GError) error = NULL;
	gboolean done = cs_registry_put_code(world->registry, &row, &error);

	check(done, error);
}

static void
put_issuer(CsTestIdentity *ca)
{
	const CsCertificate *certificate = cs_test_identity_get_certificate(ca);
	const CsIssuerRow row = {
		.id = (char *)"i1",
		.fingerprint = (char *)cs_certificate_get_fingerprint(certificate),
		.subject = (char *)"CN=Test CA",
		.der = cs_test_identity_get_der(ca),
		.revocation_none = TRUE,
		.created_at = CS_TEST_TIME,
	};
	g_autoptr(GError) error = NULL;
	gboolean done = cs_registry_put_issuer(world->registry, &row, &error);

	check(done, error);
}

static void
put_link(const CsCertificate *certificate)
{
	char *const keys[] = {(char *)"k2", NULL};
	const CsLinkRow row = {
		.key_fingerprint = (char *)cs_certificate_get_key_fingerprint(certificate),
		.certificate = (char *)cs_certificate_get_fingerprint(certificate),
		.device_id = (char *)"device2",
		.state = CS_LINK_BOUND,
		.bound_at = CS_TEST_TIME,
		.key_ids = (char **)keys,
	};
	g_autoptr(GError) error = NULL;
	gboolean done = cs_registry_note_certificate(world->registry, row.certificate,
						     row.key_fingerprint, &error) &&
			cs_registry_put_link(world->registry, &row, &error);

	check(done, error);
}

/* ---- beginning ---- */

static void
make_keys(void)
{
	for (guint i = 0; i < CS_FUZZ_KEY_COUNT; i++) {
		g_autoptr(EVP_PKEY) pkey = cs_test_take_fixed_key((guint8)(i + 10));
		g_autoptr(GError) error = NULL;

		world->keys[i] = cs_private_key_new_from_pkey(pkey, &error);
		g_assert_no_error(error);
		world->jwks[i] = cs_jwk_new_from_private_key(world->keys[i], &error);
		g_assert_no_error(error);
	}
}

static CsTestIdentity *
make_certificate(CsFuzzKey number, const char *serial, CsTestIdentity *ca)
{
	const CsTestProfile profile = {.fixed_key = (guint8)(number + 10), .serial_hex = serial};

	return cs_test_identity_new(&profile, ca);
}

static void
fill_registry(const CsAuthority *authority)
{
	static const CsTestProfile of_ca = {.fixed_key = 1, .ca = TRUE, .serial_hex = "01"};
	g_autoptr(CsTestIdentity) ca = cs_test_identity_new(&of_ca, NULL);

	world->certificate = make_certificate(CS_FUZZ_KEY_CERTIFICATE, "1001", ca);
	world->bound_certificate = make_certificate(CS_FUZZ_KEY_BOUND, "1002", ca);
	cs_test_put_user(world->registry, "u1", "alice");
	cs_test_put_user(world->registry, "u2", "bob");
	cs_test_put_device(world->registry, CS_FUZZ_DEVICE);
	cs_test_put_device(world->registry, "device2");
	put_key(CS_FUZZ_KEY_DEVICE, "k1", CS_FUZZ_DEVICE);
	put_key(CS_FUZZ_KEY_BOUND, "k2", "device2");
	put_account();
	put_code(authority);
	put_issuer(ca);
	put_link(cs_test_identity_get_certificate(world->bound_certificate));
}

CsFuzzWorld *
cs_fuzz_world_ensure(void)
{
	g_autoptr(GError) error = NULL;
	CsAuthority *authority = NULL;

	if (world != NULL)
		return world;
	world = g_new0(CsFuzzWorld, 1);
	world_folder = cs_test_make_folder();
	g_assert_cmpint(atexit(remove_folder), ==, 0);
	make_keys();
	authority = cs_authority_init(world_folder, "Fuzz", CS_TEST_ISS, &still_clock, &error);
	g_assert_no_error(error);
	world->registry = cs_authority_get_registry(authority);
	fill_registry(authority);
	world->service = cs_service_new(authority, NULL, "127.0.0.1", 0, NULL, NULL, &error);
	g_assert_no_error(error);
	cs_service_set_fault_handler(world->service, fault_cb, NULL);
	return world;
}

/* ---- one input ---- */

/* The transaction that the requests of a turn share is begun here, and never committed. */
void
cs_fuzz_world_begin(CsFuzzWorld *it)
{
	g_autoptr(GError) error = NULL;
	gboolean done = cs_registry_begin(it->registry, &error);

	check(done, error);
	it->service->turn_open = TRUE;
	it->service->unproven_lines = 0;
	g_clear_pointer(&it->service->challenges, cs_challenges_free);
	it->service->challenges = cs_challenges_new(CS_CHALLENGES_MAX_OPEN);
}

void
cs_fuzz_world_end(CsFuzzWorld *it)
{
	g_assert_true(it->service->turn_open);
	g_assert_false(it->service->turn_failed);
	cs_registry_rollback(it->registry);
	it->service->turn_open = FALSE;
	g_clear_pointer(&it->service->crl, cs_published_crl_free);
}

void
cs_fuzz_world_ask(CsFuzzWorld *it, const CsHttpdRequest *request, CsHttpdResponse *response)
{
	CsAnswer answer = {0};

	it->service->peer = request->peer;
	it->service->request = "request1";
	cs_service_answer_request(it->service, request, &answer);
	it->service->peer = NULL;
	it->service->request = NULL;
	cs_answer_write(&answer, response);
}

gint64
cs_fuzz_world_read_number(CsFuzzWorld *it, const char *sql)
{
	g_autoptr(GError) error = NULL;
	gint64 number = 0;
	gboolean done = cs_registry_read_number(it->registry, sql, &number, &error);

	check(done, error);
	return number;
}
