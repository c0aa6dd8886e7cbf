/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/base/json.h"

/* Structs to JSON objects and back by a table, for the account book. */
typedef enum {
	CS_RECORD_TEXT,		 /* char *, never NULL */
	CS_RECORD_OPTIONAL_TEXT, /* char *, NULL is null */
	CS_RECORD_LATER_TEXT,	 /* the same, and not there in what an earlier version wrote */
	CS_RECORD_NUMBER,	 /* gint64 */
	CS_RECORD_LATER_NUMBER,	 /* the same, and 0 where an earlier version did not write it */
	CS_RECORD_FLAG,		 /* gboolean */
	CS_RECORD_MANAGED,	 /* CsManaged: true, false or null */
	CS_RECORD_REASON,	 /* CsReason: its code, NONE is null */
	CS_RECORD_KEY,		 /* CsJwk * */
	CS_RECORD_LIST, /* an array that the caller reads and writes; its name is allowed */
} CsRecordKind;

typedef struct {
	const char *name; /* NULL ends the table */
	CsRecordKind kind;
	gsize offset;
} CsRecordField;

gboolean
cs_record_read(const cJSON *object, const CsRecordField *fields, gpointer record, GError **error);
void cs_record_write(cJSON *object, const CsRecordField *fields, gconstpointer record);
void cs_record_clear(const CsRecordField *fields, gpointer record);
void cs_record_own_texts(const CsRecordField *fields, gpointer record);
