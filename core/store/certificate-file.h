/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"
#include "core/pki/der.h"

#include <sys/stat.h>

#define CS_CERTIFICATE_FILE_MAX_BYTES (1024 * 1024)

/* What a file of a store's folder turned out to be. */
typedef struct {
	GPtrArray *certificates; /* (nullable) (element-type CsCertificate) */
	gboolean is_pkcs12;
	char *why;	    /* (nullable) translated: passed over, wholly or in part */
	struct stat status; /* zeroed where the file could not be looked at */
} CsCertificateFile;

/* A reusable piece of memory for reading many files; wiped when freed. Not thread-safe. */
typedef struct _CsFileReader CsFileReader;
CsFileReader *cs_file_reader_new(void);
void cs_file_reader_free(CsFileReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsFileReader, cs_file_reader_free)

/* Neither certificates nor why: a plain key file, or gone: nothing to say. */
void cs_certificate_file_read(CsFileReader *reader,
			      int folder,
			      const char *name,
			      gboolean is_regular,
			      CsCertificateFile *file);
void cs_certificate_file_decode(CsDer content, CsCertificateFile *file);
gboolean cs_certificate_file_next_key(CsDer content, gsize *offset, CsDer *block);
void cs_certificate_file_clear(CsCertificateFile *file);
char *cs_certificate_file_explain_errno(int folder, const char *name, int saved_errno);
/* Key files by name, which a scan does not open. */
gboolean cs_certificate_file_is_key_name(const char *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsCertificateFile, cs_certificate_file_clear)
