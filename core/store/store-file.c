/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/store-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <pwd.h>
#include <unistd.h>

#include "core/base/secret.h"
#include "core/pki/pem.h"
#include "core/store/pkcs12.h"

#define FIRST_CAPACITY_BYTES 65536
#define PEM_BEGIN	     "-----BEGIN "
#define KEY_LABEL_END	     "PRIVATE KEY"

struct _CsFileReader {
	guint8 *data;
	gsize capacity;
	gsize length; /* of the file read last */
};

/**
 * cs_file_reader_new:
 *
 * Returns: (transfer full): a reader, with memory for most files and growing to the largest allowed
 */
CsFileReader *
cs_file_reader_new(void)
{
	CsFileReader *reader = g_new0(CsFileReader, 1);
	reader->capacity = FIRST_CAPACITY_BYTES;
	reader->data = g_malloc0(reader->capacity);
	return reader;
}

/**
 * cs_file_reader_free:
 * @reader: (transfer full): a reader
 *
 * Wipes what was read (a file may hold a private key beside its certificate) and frees it.
 */
void
cs_file_reader_free(CsFileReader *reader)
{
	cs_secret_wipe(reader->data, reader->capacity);
	g_free(reader->data);
	g_free(reader);
}

static void
ensure_capacity(CsFileReader *reader, gsize capacity)
{
	if (reader->capacity >= capacity)
		return;
	guint8 *grown = g_malloc0(capacity);
	memcpy(grown, reader->data, reader->length);
	cs_secret_wipe(reader->data, reader->capacity);
	g_free(reader->data);
	reader->data = grown;
	reader->capacity = capacity;
}

/**
 * cs_store_file_clear:
 * @file: what a file turned out to be; left empty
 */
void
cs_store_file_clear(CsStoreFile *file)
{
	g_clear_pointer(&file->certificates, g_ptr_array_unref);
	g_clear_pointer(&file->why, g_free);
	memset(file, 0, sizeof(*file));
}

/**
 * cs_store_file_is_key_name:
 * @name: a file's base name
 *
 * Whether the layouts name it as a private key's file: such files are opened when a key is used,
 * never to look around.
 *
 * Returns: %TRUE for "x.key" and "key.pem"
 */
gboolean
cs_store_file_is_key_name(const char *name)
{
	return g_str_has_suffix(name, ".key") || g_str_equal(name, "key.pem");
}

static char *
dup_owner(uid_t uid)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char memory[4096];
	if (getpwuid_r(uid, &entry, memory, sizeof(memory), &found) == 0 && found != NULL)
		return g_strdup(found->pw_name);
	return g_strdup_printf("%u", (guint)uid);
}

/**
 * cs_store_file_explain_errno:
 * @folder: an open folder, or AT_FDCWD
 * @name: a file or folder in it, as fstatat takes it; "" is @folder itself
 * @saved_errno: why it could not be opened
 *
 * Where it is a matter of permission, the owner and mode are named (rule 10).
 *
 * Returns: (transfer full): a translated sentence
 */
char *
cs_store_file_explain_errno(int folder, const char *name, int saved_errno)
{
	struct stat status;
	if (saved_errno == ENOENT)
		return g_strdup(_("there is no such file or folder"));
	if ((saved_errno != EACCES && saved_errno != EPERM) ||
	    fstatat(folder, name, &status, AT_EMPTY_PATH) != 0)
		return g_strdup_printf(_("cannot be opened: %s"), g_strerror(saved_errno));
	g_autofree char *owner = dup_owner(status.st_uid);
	return g_strdup_printf(_("cannot be opened: %s (owner %s, mode %04o)"),
			       g_strerror(saved_errno), owner, (guint)status.st_mode & 07777);
}

/* A file that is not regular is never opened: a FIFO would wait, a device might act. */
static gboolean
check_type(CsStoreFile *file)
{
	if (S_ISREG(file->status.st_mode))
		return TRUE;
	file->why = g_strdup(S_ISDIR(file->status.st_mode)
				     ? _("a symbolic link to a folder is not followed")
				     : _("not a regular file"));
	return FALSE;
}

/* What a name leads to, symbolic links followed. */
static gboolean
check_target(int folder, const char *name, CsStoreFile *file)
{
	if (fstatat(folder, name, &file->status, 0) == 0)
		return check_type(file);
	file->why = errno == ENOENT ? g_strdup(_("a symbolic link that leads nowhere"))
				    : cs_store_file_explain_errno(folder, name, errno);
	return FALSE;
}

/* A name seen to be a regular file is opened at once: should it have been swapped since, O_NOFOLLOW
 * stops a link, O_NONBLOCK does not wait for a FIFO, and fstat() refuses whatever it is. */
static int
open_regular(int folder, const char *name, gboolean is_regular, CsStoreFile *file)
{
	if (!is_regular && !check_target(folder, name, file))
		return -1;
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | (is_regular ? O_NOFOLLOW : 0);
	int fd = openat(folder, name, flags);
	if (fd < 0 && errno != ENOENT)
		file->why = cs_store_file_explain_errno(folder, name, errno);
	return fd;
}

/* One read where the file is as long as it says. */
static gboolean
read_content(CsFileReader *reader, int fd, CsStoreFile *file)
{
	reader->length = 0;
	if (fstat(fd, &file->status) != 0 || !check_type(file))
		return FALSE;
	if (file->status.st_size > CS_STORE_FILE_MAX_BYTES) {
		file->why = g_strdup(_("larger than 1 MiB"));
		return FALSE;
	}
	gsize expected = (gsize)file->status.st_size;
	ensure_capacity(reader, expected);
	while (reader->length < expected) {
		gssize count = read(fd, reader->data + reader->length, expected - reader->length);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			file->why = g_strdup_printf(_("cannot be read: %s"), g_strerror(errno));
			return FALSE;
		}
		if (count == 0)
			break;
		reader->length += (gsize)count;
	}
	return TRUE;
}

static gboolean
is_missing(const GError *error)
{
	return g_str_equal(cs_error_get_reason(error), "certificate-missing");
}

static gboolean
is_key(const CsPemBlock *block)
{
	gsize length = strlen(KEY_LABEL_END);
	return block->label_length >= length &&
	       memcmp(block->label + block->label_length - length, KEY_LABEL_END, length) == 0;
}

/**
 * cs_store_file_next_key:
 * @content: (inout): what is left of a file's bytes
 * @block: (out): the next whole PEM block that holds a private key, of whatever kind; lent
 *
 * Returns: %FALSE where there is no more
 */
gboolean
cs_store_file_next_key(CsDer *content, CsDer *block)
{
	const char *text = (const char *)content->data;
	CsPemBlock found;
	while (cs_pem_next(&text, &content->length, &found)) {
		content->data = (const guint8 *)text;
		if (!is_key(&found))
			continue;
		block->data = (const guint8 *)found.label - strlen(PEM_BEGIN);
		block->length = (gsize)(content->data - block->data);
		return TRUE;
	}
	return FALSE;
}

/* Where one certificate of several is broken the others still count: each by itself. */
static void
take_pem_blocks(CsDer content, CsStoreFile *file)
{
	const char *text = (const char *)content.data;
	CsPemBlock block;
	guint broken = 0;
	g_autoptr(GPtrArray) good =
		g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	while (cs_pem_next(&text, &content.length, &block)) {
		const char *begin = block.label - strlen(PEM_BEGIN);
		g_autoptr(GBytes) bytes = g_bytes_new_static(begin, (gsize)(text - begin));
		g_autoptr(GError) error = NULL;
		GPtrArray *one = cs_certificates_decode(bytes, &error);
		if (one != NULL)
			g_ptr_array_extend_and_steal(good, one);
		else if (!is_missing(error))
			broken++;
	}
	if (good->len == 0) {
		file->why = g_strdup(_("holds no certificate that can be read"));
		return;
	}
	file->certificates = g_steal_pointer(&good);
	file->why = g_strdup_printf(g_dngettext(GETTEXT_PACKAGE,
						"%u of its certificates cannot be read",
						"%u of its certificates cannot be read", broken),
				    broken);
}

static void
take_pem(CsDer content, CsStoreFile *file)
{
	/* What is decoded from PEM is memory of its own, so that the text may be lent. */
	g_autoptr(GBytes) text = g_bytes_new_static(content.data, content.length);
	g_autoptr(GError) error = NULL;
	CsDer rest = content;
	CsDer block;
	file->certificates = cs_certificates_decode(text, &error);
	if (file->certificates != NULL)
		return;
	if (!is_missing(error))
		take_pem_blocks(content, file);
	else if (!cs_store_file_next_key(&rest, &block))
		file->why = g_strdup(_("holds no certificate"));
}

/* A certificate begins with a sequence within a sequence; a private key, which must not be copied to
 * where nobody wipes it, with a number. */
static gboolean
is_likely_certificate(CsDer content)
{
	CsDer inner = {NULL, 0};
	return content.length <= CS_CERTIFICATE_MAX_BYTES &&
	       cs_der_expect(&content, CS_DER_SEQUENCE, &inner, NULL) && inner.length > 0 &&
	       inner.data[0] == CS_DER_SEQUENCE;
}

static void
take_der(CsDer content, CsStoreFile *file)
{
	g_autoptr(GBytes) der =
		is_likely_certificate(content) ? g_bytes_new(content.data, content.length) : NULL;
	CsCertificate *certificate = der != NULL ? cs_certificate_new(der, NULL) : NULL;
	if (certificate == NULL) {
		file->why = g_strdup(_("holds no certificate that can be read"));
		return;
	}
	file->certificates = g_ptr_array_new_with_free_func((GDestroyNotify)cs_certificate_unref);
	g_ptr_array_add(file->certificates, certificate);
}

static void
take_pkcs12(CsDer content, CsStoreFile *file)
{
	g_autoptr(GError) error = NULL;
	file->is_pkcs12 = TRUE;
	file->certificates = cs_pkcs12_decode_certificates(content.data, content.length, &error);
	if (g_error_matches(error, CS_ERROR, CS_ERROR_KEY))
		file->why = g_strdup(_("protected by a password: only PKCS#12 files without one "
				       "are read"));
	else if (error != NULL)
		file->why = g_strdup_printf(_("a PKCS#12 file that cannot be used: %s"),
					    error->message);
	else if (file->certificates->len == 0)
		file->why = g_strdup(_("holds no certificate"));
}

/**
 * cs_store_file_decode:
 * @content: a file's bytes
 * @file: certificates and why are set; empty for a plain PEM key file
 *
 * By content, whatever the file's name says: PEM, one DER certificate, PKCS#12 without a password.
 */
void
cs_store_file_decode(CsDer content, CsStoreFile *file)
{
	if (content.length == 0)
		file->why = g_strdup(_("empty"));
	else if (cs_pkcs12_is_likely(content.data, content.length))
		take_pkcs12(content, file);
	else if (content.data[0] == CS_DER_SEQUENCE && content.length > 1 &&
		 (content.data[1] & 0x80) != 0)
		take_der(content, file);
	else if (memmem(content.data, content.length, PEM_BEGIN, strlen(PEM_BEGIN)) != NULL)
		take_pem(content, file);
	else
		file->why = g_strdup(_("holds no certificate"));
}

/**
 * cs_store_file_read:
 * @reader: memory to read with
 * @folder: an open folder
 * @name: a file in it
 * @is_regular: %TRUE where the name was seen to be a regular file's; else it is a symbolic link's or
 *   unknown, looked at before it is opened, and followed
 * @file: (out): what it turned out to be; empty where there is nothing to say (a plain key file, or
 *   gone since it was seen). Certificates and why may stand together: some could be read
 *
 * Reads a regular file of at most 1 MiB, whatever its mode or owner. FIFOs, devices and sockets are
 * never opened. Being read proves nothing of a certificate.
 */
void
cs_store_file_read(
	CsFileReader *reader, int folder, const char *name, gboolean is_regular, CsStoreFile *file)
{
	memset(file, 0, sizeof(*file));
	int fd = open_regular(folder, name, is_regular, file);
	if (fd < 0)
		return;
	gboolean is_read = read_content(reader, fd, file);
	close(fd);
	if (is_read)
		cs_store_file_decode((CsDer){reader->data, reader->length}, file);
}
