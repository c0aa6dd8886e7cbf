/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/secret.h"
#include "core/pki/certificate.h"
#include "core/store/store.h"

/* What a removal's files share: where a certificate lies, what its file must be, and the act. */

/* A file that was renamed on its way out, and that a kill left: ".x.pem.deleted". */
#define CS_REMOVAL_SUFFIX ".deleted"

/* A file that holds the certificate. */
typedef struct {
	char *folder;		    /* absolute, the one that it lies in */
	char *name;		    /* in it; hidden where it was left behind */
	char *key_name;		    /* (nullable) of a key file that is this certificate's alone */
	CsCertificate *certificate; /* as it was read there */
	CsStoreKind kind;
	char *hindrance; /* (nullable) translated: it cannot be moved as it is */
} CsRemovalPlace;

void cs_removal_place_free(CsRemovalPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsRemovalPlace, cs_removal_place_free)

/* removal-place.c: looking. */
CsSecret *cs_removal_read(int folder, const char *name, gboolean follows); /* NULL: errno */
CsCertificate *cs_removal_find_inside(CsSecret *content, const char *fingerprint);
char *cs_removal_judge(CsSecret *content, CsCertificate *certificate, const char *path);
typedef enum {
	CS_REMOVAL_KEY_OTHER, /* another certificate's, or no key at all: it stays */
	CS_REMOVAL_KEY_OWN,
	CS_REMOVAL_KEY_UNKNOWN, /* perhaps its own: nothing is done */
} CsRemovalKey;
CsRemovalKey cs_removal_whose_key(CsSecret *content, const CsCertificate *certificate);
gboolean cs_removal_find(const char *path,
			 CsStoreKind kind,
			 const char *fingerprint,
			 GPtrArray *places,
			 GCancellable *cancellable,
			 GError **error);
gboolean cs_removal_is_left_behind(const char *name);

/* removal-link.c: keys that are others' as well. */
void cs_removal_spare_linked_keys(const char *folder, GPtrArray *places);

/* removal-act.c: doing. Copies the file into the backup, then takes it out of its folder. */
gboolean cs_removal_take(const CsRemovalPlace *place, const char *backup, GError **error);
