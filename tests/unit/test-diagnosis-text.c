/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/diagnosis.h"

#include <string.h>

static char *
print(const char *text)
{
	g_autoptr(cJSON) json = cs_json_parse(text, strlen(text), NULL);

	g_assert_nonnull(json);
	return cs_diagnosis_to_text(json);
}

static void
expect(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		g_error("\"%s\" is not in: %s", part, text);
}

static void
test_whole(void)
{
	g_autofree char *text = print(
		"{\"made_at\":\"2026-11-28T17:00:00Z\",\"initials\":true,"
		"\"versions\":{\"countersign\":\"0.1.0\",\"os\":\"Example OS\",\"gtk\":null},"
		"\"desktop\":{\"tray_host\":true,\"session_bus\":false,\"other\":\"x\"},"
		"\"settings\":{\"error\":{\"code\":\"settings-invalid\",\"message\":\"bad\"},"
		"\"values\":[{\"group\":\"a\",\"key\":\"k\",\"value\":[\"1\",\"2\"],"
		"\"origin\":\"/etc/x\",\"pinned\":true},{\"group\":\"a\",\"key\":\"l\","
		"\"value\":[\"3\"],\"origin\":\"~/x\",\"pinned\":false},{\"group\":\"a\","
		"\"key\":\"m\",\"value\":[\"4\"],\"origin\":null,\"pinned\":false},"
		"{\"group\":\"a\",\"key\":\"n\",\"value\":null,\"origin\":null,\"pinned\":false}],"
		"\"notes\":[\"a note\"]},"
		"\"stores\":[{\"store\":\"user\",\"location\":\"~/c\",\"certificates\":2,"
		"\"passed_over\":[{\"location\":\"~/c/x\",\"why\":\"huge\"}]},{\"store\":"
		"\"machine\",\"location\":\"/c\",\"certificates\":1,\"passed_over\":[]}],"
		"\"accounts\":[{\"id\":\"i\",\"user\":\"AL\",\"organisation\":\"Example\",\"url\":"
		"\"https://x\",\"managed\":false,\"reason\":\"no-certificate\",\"checked_at\":"
		"\"2026-11-28T16:00:00Z\",\"device_id\":\"d\",\"certificate\":{\"fingerprint\":"
		"\"ff\",\"issuer\":\"CN=x\",\"not_after\":\"2027-01-01T00:00:00Z\"},"
		"\"request\":\"r1\",\"history\":[{\"at\":\"2026-11-28T16:00:00Z\",\"managed\":"
		"null,\"reason\":null,\"error\":\"unreachable\",\"request\":null},{\"at\":"
		"\"2026-11-28T15:00:00Z\",\"managed\":false,\"reason\":\"no-certificate\","
		"\"error\":null,\"request\":\"r0\"}],\"explanation\":{\"odd\":1},"
		"\"explanation_error\":{\"code\":\"state-invalid\",\"message\":\"broken\"}}],"
		"\"accounts_error\":null,"
		"\"clock\":{\"now\":\"2026-11-28T17:00:00Z\",\"plausible\":false,\"reason\":"
		"\"behind-server\",\"offset_s\":-400},"
		"\"log\":{\"file\":\"~/"
		"l\",\"level\":\"info\",\"error\":null,\"lines\":[\"one\"]}}");
	static const char *const parts[] = {
		"Countersign diagnostics of 2026-11-28T17:00:00Z\nNames are reduced to initials.\n",
		"\nVersions\n  countersign: 0.1.0\n  operating system: Example OS\n  gtk: -\n",
		"\n  somebody shows tray icons: yes\n  session's message bus: no\n  other: x\n",
		"\n  Cannot be read: bad (settings-invalid)\n  What follows are the defaults.\n",
		"\n  [a] k = 1; 2 (set by the administrator in /etc/x)\n",
		"\n  [a] l = 3 (from ~/x)\n  [a] m = 4 (default)\n  [a] n is not set\n  a note\n",
		"\n  user store ~/c: 2 certificates\n    passed over: ~/c/x: huge\n",
		"\n  machine store /c: 1 certificate\n",
		"\n  AL at Example (https://x)\n    account: i, device: d\n    managed: no, "
		"reason: "
		"no-certificate, checked: 2026-11-28T16:00:00Z, request: r1\n    certificate: ff, "
		"issued by CN=x, valid until 2027-01-01T00:00:00Z\n    last authentications:\n"
		"      2026-11-28T16:00:00Z unreachable\n"
		"      2026-11-28T15:00:00Z no-certificate, request r0\n"
		"    Cannot be read: broken (state-invalid)\n"
		"    the explanation that was kept cannot be understood\n",
		"\n  ahead of the server's at the last verdict: -400 seconds\n",
		" behind the server's: one of them is wrong. (behind-server)\n",
		"\nLog\n  ~/l, level info\n  one\n",
	};

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		expect(text, parts[i]);
}

/* A document of which little is there: no line is lost, and none forged. */
static void
test_little(void)
{
	g_autofree char *empty = print("{}");
	g_autofree char *forged = print(
		"{\"accounts\":[],\"accounts_error\":{\"code\":\"x\\ny\",\"message\":\"\\u001b\"},"
		"\"clock\":{\"plausible\":true},\"log\":{\"lines\":[\"a\\nb\",1]},"
		"\"settings\":{\"notes\":[1],\"values\":[{\"value\":[1]}]}}");
	static const char *const parts[] = {"  There is no account.\n", "\nLog\n  -, level -\n"};

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		expect(empty, parts[i]);
	expect(forged, "  Cannot be read: \\x1b (x\\x0ay)\n");
	expect(forged, "  Nothing speaks against it.\n");
	expect(forged, "  a\\x0ab\n  -\n");
	expect(forged, "  [-] - = ? (default)\n  -\n");
	g_assert_null(strstr(forged, "There is no account."));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/diagnosis-text/whole", test_whole);
	g_test_add_func("/diagnosis-text/little", test_little);
	return g_test_run();
}
