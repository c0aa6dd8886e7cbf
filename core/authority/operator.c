/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/operator.h"

#include <pwd.h>

#define BUFFER_BYTES 16384

/**
 * cs_operator_describe:
 * @user: an operating-system user, as the kernel knows it
 *
 * Names whoever runs a command. It proves what the kernel proves of a process: whoever became that
 * user is not told apart.
 *
 * Returns: (transfer full): the login and the number, or the number alone
 */
char *
cs_operator_describe(uid_t user)
{
	g_autofree char *buffer = g_malloc(BUFFER_BYTES);
	struct passwd entry = {0};
	struct passwd *found = NULL;

	if (getpwuid_r(user, &entry, buffer, BUFFER_BYTES, &found) != 0 || found == NULL ||
	    !g_utf8_validate(found->pw_name, -1, NULL))
		return g_strdup_printf("uid %lu", (unsigned long)user);
	return g_strdup_printf("%s (uid %lu)", found->pw_name, (unsigned long)user);
}
