/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/openssl.h"

/* Keys of the right kind and size whose private half is nobody's secret. */
gboolean cs_weak_key_is_roca(const EVP_PKEY *key);
