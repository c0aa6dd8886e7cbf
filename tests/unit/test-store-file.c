/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/store-file.h"
#include "tests/fixtures/pki-fixture.h"
#include "tests/fixtures/unprivileged.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct {
	char *path;
	int folder;
	CsTestIdentity *identity;
	CsFileReader *reader;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	fixture->path = cs_test_make_folder();
	fixture->folder = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture->identity = cs_test_identity_new(NULL, NULL);
	fixture->reader = cs_file_reader_new();
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	close(fixture->folder);
	cs_test_delete_folder(fixture->path);
	g_free(fixture->path);
	cs_test_identity_free(fixture->identity);
	cs_file_reader_free(fixture->reader);
}

/* What a name turns out to be, seen as regular and looked at afresh. Returns the certificates;
 * why (nullable out) is the sentence. */
static guint
read_name(Fixture *fixture, const char *name, gboolean is_regular, char **why)
{
	g_auto(CsStoreFile) file = {0};
	cs_store_file_read(fixture->reader, fixture->folder, name, is_regular, &file);
	if (why != NULL)
		*why = g_strdup(file.why);
	return file.certificates != NULL ? file.certificates->len : 0;
}

static void
expect(Fixture *fixture, const char *text, guint certificates, const char *why)
{
	g_free(cs_test_write_text(fixture->path, "x", text));
	for (guint is_regular = 0; is_regular < 2; is_regular++) {
		g_autofree char *found = NULL;
		g_assert_cmpuint(read_name(fixture, "x", is_regular, &found), ==, certificates);
		if (why == NULL)
			g_assert_null(found);
		else
			g_assert_nonnull(strstr(found, why));
	}
}

static void
test_pem(Fixture *fixture, gconstpointer data)
{
	const char *pem = cs_test_identity_get_pem(fixture->identity);
	g_autofree char *key =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *both = g_strconcat("Bag attributes\n", key, pem, NULL);
	g_autofree char *several = g_strconcat(pem, "words\n", pem, pem, NULL);
	expect(fixture, pem, 1, NULL);
	expect(fixture, both, 1, NULL);
	expect(fixture, several, 3, NULL);
}

static void
test_pem_partly_broken(Fixture *fixture, gconstpointer data)
{
	const char *pem = cs_test_identity_get_pem(fixture->identity);
	const char *broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	g_autofree char *key =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *mixed = g_strconcat(broken, key, pem, broken, pem, NULL);
	expect(fixture, mixed, 2, "2 of its certificates");
	expect(fixture, broken, 0, "no certificate that can be read");
}

static void
test_der(Fixture *fixture, gconstpointer data)
{
	g_free(cs_test_write_bytes(fixture->path, "c",
				   cs_test_identity_get_der(fixture->identity)));
	g_autoptr(GBytes) key = cs_test_identity_dup_key_der(fixture->identity, CS_TEST_KEY_PKCS8);
	g_free(cs_test_write_bytes(fixture->path, "k", key));
	g_autofree char *why = NULL;
	g_assert_cmpuint(read_name(fixture, "c", TRUE, NULL), ==, 1);
	g_assert_cmpuint(read_name(fixture, "k", TRUE, &why), ==, 0);
	g_assert_nonnull(why);
}

static void
test_pkcs12(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GBytes) open = cs_test_identity_dup_pkcs12(fixture->identity, NULL, NULL);
	g_autoptr(GBytes) locked = cs_test_identity_dup_pkcs12(fixture->identity, NULL, "pw");
	g_free(cs_test_write_bytes(fixture->path, "open", open));
	g_free(cs_test_write_bytes(fixture->path, "locked", locked));
	g_free(cs_test_write_text(fixture->path, "broken", "0\x05\x02\x01\x03"));
	g_autofree char *why = NULL;
	g_autofree char *broken_why = NULL;
	g_auto(CsStoreFile) file = {0};
	cs_store_file_read(fixture->reader, fixture->folder, "open", TRUE, &file);
	g_assert_true(file.is_pkcs12);
	g_assert_cmpuint(file.certificates->len, ==, 1);
	g_assert_cmpuint(read_name(fixture, "locked", TRUE, &why), ==, 0);
	g_assert_nonnull(strstr(why, "password"));
	g_assert_cmpuint(read_name(fixture, "broken", TRUE, &broken_why), ==, 0);
	g_assert_nonnull(strstr(broken_why, "PKCS#12"));
}

/* A file with keys and no certificate is no junk: nothing is said of it. */
static void
test_key_alone(Fixture *fixture, gconstpointer data)
{
	g_autofree char *key =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *elder =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_TRADITIONAL, NULL);
	g_autofree char *locked =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, "pw");
	expect(fixture, key, 0, NULL);
	expect(fixture, elder, 0, NULL);
	expect(fixture, locked, 0, NULL);
}

static void
test_junk(Fixture *fixture, gconstpointer data)
{
	expect(fixture, "", 0, "empty");
	expect(fixture, "hello", 0, "holds no certificate");
	expect(fixture, "0", 0, "holds no certificate");
	expect(fixture, "0\x82\x01", 0, "no certificate");
	expect(fixture, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", 0,
	       "holds no certificate");
	expect(fixture, "-----BEGIN CERTIFICATE-----\nAAAA", 0, "holds no certificate");
}

static void
test_size(Fixture *fixture, gconstpointer data)
{
	GString *text = g_string_new(cs_test_identity_get_pem(fixture->identity));
	while (text->len < CS_STORE_FILE_MAX_BYTES)
		g_string_append_c(text, '\n');
	expect(fixture, text->str, 1, NULL);
	g_string_append_c(text, '\n');
	expect(fixture, text->str, 0, "larger than 1 MiB");
	g_string_free(text, TRUE);
}

static void
make_socket(Fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", fixture->path);
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	close(fd);
}

/* None of these is opened, and none is waited for; not even where it takes a regular file's place
 * between the listing and the opening. */
static void
test_not_regular(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"fifo",   "socket", "folder",
					    "device", "loop",	"nowhere"};
	g_assert_cmpint(mkfifoat(fixture->folder, "fifo", 0600), ==, 0);
	g_assert_cmpint(mkdirat(fixture->folder, "folder", 0700), ==, 0);
	g_assert_cmpint(symlinkat("/dev/null", fixture->folder, "device"), ==, 0);
	g_assert_cmpint(symlinkat("loop", fixture->folder, "loop"), ==, 0);
	g_assert_cmpint(symlinkat("gone", fixture->folder, "nowhere"), ==, 0);
	make_socket(fixture);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		for (guint is_regular = 0; is_regular < 2; is_regular++) {
			g_autofree char *why = NULL;
			g_assert_cmpuint(read_name(fixture, names[i], is_regular, &why), ==, 0);
			g_assert_nonnull(why);
		}
	}
}

static void
test_link(Fixture *fixture, gconstpointer data)
{
	g_free(cs_test_write_text(fixture->path, "target",
				  cs_test_identity_get_pem(fixture->identity)));
	g_assert_cmpint(symlinkat("target", fixture->folder, "link"), ==, 0);
	g_assert_cmpuint(read_name(fixture, "link", FALSE, NULL), ==, 1);
	g_assert_cmpuint(read_name(fixture, "link", TRUE, NULL), ==, 0);
}

static void
test_gone(Fixture *fixture, gconstpointer data)
{
	g_autofree char *why = NULL;
	g_assert_cmpuint(read_name(fixture, "gone", TRUE, &why), ==, 0);
	g_assert_null(why);
}

static void
read_forbidden(gpointer data)
{
	g_autofree char *why = NULL;
	g_assert_cmpuint(read_name(data, "x", TRUE, &why), ==, 0);
	g_assert_nonnull(strstr(why, "0000"));
	g_assert_nonnull(strstr(why, g_get_user_name()));
}

/* rule 10: the file, its owner and its mode are named */
static void
test_forbidden(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path =
		cs_test_write_text(fixture->path, "x", cs_test_identity_get_pem(fixture->identity));
	(void)g_get_user_name();
	g_assert_cmpint(chmod(fixture->path, 0755), ==, 0);
	g_assert_cmpint(chmod(path, 0), ==, 0);
	cs_test_run_unprivileged(read_forbidden, fixture);
}

static void
test_next_key(Fixture *fixture, gconstpointer data)
{
	g_autofree char *key =
		cs_test_identity_dup_key_pem(fixture->identity, CS_TEST_KEY_PKCS8, NULL);
	g_autofree char *text =
		g_strconcat(cs_test_identity_get_pem(fixture->identity), key, "words\n", key, NULL);
	CsDer content = {(const guint8 *)text, strlen(text)};
	CsDer block;
	for (guint i = 0; i < 2; i++) {
		g_assert_true(cs_store_file_next_key(&content, &block));
		g_assert_cmpmem(block.data, block.length, key, strlen(key) - 1);
	}
	g_assert_false(cs_store_file_next_key(&content, &block));
}

static void
test_key_names(void)
{
	g_assert_true(cs_store_file_is_key_name("x.key"));
	g_assert_true(cs_store_file_is_key_name("key.pem"));
	g_assert_false(cs_store_file_is_key_name("x.key.pem"));
	g_assert_false(cs_store_file_is_key_name("mykey.pem"));
	g_assert_false(cs_store_file_is_key_name("x.pem"));
}

#define ADD(name, function)                                                                        \
	g_test_add("/store-file/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("pem", test_pem);
	ADD("pem-partly-broken", test_pem_partly_broken);
	ADD("der", test_der);
	ADD("pkcs12", test_pkcs12);
	ADD("key-alone", test_key_alone);
	ADD("junk", test_junk);
	ADD("size", test_size);
	ADD("not-regular", test_not_regular);
	ADD("link", test_link);
	ADD("gone", test_gone);
	ADD("forbidden", test_forbidden);
	ADD("next-key", test_next_key);
	g_test_add_func("/store-file/key-names", test_key_names);
	return g_test_run();
}
