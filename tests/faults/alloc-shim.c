/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/alloc-shim.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

const char *const cs_alloc_owner_names[] = {"openssl", "cjson", "sqlite", "curl"};

static gint armed; /* atomic, so the next two */
static gint left;  /* until the one that fails */
static gint held[CS_ALLOC_OWNERS];
static CsAllocOwner armed_owner; /* these are set while nothing is armed */
static gboolean armed_elsewhere;
static __thread gboolean is_here; /* this thread armed it */

void
cs_alloc_faults_arm(CsAllocOwner owner, gboolean elsewhere, guint nth)
{
	armed_owner = owner;
	armed_elsewhere = elsewhere;
	is_here = TRUE;
	g_atomic_int_set(&left, (gint)nth);
	g_atomic_int_set(&armed, TRUE);
}

gboolean
cs_alloc_faults_disarm(void)
{
	g_atomic_int_set(&armed, FALSE);
	return g_atomic_int_get(&left) <= 0;
}

guint
cs_alloc_faults_get_left(void)
{
	return (guint)MAX(g_atomic_int_get(&left), 0);
}

gboolean
cs_alloc_faults_pause(void)
{
	gboolean was_armed = g_atomic_int_get(&armed);

	g_atomic_int_set(&armed, FALSE);
	return was_armed;
}

void
cs_alloc_faults_resume(gboolean was_armed)
{
	g_atomic_int_set(&armed, was_armed);
}

gint
cs_alloc_faults_count_held(CsAllocOwner owner)
{
	return g_atomic_int_get(&held[owner]);
}

static gboolean
fails(CsAllocOwner owner)
{
	return g_atomic_int_get(&armed) && owner == armed_owner && is_here != armed_elsewhere &&
	       g_atomic_int_dec_and_test(&left);
}

static void *
allocate(CsAllocOwner owner, size_t size)
{
	void *data = fails(owner) ? NULL : malloc(size);

	if (data != NULL)
		g_atomic_int_inc(&held[owner]);
	return data;
}

static void
release(CsAllocOwner owner, void *data)
{
	if (data != NULL)
		g_atomic_int_add(&held[owner], -1);
	free(data);
}

static void *
reallocate(CsAllocOwner owner, void *data, size_t size)
{
	void *larger;

	if (data == NULL)
		return allocate(owner, size);
	if (size == 0) {
		release(owner, data);
		return NULL;
	}
	larger = fails(owner) ? NULL : realloc(data, size);
	return larger;
}

/* ---- the libraries' spellings of it ---- */

static void *
openssl_malloc_cb(size_t size, const char *file, int line)
{
	return allocate(CS_ALLOC_OPENSSL, size);
}

static void *
openssl_realloc_cb(void *data, size_t size, const char *file, int line)
{
	return reallocate(CS_ALLOC_OPENSSL, data, size);
}

static void
openssl_free_cb(void *data, const char *file, int line)
{
	release(CS_ALLOC_OPENSSL, data);
}

static void *
cjson_malloc_cb(size_t size)
{
	return allocate(CS_ALLOC_CJSON, size);
}

static void
cjson_free_cb(void *data)
{
	release(CS_ALLOC_CJSON, data);
}

/* SQLite asks how large a block is: that stands before it. */
#define SIZE_BYTES 16

static void *
sqlite_malloc_cb(int size)
{
	guint8 *block = allocate(CS_ALLOC_SQLITE, (size_t)size + SIZE_BYTES);

	if (block == NULL)
		return NULL;
	memcpy(block, &size, sizeof(size));
	return block + SIZE_BYTES;
}

static void
sqlite_free_cb(void *data)
{
	if (data != NULL)
		release(CS_ALLOC_SQLITE, (guint8 *)data - SIZE_BYTES);
}

static void *
sqlite_realloc_cb(void *data, int size)
{
	guint8 *block =
		reallocate(CS_ALLOC_SQLITE, (guint8 *)data - SIZE_BYTES, (size_t)size + SIZE_BYTES);

	if (block == NULL)
		return NULL;
	memcpy(block, &size, sizeof(size));
	return block + SIZE_BYTES;
}

static int
sqlite_size_cb(void *data)
{
	int size = 0;

	if (data != NULL)
		memcpy(&size, (guint8 *)data - SIZE_BYTES, sizeof(size));
	return size;
}

static int
sqlite_roundup_cb(int size)
{
	return (size + 7) & ~7;
}

static int
sqlite_init_cb(void *data)
{
	return SQLITE_OK;
}

static void
sqlite_shutdown_cb(void *data)
{
}

static void *
curl_malloc_cb(size_t size)
{
	return allocate(CS_ALLOC_CURL, size);
}

static void
curl_free_cb(void *data)
{
	release(CS_ALLOC_CURL, data);
}

static void *
curl_realloc_cb(void *data, size_t size)
{
	return reallocate(CS_ALLOC_CURL, data, size);
}

static char *
curl_strdup_cb(const char *text)
{
	gsize size = strlen(text) + 1;
	char *copy = allocate(CS_ALLOC_CURL, size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void *
curl_calloc_cb(size_t count, size_t size)
{
	void *data = allocate(CS_ALLOC_CURL, count * size);

	return data != NULL ? memset(data, 0, count * size) : NULL;
}

void
cs_alloc_faults_install(void)
{
	static const sqlite3_mem_methods methods = {
		sqlite_malloc_cb,  sqlite_free_cb, sqlite_realloc_cb,  sqlite_size_cb,
		sqlite_roundup_cb, sqlite_init_cb, sqlite_shutdown_cb, NULL,
	};
	cJSON_Hooks hooks = {cjson_malloc_cb, cjson_free_cb};

	g_assert_cmpint(
		CRYPTO_set_mem_functions(openssl_malloc_cb, openssl_realloc_cb, openssl_free_cb),
		==, 1);
	cJSON_InitHooks(&hooks);
	g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), ==, SQLITE_OK);
	/* Else small blocks would come from a pool of the connection's. */
	g_assert_cmpint(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), ==, SQLITE_OK);
	g_assert_cmpint(curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc_cb, curl_free_cb,
					     curl_realloc_cb, curl_strdup_cb, curl_calloc_cb),
			==, CURLE_OK);
}
