/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/verifier.h"

/* Turns a decision of the verifier's into the link that it asks for. */
typedef struct {
	const CsDecision *decision; /* managed */
	const char *device_id;	    /* the record that showed the certificate */
	const char *key_id;	    /* the device key that it used */
	gint64 now;
} CsBindingRequest;

gboolean cs_binding_write(CsRegistry *registry,
			  const CsBindingRequest *request,
			  CsLinkRow *found,
			  GError **error);
