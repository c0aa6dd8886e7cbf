/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/demo.h"

#include "app/demo-desktop.h"
#include "app/demo-keep.h"
#include "app/demo-stage.h"
#include "core/account/authentication.h"
#include "core/account/deletion.h"
#include "core/account/enrolment.h"
#include "core/account/repurposing.h"
#include "core/base/json.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>

#define HAND_OVER_S	(G_GINT64_CONSTANT(7) * 24 * 60 * 60)
#define CODE_LIFETIME_S 600
#define SHORT_LENGTH	12

/* Each line is printed from a verdict or from a query of the registry, so the demo can fail: where
 * what came back is not what the rules say, it says so and ends. */
typedef struct {
	CsInvocation *invocation;
	CsDemoStage *stage;
	CsDemoDevice *laptop;
	CsDemoDevice *other;
	char *user_certificate;
	char *machine_certificate;
	char *device_id;
	cJSON *lines; /* what was said, for --json */
	gboolean had_window;
	GError *failure;
} Demo;

static void say(Demo *demo, const char *rule, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* A line at once; with --json it waits for the document. */
static void
say(Demo *demo, const char *rule, const char *format, ...)
{
	cJSON *line = cJSON_CreateObject();
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (!demo->invocation->json)
		printf(_("%s (rule %s)\n"), text, rule);
	(void)fflush(stdout);
	cs_json_add_string(line, "text", g_strstrip(text));
	cs_json_add_string(line, "rule", rule);
	cs_json_append(demo->lines, line);
}

static gboolean unexpected(Demo *demo, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
unexpected(Demo *demo, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	cs_error_set(&demo->failure, CS_ERROR_REFUSED, "demo-failed", "%s", text);
	return FALSE;
}

/* The first characters of a fingerprint or id: enough to tell them apart by eye. */
static char *
shorten(const char *text)
{
	return g_strndup(text != NULL ? text : "?", SHORT_LENGTH);
}

static const char *
get_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "?";
}

static const cJSON *
get_item(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static gboolean
show_issuers(Demo *demo)
{
	CsAuthority *authority = cs_demo_stage_get_authority(demo->stage);
	g_autoptr(cJSON) before = cs_admin_list_issuers(authority, &demo->failure);
	g_autoptr(cJSON) added = NULL;
	g_autoptr(cJSON) after = NULL;

	if (before == NULL)
		return FALSE;
	say(demo, "13",
	    _("An authority serves at %s; it has a CA of its own, and lists %d issuers"),
	    cs_demo_stage_get_url(demo->stage), cJSON_GetArraySize(get_item(before, "issuers")));
	added = cs_admin_add_built_in_issuer(authority, &demo->failure);
	after = added != NULL ? cs_admin_list_issuers(authority, &demo->failure) : NULL;
	if (after == NULL)
		return FALSE;
	if (cJSON_GetArraySize(get_item(after, "issuers")) != 1)
		return unexpected(demo, "the issuer that was added is not listed");
	say(demo, "13", _("The administrator lists it: %s"),
	    get_text(cJSON_GetArrayItem(get_item(after, "issuers"), 0), "subject"));
	return TRUE;
}

static gboolean
deploy_certificates(Demo *demo)
{
	g_autofree char *user = NULL;
	g_autofree char *machine = NULL;

	demo->user_certificate = cs_demo_deploy_certificate(
		cs_demo_stage_get_authority_yesterday(demo->stage), demo->laptop->user_store,
		"managed-user", "ada managementAttestation laptop", &demo->failure);
	if (demo->user_certificate == NULL)
		return FALSE;
	demo->machine_certificate = cs_demo_deploy_certificate(
		cs_demo_stage_get_authority(demo->stage), demo->laptop->machine_store,
		"managed-machine", "managementAttestation laptop", &demo->failure);
	if (demo->machine_certificate == NULL)
		return FALSE;
	cs_stores_refresh(demo->laptop->stores, NULL);
	user = shorten(demo->user_certificate);
	machine = shorten(demo->machine_certificate);
	say(demo, "1",
	    _("Management software put a day-old certificate %s into the user's store and a new "
	      "one %s into the machine's; the client sees %u"),
	    user, machine, cs_stores_count(demo->laptop->stores));
	return TRUE;
}

/* Adds an account by a fresh code, as `account add` does. */
static CsAccount *
add_account(Demo *demo, CsDemoDevice *device, const char *login)
{
	CsAuthority *authority = cs_demo_stage_get_authority(demo->stage);
	g_autoptr(cJSON) user = cs_admin_add_user(authority, login, &demo->failure);
	g_autoptr(cJSON) code = NULL;
	g_autoptr(CsIntroduction) introduction = NULL;
	g_autoptr(CsSecret) secret = NULL;
	g_autofree char *url = NULL;
	g_autofree char *thumbprint = NULL;

	if (user == NULL)
		return NULL;
	code = cs_admin_make_code(authority, login, CODE_LIFETIME_S, &demo->failure);
	if (code == NULL || !cs_enrolment_parse_link(get_text(code, "link"), &url, &secret,
						     &thumbprint, &demo->failure))
		return NULL;
	introduction = cs_enrolment_introduce(&device->client, url, thumbprint,
					      demo->invocation->cancellable, &demo->failure);
	if (introduction == NULL)
		return NULL;
	return cs_enrolment_add(&device->client, introduction, secret,
				demo->invocation->cancellable, &demo->failure);
}

static gboolean
add_first_account(Demo *demo)
{
	g_autoptr(CsAccount) account = add_account(demo, demo->laptop, "ada");

	if (account == NULL)
		return FALSE;
	if (account->managed != CS_MANAGED_UNKNOWN)
		return unexpected(demo, "enrolment alone made the account managed or not");
	demo->device_id = g_strdup(account->device_id);
	say(demo, "25",
	    _("%s added an account of “%s” on device %s; adding only enrols: managed is not known "
	      "yet"),
	    account->user, account->organisation, account->device_id);
	return TRUE;
}

/* One line a certificate, from the explanation of the authentication that just was. */
static void
show_explanation(Demo *demo, const CsExplanation *explanation)
{
	for (guint place = 0; place < explanation->issuers->len; place++) {
		const CsIssuerExplanation *issuer = explanation->issuers->pdata[place];

		for (guint at = 0; at < issuer->candidates->len; at++) {
			const CsCandidate *candidate = issuer->candidates->pdata[at];
			g_autofree char *name = shorten(candidate->fingerprint);
			g_autofree char *folder = g_path_get_dirname(candidate->location);
			g_autofree char *base = g_path_get_basename(folder);

			say(demo, candidate->outcome == CS_OUTCOME_HIDDEN ? "6" : "8",
			    "    %s, %s: %s", name, base, candidate->detail);
		}
	}
}

/* Authenticates, and holds the verdict against what the rules say it must be. */
static CsAccount *
authenticate(Demo *demo,
	     CsDemoDevice *device,
	     const char *account_id,
	     CsManaged wanted,
	     CsReason reason,
	     CsExplanation **explanation)
{
	gboolean authenticated = FALSE;
	g_autoptr(CsAccount) account =
		cs_authentication_run(&device->client, account_id, explanation, &authenticated,
				      demo->invocation->cancellable, &demo->failure);

	if (account == NULL)
		return NULL;
	if (!authenticated) {
		unexpected(demo, "the sign-in itself was refused: %s",
			   cs_reason_to_code(account->reason));
		return NULL;
	}
	if (account->managed != wanted || account->reason != reason) {
		unexpected(demo, "the verdict is %s, and the rules say %s",
			   cs_reason_to_code(account->reason), cs_reason_to_code(reason));
		return NULL;
	}
	return g_steal_pointer(&account);
}

static char *
get_only_account(Demo *demo, CsDemoDevice *device)
{
	g_autoptr(GPtrArray) accounts = cs_account_book_list(&device->client, &demo->failure);

	if (accounts == NULL)
		return NULL;
	if (accounts->len != 1) {
		unexpected(demo, "%u accounts where one was added", accounts->len);
		return NULL;
	}
	return g_strdup(((CsAccount *)accounts->pdata[0])->id);
}

static gboolean
show_managed(Demo *demo)
{
	g_autofree char *id = get_only_account(demo, demo->laptop);
	g_autoptr(CsExplanation) explanation = NULL;
	g_autoptr(CsAccount) account = NULL;
	g_autofree char *name = NULL;

	if (id == NULL)
		return FALSE;
	account = authenticate(demo, demo->laptop, id, CS_MANAGED_YES, CS_REASON_MANAGED,
			       &explanation);
	if (account == NULL)
		return FALSE;
	if (g_strcmp0(account->certificate_fingerprint, demo->user_certificate) != 0)
		return unexpected(demo, "another certificate attested than the user store's");
	name = shorten(account->certificate_fingerprint);
	say(demo, "11", _("Managed: the server verified the signature of %s by %s"), name,
	    account->certificate_issuer);
	show_explanation(demo, explanation);
	return TRUE;
}

static const cJSON *
get_link(const cJSON *device)
{
	return cJSON_GetArrayItem(get_item(device, "links"), 0);
}

static gboolean
show_copied_certificate(Demo *demo)
{
	g_autoptr(CsAccount) added = NULL;
	g_autoptr(CsAccount) account = NULL;
	g_autoptr(cJSON) device = NULL;
	g_autofree char *name = shorten(demo->user_certificate);

	if (!cs_demo_copy_certificate(demo->laptop->user_store, demo->other->user_store,
				      "managed-user", &demo->failure))
		return FALSE;
	added = add_account(demo, demo->other, "eve");
	if (added == NULL)
		return FALSE;
	account = authenticate(demo, demo->other, added->id, CS_MANAGED_NO,
			       CS_REASON_BOUND_TO_ANOTHER_DEVICE, NULL);
	if (account == NULL)
		return FALSE;
	say(demo, "15", _("%s and its key were copied to device %s: not managed, %s"), name,
	    account->device_id, cs_reason_to_code(account->reason));
	say(demo, "2", _("The sign-in of %s there went on all the same"), account->user);
	device = cs_admin_show_device(cs_demo_stage_get_authority(demo->stage), demo->device_id,
				      &demo->failure);
	if (device == NULL)
		return FALSE;
	say(demo, "15", _("The administrator sees the link of %s as %s, and %d conflict on it"),
	    demo->device_id, get_text(get_link(device), "state"),
	    cJSON_GetArraySize(get_item(device, "conflicts")));
	return TRUE;
}

/* Rule 25's steps as the device itself learns them, in one line. */
static gboolean
show_steps(Demo *demo)
{
	g_autoptr(cJSON) all = cs_repurposing_query(&demo->laptop->client,
						    demo->invocation->cancellable, &demo->failure);
	const cJSON *organisation = all != NULL ? cJSON_GetArrayItem(all, 0) : NULL;
	const cJSON *step = NULL;
	g_autoptr(GString) line = g_string_new(NULL);

	if (all == NULL)
		return FALSE;
	cJSON_ArrayForEach (step, get_item(organisation, "steps")) {
		g_string_append_printf(line, " [%c] %s",
				       cJSON_IsTrue(get_item(step, "done")) ? 'x' : ' ',
				       get_text(step, "step"));
	}
	if (line->len == 0)
		return unexpected(demo, "the server told no steps");
	say(demo, "25", "   %s", line->str);
	return TRUE;
}

static gboolean
move_device(Demo *demo,
	    CsDeviceMove move,
	    const char *wanted_state,
	    const char *wanted_link,
	    const char *what)
{
	CsAuthority *authority = cs_demo_stage_get_authority(demo->stage);
	g_autoptr(cJSON) moved =
		cs_admin_move_device(authority, demo->device_id, move, HAND_OVER_S, &demo->failure);
	g_autoptr(cJSON) device = NULL;
	const char *state = NULL;
	const char *link = NULL;

	device = moved != NULL ? cs_admin_show_device(authority, demo->device_id, &demo->failure)
			       : NULL;
	if (device == NULL)
		return FALSE;
	state = get_text(device, "state");
	link = get_text(get_link(device), "state");
	if (!g_str_equal(state, wanted_state) || !g_str_equal(link, wanted_link))
		return unexpected(demo, "the device is %s and its link %s", state, link);
	say(demo, "22", _("%s: the device is %s, its link is %s"), what, state, link);
	return show_steps(demo);
}

static gboolean
delete_first_account(Demo *demo)
{
	g_autofree char *id = get_only_account(demo, demo->laptop);
	gboolean pending = FALSE;

	if (id == NULL || !cs_deletion_delete(&demo->laptop->client, id, &pending,
					      demo->invocation->cancellable, &demo->failure))
		return FALSE;
	if (pending)
		return unexpected(demo, "the server did not hear of the deletion");
	say(demo, "23",
	    _("Repurposing: ada deleted the account, and the server said so by its signature"));
	return show_steps(demo);
}

static gboolean
add_second_account(Demo *demo)
{
	g_autoptr(CsAccount) added = add_account(demo, demo->laptop, "grace");
	g_autoptr(cJSON) device = NULL;

	if (added == NULL)
		return FALSE;
	device = cs_admin_show_device(cs_demo_stage_get_authority(demo->stage), added->device_id,
				      &demo->failure);
	if (device == NULL)
		return FALSE;
	if (!g_str_equal(added->device_id, demo->device_id) ||
	    !g_str_equal(get_text(get_link(device), "state"), "suspended"))
		return unexpected(demo, "enrolment alone changed the link");
	say(demo, "25",
	    _("%s added an account on the same device: enrolment attests nothing, the link is "
	      "still %s"),
	    added->user, get_text(get_link(device), "state"));
	return show_steps(demo);
}

static gboolean
show_repurposed(Demo *demo)
{
	g_autofree char *id = get_only_account(demo, demo->laptop);
	g_autoptr(CsAccount) account = NULL;
	g_autofree char *name = NULL;

	if (id == NULL)
		return FALSE;
	account = authenticate(demo, demo->laptop, id, CS_MANAGED_YES, CS_REASON_MANAGED, NULL);
	if (account == NULL)
		return FALSE;
	name = shorten(account->certificate_fingerprint);
	say(demo, "25",
	    _("The first authentication of %s is already managed, by the same certificate %s"),
	    account->user, name);
	return show_steps(demo);
}

static gboolean
deactivate(Demo *demo)
{
	return move_device(demo, CS_MOVE_DEACTIVATE, "deactivated", "suspended",
			   _("The administrator deactivated it"));
}

static gboolean
reactivate(Demo *demo)
{
	return move_device(demo, CS_MOVE_REACTIVATE, "active", "suspended",
			   _("The administrator reactivated it"));
}

typedef gboolean (*Act)(Demo *demo);

static const Act opening[] = {
	show_issuers,
	deploy_certificates,
	add_first_account,
	show_managed,
};

static const Act story[] = {
	show_copied_certificate, delete_first_account, deactivate, reactivate,
	add_second_account,	 show_repurposed,
};

static gboolean
play_acts(Demo *demo, const Act *acts, gsize count)
{
	for (gsize at = 0; at < count; at++) {
		if (g_cancellable_set_error_if_cancelled(demo->invocation->cancellable,
							 &demo->failure))
			return FALSE;
		if (!acts[at](demo))
			return FALSE;
	}
	return TRUE;
}

/* On a screen the rest is the user's to do. */
static gboolean
wants_window(const CsInvocation *invocation)
{
	return !invocation->json && !cs_invocation_has(invocation, "text") &&
	       cs_demo_desktop_is_possible();
}

static void
print_commands(const Demo *demo)
{
	CsDemoDevice *const devices[] = {demo->laptop, demo->other};

	cs_demo_print_commands(demo->stage, devices, G_N_ELEMENTS(devices));
}

/* FALSE where there is no window after all: the story then goes on as text. */
static gboolean
show_window(Demo *demo)
{
	g_autoptr(GError) error = NULL;

	if (cs_invocation_has(demo->invocation, "keep"))
		print_commands(demo);
	if (cs_demo_desktop_run(demo->invocation, demo->stage, demo->laptop, demo->device_id,
				&error))
		return TRUE;
	cs_invocation_note(demo->invocation, "countersign: %s\n", error->message);
	return FALSE;
}

static gboolean
play(Demo *demo, const char *folder)
{
	demo->stage = cs_demo_stage_new(folder, demo->invocation->clock, &demo->failure);
	if (demo->stage == NULL)
		return FALSE;
	demo->laptop = cs_demo_device_new(demo->stage, "laptop", &demo->failure);
	demo->other = demo->laptop != NULL
			      ? cs_demo_device_new(demo->stage, "other-laptop", &demo->failure)
			      : NULL;
	if (demo->other == NULL || !play_acts(demo, opening, G_N_ELEMENTS(opening)))
		return FALSE;
	demo->had_window = wants_window(demo->invocation) && show_window(demo);
	return demo->had_window || play_acts(demo, story, G_N_ELEMENTS(story));
}

static void
clear_demo(Demo *demo)
{
	g_clear_pointer(&demo->laptop, cs_demo_device_free);
	g_clear_pointer(&demo->other, cs_demo_device_free);
	g_clear_pointer(&demo->stage, cs_demo_stage_free);
	g_clear_pointer(&demo->user_certificate, g_free);
	g_clear_pointer(&demo->machine_certificate, g_free);
	g_clear_pointer(&demo->device_id, g_free);
	g_clear_pointer(&demo->lines, cJSON_Delete);
	g_clear_error(&demo->failure);
}

/* The demo's one document: its lines, and where it serves on, if it does. */
static void
print_document(const Demo *demo, gboolean serves)
{
	g_autoptr(cJSON) document = cJSON_CreateObject();

	cs_json_add(document, "lines", cJSON_Duplicate(demo->lines, TRUE));
	if (serves)
		cs_json_add_string(document, "url", cs_demo_stage_get_url(demo->stage));
	cs_invocation_print_json(demo->invocation, document);
}

/* --keep: serves until interrupted; a window has ended when it comes here. */
static void
finish(Demo *demo, gboolean keeps)
{
	print_document(demo, keeps);
	if (!keeps || demo->had_window)
		return;
	if (!demo->invocation->json)
		print_commands(demo);
	(void)fflush(stdout);
	cs_demo_wait_until_cancelled(demo->invocation->cancellable);
}

static CsExit
run_demo(CsInvocation *invocation)
{
	Demo demo = {.invocation = invocation};
	const char *keep = cs_invocation_get(invocation, "keep");
	g_autofree char *folder = NULL;
	CsExit code = CS_EXIT_DONE;

	if (keep != NULL && !cs_demo_folder_is_free(keep)) {
		g_autoptr(GError) error = NULL;

		cs_error_set(&error, CS_ERROR_USAGE, "folder-in-use",
			     _("%s is in use: name a new or an empty folder for --keep"), keep);
		return cs_invocation_fail(invocation, error);
	}
	folder = keep != NULL ? g_canonicalize_filename(keep, NULL)
			      : g_dir_make_tmp("countersign-demo-XXXXXX", &demo.failure);
	if (folder == NULL)
		return cs_invocation_fail(invocation, demo.failure);
	demo.lines = cJSON_CreateArray();
	if (!play(&demo, folder))
		code = cs_invocation_fail(invocation, demo.failure);
	else
		finish(&demo, keep != NULL);
	clear_demo(&demo);
	if (keep == NULL)
		cs_demo_remove_folder(folder);
	return code;
}

static const CsOption demo_options[] = {
	{"keep", "DIR", CS_OPTION_ONCE,
	 N_("keep everything in this new folder, print the commands to go on by hand, and serve "
	    "until interrupted")},
	{"text", NULL, CS_OPTION_ONCE,
	 N_("all of it in the terminal, even where there is a display")},
	{NULL},
};

const CsCommand cs_command_demo = {
	.path = "demo",
	.summary = N_("Show the main job, from a challenge to a verdict, with everything real"),
	.description = N_(
		"Runs an authority with a CA of its own in this process, on a free loopback port, "
		"and two devices. A certificate attests, a copy of it fails, the device is "
		"repurposed. Each line is printed from a verdict or a query and names the rule "
		"that it shows; where an answer is not what the rules say, the demo fails with "
		"exit code 3. Nothing is left behind, unless --keep is given.\n"
		"Where there is a display, and the program was built with its desktop "
		"application, that opens after the first verdict, connected to this authority, "
		"and the rest is yours to try: what to try is printed.\n"
		"With --json, {\"lines\": [{\"text\", \"rule\"}]}, and \"url\" with --keep."),
	.options = demo_options,
	.run = run_demo,
};
