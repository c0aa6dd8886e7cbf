/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What happens, told to whoever writes the log. To GLib an event is a debug message with fields of
 * its own: the core stays quiet, and app/ alone decides what is kept. */
typedef enum {
	CS_EVENT_ERROR,	  /* something of this machine failed */
	CS_EVENT_WARNING, /* something did not come about: no server, no consent, a rule */
	CS_EVENT_INFO,
	CS_EVENT_DEBUG,
} CsEventLevel;

const char *cs_event_level_to_text(CsEventLevel level);
gboolean cs_event_level_from_text(const char *text, CsEventLevel *level);

/* All that an event may say, by name: never a code, a key, a token or a password. */
typedef enum {
	CS_FIELD_END,
	CS_FIELD_VERSION,
	CS_FIELD_VERB,
	CS_FIELD_EXIT,
	CS_FIELD_ACCOUNT,
	CS_FIELD_DEVICE,
	CS_FIELD_SERVER, /* its origin */
	CS_FIELD_STATUS, /* of HTTP */
	CS_FIELD_AUTHENTICATED,
	CS_FIELD_MANAGED,
	CS_FIELD_PENDING,
	CS_FIELD_REASON,   /* a verdict's */
	CS_FIELD_CODE,	   /* an error's stable code */
	CS_FIELD_REQUEST,  /* the server's id of the request */
	CS_FIELD_PEER,	   /* a numeric address */
	CS_FIELD_METHOD,   /* of HTTP */
	CS_FIELD_ROUTE,	   /* a call's path, with {} in place of ids */
	CS_FIELD_DURATION, /* milliseconds */
	CS_FIELD_RECEIVED, /* octets of a body */
	CS_FIELD_SENT,
	CS_FIELD_UNTIL,	  /* a time */
	CS_FIELD_SECONDS, /* with a sign */
	CS_FIELD_TRAY,
	CS_FIELD_MESSAGE, /* an error's, in the language of the program */
	CS_FIELD_COUNT,
} CsEventField;

/* name: a constant, "account-added". Then pairs of a field and its value (const char *, where NULL
 * leaves the field out), and CS_FIELD_END. */
void cs_event(CsEventLevel level, const char *name, ...);

/* A record of GLib's as a line of the log without its time: "info account-added account=x". NULL
 * for what may not be written down. */
char *
cs_event_format(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, CsEventLevel *level);
