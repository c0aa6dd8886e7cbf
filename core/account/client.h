/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/clock.h"
#include "core/base/http.h"
#include "core/base/settings.h"
#include "core/store/stores.h"

/* What every operation of this room works with; all lent by the caller. */
typedef struct {
	CsSettings *settings;
	const CsClock *clock;
	CsHttpClient *http;
	CsStores *stores;
} CsClient;
