/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin.h"
#include "core/protocol/activation-code.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/integration/flood/device.h"

#include <stdio.h>
#include <unistd.h>

/* Sixteen devices that authenticate without a pause at one real server, however often it is killed
 * and started anew, until standard input ends. Each presents a certificate that nobody has presented
 * before, but its neighbour, which presents the same one at about the same time: only one of the two
 * may have it. Whatever a device has been told is written to standard output at once, a line each:
 *
 *	told REQUEST DEVICE CERTIFICATE WORD
 *
 * and, where no answer or a problem came, "untold WORD". "ready" comes before them all. Whatever
 * cannot be made ends the program. */

#define DEVICES		16
#define CERTIFICATES	32768 /* of a pair */
#define CODE_LIFETIME_S 3600
#define TIMEOUT_MS	60000
#define PAUSE_US	10000 /* where the server is not there */

/* Two devices' certificates, made when one of them first needs it. */
typedef struct {
	CsTestIdentity *identities[CERTIFICATES];
	CsPrivateKey *keys[CERTIFICATES];
} Pair;

static CsFlood flood;
static CsTestIdentity *authority;
static Pair pairs[DEVICES / 2];
static GMutex mutex;	  /* of pairs, the fixture and standard output */
static gboolean stopping; /* atomic */

static void
check(const GError *error)
{
	g_assert_no_error(error);
}

static void
say(const char *line)
{
	g_mutex_lock(&mutex);
	(void)fputs(line, stdout);
	(void)fflush(stdout);
	g_mutex_unlock(&mutex);
}

static void
take_certificate(CsFloodDevice *device, Pair *pair, guint number)
{
	g_autoptr(GError) error = NULL;

	g_assert_cmpuint(number, <, CERTIFICATES);
	g_mutex_lock(&mutex);
	if (pair->identities[number] == NULL) {
		pair->identities[number] = cs_test_identity_new(NULL, authority);
		pair->keys[number] = cs_private_key_new_from_pkey(
			cs_test_identity_get_pkey(pair->identities[number]), &error);
		check(error);
	}
	device->certificate = cs_test_identity_get_certificate(pair->identities[number]);
	device->key = pair->keys[number];
	g_mutex_unlock(&mutex);
}

/* Returns whether it has been told what becomes of its certificate. */
static gboolean
authenticate(CsFloodDevice *device, CsHttpClient *http)
{
	g_autofree char *line = NULL;
	const char *word = "no-challenge";

	if (cs_flood_device_prepare_response(device, http)) {
		cs_flood_device_send(device, http);
		word = cs_flood_device_judge_verdict(device);
	}
	if (device->request != NULL)
		line = g_strdup_printf("told %s %s %s %s\n", device->request, device->device,
				       cs_certificate_get_fingerprint(device->certificate), word);
	else
		line = g_strdup_printf("untold %s\n", word);
	say(line);
	return device->request != NULL;
}

static void *
device_thread_cb(void *data)
{
	CsFloodDevice *device = data;
	g_autoptr(CsHttpClient) http = cs_http_client_new(NULL, TIMEOUT_MS);
	guint number = 0;

	while (!g_atomic_int_get(&stopping)) {
		take_certificate(device, &pairs[device->number / 2], number);
		if (authenticate(device, http))
			number++;
		else
			g_usleep(PAUSE_US);
	}
	return NULL;
}

/* ---- beginning and end ---- */

static void
trust_authority(void)
{
	static const CsTestProfile profile = {.ca = TRUE};
	static const CsRevocationChoice choice = {.mode = "none"};
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = NULL;

	authority = cs_test_identity_new(&profile, NULL);
	added = cs_admin_add_issuer(flood.authority, cs_test_identity_get_der(authority), &choice,
				    &error);
	check(error);
}

static void
enrol(CsFloodDevice *device, guint number)
{
	g_autofree char *login = g_strdup_printf("user%u", number);
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) made = NULL;
	g_autofree char *code = NULL;

	cJSON_Delete(cs_admin_add_user(flood.authority, login, &error));
	check(error);
	made = cs_admin_make_code(flood.authority, login, CODE_LIFETIME_S, &error);
	check(error);
	code = cs_activation_code_normalise(cs_json_get_string(made, "code", NULL));
	cs_flood_device_make(device, &flood, number);
	cs_flood_device_enrol(device, code);
}

static void
wait_for_end(void)
{
	char octet;

	while (read(STDIN_FILENO, &octet, 1) > 0)
		continue;
	g_atomic_int_set(&stopping, TRUE);
}

static void
free_pairs(void)
{
	for (guint i = 0; i < DEVICES / 2; i++) {
		for (guint j = 0; j < CERTIFICATES && pairs[i].identities[j] != NULL; j++) {
			cs_private_key_unref(pairs[i].keys[j]);
			cs_test_identity_free(pairs[i].identities[j]);
		}
	}
}

int
main(int argc, char **argv)
{
	CsFloodDevice devices[DEVICES] = {{NULL}};
	pthread_t threads[DEVICES];
	g_autoptr(GError) error = NULL;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: swarm FOLDER\n");
		return 2;
	}
	flood.authority = cs_authority_open(argv[1], cs_clock_get_system(), &error);
	check(error);
	flood.url = cs_authority_get_url(flood.authority);
	flood.http = cs_http_client_new(NULL, TIMEOUT_MS);
	trust_authority();
	for (guint i = 0; i < DEVICES; i++)
		enrol(&devices[i], i);
	say("ready\n");
	for (guint i = 0; i < DEVICES; i++)
		g_assert_cmpint(pthread_create(&threads[i], NULL, device_thread_cb, &devices[i]),
				==, 0);
	wait_for_end();
	for (guint i = 0; i < DEVICES; i++) {
		g_assert_cmpint(pthread_join(threads[i], NULL), ==, 0);
		cs_flood_device_clear(&devices[i]);
	}
	free_pairs();
	cs_test_identity_free(authority);
	cs_http_client_free(flood.http);
	cs_authority_free(flood.authority);
	return 0;
}
