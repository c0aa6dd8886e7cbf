/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/device-identity.h"

#include "core/account/clean-text.h"
#include "core/base/encoding.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/secret.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* machine-id(5): 32 hexadecimal digits and a newline. One byte more tells "too long". */
#define MACHINE_ID_DIGITS     32
#define MACHINE_ID_BYTES      16
#define MACHINE_ID_FILE_BYTES (MACHINE_ID_DIGITS + 1)
#define HARDWARE_ID_CONTEXT   "countersign-hardware-id:"
#define NAMELESS	      "unnamed device"

static gboolean
parse_machine_id(GBytes *file, guint8 id[MACHINE_ID_BYTES])
{
	static const guint8 nothing[MACHINE_ID_BYTES] = {0};
	char digits[MACHINE_ID_DIGITS + 1] = {0};
	gsize length = 0;
	const char *text = g_bytes_get_data(file, &length);
	g_autoptr(GBytes) bytes = NULL;

	if (length == MACHINE_ID_FILE_BYTES && text[MACHINE_ID_DIGITS] == '\n')
		length--;
	if (length != MACHINE_ID_DIGITS)
		return FALSE;
	memcpy(digits, text, length);
	bytes = cs_hex_decode(digits, NULL);
	cs_secret_wipe(digits, sizeof(digits));
	if (bytes == NULL || g_bytes_get_size(bytes) != MACHINE_ID_BYTES)
		return FALSE;
	memcpy(id, g_bytes_get_data(bytes, NULL), MACHINE_ID_BYTES);
	return memcmp(id, nothing, MACHINE_ID_BYTES) != 0;
}

static gboolean
read_machine_id(const char *path, guint8 id[MACHINE_ID_BYTES], GError **error)
{
	g_autoptr(GBytes) file = cs_file_read(path, MACHINE_ID_FILE_BYTES, NULL);

	if (file != NULL && parse_machine_id(file, id))
		return TRUE;
	cs_error_set(error, CS_ERROR_STATE, "machine-id-missing",
		     _("this machine has no valid id in %s: run systemd-machine-id-setup as root, "
		       "then try again"),
		     path);
	return FALSE;
}

/**
 * cs_device_identity_make_hardware_id:
 * @settings: names the machine id's file
 * @iss: the organisation's origin
 * @error: return location
 *
 * HMAC-SHA-256 of "countersign-hardware-id:" and @iss under the machine id, as machine-id(5) asks
 * of everybody who derives an id from it: organisations cannot compare their devices, and nobody
 * learns the machine id. It is a claim: whoever may read the machine id can make it (rule 26).
 *
 * Returns: (transfer full): base64url; %NULL with %CS_ERROR_STATE, "machine-id-missing"
 */
char *
cs_device_identity_make_hardware_id(const CsSettings *settings, const char *iss, GError **error)
{
	g_autofree char *message = g_strconcat(HARDWARE_ID_CONTEXT, iss, NULL);
	guint8 id[MACHINE_ID_BYTES] = {0};
	guint8 digest[CS_SHA256_SIZE_BYTES];

	if (!read_machine_id(cs_settings_get_machine_id_file(settings), id, error))
		return NULL;
	cs_hmac_sha256(id, sizeof(id), message, strlen(message), digest);
	cs_secret_wipe(id, sizeof(id));
	return cs_base64url_encode(digest, sizeof(digest));
}

/**
 * cs_device_identity_make_name:
 * @settings: may name the device; otherwise its host name does
 *
 * Returns: (transfer full): at most 64 characters without control characters, never empty
 */
char *
cs_device_identity_make_name(const CsSettings *settings)
{
	const char *wanted = cs_settings_get_device_name(settings);
	char *name = cs_clean_text(wanted, CS_CLEAN_TEXT_MAX_CHARACTERS);

	if (name == NULL)
		name = cs_clean_text(g_get_host_name(), CS_CLEAN_TEXT_MAX_CHARACTERS);
	return name == NULL ? g_strdup(NAMELESS) : name;
}
