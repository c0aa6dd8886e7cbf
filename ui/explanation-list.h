/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/attest/explanation.h"

#include <gtk/gtk.h>

/* An explanation for people: issuer by issuer, certificate by certificate, then what was passed over
 * and notes. Adds to the box, which is empty. */
void cs_explanation_list_fill(GtkBox *box, const CsExplanation *explanation);
char *cs_explanation_list_dup_time(const CsExplanation *explanation);
