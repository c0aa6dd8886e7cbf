/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/redaction.h"

#include <string.h>

#define LOGIN_SHOWN "USER"
/* A shorter one stands in too many words that are no name. */
#define MIN_PART_CHARACTERS 3

struct _CsRedaction {
	char *home;	  /* (nullable) without a slash at its end */
	char *login;	  /* (nullable) */
	GPtrArray *names; /* (element-type Name), the longest first */
};

typedef struct {
	GRegex *pattern;
	char *initials;
	glong length;
} Name;

static void
name_free(gpointer data)
{
	Name *name = data;

	g_regex_unref(name->pattern);
	g_free(name->initials);
	g_free(name);
}

/**
 * cs_redaction_new:
 * @home: (nullable): the user's home folder
 * @login: (nullable): the user's name on this machine
 *
 * Returns: (transfer full): a redaction of paths; the root folder is nobody's home
 */
CsRedaction *
cs_redaction_new(const char *home, const char *login)
{
	CsRedaction *redaction = g_new0(CsRedaction, 1);
	gsize length = home == NULL ? 0 : strlen(home);

	while (length > 0 && home[length - 1] == '/')
		length--;
	redaction->home = length > 0 ? g_strndup(home, length) : NULL;
	redaction->login = login != NULL && login[0] != '\0' ? g_strdup(login) : NULL;
	redaction->names = g_ptr_array_new_with_free_func(name_free);
	return redaction;
}

/**
 * cs_redaction_free:
 * @redaction: (nullable) (transfer full): a redaction
 */
void
cs_redaction_free(CsRedaction *redaction)
{
	if (redaction == NULL)
		return;
	g_free(redaction->home);
	g_free(redaction->login);
	g_ptr_array_unref(redaction->names);
	g_free(redaction);
}

static gunichar
find_letter(const char *word)
{
	for (; *word != '\0'; word = g_utf8_next_char(word)) {
		if (g_unichar_isalnum(g_utf8_get_char(word)))
			return g_utf8_get_char(word);
	}
	return 0;
}

/**
 * cs_initials_dup:
 * @name: a person's name, login or mail address; valid UTF-8
 *
 * Returns: (transfer full): the initials of its first and last word, what follows an "@" left out;
 *   "?" where it has no letter
 */
char *
cs_initials_dup(const char *name)
{
	g_auto(GStrv) parts = g_strsplit(name, "@", 2);
	g_auto(GStrv) words = g_strsplit_set(parts[0] != NULL ? parts[0] : "", " ._-", -1);
	GString *initials = g_string_new(NULL);
	gunichar last = 0;

	for (char **word = words; *word != NULL; word++) {
		gunichar letter = find_letter(*word);

		if (letter != 0 && initials->len == 0)
			g_string_append_unichar(initials, g_unichar_totitle(letter));
		else if (letter != 0)
			last = letter;
	}
	if (last != 0)
		g_string_append_unichar(initials, g_unichar_totitle(last));
	if (initials->len == 0)
		g_string_append_c(initials, '?');
	return g_string_free(initials, FALSE);
}

static int
compare_lengths(gconstpointer a, gconstpointer b)
{
	const Name *first = *(const Name *const *)a;
	const Name *second = *(const Name *const *)b;

	return first->length < second->length ? 1 : first->length > second->length ? -1 : 0;
}

/* As a word of its own, in capitals or not. */
static void
add_pattern(CsRedaction *redaction, const char *text, const char *name)
{
	g_autofree char *escaped = g_regex_escape_string(text, -1);
	g_autofree char *pattern =
		g_strdup_printf("(?<![\\p{L}\\p{N}])%s(?![\\p{L}\\p{N}])", escaped);
	GRegex *regex = g_regex_new(pattern, G_REGEX_CASELESS, 0, NULL);
	Name *made;

	if (regex == NULL)
		return;
	made = g_new0(Name, 1);
	made->pattern = regex;
	made->initials = cs_initials_dup(name);
	made->length = g_utf8_strlen(text, -1);
	g_ptr_array_add(redaction->names, made);
}

/**
 * cs_redaction_add_name:
 * @redaction: a redaction
 * @name: (nullable): a person's name, login or mail address
 *
 * From now on the name, and what stands before the "@" of an address, is reduced to its initials
 * wherever it is a word of its own. Who knows a person may still know them by what is left.
 */
void
cs_redaction_add_name(CsRedaction *redaction, const char *name)
{
	const char *at;
	g_autofree char *local = NULL;

	if (name == NULL || name[0] == '\0' || !g_utf8_validate(name, -1, NULL))
		return;
	add_pattern(redaction, name, name);
	at = strchr(name, '@');
	local = at == NULL ? NULL : g_strndup(name, (gsize)(at - name));
	if (local != NULL && g_utf8_strlen(local, -1) >= MIN_PART_CHARACTERS)
		add_pattern(redaction, local, local);
	g_ptr_array_sort(redaction->names, compare_lengths);
}

static gboolean
is_of_name(char character)
{
	return g_ascii_isalnum(character) || strchr("._-", character) != NULL ||
	       (character & 0x80) != 0;
}

static gboolean
continues(char next)
{
	return next != '\0' && is_of_name(next);
}

/* Where @part stands in @text as a whole: neither the end nor the beginning of a longer name.
 * "/home/ada." ends a sentence. */
static gboolean
stands_at(const char *text, const char *at, const char *part)
{
	const char *end = at + strlen(part);

	if (at > text && (continues(at[-1]) || (part[0] == '/' && at[-1] == '/')))
		return FALSE;
	return !continues(end[0]) ||
	       (strchr(".-_", end[0]) != NULL && !continues(end[1]) && end[1] != '/');
}

static char *
replace_whole(const char *text, const char *part, const char *by)
{
	GString *out = g_string_new(NULL);
	const char *rest = text;
	const char *at;

	while ((at = strstr(rest, part)) != NULL) {
		g_string_append_len(out, rest, at - rest);
		if (stands_at(text, at, part)) {
			g_string_append(out, by);
			rest = at + strlen(part);
		} else {
			g_string_append_c(out, *at);
			rest = at + 1;
		}
	}
	g_string_append(out, rest);
	return g_string_free(out, FALSE);
}

/* "/media/ada/stick": a folder of that name, whoever's it is. */
static char *
replace_login(const char *text, const char *login)
{
	g_autofree char *part = g_strconcat("/", login, NULL);
	GString *out = g_string_new(NULL);
	const char *rest = text;
	const char *at;

	while ((at = strstr(rest, part)) != NULL) {
		const char *end = at + strlen(part);

		g_string_append_len(out, rest, at - rest);
		g_string_append(out, continues(end[0]) ? part : "/" LOGIN_SHOWN);
		rest = end;
	}
	g_string_append(out, rest);
	return g_string_free(out, FALSE);
}

/**
 * cs_redaction_apply:
 * @redaction: what to leave out
 * @text: any text, valid UTF-8
 *
 * Returns: (transfer full): the text, reduced
 */
char *
cs_redaction_apply(const CsRedaction *redaction, const char *text)
{
	char *reduced = g_strdup(text);

	if (redaction->home != NULL) {
		char *next = replace_whole(reduced, redaction->home, "~");

		g_free(reduced);
		reduced = next;
	}
	if (redaction->login != NULL) {
		char *next = replace_login(reduced, redaction->login);

		g_free(reduced);
		reduced = next;
	}
	for (guint i = 0; i < redaction->names->len; i++) {
		const Name *name = g_ptr_array_index(redaction->names, i);
		char *next = g_regex_replace_literal(name->pattern, reduced, -1, 0, name->initials,
						     0, NULL);

		if (next == NULL)
			continue;
		g_free(reduced);
		reduced = next;
	}
	return reduced;
}

/* A user may be called "user" or "managed": what programs read stays. */
static gboolean
is_fixed(const char *member)
{
	static const char *const members[] = {
		"id",	     "device_id",  "fingerprint", "selected", "request", "reason",
		"code",	     "error",	   "outcome",	  "store",    "group",	 "key",
		"level",     "clock",	   "made_at",	  "now",      "at",	 "checked_at",
		"judged_at", "not_before", "not_after",	  NULL};

	return member != NULL && g_strv_contains(members, member);
}

/**
 * cs_redaction_apply_to_json:
 * @redaction: what to leave out
 * @document: a document, whose texts are reduced, but for codes, ids and times
 */
void
cs_redaction_apply_to_json(const CsRedaction *redaction, cJSON *document)
{
	cJSON *item;

	cJSON_ArrayForEach (item, document) {
		if (cJSON_IsString(item) && !is_fixed(item->string)) {
			g_autofree char *reduced = cs_redaction_apply(redaction, item->valuestring);

			/* Memory that runs out here must not leave the name in. */
			if (cJSON_SetValuestring(item, reduced) == NULL)
				item->valuestring[0] = '\0';
		} else if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
			cs_redaction_apply_to_json(redaction, item);
		}
	}
}
