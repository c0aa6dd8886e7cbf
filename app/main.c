/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/command.h"
#include "core/base/secret.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE_FOLDER "/etc/countersign"

/* A file that we open must not become standard output because that was closed. What is written to
 * a closed one still fails. */
static void
ensure_standard_descriptors(void)
{
	int fd = 0;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static char *
dup_home(void)
{
	const char *home = g_getenv("HOME");
	const struct passwd *entry = NULL;

	if (home && g_path_is_absolute(home))
		return g_strdup(home);
	entry = getpwuid(geteuid());
	return g_strdup(entry && g_path_is_absolute(entry->pw_dir) ? entry->pw_dir : "/");
}

/* XDG Base Directory Specification: a relative path is invalid and to be ignored. */
static char *
dup_xdg_folder(const char *variable, const char *home, const char *otherwise)
{
	const char *folder = g_getenv(variable);

	if (folder && g_path_is_absolute(folder))
		return g_strdup(folder);
	return g_build_filename(home, otherwise, NULL);
}

/* What people read, in their language. The tests read the catalogues that the build has made. */
static void
bind_texts(void)
{
	const char *folder = secure_getenv("COUNTERSIGN_LOCALE_FOLDER");

	(void)setlocale(LC_ALL, "");
	bindtextdomain(GETTEXT_PACKAGE,
		       folder && g_path_is_absolute(folder) ? folder : CS_LOCALE_FOLDER);
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	textdomain(GETTEXT_PACKAGE); /* GTK asks it which languages the program has */
}

/* Which door? There is one so far: the command line. The environment is read here and nowhere
 * else. */
int
main(int argc, char **argv)
{
	g_autofree char *home = NULL;
	g_autofree char *config_home = NULL;
	g_autofree char *data_home = NULL;
	g_autofree char *state_home = NULL;
	g_autofree char *authority_folder = NULL;
	CsSettingsPaths paths = {.machine_folder = MACHINE_FOLDER};

	cs_secret_protect_process(); /* before anything is opened or read */
	ensure_standard_descriptors();
	umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	bind_texts();
	home = dup_home();
	paths.home = home;
	paths.config_home = config_home = dup_xdg_folder("XDG_CONFIG_HOME", home, ".config");
	paths.data_home = data_home = dup_xdg_folder("XDG_DATA_HOME", home, ".local/share");
	paths.state_home = state_home = dup_xdg_folder("XDG_STATE_HOME", home, ".local/state");
	authority_folder = g_build_filename(state_home, "countersign", "authority", NULL);
	return cs_commands_main(argv, &paths, cs_clock_get_system(), authority_folder);
}
