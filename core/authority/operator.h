/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Who gives the administrator's word, for the log: "root (uid 0)", or "uid 4711" where the system
 * knows no login. */
char *cs_operator_describe(uid_t user);
