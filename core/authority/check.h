/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"

/* {"ok", "schema_version", "lines", "head", "problems": [{"check", "detail"}]}; NULL with
 * CS_ERROR_STATE where the folder cannot be read. */
cJSON *cs_authority_check(CsAuthority *authority, gboolean *ok, GError **error);
