/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

/* Where resources/ is found at run time. */
#define CS_RESOURCE_PREFIX   "/org/countersign/Countersign"
#define CS_UI_RESOURCE(name) CS_RESOURCE_PREFIX "/ui/" name

/* Made of resources/countersign.gresource.xml. Named once by whoever needs it: a linker leaves out
 * of a static library what nobody names, and the registration with it. */
GResource *cs_resources_get_resource(void);
