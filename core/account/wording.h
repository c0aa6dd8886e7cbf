/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/enrolment.h"

/* What the command line and the windows say in the same words. Translated; lent. */
const char *cs_wording_get_consent(void);
const char *cs_wording_get_comparison(void);
const char *cs_wording_get_deletion(void);
/* "ab12 cd34 ...": to compare by eye or to read aloud. */
char *cs_wording_group_fingerprint(const CsIntroduction *introduction);
