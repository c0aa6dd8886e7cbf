/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gtk/gtk.h>

/* Something and what it is called, one above the other, so that neither is cut off when the text is
 * large. Properties: "title", "selectable" (people may copy the value). */
#define CS_TYPE_FIELD (cs_field_get_type())
G_DECLARE_FINAL_TYPE(CsField, cs_field, CS, FIELD, GtkBox)

/* NULL or nothing hides the field. */
void cs_field_set_value(CsField *field, const char *value);
const char *cs_field_get_value(CsField *field);
