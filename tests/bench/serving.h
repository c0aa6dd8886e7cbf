/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tests/bench/load.h"
#include "tests/fixtures/service-fixture.h"
#include "tests/integration/flood/device.h"

/* An authority that really serves, in a thread, from a folder on the disk that is measured, and
 * devices with a certificate each. Whatever cannot be made ends the bench. */
#define CS_SERVING_DEVICES_MAX 64

typedef struct _CsServing CsServing;

/* Not yet serving. kind: of the certificates' keys and of their CA's. */
CsServing *cs_serving_new(const char *place, CsKeyKind kind, guint n_devices);
void cs_serving_free(CsServing *serving);
/* alone: one commit a request. */
void cs_serving_start(CsServing *serving, gboolean alone);
void cs_serving_stop(CsServing *serving);
guint16 cs_serving_get_port(const CsServing *serving);
const char *cs_serving_get_folder(const CsServing *serving);
/* The administrator's view. */
CsAuthority *cs_serving_get_authority(CsServing *serving);
/* What this program's other threads, which are the server's, have had of processors, in seconds. */
double cs_serving_get_processor_s(void);

/* What device number `device` sends, and was judged on. */
typedef struct {
	CsFloodDevice device; /* a shallow copy, with a call of its own */
	CsLoadCall call;
} CsServingCall;

/* A response to a challenge that is asked for now, while it serves. */
void cs_serving_prepare(CsServing *serving, guint device, CsServingCall *call);
/* Its verdict must be "managed". */
void cs_serving_finish(CsServingCall *call);
