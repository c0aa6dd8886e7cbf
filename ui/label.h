/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gtk/gtk.h>

/* Texts that are said anew whenever something has changed, mostly something else. */
void cs_label_set_text(GtkLabel *label, const char *text);
