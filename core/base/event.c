/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/event.h"

#include "core/base/escape.h"

#include <string.h>

/* Fields of GLib's records, by which an event is known again. */
#define FIELD_EVENT  "COUNTERSIGN_EVENT"
#define FIELD_LEVEL  "COUNTERSIGN_LEVEL"
#define FIELD_PREFIX "COUNTERSIGN_FIELD_"

#define MAX_VALUE_CHARACTERS 400

static const char *const levels[] = {
	[CS_EVENT_ERROR] = "error",
	[CS_EVENT_WARNING] = "warning",
	[CS_EVENT_INFO] = "info",
	[CS_EVENT_DEBUG] = "debug",
};

/* As GLib's records have them; the log's name is what follows the prefix. */
static const char *const names[CS_FIELD_COUNT] = {
	[CS_FIELD_VERSION] = FIELD_PREFIX "version",
	[CS_FIELD_VERB] = FIELD_PREFIX "verb",
	[CS_FIELD_EXIT] = FIELD_PREFIX "exit",
	[CS_FIELD_ACCOUNT] = FIELD_PREFIX "account",
	[CS_FIELD_DEVICE] = FIELD_PREFIX "device",
	[CS_FIELD_SERVER] = FIELD_PREFIX "server",
	[CS_FIELD_STATUS] = FIELD_PREFIX "status",
	[CS_FIELD_AUTHENTICATED] = FIELD_PREFIX "authenticated",
	[CS_FIELD_MANAGED] = FIELD_PREFIX "managed",
	[CS_FIELD_PENDING] = FIELD_PREFIX "pending",
	[CS_FIELD_REASON] = FIELD_PREFIX "reason",
	[CS_FIELD_CODE] = FIELD_PREFIX "code",
	[CS_FIELD_REQUEST] = FIELD_PREFIX "request",
	[CS_FIELD_PEER] = FIELD_PREFIX "peer",
	[CS_FIELD_METHOD] = FIELD_PREFIX "method",
	[CS_FIELD_ROUTE] = FIELD_PREFIX "route",
	[CS_FIELD_DURATION] = FIELD_PREFIX "ms",
	[CS_FIELD_RECEIVED] = FIELD_PREFIX "received",
	[CS_FIELD_SENT] = FIELD_PREFIX "sent",
	[CS_FIELD_UNTIL] = FIELD_PREFIX "until",
	[CS_FIELD_SECONDS] = FIELD_PREFIX "seconds",
	[CS_FIELD_TRAY] = FIELD_PREFIX "tray",
	[CS_FIELD_MESSAGE] = FIELD_PREFIX "message",
};

/**
 * cs_event_level_to_text:
 * @level: a level
 *
 * Returns: (transfer none): its name, as settings and log have it
 */
const char *
cs_event_level_to_text(CsEventLevel level)
{
	return levels[level];
}

/**
 * cs_event_level_from_text:
 * @text: (nullable): "error", "warning", "info" or "debug"
 * @level: (out): left as it is where @text is none of these
 *
 * Returns: whether it is one
 */
gboolean
cs_event_level_from_text(const char *text, CsEventLevel *level)
{
	for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (g_strcmp0(levels[i], text) == 0) {
			*level = (CsEventLevel)i;
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * cs_event:
 * @level: how much it matters
 * @name: what happened, a constant
 * @...: pairs of a #CsEventField and its value, a const char *, then %CS_FIELD_END; %NULL leaves the
 *   field out
 *
 * Tells that something happened, as a debug message of GLib's. It is heard only where app/ listens;
 * nobody may depend on it. Any thread.
 */
void
cs_event(CsEventLevel level, const char *name, ...)
{
	GLogField fields[CS_FIELD_COUNT + 4] = {
		{"GLIB_DOMAIN", G_LOG_DOMAIN, -1},
		{"MESSAGE", name, -1},
		{FIELD_EVENT, name, -1},
		{FIELD_LEVEL, levels[level], -1},
	};
	gsize n_fields = 4;
	va_list pairs;
	int field;

	va_start(pairs, name);
	while ((field = va_arg(pairs, int)) != CS_FIELD_END) {
		const char *value = va_arg(pairs, const char *);

		if (value != NULL && n_fields < G_N_ELEMENTS(fields))
			fields[n_fields++] = (GLogField){names[field], value, -1};
	}
	va_end(pairs);
	g_log_structured_array(G_LOG_LEVEL_DEBUG, fields, n_fields);
}

/* (nullable) (transfer full): as text; what is no text has no business there. */
static char *
dup_value(const GLogField *field)
{
	if (field->length < 0)
		return g_strdup(field->value);
	return g_strndup(field->value, (gsize)field->length);
}

static char *
dup_field(const GLogField *fields, gsize n_fields, const char *key)
{
	for (gsize i = 0; i < n_fields; i++) {
		if (strcmp(fields[i].key, key) == 0 && fields[i].value != NULL)
			return dup_value(&fields[i]);
	}
	return NULL;
}

static gboolean
is_plain(const char *value)
{
	return value[0] != '\0' &&
	       value[strspn(value, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.:/@+~{}")] == '\0';
}

/* One line whatever it is, and nothing in it passes for the next field. */
static void
append_value(GString *line, const char *key, const char *value)
{
	g_autofree char *escaped = NULL;
	glong length = 0;

	if (is_plain(value) && strlen(value) <= MAX_VALUE_CHARACTERS) {
		g_string_append_printf(line, " %s=%s", key, value);
		return;
	}
	escaped = cs_escape_quoted(value);
	length = g_utf8_strlen(escaped, -1);
	if (length > MAX_VALUE_CHARACTERS)
		*g_utf8_offset_to_pointer(escaped, MAX_VALUE_CHARACTERS) = '\0';
	g_string_append_printf(line, " %s=\"%s\"%s", key, escaped,
			       length > MAX_VALUE_CHARACTERS ? "..." : "");
}

static void
append_fields(GString *line, const GLogField *fields, gsize n_fields)
{
	for (guint i = CS_FIELD_END + 1; i < CS_FIELD_COUNT; i++) {
		g_autofree char *value = dup_field(fields, n_fields, names[i]);

		if (value != NULL)
			append_value(line, names[i] + strlen(FIELD_PREFIX), value);
	}
}

static CsEventLevel
level_from_flags(GLogLevelFlags flags)
{
	if ((flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
		return CS_EVENT_ERROR;
	if ((flags & G_LOG_LEVEL_WARNING) != 0)
		return CS_EVENT_WARNING;
	return (flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO)) != 0 ? CS_EVENT_INFO
								       : CS_EVENT_DEBUG;
}

/* Our own messages as they are. Of a library's only that there was one, and of whom: what it says
 * may be anything. */
static void
append_message(GString *line, const char *domain, const GLogField *fields, gsize n_fields)
{
	g_autofree char *message = NULL;

	if (strcmp(domain, G_LOG_DOMAIN) == 0) {
		g_string_append(line, " message");
		message = dup_field(fields, n_fields, "MESSAGE");
		append_value(line, "message", message != NULL ? message : "");
	} else {
		g_string_append(line, " library");
		append_value(line, "domain", domain);
	}
}

/**
 * cs_event_format:
 * @flags: the record's level
 * @fields: the record, as a GLogWriterFunc has it
 * @n_fields: how many
 * @level: (out): how much it matters
 *
 * Fields are taken by an allow-list. Control characters, and those that make text look like other
 * text, are spelled out, and what is not plain is quoted, so that a line is one event and nobody
 * else's words pass for ours.
 *
 * Returns: (transfer full) (nullable): a line without line feed and time; %NULL for a library's
 *   debug and information messages, which are nobody's to keep
 */
char *
cs_event_format(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, CsEventLevel *level)
{
	g_autofree char *name = dup_field(fields, n_fields, FIELD_EVENT);
	g_autofree char *domain = dup_field(fields, n_fields, "GLIB_DOMAIN");
	g_autofree char *level_text = dup_field(fields, n_fields, FIELD_LEVEL);
	gboolean is_ours = domain != NULL && strcmp(domain, G_LOG_DOMAIN) == 0;
	GString *line;

	*level = level_from_flags(flags);
	if (!is_ours && *level > CS_EVENT_WARNING)
		return NULL;
	if (is_ours && level_text != NULL)
		(void)cs_event_level_from_text(level_text, level);
	line = g_string_new(levels[*level]);
	if (is_ours && name != NULL && is_plain(name)) {
		g_string_append_printf(line, " %s", name);
		append_fields(line, fields, n_fields);
	} else {
		append_message(line, domain != NULL ? domain : "", fields, n_fields);
	}
	return g_string_free(line, FALSE);
}
