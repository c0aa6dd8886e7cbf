/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/certificate.h"
#include "core/pki/der.h"

#include <sys/stat.h>

#define CS_STORE_FILE_MAX_BYTES 1048576

/* What a file of a store's folder turned out to be. */
typedef struct {
	GPtrArray *certificates; /* (nullable) (element-type CsCertificate) */
	gboolean is_pkcs12;
	char *why;	    /* (nullable) translated: passed over, wholly or in part */
	struct stat status; /* zeroed where the file could not be looked at */
} CsStoreFile;

/* A reusable piece of memory for reading many files; wiped when freed. Not thread-safe. */
typedef struct _CsFileReader CsFileReader;
CsFileReader *cs_file_reader_new(void);
void cs_file_reader_free(CsFileReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsFileReader, cs_file_reader_free)

/* Neither certificates nor why: a plain key file, or gone: nothing to say. */
void cs_store_file_read(
	CsFileReader *reader, int folder, const char *name, gboolean is_regular, CsStoreFile *file);
void cs_store_file_decode(CsDer content, CsStoreFile *file);
gboolean cs_store_file_next_key(CsDer *content, CsDer *block);
void cs_store_file_clear(CsStoreFile *file);
char *cs_store_file_explain_errno(int folder, const char *name, int saved_errno);
/* Key files by name, which a scan does not open. */
gboolean cs_store_file_is_key_name(const char *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CsStoreFile, cs_store_file_clear)
