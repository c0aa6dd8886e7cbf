/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gtk/gtk.h>

/* An icon as high as a line of the text beside it, however large that is. */
#define CS_TYPE_TEXT_ICON (cs_text_icon_get_type())
G_DECLARE_FINAL_TYPE(CsTextIcon, cs_text_icon, CS, TEXT_ICON, GtkImage)
