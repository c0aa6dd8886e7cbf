/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/demo-stage.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/random.h"

#include <gio/gio.h>

#define HTTP_TIMEOUT_MS	   10000
#define CERTIFICATE_DAYS   365
#define PORT_TRIES	   5
#define DAY_S		   (G_GINT64_CONSTANT(24) * 60 * 60)
#define MAX_KEY_FILE_BYTES 65536

struct _CsDemoStage {
	char *folder;
	char *authority_folder;
	char *url;
	const CsClock *clock;
	CsClock yesterday;
	CsAuthority *authority;
	CsAuthority *authority_yesterday;
	GThread *thread;
	GMainContext *context;
	GMainLoop *loop;
	/* handed over by the serving thread once it has begun */
	GMutex lock;
	GCond begun;
	gboolean has_begun;
	GError *failure;
};

static gint64
get_yesterday_unix_s(gpointer data)
{
	return cs_clock_get_unix_s(data) - DAY_S;
}

static gint64
get_same_monotonic_us(gpointer data)
{
	return cs_clock_get_monotonic_us(data);
}

static void
tell_begun(CsDemoStage *stage, GError *failure_taken)
{
	g_mutex_lock(&stage->lock);
	stage->has_begun = TRUE;
	stage->failure = failure_taken;
	g_cond_signal(&stage->begun);
	g_mutex_unlock(&stage->lock);
}

/* The authority as `countersign authority serve` runs it, with a registry of this thread's own. */
static gpointer
serve_thread_cb(gpointer data)
{
	CsDemoStage *stage = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority = NULL;
	g_autoptr(CsService) service = NULL;

	g_main_context_push_thread_default(stage->context);
	authority = cs_authority_open(stage->authority_folder, stage->clock, &error);
	if (authority != NULL) {
		const char *port = strrchr(stage->url, ':') + 1;
		service = cs_service_new(authority, stage->context, "127.0.0.1",
					 (guint16)g_ascii_strtoull(port, NULL, 10), NULL, NULL,
					 &error);
	}
	tell_begun(stage, g_steal_pointer(&error));
	if (service != NULL)
		g_main_loop_run(stage->loop);
	g_main_context_pop_thread_default(stage->context);
	return NULL;
}

static gboolean
start_serving(CsDemoStage *stage, GError **error)
{
	stage->has_begun = FALSE;
	stage->thread = g_thread_new("authority", serve_thread_cb, stage);
	g_mutex_lock(&stage->lock);
	while (!stage->has_begun)
		g_cond_wait(&stage->begun, &stage->lock);
	g_mutex_unlock(&stage->lock);
	if (stage->failure == NULL)
		return TRUE;
	g_thread_join(g_steal_pointer(&stage->thread));
	g_propagate_error(error, g_steal_pointer(&stage->failure));
	return FALSE;
}

/* A port that was free a moment ago; who takes it first is seen when serving begins. */
static guint16
find_free_port(GError **error)
{
	g_autoptr(GSocket) probe = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
						G_SOCKET_PROTOCOL_TCP, error);
	g_autoptr(GInetAddress) host = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(host, 0);
	g_autoptr(GSocketAddress) bound = NULL;

	if (probe == NULL || !g_socket_bind(probe, any, FALSE, error))
		return 0;
	bound = g_socket_get_local_address(probe, error);
	return bound != NULL ? g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)) : 0;
}

/* One authority folder, on one port; another try takes another folder and another port. */
static gboolean
begin_authority(CsDemoStage *stage, int number, GError **error)
{
	guint16 port = find_free_port(error);
	g_autoptr(CsAuthority) fresh = NULL;

	if (port == 0)
		return FALSE;
	g_free(stage->url);
	g_free(stage->authority_folder);
	stage->url = g_strdup_printf("http://127.0.0.1:%u", port);
	stage->authority_folder =
		number == 0 ? g_build_filename(stage->folder, "authority", NULL)
			    : g_strdup_printf("%s/authority-%d", stage->folder, number);
	fresh = cs_authority_init(stage->authority_folder, "Example", stage->url, stage->clock,
				  error);
	return fresh != NULL && start_serving(stage, error);
}

/**
 * cs_demo_stage_new:
 * @folder: an empty folder, or one to make
 * @clock: (not nullable): must outlive the stage
 * @error: return location
 *
 * Makes an authority in the folder and serves it in a thread on a free loopback port.
 *
 * Returns: (transfer full): the stage; %NULL with the error of the room that failed.
 */
CsDemoStage *
cs_demo_stage_new(const char *folder, const CsClock *clock, GError **error)
{
	g_autoptr(CsDemoStage) stage = g_new0(CsDemoStage, 1);
	gboolean begun = FALSE;

	g_mutex_init(&stage->lock);
	g_cond_init(&stage->begun);
	stage->context = g_main_context_new();
	stage->loop = g_main_loop_new(stage->context, FALSE);
	stage->folder = g_strdup(folder);
	stage->clock = clock;
	stage->yesterday = (CsClock){get_yesterday_unix_s, get_same_monotonic_us, (gpointer)clock};
	if (!cs_file_ensure_folder(folder, error))
		return NULL;
	for (int number = 0; !begun && number < PORT_TRIES; number++) {
		g_autoptr(GError) failure = NULL;

		begun = begin_authority(stage, number, &failure);
		if (begun)
			break;
		if (number + 1 == PORT_TRIES ||
		    g_strcmp0(cs_error_get_reason(failure), "address-in-use") != 0) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	stage->authority = cs_authority_open(stage->authority_folder, clock, error);
	if (stage->authority != NULL)
		stage->authority_yesterday =
			cs_authority_open(stage->authority_folder, &stage->yesterday, error);
	return stage->authority_yesterday != NULL ? g_steal_pointer(&stage) : NULL;
}

/**
 * cs_demo_stage_free:
 * @stage: (nullable): a stage
 *
 * Stops serving and forgets; what lies in the folder stays.
 */
void
cs_demo_stage_free(CsDemoStage *stage)
{
	if (stage == NULL)
		return;
	if (stage->thread != NULL) {
		g_main_loop_quit(stage->loop);
		g_thread_join(stage->thread);
	}
	cs_authority_free(stage->authority);
	cs_authority_free(stage->authority_yesterday);
	g_main_loop_unref(stage->loop);
	g_main_context_unref(stage->context);
	g_mutex_clear(&stage->lock);
	g_cond_clear(&stage->begun);
	g_clear_error(&stage->failure);
	g_free(stage->folder);
	g_free(stage->authority_folder);
	g_free(stage->url);
	g_free(stage);
}

/**
 * cs_demo_remove_folder:
 * @folder: a path
 *
 * Removes the folder with all that is in it; symbolic links are removed, never followed.
 */
void
cs_demo_remove_folder(const char *folder)
{
	g_autoptr(GFile) file = g_file_new_for_path(folder);
	g_autoptr(GFileEnumerator) children = g_file_enumerate_children(
		file, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
		G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
	GFile *child = NULL;
	GFileInfo *info = NULL;

	while (children != NULL && g_file_enumerator_iterate(children, &info, &child, NULL, NULL) &&
	       info != NULL) {
		if (g_file_info_get_file_type(info) == G_FILE_TYPE_DIRECTORY)
			cs_demo_remove_folder(g_file_peek_path(child));
		else
			(void)g_file_delete(child, NULL, NULL);
	}
	(void)g_file_delete(file, NULL, NULL);
}

/**
 * cs_demo_stage_get_authority:
 * @stage: a stage
 *
 * Returns: (transfer none): the authority as the administrator's verbs open it
 */
CsAuthority *
cs_demo_stage_get_authority(CsDemoStage *stage)
{
	return stage->authority;
}

/**
 * cs_demo_stage_get_authority_yesterday:
 * @stage: a stage
 *
 * Returns: (transfer none): the same authority by a clock that is a day behind
 */
CsAuthority *
cs_demo_stage_get_authority_yesterday(CsDemoStage *stage)
{
	return stage->authority_yesterday;
}

/**
 * cs_demo_stage_get_url:
 * @stage: a stage
 *
 * Returns: (transfer none): the authority's address
 */
const char *
cs_demo_stage_get_url(CsDemoStage *stage)
{
	return stage->url;
}

static gboolean
write_device_files(CsDemoDevice *device, GError **error)
{
	g_autofree char *id_file = g_build_filename(device->folder, "machine-id", NULL);
	g_autofree char *config =
		g_strdup_printf("[stores]\nuser-directories=%s;\nmachine-directories=%s;\n\n"
				"[device]\nname=%s\nmachine-id-file=%s\n",
				device->user_store, device->machine_store, device->name, id_file);
	guint8 id[16];
	GString *text = NULL;
	gboolean written = FALSE;

	if (!cs_file_ensure_folder(device->folder, error) ||
	    !cs_file_ensure_folder(device->user_store, error) ||
	    !cs_file_ensure_folder(device->machine_store, error) ||
	    !cs_file_ensure_folder(device->state_home, error) ||
	    !cs_random_bytes(id, sizeof(id), error))
		return FALSE;
	text = g_string_new(NULL);
	for (gsize at = 0; at < sizeof(id); at++)
		g_string_append_printf(text, "%02x", id[at]);
	g_string_append_c(text, '\n');
	written = cs_file_write_atomically(id_file, text->str, text->len, error) &&
		  cs_file_write_atomically(device->config_file, config, strlen(config), error);
	g_string_free(text, TRUE);
	return written;
}

/**
 * cs_demo_device_new:
 * @stage: a stage
 * @name: the device's name, also its folder's
 * @error: return location
 *
 * Makes a device: a machine id, two stores, a configuration, and a client over them.
 *
 * Returns: (transfer full): the device, or %NULL
 */
CsDemoDevice *
cs_demo_device_new(CsDemoStage *stage, const char *name, GError **error)
{
	g_autoptr(CsDemoDevice) device = g_new0(CsDemoDevice, 1);

	device->name = g_strdup(name);
	device->folder = g_build_filename(stage->folder, name, NULL);
	device->user_store = g_build_filename(device->folder, "user-store", NULL);
	device->machine_store = g_build_filename(device->folder, "machine-store", NULL);
	device->config_file = g_build_filename(device->folder, "countersign.conf", NULL);
	device->state_home = g_build_filename(device->folder, "state", NULL);
	if (!write_device_files(device, error))
		return NULL;

	const CsSettingsPaths paths = {
		.machine_folder = device->folder,
		.config_home = device->folder,
		.data_home = device->folder,
		.state_home = device->state_home,
		.config_file = device->config_file,
	};
	device->settings = cs_settings_load(&paths, error);
	if (device->settings == NULL)
		return NULL;
	device->http = cs_http_client_new(NULL, HTTP_TIMEOUT_MS);
	device->stores = cs_stores_new(cs_settings_get_user_directories(device->settings),
				       cs_settings_get_machine_directories(device->settings));
	device->client = (CsClient){device->settings, stage->clock, device->http, device->stores};
	return g_steal_pointer(&device);
}

/**
 * cs_demo_device_free:
 * @device: (nullable): a device
 *
 * Forgets the device; its folder stays.
 */
void
cs_demo_device_free(CsDemoDevice *device)
{
	if (device == NULL)
		return;
	g_clear_pointer(&device->stores, cs_stores_free);
	g_clear_pointer(&device->http, cs_http_client_free);
	g_clear_pointer(&device->settings, cs_settings_unref);
	g_free(device->name);
	g_free(device->folder);
	g_free(device->user_store);
	g_free(device->machine_store);
	g_free(device->config_file);
	g_free(device->state_home);
	g_free(device);
}

/* A certificate request in DER, as management software on the device would make it. */
static GBytes *
make_request(CsPrivateKey *key, const char *subject, GError **error)
{
	g_autoptr(X509_REQ) request = X509_REQ_new();
	X509_NAME *name = request != NULL ? X509_REQ_get_subject_name(request) : NULL;
	unsigned char *der = NULL;
	int length = 0;

	if (name == NULL || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject,
				       -1, -1, 0) != 1 ||
	    X509_REQ_set_pubkey(request, cs_private_key_get_pkey(key)) != 1 ||
	    X509_REQ_sign(request, cs_private_key_get_pkey(key), EVP_sha256()) <= 0 ||
	    (length = i2d_X509_REQ(request, &der)) <= 0) {
		cs_openssl_set_error(error, CS_ERROR_STATE, NULL, "make a certificate request");
		return NULL;
	}
	GBytes *bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

static gboolean
write_pair(const char *store, const char *name, const char *pem, CsPrivateKey *key, GError **error)
{
	g_autofree char *certificate_path = g_strdup_printf("%s/%s.pem", store, name);
	g_autofree char *key_path = g_strdup_printf("%s/%s.key", store, name);

	return cs_private_key_save(key, key_path, error) &&
	       cs_file_write_atomically(certificate_path, pem, strlen(pem), error);
}

/**
 * cs_demo_deploy_certificate:
 * @authority: whose built-in CA issues
 * @store: a store's folder
 * @name: the files' base name
 * @subject: the common name
 * @error: return location
 *
 * What management software does: a key, a request, a certificate, both into a store.
 *
 * Returns: (transfer full): the certificate's fingerprint, or %NULL
 */
char *
cs_demo_deploy_certificate(CsAuthority *authority,
			   const char *store,
			   const char *name,
			   const char *subject,
			   GError **error)
{
	g_autoptr(CsPrivateKey) key = cs_private_key_generate_p256(error);
	g_autoptr(GBytes) request = key != NULL ? make_request(key, subject, error) : NULL;
	g_autoptr(cJSON) issued = NULL;
	const char *pem = NULL;
	const char *fingerprint = NULL;

	if (request == NULL)
		return NULL;
	issued = cs_admin_issue_certificate(authority, request, NULL, CERTIFICATE_DAYS, error);
	if (issued == NULL)
		return NULL;
	pem = cs_json_get_string(issued, "certificate", error);
	fingerprint = pem != NULL ? cs_json_get_string(issued, "fingerprint", error) : NULL;
	if (fingerprint == NULL || !write_pair(store, name, pem, key, error))
		return NULL;
	return g_strdup(fingerprint);
}

/**
 * cs_demo_copy_certificate:
 * @from_store: a store's folder
 * @to_store: another's
 * @name: the files' base name
 * @error: return location
 *
 * What rule 15 is there for: certificate and key, carried to another device.
 *
 * Returns: %TRUE when both are there
 */
gboolean
cs_demo_copy_certificate(const char *from_store,
			 const char *to_store,
			 const char *name,
			 GError **error)
{
	static const char *const endings[] = {"key", "pem"};

	for (gsize at = 0; at < G_N_ELEMENTS(endings); at++) {
		g_autofree char *from = g_strdup_printf("%s/%s.%s", from_store, name, endings[at]);
		g_autofree char *to = g_strdup_printf("%s/%s.%s", to_store, name, endings[at]);
		g_autoptr(CsSecret) contents = cs_file_read_secret(from, MAX_KEY_FILE_BYTES, error);
		gsize length = 0;

		if (contents == NULL)
			return FALSE;
		const char *data = cs_secret_get_data(contents, &length);
		if (!cs_file_write_atomically(to, data, length, error))
			return FALSE;
	}
	return TRUE;
}
