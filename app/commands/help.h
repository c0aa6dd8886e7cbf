/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "app/commands/command-line.h"

/* What the table says, for people. path: "" for all of it, a group, or a command. */
char *cs_help_format_synopsis(const CsCommandTable *table, const char *path); /* one line */
char *cs_help_format(const CsCommandTable *table, const char *path);
char *cs_manual_format(const CsCommandTable *table); /* countersign(1), troff */

const CsCommand *cs_command_table_find(const CsCommandTable *table, const char *path);
const CsCommandGroup *cs_command_table_find_group(const CsCommandTable *table, const char *path);
gboolean cs_command_table_has_desktop(const CsCommandTable *table);
