/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/error.h"
#include "tests/fixtures/agent-fixture.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_diagnose(CsTestAgent *f, gconstpointer data)
{
	const CsDiagnosisSurroundings surroundings = {.home = f->home->folder};
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	cs_test_agent_start(f);
	cs_agent_diagnose_async(f->agent, &surroundings, TRUE, NULL, cs_test_agent_ready_cb,
				&result);
	cs_test_agent_wait_for_result(&result);
	text = cs_agent_diagnose_finish(f->agent, result, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, f->id));
	g_assert_nonnull(strstr(text, "Names are reduced to initials."));
	g_assert_null(strstr(text, f->home->folder));
}

static void
test_cancelled(CsTestAgent *f, gconstpointer data)
{
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_autoptr(GAsyncResult) result = NULL;
	g_autoptr(GError) error = NULL;

	cs_test_agent_start(f);
	g_cancellable_cancel(cancellable);
	cs_agent_diagnose_async(f->agent, NULL, FALSE, cancellable, cs_test_agent_ready_cb,
				&result);
	cs_test_agent_wait_for_result(&result);
	g_assert_null(cs_agent_diagnose_finish(f->agent, result, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
save(CsTestAgent *f, const char *path, GError **error)
{
	g_autoptr(GAsyncResult) result = NULL;

	cs_agent_save_report_async(f->agent, path, "report\n", cs_test_agent_ready_cb, &result);
	cs_test_agent_wait_for_result(&result);
	return cs_agent_save_report_finish(f->agent, result, error);
}

/* Nobody else may read it, and what a link points to is left alone. */
static void
test_save(CsTestAgent *f, gconstpointer data)
{
	g_autofree char *other = cs_test_write_text(f->home->folder, "other", "untouched");
	g_autofree char *path = g_build_filename(f->home->folder, "report", NULL);
	g_autofree char *missing = g_build_filename(f->home->folder, "none", "report", NULL);
	g_autofree char *text = NULL;
	g_autofree char *kept = NULL;
	g_autoptr(GError) error = NULL;
	struct stat status;

	cs_test_agent_start(f);
	g_assert_cmpint(symlink(other, path), ==, 0);
	g_assert_true(save(f, path, &error));
	g_assert_no_error(error);
	g_assert_cmpint(lstat(path, &status), ==, 0);
	g_assert_cmphex(status.st_mode, ==, S_IFREG | 0600);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "report\n");
	g_assert_true(g_file_get_contents(other, &kept, NULL, NULL));
	g_assert_cmpstr(kept, ==, "untouched");
	g_assert_false(save(f, missing, &error));
	g_assert_error(error, CS_ERROR, CS_ERROR_STATE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_agent_test("/agent-diagnosis/diagnose", test_diagnose);
	cs_test_add_agent_test("/agent-diagnosis/cancelled", test_cancelled);
	cs_test_add_agent_test("/agent-diagnosis/save", test_save);
	return g_test_run();
}
