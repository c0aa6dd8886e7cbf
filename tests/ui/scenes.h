/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tests/ui/ui-fixture.h"

/* Everything that the windows can show, each once; what is true of all of it is tested on these. */
typedef struct {
	const char *name;
	void (*show)(CsTestDesktop *d); /* after set-up; opens the window */
} CsTestScene;

extern const CsTestScene cs_test_scenes[]; /* .name NULL ends it */

/* A scene shown in a window of its own, looked at, and taken down again. */
void cs_test_scene_run(const CsTestScene *scene,
		       void (*look)(CsTestDesktop *d, const CsTestScene *scene));
