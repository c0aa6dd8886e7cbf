/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/serving.h"

#include "core/authority/service.h"
#include "core/protocol/activation-code.h"
#include "tests/fixtures/http-fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CODE_LIFETIME_S 3600
#define USER		"alice"

struct _CsServing {
	char *folder;
	char *url;
	guint16 port;
	CsAuthority *authority; /* the administrator's view */
	CsTestIdentity *ca;
	CsHttpClient *http; /* for what is asked one by one */
	guint n_devices;
	CsFloodDevice devices[CS_SERVING_DEVICES_MAX];
	CsFlood flood;
	CsTestCredential *credentials[CS_SERVING_DEVICES_MAX];

	gboolean alone;
	GMainLoop *loop;
	GThread *thread;
	GAsyncQueue *ready;
};

/* ---- the serving thread ---- */

static gpointer
serve_thread_cb(gpointer data)
{
	CsServing *serving = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(serving->folder, cs_clock_get_system(), &error);
	g_autoptr(CsService) service = NULL;

	g_assert_no_error(error);
	service = cs_service_new(authority, g_main_loop_get_context(serving->loop), "127.0.0.1",
				 serving->port, NULL, NULL, &error);
	g_assert_no_error(error);
	cs_service_set_commits_alone(service, serving->alone);
	g_async_queue_push(serving->ready, serving);
	g_main_loop_run(serving->loop);
	g_clear_pointer(&service, cs_service_free);
	return NULL;
}

void
cs_serving_start(CsServing *serving, gboolean alone)
{
	g_autoptr(GMainContext) context = g_main_context_new();

	serving->alone = alone;
	serving->loop = g_main_loop_new(context, FALSE);
	serving->thread = g_thread_new("server", serve_thread_cb, serving);
	g_async_queue_pop(serving->ready);
}

static gboolean
quit_cb(gpointer data)
{
	g_main_loop_quit(data);
	return G_SOURCE_REMOVE;
}

void
cs_serving_stop(CsServing *serving)
{
	g_autoptr(GSource) source = g_idle_source_new();

	g_source_set_callback(source, quit_cb, serving->loop, NULL);
	g_source_attach(source, g_main_loop_get_context(serving->loop));
	g_thread_join(serving->thread);
	g_clear_pointer(&serving->loop, g_main_loop_unref);
}

guint16
cs_serving_get_port(const CsServing *serving)
{
	return serving->port;
}

const char *
cs_serving_get_folder(const CsServing *serving)
{
	return serving->folder;
}

CsAuthority *
cs_serving_get_authority(CsServing *serving)
{
	return serving->authority;
}

static double
read_clock(clockid_t clock)
{
	struct timespec time = {0};

	g_assert_cmpint(clock_gettime(clock, &time), ==, 0);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double
cs_serving_get_processor_s(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID) - read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* ---- the authority and its devices ---- */

static char *
make_code(CsServing *serving)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) made =
		cs_admin_make_code(serving->authority, USER, CODE_LIFETIME_S, &error);

	g_assert_no_error(error);
	return cs_activation_code_normalise(cs_json_get_string(made, "code", NULL));
}

static void
make_device(CsServing *serving, guint number, CsKeyKind kind)
{
	g_autofree char *code = make_code(serving);
	CsFloodDevice *device = &serving->devices[number];

	serving->credentials[number] =
		cs_test_credential_new_issued(serving->ca, &(CsTestProfile){.key_kind = kind});
	cs_flood_device_make(device, &serving->flood, number);
	device->certificate = serving->credentials[number]->certificate;
	device->key = serving->credentials[number]->key;
	cs_flood_device_enrol(device, code);
}

static void
make_authority(CsServing *serving)
{
	const CsRevocationChoice choice = {.mode = "none"};
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) user = NULL;
	g_autoptr(cJSON) issuer = NULL;

	serving->authority = cs_authority_init(serving->folder, "Example", serving->url,
					       cs_clock_get_system(), &error);
	g_assert_no_error(error);
	user = cs_admin_add_user(serving->authority, USER, &error);
	g_assert_no_error(error);
	issuer = cs_admin_add_issuer(serving->authority, cs_test_identity_get_der(serving->ca),
				     &choice, &error);
	g_assert_no_error(error);
}

CsServing *
cs_serving_new(const char *place, CsKeyKind kind, guint n_devices)
{
	CsServing *serving = g_new0(CsServing, 1);
	g_autofree char *template = g_build_filename(place, "serving-XXXXXX", NULL);

	g_assert_cmpuint(n_devices, <=, CS_SERVING_DEVICES_MAX);
	g_assert_nonnull(g_mkdtemp(template));
	serving->folder = g_steal_pointer(&template);
	serving->port = cs_test_get_closed_port();
	serving->url = g_strdup_printf("http://127.0.0.1:%u", serving->port);
	serving->ready = g_async_queue_new();
	serving->ca = cs_test_identity_new(&(CsTestProfile){.ca = TRUE, .key_kind = kind}, NULL);
	serving->http = cs_http_client_new(NULL, CS_FLOOD_TIMEOUT_MS);
	serving->n_devices = n_devices;
	make_authority(serving);
	serving->flood.authority = serving->authority;
	serving->flood.url = serving->url;
	serving->flood.http = serving->http;
	cs_serving_start(serving, FALSE);
	for (guint number = 0; number < n_devices; number++)
		make_device(serving, number, kind);
	cs_serving_stop(serving);
	return serving;
}

void
cs_serving_free(CsServing *serving)
{
	for (guint number = 0; number < serving->n_devices; number++) {
		cs_flood_device_clear(&serving->devices[number]);
		cs_test_credential_free(serving->credentials[number]);
	}
	cs_http_client_free(serving->http);
	cs_authority_free(serving->authority);
	cs_test_identity_free(serving->ca);
	g_async_queue_unref(serving->ready);
	cs_test_delete_folder(serving->folder);
	g_free(serving->folder);
	g_free(serving->url);
	g_free(serving);
}

/* ---- authentications ---- */

void
cs_serving_prepare(CsServing *serving, guint device, CsServingCall *call)
{
	call->device = serving->devices[device];
	call->device.path = NULL; /* its enrolment's, and the device's own */
	call->device.body = NULL;
	call->device.response = NULL;
	call->device.request = NULL;
	call->device.answer = NULL;
	g_assert_true(cs_flood_device_prepare_response(&call->device, serving->http));
	cs_load_call_init(&call->call, "POST", call->device.path, call->device.body);
}

void
cs_serving_finish(CsServingCall *call)
{
	CsFloodDevice *device = &call->device;
	const char *body = cs_load_call_get_body(&call->call);

	device->status = 200; /* or the load would have ended */
	device->answer = cs_json_parse(body, strlen(body), NULL);
	g_assert_cmpstr(cs_flood_device_judge_verdict(device), ==, "managed");
	g_free(device->path);
	g_free(device->body);
	g_free(device->response);
	g_free(device->request);
	cJSON_Delete(device->answer);
	cs_load_call_clear(&call->call);
}
