/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/service-private.h"
#include "tests/fixtures/http-fixture.h"
#include "tests/fixtures/pki-fixture.h"

#include <unistd.h>

#define NOW   G_GINT64_CONSTANT(1800000000)
#define DAY_S 86400

/* A service with TLS whose loop the test itself turns. */
typedef struct {
	char *folder;
	char *certificate_file;
	char *key_file;
	CsClock clock;
	gint64 passed_s; /* since NOW */
	CsAuthority *authority;
	GMainContext *context;
	CsService *service;
} Fixture;

static gint64
get_unix_s_cb(gpointer data)
{
	const Fixture *f = data;

	return NOW + f->passed_s;
}

static gint64
get_monotonic_us_cb(gpointer data)
{
	const Fixture *f = data;

	return f->passed_s * G_USEC_PER_SEC;
}

static void
put(Fixture *f, gint64 not_before, gint64 not_after)
{
	const CsTestProfile profile = {.not_before = not_before, .not_after = not_after};
	g_autoptr(CsTestIdentity) identity = cs_test_identity_new(&profile, NULL);
	g_autofree char *key = cs_test_identity_dup_key_pem(identity, CS_TEST_KEY_PKCS8, NULL);

	g_free(cs_test_write_text(f->folder, "tls.pem", cs_test_identity_get_pem(identity)));
	g_free(cs_test_write_text(f->folder, "tls.key", key));
}

static void
set_up(Fixture *f, gconstpointer data)
{
	g_autoptr(CsTlsFiles) files = NULL;
	g_autoptr(GError) error = NULL;
	gboolean is_new = FALSE;

	f->folder = cs_test_make_folder();
	f->certificate_file = g_build_filename(f->folder, "tls.pem", NULL);
	f->key_file = g_build_filename(f->folder, "tls.key", NULL);
	f->clock = (CsClock){get_unix_s_cb, get_monotonic_us_cb, f};
	f->context = g_main_context_new();
	put(f, NOW - DAY_S, NOW + DAY_S);
	files = cs_tls_files_new(f->certificate_file, f->key_file);
	g_assert_true(cs_tls_files_read(files, NOW, &is_new, &error));
	f->authority = cs_authority_init(f->folder, "Example", "https://id.example.org", &f->clock,
					 &error);
	g_assert_no_error(error);
	f->service = cs_service_new(f->authority, f->context, "127.0.0.1", 0,
				    cs_tls_files_get_certificate(files),
				    cs_tls_files_get_key(files), &error);
	g_assert_no_error(error);
	if (data == NULL)
		cs_service_watch_tls(f->service, g_steal_pointer(&files));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
	cs_service_free(f->service);
	cs_authority_free(f->authority);
	g_main_context_unref(f->context);
	cs_test_delete_folder(f->folder);
	g_free(f->folder);
	g_free(f->certificate_file);
	g_free(f->key_file);
}

static void
expect(Fixture *f, gint64 not_after, gboolean refused)
{
	g_assert_cmpint(cs_httpd_get_tls_not_after(f->service->httpd), ==, not_after);
	g_assert_cmpint(f->service->tls_refused, ==, refused);
}

/* Somebody connects: what they are answered with is settled by then. */
static void
connect_once(Fixture *f)
{
	CsHttpdLoad load = {0};
	int fd = cs_test_connect(cs_httpd_get_port(f->service->httpd));

	while (load.connections == 0) {
		g_main_context_iteration(f->context, TRUE);
		cs_httpd_get_load(f->service->httpd, &load);
	}
	close(fd);
	while (load.connections > 0) {
		g_main_context_iteration(f->context, TRUE);
		cs_httpd_get_load(f->service->httpd, &load);
	}
}

static void
test_reloaded(Fixture *f, gconstpointer data)
{
	cs_service_reload_tls(f->service);
	expect(f, NOW + DAY_S, FALSE);
	put(f, NOW - DAY_S, NOW + 2 * DAY_S);
	expect(f, NOW + DAY_S, FALSE);
	cs_service_reload_tls(f->service);
	expect(f, NOW + 2 * DAY_S, FALSE);
}

static void
test_whoever_connects(Fixture *f, gconstpointer data)
{
	connect_once(f);
	expect(f, NOW + DAY_S, FALSE);
	put(f, NOW - DAY_S, NOW + 3 * DAY_S);
	connect_once(f);
	expect(f, NOW + 3 * DAY_S, FALSE);
}

/* What is served stays, and is served again where it stands there again. */
static void
test_refused(Fixture *f, gconstpointer data)
{
	put(f, NOW + 1, NOW + 9 * DAY_S);
	connect_once(f);
	expect(f, NOW + DAY_S, TRUE);
	g_free(cs_test_write_text(f->folder, "tls.key", "no key"));
	connect_once(f);
	expect(f, NOW + DAY_S, TRUE);
	g_assert_cmpint(unlink(f->key_file), ==, 0);
	connect_once(f);
	expect(f, NOW + DAY_S, TRUE);
	put(f, NOW - DAY_S, NOW);
	connect_once(f);
	expect(f, NOW, FALSE);
}

/* Nobody touches the files again: what was too early is taken when its time has come. */
static void
test_time_comes(Fixture *f, gconstpointer data)
{
	put(f, NOW + 90, NOW + 9 * DAY_S);
	connect_once(f);
	expect(f, NOW + DAY_S, TRUE);
	f->passed_s = 61;
	connect_once(f);
	expect(f, NOW + DAY_S, TRUE);
	f->passed_s = 120; /* tried less than a minute ago */
	connect_once(f);
	expect(f, NOW + DAY_S, TRUE);
	f->passed_s = 121;
	connect_once(f);
	expect(f, NOW + 9 * DAY_S, FALSE);
}

/* Where nothing is watched there is nothing to reload. */
static void
test_not_watched(Fixture *f, gconstpointer data)
{
	put(f, NOW - DAY_S, NOW + 3 * DAY_S);
	cs_service_reload_tls(f->service);
	connect_once(f);
	expect(f, NOW + DAY_S, FALSE);
}

#define ADD(path, data, function) g_test_add(path, Fixture, data, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/service-tls/reloaded", NULL, test_reloaded);
	ADD("/service-tls/whoever-connects", NULL, test_whoever_connects);
	ADD("/service-tls/refused", NULL, test_refused);
	ADD("/service-tls/time-comes", NULL, test_time_comes);
	ADD("/service-tls/not-watched", "", test_not_watched);
	return g_test_run();
}
