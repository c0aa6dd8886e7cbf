/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"
#include "core/base/secret.h"

/* A private key as files hold it: PKCS#8, PKCS#1 or SEC1, PEM or DER. */
EVP_PKEY *cs_key_decode(CsSecret *data, GError **error);
