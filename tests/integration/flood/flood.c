/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin.h"
#include "core/base/file.h"
#include "core/protocol/activation-code.h"
#include "tests/integration/flood/device.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* A thousand devices at one real server, each with a machine, a device key, an account key and a
 * connection of its own. They present one activation code at once, and then one certificate. What
 * they send is made before; a barrier releases it. The codes are the administrator's, out of the
 * authority's folder beside its running server. Whatever cannot be made ends the program. */

#define MAX_FILE_BYTES	  65536
#define MAX_DEVICES	  5000
#define CODE_LIFETIME_S	  3600
#define THREAD_STACK_SIZE ((size_t)1024 * 1024)
#define FILES_BESIDE	  64
/* Whose code all present; and whose codes they then enrol with, one by one. */
#define RACED_LOGIN "raced"
#define OTHER_LOGIN "other"

static void
check(const GError *error)
{
	g_assert_no_error(error);
}

static void *
call_thread_cb(void *data)
{
	CsFloodDevice *device = data;
	g_autoptr(CsHttpClient) http = cs_http_client_new(NULL, CS_FLOOD_TIMEOUT_MS);

	pthread_barrier_wait(&device->flood->barrier);
	cs_flood_device_send(device, http);
	return NULL;
}

/* Sends what every device has ready, in one moment; returns how long the last one waited. */
static double
release(CsFlood *flood, CsFloodDevice *devices, guint count)
{
	g_autofree pthread_t *threads = g_new(pthread_t, count);
	pthread_attr_t attributes;
	gint64 began_us = 0;

	g_assert_cmpint(pthread_barrier_init(&flood->barrier, NULL, count + 1), ==, 0);
	g_assert_cmpint(pthread_attr_init(&attributes), ==, 0);
	g_assert_cmpint(pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE), ==, 0);
	for (guint i = 0; i < count; i++)
		g_assert_cmpint(
			pthread_create(&threads[i], &attributes, call_thread_cb, &devices[i]), ==,
			0);
	pthread_barrier_wait(&flood->barrier);
	began_us = g_get_monotonic_time();
	for (guint i = 0; i < count; i++)
		g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
	pthread_attr_destroy(&attributes);
	pthread_barrier_destroy(&flood->barrier);
	return (double)(g_get_monotonic_time() - began_us) / G_USEC_PER_SEC;
}

static char *
make_code(CsFlood *flood, const char *login)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) made =
		cs_admin_make_code(flood->authority, login, CODE_LIFETIME_S, &error);

	check(error);
	return cs_activation_code_normalise(cs_json_get_string(made, "code", NULL));
}

/* Adds "NAME": {"answers": {WORD: how many}, "seconds"} to the report. */
static void
count_answers(cJSON *report,
	      const char *name,
	      double seconds,
	      const char *(*judge)(CsFloodDevice *),
	      CsFloodDevice *devices,
	      guint count)
{
	cJSON *part = cs_json_add_object(report, name);
	cJSON *answers = cs_json_add_object(part, "answers");

	cJSON_AddNumberToObject(part, "seconds", seconds);
	for (guint i = 0; i < count; i++) {
		const char *word = judge(&devices[i]);
		cJSON *known = cJSON_GetObjectItemCaseSensitive(answers, word);

		if (known != NULL)
			cJSON_SetNumberValue(known, known->valuedouble + 1);
		else
			cJSON_AddNumberToObject(answers, word, 1);
	}
}

static void
enrol_other(CsFloodDevice *device)
{
	g_autofree char *code = make_code(device->flood, OTHER_LOGIN);

	cs_flood_device_enrol(device, code);
}

static void
race_for_code(CsFlood *flood, CsFloodDevice *devices, guint count, cJSON *report)
{
	g_autofree char *code = make_code(flood, RACED_LOGIN);

	for (guint i = 0; i < count; i++)
		cs_flood_device_prepare_enrolment(&devices[i], code);
	count_answers(report, "code", release(flood, devices, count),
		      cs_flood_device_judge_enrolment, devices, count);
}

static void
race_for_certificate(CsFlood *flood, CsFloodDevice *devices, guint count, cJSON *report)
{
	for (guint i = 0; i < count; i++) {
		if (devices[i].account == NULL)
			enrol_other(&devices[i]);
	}
	for (guint i = 0; i < count; i++)
		g_assert_true(cs_flood_device_prepare_response(&devices[i], flood->http));
	count_answers(report, "certificate", release(flood, devices, count),
		      cs_flood_device_judge_verdict, devices, count);
}

/* ---- beginning and end ---- */

static void
add_user(CsFlood *flood, const char *login)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = cs_admin_add_user(flood->authority, login, &error);

	check(error);
	g_assert_nonnull(added);
}

static CsCertificate *
read_certificate(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) text = cs_file_read(path, MAX_FILE_BYTES, &error);
	g_autoptr(GPtrArray) certificates = NULL;

	check(error);
	certificates = cs_certificates_decode(text, &error);
	check(error);
	return cs_certificate_ref(g_ptr_array_index(certificates, 0));
}

static void
open_flood(CsFlood *flood, const char *folder)
{
	g_autoptr(GError) error = NULL;

	flood->authority = cs_authority_open(folder, cs_clock_get_system(), &error);
	check(error);
	flood->url = cs_authority_get_url(flood->authority);
	flood->http = cs_http_client_new(NULL, CS_FLOOD_TIMEOUT_MS);
	add_user(flood, RACED_LOGIN);
	add_user(flood, OTHER_LOGIN);
}

static void
close_flood(CsFlood *flood)
{
	cs_http_client_free(flood->http);
	cs_authority_free(flood->authority);
}

/* Which all of them present. */
static void
make_devices(CsFlood *flood,
	     CsFloodDevice *devices,
	     guint count,
	     CsCertificate *certificate,
	     CsPrivateKey *key)
{
	for (guint i = 0; i < count; i++) {
		cs_flood_device_make(&devices[i], flood, i);
		devices[i].certificate = certificate;
		devices[i].key = key;
	}
}

/* A connection each, at once. */
static void
allow_files(guint count)
{
	struct rlimit limit;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
	limit.rlim_cur = MAX(limit.rlim_cur, MIN(limit.rlim_max, 2 * count + FILES_BESIDE));
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
}

int
main(int argc, char **argv)
{
	guint64 count = 0;
	CsFlood flood = {NULL};
	g_autofree CsFloodDevice *devices = NULL;
	g_autoptr(cJSON) report = cJSON_CreateObject();
	g_autoptr(GError) error = NULL;
	g_autoptr(CsCertificate) certificate = NULL;
	g_autoptr(CsPrivateKey) key = NULL;
	g_autofree char *text = NULL;

	if (argc != 5 || !g_ascii_string_to_unsigned(argv[4], 10, 2, MAX_DEVICES, &count, NULL)) {
		(void)fprintf(stderr, "usage: flood FOLDER CERTIFICATE KEY DEVICES\n");
		return 2;
	}
	allow_files((guint)count);
	certificate = read_certificate(argv[2]);
	key = cs_private_key_load(argv[3], &error);
	check(error);
	open_flood(&flood, argv[1]);
	devices = g_new0(CsFloodDevice, count);
	make_devices(&flood, devices, (guint)count, certificate, key);
	race_for_code(&flood, devices, (guint)count, report);
	race_for_certificate(&flood, devices, (guint)count, report);
	for (guint i = 0; i < count; i++)
		cs_flood_device_clear(&devices[i]);
	close_flood(&flood);
	text = cs_json_print(report);
	(void)printf("%s\n", text);
	return 0;
}
