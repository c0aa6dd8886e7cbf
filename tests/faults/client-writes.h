/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tests/faults/io-driver.h"

/* The client's writes, whatever it is that fails meanwhile. */
extern const CsFaultyWrite cs_client_writes[];
extern const gsize cs_client_writes_count;
/* At the end, what they made once. */
void cs_client_writes_clear(void);
