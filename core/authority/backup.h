/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/authority.h"

/* A backup is one file of mode 0600 with the registry and the keys: as secret as the folder. */

/* {"file", "lines", "head", "ok", "problems"}. A file that is there: CS_ERROR_REFUSED "file-exists". */
cJSON *cs_authority_backup(CsAuthority *authority, const char *path, GError **error);
/* {"folder", "former", "problems"}: where the former folder is kept, null where there was none, and
 * what was not sound, as cs_authority_check() says it, but is borne. */
cJSON *cs_authority_restore(const char *folder,
			    const char *path,
			    gboolean replace,
			    const CsClock *clock,
			    GError **error);
