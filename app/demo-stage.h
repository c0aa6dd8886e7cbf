/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/client.h"
#include "core/authority/admin.h"
#include "core/authority/service.h"

/* The stage of the demo: one folder with an authority that serves in a thread of its own, and
 * devices, each a client with stores and state of its own. */
typedef struct _CsDemoStage CsDemoStage;

/* A device and its one operating-system user. */
typedef struct {
	char *name;
	char *folder;
	char *user_store;
	char *machine_store;
	char *config_file;
	char *state_home;
	CsSettings *settings;
	CsHttpClient *http;
	CsStores *stores;
	CsClient client;
} CsDemoDevice;

/* folder: made where it is missing; must be empty. */
CsDemoStage *cs_demo_stage_new(const char *folder, const CsClock *clock, GError **error);
/* Stops serving; leaves the folder. */
void cs_demo_stage_free(CsDemoStage *stage);
/* Removes a folder with all that is in it. */
void cs_demo_remove_folder(const char *folder);

/* The administrator's door to the authority; and the same a day earlier, to issue certificates
 * that are a day old. Lent. */
CsAuthority *cs_demo_stage_get_authority(CsDemoStage *stage);
CsAuthority *cs_demo_stage_get_authority_yesterday(CsDemoStage *stage);
const char *cs_demo_stage_get_url(CsDemoStage *stage);

CsDemoDevice *cs_demo_device_new(CsDemoStage *stage, const char *name, GError **error);
void cs_demo_device_free(CsDemoDevice *device);

/* Has the built-in CA issue a certificate for a new key and puts both into the store's folder as
 * NAME.pem and NAME.key. Returns the certificate's fingerprint. */
char *cs_demo_deploy_certificate(CsAuthority *authority,
				 const char *store,
				 const char *name,
				 const char *subject,
				 GError **error);
gboolean cs_demo_copy_certificate(const char *from_store,
				  const char *to_store,
				  const char *name,
				  GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDemoStage, cs_demo_stage_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsDemoDevice, cs_demo_device_free)
