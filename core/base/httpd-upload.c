/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/base/httpd-private.h"

#include "core/base/random.h"
#include "core/base/secret.h"

#include <string.h>

#define BODY_MAX_BYTES 262144
#define ID_LENGTH      16

/* g_realloc could leave a copy behind. */
static void
ensure_room(CsHttpdUpload *upload, gsize size)
{
	gsize room = MAX(2 * upload->room, upload->length + size);
	guint8 *larger = NULL;

	if (upload->room - upload->length >= size)
		return;
	larger = g_malloc(room);
	if (upload->length > 0)
		memcpy(larger, upload->body, upload->length);
	cs_secret_wipe(upload->body, upload->length);
	g_free(upload->body);
	upload->body = larger;
	upload->room = room;
}

/**
 * cs_httpd_upload_new:
 * @handle: its connection; lent
 * @method: its method
 *
 * Begins a request, and gives it the id that answer, log and verdict name.
 *
 * Returns: (transfer full): the request; without an id where no random octets can be had
 */
CsHttpdUpload *
cs_httpd_upload_new(struct MHD_Connection *handle, const char *method)
{
	CsHttpdUpload *upload = g_new0(CsHttpdUpload, 1);

	upload->handle = handle;
	upload->id = cs_random_id(ID_LENGTH, NULL);
	upload->answer.request = upload->id;
	g_strlcpy(upload->method, method, sizeof(upload->method));
	return upload;
}

/**
 * cs_httpd_upload_take:
 * @upload: a request on the way in
 * @data: more of its body
 * @size: (inout): octets of @data; set to what is left of them, none
 *
 * What is beyond the cap is discarded, so that the peer hears of it, up to a second cap.
 *
 * Returns: %MHD_NO beyond that one: nothing more is read
 */
enum MHD_Result
cs_httpd_upload_take(CsHttpdUpload *upload, const char *data, size_t *size)
{
	upload->received_bytes += *size;
	if (upload->discarded_bytes == 0 && *size <= BODY_MAX_BYTES - upload->length) {
		ensure_room(upload, *size);
		memcpy(upload->body + upload->length, data, *size);
		upload->length += *size;
	} else {
		upload->discarded_bytes += *size;
	}
	*size = 0;
	return upload->discarded_bytes <= CS_HTTPD_DISCARD_MAX_BYTES ? MHD_YES : MHD_NO;
}

/**
 * cs_httpd_upload_ensure_bytes:
 * @upload: a request that has arrived
 *
 * Returns: (transfer none): its body, the same at every call; wiped when it is let go of
 */
GBytes *
cs_httpd_upload_ensure_bytes(CsHttpdUpload *upload)
{
	CsSecret *body = NULL;
	gsize length = 0;
	gconstpointer data = NULL;

	if (upload->whole != NULL)
		return upload->whole;
	body = cs_secret_new_take(g_steal_pointer(&upload->body), upload->length);
	data = cs_secret_get_data(body, &length);
	upload->whole =
		g_bytes_new_with_free_func(data, length, (GDestroyNotify)cs_secret_unref, body);
	return upload->whole;
}

/**
 * cs_httpd_upload_free:
 * @upload: (transfer full): a request
 *
 * Wipes what is left of its body.
 */
void
cs_httpd_upload_free(CsHttpdUpload *upload)
{
	if (upload->body != NULL)
		cs_secret_wipe(upload->body, upload->length);
	g_free(upload->body);
	g_clear_pointer(&upload->whole, g_bytes_unref);
	if (upload->prepared != NULL)
		upload->free_prepared(upload->prepared);
	g_free(upload->answer.body);
	g_clear_pointer(&upload->answer.bytes, g_bytes_unref);
	g_free(upload->answer.awaited);
	g_free(upload->id);
	g_free(upload);
}
