/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"
#include "core/base/http.h"
#include "core/base/json.h"
#include "core/protocol/tokens.h"

#include <pthread.h>

/* The devices of the flood: what they send is made here, and what they hear judged. Whatever cannot
 * be made ends the program. */

#define CS_FLOOD_TIMEOUT_MS 600000

typedef struct {
	CsAuthority *authority;
	const char *url;
	CsHttpClient *http; /* for what is asked one by one */
	pthread_barrier_t barrier;
} CsFlood;

typedef struct {
	CsFlood *flood;
	guint number;
	CsPrivateKey *device_key;
	CsPrivateKey *account_key;
	CsJwk *device_jwk;
	CsJwk *account_jwk;
	char *hardware_id;
	char *account; /* (nullable) until enrolled, and so the next */
	char *device;
	CsCertificate *certificate; /* lent: what it presents, with its key */
	CsPrivateKey *key;
	/* The call under way, and what came of it: an answer, or a failure. */
	char *path;
	char *body;
	char *response; /* the token that a verdict is on */
	char *request;	/* (nullable) its id, as the verdict has it */
	guint status;
	cJSON *answer;
	GError *failure;
} CsFloodDevice;

void cs_flood_device_make(CsFloodDevice *device, CsFlood *flood, guint number);
void cs_flood_device_clear(CsFloodDevice *device);
/* Enrols by a code of its own, and waits for it. */
void cs_flood_device_enrol(CsFloodDevice *device, const char *code);
/* Each prepares one call and sends nothing but what the call needs before. FALSE where the server
 * gave no answer, which is in `failure`. */
void cs_flood_device_prepare_enrolment(CsFloodDevice *device, const char *code);
gboolean cs_flood_device_prepare_response(CsFloodDevice *device, CsHttpClient *http);
/* The call that was prepared; again, where what came of it before was cleared. */
void cs_flood_device_clear_answer(CsFloodDevice *device);
void cs_flood_device_send(CsFloodDevice *device, CsHttpClient *http);
/* What came of it, in one word: "enrolled" or "managed", a reason or problem code, or why there was
 * no answer. */
const char *cs_flood_device_judge_enrolment(CsFloodDevice *device);
const char *cs_flood_device_judge_verdict(CsFloodDevice *device);
