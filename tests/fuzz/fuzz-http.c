/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/encoding.h"
#include "core/pki/ocsp.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http-world.h"

#include <string.h>

/* Requests as the authority's HTTP server hands them on: every route's call, over a real registry. The
 * first octet of an input is a letter that chooses the route; the rest is the body, in which some
 * control characters, which JSON never has, stand for what the fuzzer cannot know: a nonce, an open
 * challenge, a token that one of the keys signs. After each input the registry is as before. */

#define MARK_NONCE     '\x01' /* a fresh one */
#define MARK_CHALLENGE '\x02' /* the open challenge's nonce */
#define MARK_CHH       '\x03' /* its hash */
#define MARK_LAST      '\x04' /* the hash of the token made last */
#define MARK_BEFORE    '\x05' /* and of the one before */
#define MARK_TOKEN     '\x0e' /* then a digit: by which key; header */
#define MARK_PAYLOAD   '\x0f'
#define MARK_END       '\x10'
#define MAX_TOKENS     6

#define COUNT_LINES "SELECT count(*) FROM log"
#define COUNT_LINKS "SELECT count(*) FROM links"

typedef enum {
	ROUTE_INTRODUCTION,
	ROUTE_NONCE,
	ROUTE_ENROL,
	ROUTE_DELETE,
	ROUTE_OPEN,
	ROUTE_RESPOND,
	ROUTE_DEVICE,
	ROUTE_CRL,
	ROUTE_OCSP,
	ROUTE_ANY, /* its first line is METHOD PATH CONTENT-TYPE */
	ROUTE_COUNT,
} Route;

/* %s: the CA's id, or the transaction's. */
static const struct {
	const char *method;
	const char *path;
	const char *content_type;
} routes[ROUTE_COUNT] = {
	[ROUTE_INTRODUCTION] = {"GET", "/.well-known/countersign", NULL},
	[ROUTE_NONCE] = {"POST", "/v1/nonce", "application/json"},
	[ROUTE_ENROL] = {"POST", "/v1/accounts", "application/json"},
	[ROUTE_DELETE] = {"DELETE", "/v1/accounts/" CS_FUZZ_ACCOUNT, "application/json"},
	[ROUTE_OPEN] = {"POST", "/v1/transactions", "application/json; charset=utf-8"},
	[ROUTE_RESPOND] = {"POST", NULL, "application/json"},
	[ROUTE_DEVICE] = {"POST", "/v1/device", "application/json"},
	[ROUTE_CRL] = {"GET", NULL, NULL},
	[ROUTE_OCSP] = {"POST", NULL, "application/ocsp-request"},
};

/* One input on its way into a request. */
typedef struct {
	CsFuzzWorld *world;
	Route route;
	char *nonce;
	char *transaction;
	char *challenge_nonce;
	char *chh;
	char *last;   /* token */
	char *before; /* token */
	guint tokens;
	gboolean signed_by[CS_FUZZ_KEY_COUNT];
	char *line; /* ROUTE_ANY's first */
	char *path;
} Call;

static void
clear_call(Call *call)
{
	g_free(call->nonce);
	g_free(call->transaction);
	g_free(call->challenge_nonce);
	g_free(call->chh);
	g_free(call->last);
	g_free(call->before);
	g_free(call->line);
	g_free(call->path);
}

static void
ask(CsFuzzWorld *world, const char *path, const char *body, CsHttpdResponse *response)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(body, strlen(body));
	const CsHttpdRequest request = {.method = "POST",
					.path = path,
					.content_type = "application/json",
					.peer = "192.0.2.1",
					.body = bytes};

	cs_fuzz_world_ask(world, &request, response);
}

static cJSON *
ask_json(CsFuzzWorld *world, const char *path, const char *body)
{
	CsHttpdResponse response = {0};
	cJSON *answer = NULL;

	ask(world, path, body, &response);
	answer = cs_json_parse(response.body, strlen(response.body), NULL);
	g_assert_nonnull(answer);
	g_free(response.body);
	return answer;
}

/* ---- what stands for what the fuzzer cannot know ---- */

static void
prepare_nonce(Call *call)
{
	g_autoptr(cJSON) fresh = ask_json(call->world, "/v1/nonce", "{}");

	call->nonce = g_strdup(cs_json_get_string(fresh, "nonce", NULL));
}

static void
prepare_challenge(Call *call)
{
	g_autoptr(cJSON) opened =
		ask_json(call->world, "/v1/transactions",
			 "{\"account\":\"" CS_FUZZ_ACCOUNT "\",\"application\":\"mail\"}");
	const char *token = cs_json_get_string(opened, "challenge", NULL);
	g_autoptr(CsChallenge) challenge = cs_challenge_parse(token, NULL);

	g_assert_nonnull(challenge);
	call->transaction = g_strdup(challenge->txn);
	call->challenge_nonce = g_strdup(challenge->nonce);
	call->chh = cs_sha256_base64url(token, strlen(token));
}

static void
append_hash(GString *out, const char *token)
{
	g_autofree char *hash =
		cs_sha256_base64url(token != NULL ? token : "", token != NULL ? strlen(token) : 0);

	g_string_append(out, hash);
}

static void
append_text(GString *out, const char *text)
{
	g_string_append(out, text != NULL ? text : "");
}

/* What the octet stands for, or itself. */
static void
append_octet(const Call *call, GString *out, char octet)
{
	switch (octet) {
	case MARK_NONCE:
		append_text(out, call->nonce);
		break;
	case MARK_CHALLENGE:
		append_text(out, call->challenge_nonce);
		break;
	case MARK_CHH:
		append_text(out, call->chh);
		break;
	case MARK_LAST:
		append_hash(out, call->last);
		break;
	case MARK_BEFORE:
		append_hash(out, call->before);
		break;
	default:
		g_string_append_c(out, octet);
	}
}

/* Up to the mark; NULL where it is not there. */
static char *
expand_until(const Call *call, const char **at, const char *end, char mark)
{
	const char *found = memchr(*at, mark, (gsize)(end - *at));
	g_autoptr(GString) out = g_string_new(NULL);

	if (found == NULL)
		return NULL;
	for (; *at < found; (*at)++)
		append_octet(call, out, **at);
	(*at)++;
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void
append_token(Call *call, GString *out, const char **at, const char *end)
{
	guint key = *at < end ? (guint)(guint8) * (*at)++ % CS_FUZZ_KEY_COUNT : 0;
	g_autofree char *header = expand_until(call, at, end, MARK_PAYLOAD);
	g_autofree char *payload = header != NULL ? expand_until(call, at, end, MARK_END) : NULL;

	if (payload == NULL || ++call->tokens > MAX_TOKENS)
		return;
	g_free(call->before);
	call->before = call->last;
	call->last = cs_test_token_craft(call->world->keys[key], header, payload);
	call->signed_by[key] = TRUE;
	g_string_append(out, call->last);
}

static GBytes *
expand(Call *call, const char *at, const char *end)
{
	GString *out = g_string_new(NULL);

	while (at < end) {
		char octet = *at++;
		if (octet == MARK_TOKEN)
			append_token(call, out, &at, end);
		else
			append_octet(call, out, octet);
	}
	return g_string_free_to_bytes(out);
}

/* ---- what holds of every answer ---- */

static void
check_problem(const cJSON *body, guint status)
{
	static const char *const members[] = {"type",	"title",   "status", "code",
					      "detail", "request", NULL};
	gint64 said = 0;

	g_assert_true(cs_json_check_members(body, members, NULL));
	g_assert_true(cs_json_get_int64(body, "status", &said, NULL));
	g_assert_cmpint(said, ==, status);
	for (gsize i = 0; members[i] != NULL; i++)
		g_assert_nonnull(cJSON_GetObjectItemCaseSensitive(body, members[i]));
}

/* 503 would be the server's own failure: no request makes it fail. */
static void
check_status(guint status)
{
	static const guint known[] = {200, 201, 400, 403, 404, 405, 415};
	gboolean found = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		found = found || known[i] == status;
	g_assert_true(found);
}

/* NULL where it is no JSON. */
static cJSON *
check_response(const CsHttpdResponse *response)
{
	check_status(response->status);
	if (response->bytes != NULL) {
		g_assert_true(g_str_has_prefix(response->content_type, "application/"));
		return NULL;
	}
	g_assert_nonnull(response->body);
	cJSON *body = cs_json_parse(response->body, strlen(response->body), NULL);
	g_assert_nonnull(body);
	if (response->status >= 300) {
		g_assert_cmpstr(response->content_type, ==, "application/problem+json");
		check_problem(body, response->status);
	} else {
		g_assert_cmpstr(response->content_type, ==, "application/json");
	}
	return body;
}

/* ---- what a request may bring about ---- */

/* Nobody is taken for somebody whose key did not sign. Returns whether the account's key did. */
static gboolean
check_verdict(const Call *call, const cJSON *body)
{
	const CsJwk *key = cs_authority_get_server_jwk(call->world->service->authority);
	g_autoptr(GError) error = NULL;
	g_autoptr(CsVerdict) verdict =
		cs_verdict_verify(cs_json_get_string(body, "verdict", NULL), key, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(verdict->account, ==, CS_FUZZ_ACCOUNT);
	if (verdict->authenticated)
		g_assert_true(call->signed_by[CS_FUZZ_KEY_ACCOUNT]);
	if (verdict->managed) {
		g_assert_true(verdict->authenticated);
		g_assert_true(call->signed_by[CS_FUZZ_KEY_DEVICE]);
		/* Of the two that the issuer issued the other one is bound elsewhere. */
		g_assert_true(call->signed_by[CS_FUZZ_KEY_CERTIFICATE]);
	}
	return call->route == ROUTE_RESPOND ? verdict->authenticated : TRUE;
}

/* What the answer says has come to be, and nothing else. links: how many more there are. */
static gboolean
check_effect(const Call *call, const CsHttpdResponse *response, const cJSON *body, gint64 links)
{
	gboolean success = response->status < 300;
	gboolean accepted = FALSE;

	if (success && (call->route == ROUTE_RESPOND || call->route == ROUTE_DELETE))
		accepted = check_verdict(call, body);
	if (success && call->route == ROUTE_ENROL) {
		g_assert_cmpuint(call->tokens, >=, 2);
		accepted = TRUE;
	}
	if (success && call->route == ROUTE_DEVICE) {
		g_assert_cmpuint(call->tokens, >=, 1);
		accepted = TRUE;
	}
	if (links > 0)
		g_assert_true(accepted && call->route == ROUTE_RESPOND &&
			      call->signed_by[CS_FUZZ_KEY_CERTIFICATE]);
	g_assert_cmpint(links, <=, 1);
	return accepted;
}

/* One request, twice: what was accepted is not accepted again, nor does it leave anything. */
static void
run_request(const Call *call, const CsHttpdRequest *request)
{
	gboolean accepted = FALSE;

	for (guint i = 0; i < 2; i++) {
		gint64 lines = cs_fuzz_world_read_number(call->world, COUNT_LINES);
		gint64 links = cs_fuzz_world_read_number(call->world, COUNT_LINKS);
		CsHttpdResponse response = {0};

		cs_fuzz_world_ask(call->world, request, &response);
		g_autoptr(cJSON) body = check_response(&response);
		links = cs_fuzz_world_read_number(call->world, COUNT_LINKS) - links;
		gboolean again = check_effect(call, &response, body, links);
		g_assert_false(accepted && (again || links > 0));
		g_assert_cmpint(cs_fuzz_world_read_number(call->world, COUNT_LINES) - lines, <=, 1);
		accepted = accepted || again;
		g_free(response.body);
		g_clear_pointer(&response.bytes, g_bytes_unref);
	}
}

static void
fill_path(Call *call)
{
	const char *ca = cs_ca_get_id(cs_authority_get_ca(call->world->service->authority));

	if (call->route == ROUTE_RESPOND)
		call->path = g_strconcat("/v1/transactions/", call->transaction, "/response", NULL);
	else if (call->route == ROUTE_CRL)
		call->path = g_strconcat("/crl/", ca, ".crl", NULL);
	else if (call->route == ROUTE_OCSP)
		call->path = g_strconcat("/ocsp/", ca, NULL);
	else
		call->path = g_strdup(routes[call->route].path);
}

/* Words of the first line, in their order; the rest stays in *at. */
static void
read_line(Call *call, const char **at, const char *end, CsHttpdRequest *request)
{
	const char *newline = memchr(*at, '\n', (gsize)(end - *at));
	gsize length = (gsize)((newline != NULL ? newline : end) - *at);

	call->line = g_strndup(*at, length);
	*at += length + (newline != NULL);
	request->method = call->line;
	request->path = "";
	char *space = strchr(call->line, ' ');
	if (space == NULL)
		return;
	*space = '\0';
	request->path = space + 1;
	space = strchr(space + 1, ' ');
	if (space == NULL)
		return;
	*space = '\0';
	request->content_type = space + 1;
}

static void
run_call(Call *call, const char *at, const char *end)
{
	CsHttpdRequest request = {.peer = "192.0.2.1"};

	prepare_nonce(call);
	if (call->route == ROUTE_RESPOND)
		prepare_challenge(call);
	if (call->route == ROUTE_ANY) {
		read_line(call, &at, end, &request);
	} else {
		fill_path(call);
		request.method = routes[call->route].method;
		request.path = call->path;
		request.content_type = routes[call->route].content_type;
	}
	g_autoptr(GBytes) body = expand(call, at, end);
	request.body = body;
	run_request(call, &request);
}

static void
run(const guint8 *data, gsize size)
{
	Call call = {.world = cs_fuzz_world_ensure()};

	if (size == 0)
		return;
	call.route = (Route)(data[0] % ROUTE_COUNT);
	cs_fuzz_world_begin(call.world);
	run_call(&call, (const char *)data + 1, (const char *)data + size);
	cs_fuzz_world_end(call.world);
	clear_call(&call);
}

/* ---- seeds ---- */

static char
letter_of(Route route)
{
	for (char letter = 'A'; letter <= 'Z'; letter++) {
		if ((Route)(letter % ROUTE_COUNT) == route)
			return letter;
	}
	g_assert_not_reached();
}

static void
add_seed(GPtrArray *seeds, Route route, const char *body)
{
	g_autofree char *text = g_strdup_printf("%c%s", letter_of(route), body);

	cs_fuzz_add_text(seeds, text);
}

/* A token's form: its values that must be fresh become marks. The hashes are those of the fixture's
 * tokens. */
static char *
make_form(CsFuzzKey key, const char *token)
{
	static const struct {
		guint8 number;
		const char *mark;
	} marks[] = {{1, "\x01"}, {2, "\x02"}, {3, "\x03"}, {4, "\x04"}, {5, "\x05"}};
	g_autofree char *header = cs_test_token_dup_header(token);
	g_autoptr(GString) payload = g_string_new(NULL);
	g_autofree char *text = cs_test_token_dup_payload(token);

	g_string_append(payload, text);
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		g_string_replace(payload, cs_test_hash(marks[i].number), marks[i].mark, 0);
	/* The octet that chooses the key is a digit: '0' is a multiple of their number. */
	G_STATIC_ASSERT('0' % CS_FUZZ_KEY_COUNT == 0);
	return g_strdup_printf("%c%c%s%c%s%c", MARK_TOKEN, '0' + (char)key, header, MARK_PAYLOAD,
			       payload->str, MARK_END);
}

static char *
finish_form(CsFuzzKey key, char *token_taken, const GError *error)
{
	g_autofree char *token = token_taken;

	g_assert_no_error(error);
	return make_form(key, token);
}

/* What the fixture's tokens are made of, as far as it is asked here. */
static CsTestKeys
lend_keys(const CsFuzzWorld *world, CsFuzzKey account, CsFuzzKey device, CsTestIdentity *identity)
{
	return (CsTestKeys){
		.server = world->keys[account],
		.account = world->keys[account],
		.device = world->keys[device],
		.account_jwk = world->jwks[account],
		.device_jwk = world->jwks[device],
		.server_jwk = world->jwks[account],
		.identity = identity,
	};
}

static void
add_enrolment(GPtrArray *seeds, const CsFuzzWorld *world, const char *code)
{
	const CsTestKeys keys = lend_keys(world, CS_FUZZ_KEY_NEW, CS_FUZZ_KEY_NEW_DEVICE, NULL);
	CsEnrollToken enroll = cs_test_enroll_token(&keys);
	CsDeviceToken claim = cs_test_device_token(&keys);
	g_autofree char *hash = cs_sha256_base64url(code, strlen(code));
	g_autoptr(GError) error = NULL;

	enroll.code_hash = hash;
	g_autofree char *first = finish_form(
		CS_FUZZ_KEY_NEW,
		cs_enroll_token_sign(&enroll, world->keys[CS_FUZZ_KEY_NEW], &error), error);
	g_autofree char *second = finish_form(
		CS_FUZZ_KEY_NEW_DEVICE,
		cs_device_token_sign(&claim, world->keys[CS_FUZZ_KEY_NEW_DEVICE], &error), error);
	g_autofree char *body = g_strdup_printf(
		"{\"code\":\"%s\",\"enroll\":\"%s\",\"device\":\"%s\"}", code, first, second);
	add_seed(seeds, ROUTE_ENROL, body);
}

static char *
make_attestation(const CsFuzzWorld *world, CsFuzzKey key, const CsTestKeys *keys)
{
	CsAttestation attestation = cs_test_attestation(keys);
	g_autoptr(GError) error = NULL;

	attestation.nonce = (char *)cs_test_hash(2);
	return finish_form(key, cs_attestation_sign(&attestation, world->keys[key], &error), error);
}

/* The attestation comes first, so that the others have its hash. */
static void
add_response(GPtrArray *seeds, const CsFuzzWorld *world, CsFuzzKey key, CsTestIdentity *identity)
{
	const CsTestKeys keys = lend_keys(world, CS_FUZZ_KEY_ACCOUNT, CS_FUZZ_KEY_DEVICE, identity);
	CsAuthToken auth = cs_test_auth_token(&keys);
	CsDeviceProof proof = cs_test_device_proof(&keys);
	g_autoptr(GError) error = NULL;

	auth.nonce = (char *)cs_test_hash(2);
	auth.origin = NULL;
	proof.nonce = (char *)cs_test_hash(2);
	proof.ath = (char *)cs_test_hash(4);
	proof.mah = (char *)cs_test_hash(5);
	g_autofree char *first = make_attestation(world, key, &keys);
	g_autofree char *second = finish_form(
		CS_FUZZ_KEY_ACCOUNT,
		cs_auth_token_sign(&auth, world->keys[CS_FUZZ_KEY_ACCOUNT], &error), error);
	g_autofree char *third = finish_form(
		CS_FUZZ_KEY_DEVICE,
		cs_device_proof_sign(&proof, world->keys[CS_FUZZ_KEY_DEVICE], &error), error);
	g_autofree char *body = g_strdup_printf(
		"{\"attestation\":\"%s\",\"response\":\"%s\",\"device_proof\":\"%s\"}", first,
		second, third);
	add_seed(seeds, ROUTE_RESPOND, body);
}

/* Of a device without a certificate. */
static void
add_bare_response(GPtrArray *seeds, const CsFuzzWorld *world)
{
	const CsTestKeys keys = lend_keys(world, CS_FUZZ_KEY_ACCOUNT, CS_FUZZ_KEY_DEVICE, NULL);
	CsAuthToken auth = cs_test_auth_token(&keys);
	CsDeviceProof proof = cs_test_device_proof(&keys);
	g_autoptr(GError) error = NULL;

	auth.nonce = (char *)cs_test_hash(2);
	auth.origin = NULL;
	auth.mah = NULL;
	auth.mar = CS_REASON_NO_CERTIFICATE;
	proof.nonce = (char *)cs_test_hash(2);
	proof.ath = (char *)cs_test_hash(4);
	proof.mah = NULL;
	g_autofree char *first = finish_form(
		CS_FUZZ_KEY_ACCOUNT,
		cs_auth_token_sign(&auth, world->keys[CS_FUZZ_KEY_ACCOUNT], &error), error);
	g_autofree char *second = finish_form(
		CS_FUZZ_KEY_DEVICE,
		cs_device_proof_sign(&proof, world->keys[CS_FUZZ_KEY_DEVICE], &error), error);
	g_autofree char *body =
		g_strdup_printf("{\"response\":\"%s\",\"device_proof\":\"%s\"}", first, second);
	add_seed(seeds, ROUTE_RESPOND, body);
}

static void
add_query_and_deletion(GPtrArray *seeds, const CsFuzzWorld *world)
{
	const CsTestKeys keys = lend_keys(world, CS_FUZZ_KEY_ACCOUNT, CS_FUZZ_KEY_DEVICE, NULL);
	CsDeviceQuery query = cs_test_device_query(&keys);
	CsDeleteToken deletion = cs_test_delete_token(&keys);
	g_autoptr(GError) error = NULL;
	g_autofree char *first = finish_form(
		CS_FUZZ_KEY_DEVICE,
		cs_device_query_sign(&query, world->keys[CS_FUZZ_KEY_DEVICE], &error), error);
	g_autofree char *second = finish_form(
		CS_FUZZ_KEY_ACCOUNT,
		cs_delete_token_sign(&deletion, world->keys[CS_FUZZ_KEY_ACCOUNT], &error), error);
	g_autofree char *asked = g_strdup_printf("{\"query\":\"%s\"}", first);
	g_autofree char *ended = g_strdup_printf("{\"delete\":\"%s\"}", second);

	add_seed(seeds, ROUTE_DEVICE, asked);
	add_seed(seeds, ROUTE_DELETE, ended);
}

static void
add_question(GPtrArray *seeds, const CsFuzzWorld *world)
{
	g_autoptr(GBytes) question =
		cs_ocsp_request_new(cs_test_identity_get_certificate(world->certificate),
				    cs_test_identity_get_certificate(world->certificate));
	GByteArray *seed = g_byte_array_new();
	const guint8 letter = (guint8)letter_of(ROUTE_OCSP);

	g_byte_array_append(seed, &letter, 1);
	g_byte_array_append(seed, g_bytes_get_data(question, NULL),
			    (guint)g_bytes_get_size(question));
	g_ptr_array_add(seeds, g_byte_array_free_to_bytes(seed));
}

static void
make_seeds(GPtrArray *seeds)
{
	const CsFuzzWorld *world = cs_fuzz_world_ensure();

	add_seed(seeds, ROUTE_INTRODUCTION, "");
	add_seed(seeds, ROUTE_NONCE, "{}");
	add_seed(seeds, ROUTE_OPEN, "{\"account\":\"" CS_FUZZ_ACCOUNT "\"}");
	add_seed(seeds, ROUTE_OPEN, "{\"account\":\"nobody\",\"application\":\"mail\"}");
	add_seed(seeds, ROUTE_CRL, "");
	add_seed(seeds, ROUTE_ANY, "DELETE /v1/accounts/x application/json\n{\"delete\":\"..\"}");
	add_seed(seeds, ROUTE_ANY, "POST /v1/transactions/x/response text/plain\n");
	add_enrolment(seeds, world, CS_FUZZ_CODE);
	add_enrolment(seeds, world, "ABCDEFGH2346");
	add_response(seeds, world, CS_FUZZ_KEY_CERTIFICATE, world->certificate);
	add_response(seeds, world, CS_FUZZ_KEY_BOUND, world->bound_certificate);
	add_bare_response(seeds, world);
	add_query_and_deletion(seeds, world);
	add_question(seeds, world);
}

static const char *const vectors[] = {NULL};
const CsFuzzTarget cs_fuzz_target = {"http", 16384, run, make_seeds, vectors};
