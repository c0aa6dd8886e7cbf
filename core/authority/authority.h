/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/authority/ca.h"
#include "core/authority/registry.h"
#include "core/base/file.h"
#include "core/protocol/jwk.h"

/* An authority's folder, opened: registry.db, server.key, code.key, ca.key and ca.pem, all 0600 in
 * 0700. */
typedef struct _CsAuthority CsAuthority;

/* url: normalised by cs_http_normalise_origin. Already there: CS_ERROR_REFUSED,
 * "already-initialised". A kill in the middle leaves a folder that init takes up again. */
CsAuthority *cs_authority_init(const char *folder,
			       const char *name,
			       const char *url,
			       const CsClock *clock,
			       GError **error);
/* CS_ERROR_NOT_FOUND "not-initialised". Brings an earlier version's folder up to this one. */
CsAuthority *cs_authority_open(const char *folder, const CsClock *clock, GError **error);
/* One process serves: CS_ERROR_REFUSED "already-serving". */
CsFileLock *cs_authority_lock_for_serving(const char *folder, GError **error);
void cs_authority_free(CsAuthority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsAuthority, cs_authority_free)

/* The files that belong to a folder beside its registry, NULL-terminated. */
const char *const *cs_authority_get_part_names(void);
const char *cs_authority_get_folder(const CsAuthority *authority);
const char *cs_authority_get_name(const CsAuthority *authority);
const char *cs_authority_get_url(const CsAuthority *authority); /* iss */
const CsClock *cs_authority_get_clock(const CsAuthority *authority);
CsPrivateKey *cs_authority_get_server_key(const CsAuthority *authority);
const CsJwk *cs_authority_get_server_jwk(const CsAuthority *authority);
CsRegistry *cs_authority_get_registry(const CsAuthority *authority);
/* Who runs this process, for the log. */
const char *cs_authority_get_operator(CsAuthority *authority);
CsCa *cs_authority_get_ca(const CsAuthority *authority);
/* Keyed hash of a code or of a group of it, for the registry: base64url HMAC-SHA-256. */
char *cs_authority_hash_code(const CsAuthority *authority, const char *text);
