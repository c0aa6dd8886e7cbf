/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/service-private.h"
#include "tests/fixtures/token-fixture.h"

/* An authority for the target `http`: a real registry in a folder of its own and the service over it,
 * asked without a network. It knows alice, whose account and device hold fixed keys, bob, who has an
 * activation code, and one issuer; a certificate that another device has is bound. Kept until the
 * process ends. */

#define CS_FUZZ_ACCOUNT "account1"
#define CS_FUZZ_DEVICE	"device1"
#define CS_FUZZ_CODE	"ABCDEFGH2345"

typedef enum {
	CS_FUZZ_KEY_ACCOUNT,
	CS_FUZZ_KEY_DEVICE,
	CS_FUZZ_KEY_CERTIFICATE,
	CS_FUZZ_KEY_BOUND, /* of the certificate that is another device's */
	CS_FUZZ_KEY_NEW,   /* of nobody yet: for enrolments */
	CS_FUZZ_KEY_NEW_DEVICE,
	CS_FUZZ_KEY_COUNT,
} CsFuzzKey;

typedef struct {
	CsService *service;
	CsRegistry *registry;
	CsPrivateKey *keys[CS_FUZZ_KEY_COUNT];
	CsJwk *jwks[CS_FUZZ_KEY_COUNT];
	CsTestIdentity *certificate;
	CsTestIdentity *bound_certificate;
} CsFuzzWorld;

CsFuzzWorld *cs_fuzz_world_ensure(void);
/* Between the two, whatever the service writes is only in the open transaction; then it is as before. */
void cs_fuzz_world_begin(CsFuzzWorld *world);
void cs_fuzz_world_end(CsFuzzWorld *world);
/* The answer's octets are the caller's; a failure of the server's own ends the process. */
void
cs_fuzz_world_ask(CsFuzzWorld *world, const CsHttpdRequest *request, CsHttpdResponse *response);
/* sql: a static string, for the registry keeps what it has prepared by its text. */
gint64 cs_fuzz_world_read_number(CsFuzzWorld *world, const char *sql);
