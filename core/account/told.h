/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/account/account-book.h"

/* What a person has been told, so that nothing is told twice, nor after a restart; and what is still
 * to be told of accounts that are gone. A file of its own in the state folder: nothing is decided by
 * it, and where it is lost something may be told once more. */
#define CS_TOLD_MAX_ENDED 20

typedef struct {
	char *account;
	char *code; /* "managed", a reason's or an error's */
} CsTold;

/* The server ended it, it has left the book, and nobody has been told yet. */
typedef struct {
	char *account;
	char *user;
	char *organisation;
	CsReason reason;
} CsEnded;

/* Of a certificate that ends soon, so many days before. */
typedef struct {
	char *account;
	char *certificate;  /* its fingerprint */
	gint64 days;	    /* the fewest so far, by a verdict's time; 0: none */
	gint64 device_days; /* the fewest so far, by the device's clock, which may be wrong */
} CsToldExpiry;

/* A server has announced another key. */
typedef struct {
	char *organisation; /* its address */
	char *key;	    /* the next one's thumbprint */
	gint64 until;	    /* the present one counts until then; Unix seconds */
	gboolean is_told;
} CsRotation;

typedef struct {
	char *book;	      /* (nullable): why the book could not be read, as told */
	GPtrArray *told;      /* (element-type CsTold), one an account */
	GPtrArray *ended;     /* (element-type CsEnded), oldest first */
	GPtrArray *expiries;  /* (element-type CsToldExpiry), one an account */
	GPtrArray *rotations; /* (element-type CsRotation), one an organisation */
} CsToldMemory;

void cs_told_memory_free(CsToldMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsToldMemory, cs_told_memory_free)

/* Never NULL: what is not of our making is empty. */
CsToldMemory *cs_told_memory_read(const CsClient *client);
/* Under the book's lock. */
gboolean cs_told_memory_write(const CsToldMemory *memory, const CsClient *client, GError **error);
const char *cs_told_memory_get(const CsToldMemory *memory, const char *account); /* (nullable) */
void cs_told_memory_set(CsToldMemory *memory, const char *account, const char *code);
void cs_told_memory_add_ended(CsToldMemory *memory, const CsAccount *account, CsReason reason);
/* The account's, of this certificate: a new one where another's was told of. */
CsToldExpiry *
cs_told_memory_ensure_expiry(CsToldMemory *memory, const char *account, const char *certificate);
/* FALSE where it is known already. */
gboolean cs_told_memory_note_rotation(CsToldMemory *memory,
				      const char *organisation,
				      const char *key,
				      gint64 until);
