/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/error.h"
#include "core/base/openssl.h"
#include "core/pki/der.h"

/* One fuzz target per parser of what is not trusted. Each fuzz-<name>.c defines cs_fuzz_target and is
 * linked twice: with libFuzzer (fuzzer-main.c), which looks for inputs, and with a plain main
 * (replay-main.c), which runs the known ones as a test, anywhere. */
typedef struct {
	const char *name;
	gsize max_bytes; /* the longest input that is worth a try; run() takes any */
	/* Ends the process where the parser breaks a promise. */
	void (*run)(const guint8 *data, gsize size);
	/* Appends inputs that the parser takes, or nearly (element-type GBytes). */
	void (*make_seeds)(GPtrArray *seeds);
	const char *const *vectors; /* folders of public test data, NULL-terminated */
} CsFuzzTarget;

extern const CsFuzzTarget cs_fuzz_target;

/* What fuzzing or thought has found, for good: readable, and run by every test. */
typedef struct {
	const char *target;
	const char *what;
	const char *hex; /* NULL: text */
	const char *text;
} CsFuzzCase;

extern const CsFuzzCase cs_fuzz_cases[];
extern const gsize cs_fuzz_cases_count;

void cs_fuzz_add_bytes(GPtrArray *seeds, GBytes *bytes);
void cs_fuzz_add_text(GPtrArray *seeds, const char *text);
/* An error of ours, with a reason and a message that can be shown. */
void cs_fuzz_check_error(const GError *error);
/* SEQUENCE { tbs, ecdsa-with-SHA256, signature }, then `rest` in it, signed by a P-256 key: where the
 * fuzzer cannot sign, its input is signed for it. (transfer full) */
GBytes *cs_fuzz_sign(CsDer tbs, CsDer rest, EVP_PKEY *key);
/* The same bytes with one bit of the part (which lies in them) turned. (transfer full) */
GBytes *cs_fuzz_spoil(GBytes *bytes, CsDer part);
CsDer cs_fuzz_der_of(GBytes *bytes); /* lent */
/* The time that this thread has computed, so that a busy machine makes no input slow. */
gint64 cs_fuzz_get_thread_time_ns(void);
