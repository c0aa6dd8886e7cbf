/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command-line.h"

/* Every verb, each beside its code; commands.c puts them in order. */
extern const CsCommand cs_command_start;
extern const CsCommand cs_command_account_add;
extern const CsCommand cs_command_account_list;
extern const CsCommand cs_command_account_show;
extern const CsCommand cs_command_certificate_delete;
extern const CsCommand cs_command_account_delete;
extern const CsCommand cs_command_status;
extern const CsCommand cs_command_explain;
extern const CsCommand cs_command_diagnose;
extern const CsCommand cs_command_repurpose;
extern const CsCommand cs_command_authority_init;
extern const CsCommand cs_command_authority_serve;
extern const CsCommand cs_command_authority_policy_set;
extern const CsCommand cs_command_authority_policy_default;
extern const CsCommand cs_command_authority_policy_list;
extern const CsCommand cs_command_authority_policy_delete;
extern const CsCommand cs_command_authority_policy_try;
extern const CsCommand cs_command_authority_policy_dry_run;
extern const CsCommand cs_command_authority_user_add;
extern const CsCommand cs_command_authority_user_list;
extern const CsCommand cs_command_authority_user_suspend;
extern const CsCommand cs_command_authority_user_resume;
extern const CsCommand cs_command_authority_user_delete;
extern const CsCommand cs_command_authority_code;
extern const CsCommand cs_command_authority_issuer_add;
extern const CsCommand cs_command_authority_issuer_set;
extern const CsCommand cs_command_authority_issuer_list;
extern const CsCommand cs_command_authority_issuer_delete;
extern const CsCommand cs_command_authority_revocation_show;
extern const CsCommand cs_command_authority_revocation_refresh;
extern const CsCommand cs_command_authority_device_list;
extern const CsCommand cs_command_authority_device_show;
extern const CsCommand cs_command_authority_device_suspend;
extern const CsCommand cs_command_authority_device_resume;
extern const CsCommand cs_command_authority_device_deactivate;
extern const CsCommand cs_command_authority_device_reactivate;
extern const CsCommand cs_command_authority_device_delete;
extern const CsCommand cs_command_authority_device_approve;
extern const CsCommand cs_command_authority_device_release;
extern const CsCommand cs_command_authority_repurpose;
extern const CsCommand cs_command_authority_certificate_issue;
extern const CsCommand cs_command_authority_certificate_revoke;
extern const CsCommand cs_command_authority_log;
extern const CsCommand cs_command_authority_check;
extern const CsCommand cs_command_authority_backup;
extern const CsCommand cs_command_authority_restore;
extern const CsCommand cs_command_help;
extern const CsCommand cs_command_version;
