/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/demo-keep.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

/**
 * cs_demo_folder_is_free:
 * @path: a folder
 *
 * Returns: whether it is not there yet, or is empty
 */
gboolean
cs_demo_folder_is_free(const char *path)
{
	g_autoptr(GDir) folder = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return TRUE;
	folder = g_dir_open(path, 0, NULL);
	return folder != NULL && g_dir_read_name(folder) == NULL;
}

/**
 * cs_demo_print_commands:
 * @stage: the demo's authority
 * @devices: its devices
 * @device_count: how many
 *
 * Prints the commands to go on by hand, on standard output.
 */
void
cs_demo_print_commands(CsDemoStage *stage, CsDemoDevice *const *devices, gsize device_count)
{
	CsAuthority *authority = cs_demo_stage_get_authority(stage);
	g_autofree char *folder = g_shell_quote(cs_authority_get_folder(authority));

	printf(_("\nGo on by hand, in another terminal:\n"));
	printf("  countersign authority --dir %s device list\n", folder);
	printf("  countersign authority --dir %s log\n", folder);
	for (gsize at = 0; at < device_count; at++) {
		g_autofree char *state = g_shell_quote(devices[at]->state_home);
		g_autofree char *config = g_shell_quote(devices[at]->config_file);

		printf("  XDG_STATE_HOME=%s countersign --config %s status --check\n", state,
		       config);
		printf("  XDG_STATE_HOME=%s countersign --config %s explain\n", state, config);
	}
	printf(_("\nServing at %s until interrupted (Ctrl+C).\n"), cs_demo_stage_get_url(stage));
}

/**
 * cs_demo_wait_until_cancelled:
 * @cancellable: what ends the demo
 */
void
cs_demo_wait_until_cancelled(GCancellable *cancellable)
{
	GPollFD waited = {0};

	if (!g_cancellable_make_pollfd(cancellable, &waited))
		return;
	while (!g_cancellable_is_cancelled(cancellable))
		(void)g_poll(&waited, 1, -1);
	g_cancellable_release_fd(cancellable);
}
