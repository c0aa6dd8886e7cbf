/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/admin.h"
#include "core/protocol/activation-code.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/integration/flood/device.h"

#include <stdio.h>
#include <unistd.h>

/* A device that enrols and authenticates once, at one real server, and then sends both again: so many
 * times as it is told, a number a line on standard input, until that ends. For each line it answers
 * with how often it heard which word, "WORD COUNT" a line, and an empty line. Whatever cannot be made
 * ends the program. */

#define LOGIN		"replayed"
#define CODE_LIFETIME_S 3600
#define TIMEOUT_MS	60000
#define LINE_MAX_BYTES	32

typedef struct {
	CsFlood flood;
	CsFloodDevice device;
	CsTestIdentity *authority;
	CsTestIdentity *identity;
	char *enrolment; /* bodies that were accepted */
	char *response;
	char *response_path;
} Player;

static void
check(const GError *error)
{
	g_assert_no_error(error);
}

static void
trust_authority(Player *player)
{
	static const CsTestProfile profile = {.ca = TRUE};
	static const CsRevocationChoice choice = {.mode = "none"};
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) added = NULL;

	player->authority = cs_test_identity_new(&profile, NULL);
	player->identity = cs_test_identity_new(NULL, player->authority);
	added = cs_admin_add_issuer(player->flood.authority,
				    cs_test_identity_get_der(player->authority), &choice, &error);
	check(error);
}

static void
enrol(Player *player)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) made = NULL;
	g_autofree char *code = NULL;

	cJSON_Delete(cs_admin_add_user(player->flood.authority, LOGIN, &error));
	check(error);
	made = cs_admin_make_code(player->flood.authority, LOGIN, CODE_LIFETIME_S, &error);
	check(error);
	code = cs_activation_code_normalise(cs_json_get_string(made, "code", NULL));
	cs_flood_device_make(&player->device, &player->flood, 0);
	cs_flood_device_enrol(&player->device, code);
	player->enrolment = g_strdup(player->device.body);
}

static void
authenticate(Player *player)
{
	CsFloodDevice *device = &player->device;
	g_autoptr(GError) error = NULL;

	device->certificate = cs_test_identity_get_certificate(player->identity);
	device->key =
		cs_private_key_new_from_pkey(cs_test_identity_get_pkey(player->identity), &error);
	check(error);
	g_assert_true(cs_flood_device_prepare_response(device, player->flood.http));
	player->response = g_strdup(device->body);
	player->response_path = g_strdup(device->path);
	cs_flood_device_send(device, player->flood.http);
	g_assert_cmpstr(cs_flood_device_judge_verdict(device), ==, "managed");
}

/* Sends one of the two, and returns what it was told. */
static const char *
send_again(Player *player, gboolean enrolment)
{
	CsFloodDevice *device = &player->device;

	cs_flood_device_clear_answer(device);
	g_free(device->path);
	g_free(device->body);
	device->path = g_strdup(enrolment ? "/v1/accounts" : player->response_path);
	device->body = g_strdup(enrolment ? player->enrolment : player->response);
	cs_flood_device_send(device, player->flood.http);
	return enrolment ? cs_flood_device_judge_enrolment(device)
			 : cs_flood_device_judge_verdict(device);
}

static void
replay(Player *player, guint count)
{
	g_autoptr(GHashTable) words = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer word, times;

	for (guint i = 0; i < count; i++) {
		gpointer said = (gpointer)g_intern_string(send_again(player, i % 2 == 0));
		guint known = GPOINTER_TO_UINT(g_hash_table_lookup(words, said));
		g_hash_table_insert(words, said, GUINT_TO_POINTER(known + 1));
	}
	g_hash_table_iter_init(&iter, words);
	while (g_hash_table_iter_next(&iter, &word, &times))
		(void)printf("%s %u\n", (const char *)word, GPOINTER_TO_UINT(times));
	(void)printf("\n");
	(void)fflush(stdout);
}

static void
open_player(Player *player, const char *folder)
{
	g_autoptr(GError) error = NULL;

	player->flood.authority = cs_authority_open(folder, cs_clock_get_system(), &error);
	check(error);
	player->flood.url = cs_authority_get_url(player->flood.authority);
	player->flood.http = cs_http_client_new(NULL, TIMEOUT_MS);
}

static void
close_player(Player *player)
{
	cs_private_key_unref(player->device.key);
	cs_flood_device_clear(&player->device);
	cs_test_identity_free(player->identity);
	cs_test_identity_free(player->authority);
	cs_http_client_free(player->flood.http);
	cs_authority_free(player->flood.authority);
	g_free(player->enrolment);
	g_free(player->response);
	g_free(player->response_path);
}

int
main(int argc, char **argv)
{
	Player player = {{NULL}};
	char line[LINE_MAX_BYTES];

	if (argc != 2) {
		(void)fprintf(stderr, "usage: replay FOLDER\n");
		return 2;
	}
	open_player(&player, argv[1]);
	trust_authority(&player);
	enrol(&player);
	authenticate(&player);
	while (fgets(line, sizeof(line), stdin) != NULL)
		replay(&player, (guint)g_ascii_strtoull(line, NULL, 10));
	close_player(&player);
	return 0;
}
