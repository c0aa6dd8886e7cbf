/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "app/commands/authority.h"
#include "app/commands/repurpose-text.h"
#include "app/commands/verbs.h"
#include "core/authority/admin.h"
#include "core/base/error.h"
#include "core/protocol/helpdesk-code.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* How often the registry, which the server writes, is looked at. */
#define LOOK_INTERVAL_MS 1000
/* What a terminal gives at once, at most. */
#define MAX_LINE_BYTES 4096
/* 7 days, as "device reactivate" gives. */
#define HAND_OVER_S G_GINT64_CONSTANT(604800)
/* Cursor home, and everything below it gone. */
#define CLEAR_SCREEN "\033[H\033[J"

/* The administrator's two steps, of which each is offered once. */
typedef enum {
	OFFER_DEACTIVATE,
	OFFER_REACTIVATE,
	N_OFFERS,
	OFFER_NOTHING = N_OFFERS,
} Offer;

static const struct {
	CsDeviceMove move;
	const char *question;
	const char *question_early; /* while somebody still has an account on the device */
} offers[N_OFFERS] = {
	[OFFER_DEACTIVATE] =
		{
			CS_MOVE_DEACTIVATE,
			N_("Deactivate this device now? Its links are suspended."),
			N_("The account on the device is not deleted yet. Deactivate this device "
			   "all the same? The account ends for good."),
		},
	[OFFER_REACTIVATE] =
		{
			CS_MOVE_REACTIVATE,
			N_("Reactivate this device now, for its next user?"),
			N_("Reactivate this device now, for its next user?"),
		},
};

/* Somebody at a terminal, with one device. */
typedef struct {
	const CsInvocation *invocation;
	CsAuthority *authority;
	const char *id;
	cJSON *device; /* as it was last seen */
	char *shown;   /* what is on the screen */
	gboolean was_answered[N_OFFERS];
	gboolean began_done; /* all steps were, of the last time */
	Offer offer;
} Session;

static void
session_clear(Session *session)
{
	g_clear_pointer(&session->device, cJSON_Delete);
	g_clear_pointer(&session->shown, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Session, session_clear)

static const char *
get_text(const cJSON *device, const char *member)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, member));
}

static const cJSON *
get_steps(const cJSON *device)
{
	return cJSON_GetObjectItemCaseSensitive(device, "steps");
}

static gboolean
is_step_done(const cJSON *device, int step)
{
	return cs_repurpose_step_is_done(cJSON_GetArrayItem(get_steps(device), step));
}

static gboolean
has_expired_hand_over(const cJSON *device)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(device, "hand_over_expired"));
}

/* What a deleted record cannot come back from is refused as any other move (rule 22). */
static cJSON *
look(CsAuthority *authority, const char *id, GError **error)
{
	g_autoptr(cJSON) device = cs_admin_show_repurposing(authority, id, error);
	CsDeviceState to = CS_DEVICE_DELETED;

	if (device &&
	    g_strcmp0(get_text(device, "state"), cs_device_state_to_text(CS_DEVICE_DELETED)) == 0 &&
	    !cs_lifecycle_decide(CS_DEVICE_DELETED, CS_MOVE_DEACTIVATE, &to, error))
		return NULL;
	return g_steal_pointer(&device);
}

static char *
join_users(const cJSON *device)
{
	GString *out = g_string_new(NULL);
	const cJSON *user;

	cJSON_ArrayForEach (user, cJSON_GetObjectItemCaseSensitive(device, "users"))
		g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "",
				       cJSON_GetStringValue(user));
	return g_string_free(out, FALSE);
}

static void
print_device(const CsInvocation *invocation, const cJSON *device)
{
	g_autofree char *code = cs_helpdesk_code_format(get_text(device, "helpdesk_code"));
	g_autofree char *users = join_users(device);
	g_autofree char *steps = cs_repurpose_steps_to_text(get_steps(device));
	const char *hand_over = get_text(device, "hand_over_until");

	/* Translators: a helpdesk code, what a device calls itself, its id. */
	cs_invocation_print(invocation, _("Repurpose %s (%s, device %s)\n"), code,
			    get_text(device, "name"), get_text(device, "id"));
	cs_invocation_print(invocation, _("  state: %s, users: %s\n"), get_text(device, "state"),
			    users[0] != '\0' ? users : "-");
	cs_invocation_print_block(invocation, steps);
	if (hand_over)
		cs_invocation_print(invocation,
				    _("  a new user may take over its certificates until %s\n"),
				    hand_over);
	if (has_expired_hand_over(device))
		cs_invocation_print(invocation, "%s\n",
				    _("  the time to take over its certificates has run out: "
				      "deactivate and reactivate the device, or release each "
				      "certificate (\"authority device release\")"));
}

/* An answered question is not put again. */
static Offer
choose_offer(const Session *session)
{
	gboolean is_deactivated = g_strcmp0(get_text(session->device, "state"),
					    cs_device_state_to_text(CS_DEVICE_DEACTIVATED)) == 0;
	gboolean is_under_way = is_step_done(session->device, 2) && !session->began_done &&
				!has_expired_hand_over(session->device);
	Offer offer = is_deactivated ? OFFER_REACTIVATE : OFFER_DEACTIVATE;

	if ((!is_deactivated && is_under_way) || session->was_answered[offer])
		return OFFER_NOTHING;
	return offer;
}

static void
print_question(const Session *session)
{
	const cJSON *users = cJSON_GetObjectItemCaseSensitive(session->device, "users");
	gboolean is_early = cJSON_GetArraySize(users) > 0;

	cs_invocation_print(session->invocation, "\n%s %s ",
			    is_early ? _(offers[session->offer].question_early)
				     : _(offers[session->offer].question),
			    /* Translators: the letters of "yes" and "no"; the capital is what no
			     * answer means. */
			    _("[y/N]"));
}

static gboolean
is_finished(const Session *session)
{
	return session->offer == OFFER_NOTHING &&
	       cs_repurpose_steps_are_done(get_steps(session->device));
}

static void
print_footer(const Session *session)
{
	if (session->offer != OFFER_NOTHING)
		print_question(session);
	else if (is_finished(session))
		cs_invocation_print(session->invocation, "\n%s\n",
				    _("All is done: the device serves its new user."));
	else
		cs_invocation_print(session->invocation, "\n%s\n",
				    _("This follows by itself; Ctrl-C ends it, and changes "
				      "nothing."));
}

static gboolean
can_redraw(void)
{
	const char *terminal = g_getenv("TERM");

	return terminal && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

/* What was typed ahead of a question was no answer to it. */
static void
draw(Session *session)
{
	if (session->shown)
		(void)tcflush(STDIN_FILENO, TCIFLUSH);
	(void)fputs(can_redraw() ? CLEAR_SCREEN : "\n", stdout);
	print_device(session->invocation, session->device);
	print_footer(session);
	(void)fflush(stdout); /* ferror() is asked at the end */
}

/* Looks at the registry, and draws where anything is new. */
static gboolean
refresh(Session *session, gboolean always, GError **error)
{
	cJSON *device = look(session->authority, session->id, error);
	g_autofree char *current = NULL;

	if (!device)
		return FALSE;
	cJSON_Delete(session->device);
	session->device = device;
	if (!cs_repurpose_steps_are_done(get_steps(device)))
		session->began_done = FALSE;
	session->offer = choose_offer(session);
	current = cs_json_print(device);
	if (always || g_strcmp0(current, session->shown) != 0)
		draw(session);
	g_free(session->shown);
	session->shown = g_steal_pointer(&current);
	return TRUE;
}

/* Returns whether somebody typed; *ends where nobody is there any more. */
static gboolean
wait_for_line(const Session *session, gboolean *ends)
{
	GCancellable *cancellable = session->invocation->cancellable;
	GPollFD fds[2] = {{.fd = STDIN_FILENO, .events = G_IO_IN | G_IO_HUP}};
	gboolean has_fd = g_cancellable_make_pollfd(cancellable, &fds[1]);

	(void)g_poll(fds, has_fd ? 2 : 1, LOOK_INTERVAL_MS);
	if (has_fd)
		g_cancellable_release_fd(cancellable);
	*ends = g_cancellable_is_cancelled(cancellable) || ferror(stdout) != 0;
	return !*ends && fds[0].revents != 0;
}

/* The end of the input, or of the terminal, is the end of the session. */
static gboolean
read_answer(gboolean *yes, gboolean *ends)
{
	char line[MAX_LINE_BYTES + 1] = {0};
	gssize length = read(STDIN_FILENO, line, MAX_LINE_BYTES);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return FALSE;
	*ends = length <= 0;
	g_strstrip(line);
	*yes = cs_answer_is_yes(line);
	return !*ends;
}

static gboolean
take_answer(Session *session, gboolean yes, GError **error)
{
	g_autoptr(cJSON) moved = NULL;
	Offer offer = session->offer;

	if (offer == OFFER_NOTHING)
		return TRUE;
	session->was_answered[offer] = TRUE;
	if (!yes)
		return TRUE;
	moved = cs_admin_move_device(session->authority, session->id, offers[offer].move,
				     HAND_OVER_S, error);
	return moved != NULL;
}

/* One look at the registry, and what somebody typed until the next. */
static gboolean
follow_once(Session *session, gboolean always, gboolean *typed, gboolean *ends, GError **error)
{
	gboolean yes = FALSE;

	*typed = FALSE;
	if (!refresh(session, always, error))
		return FALSE;
	*ends = is_finished(session);
	if (*ends)
		return TRUE;
	*typed = wait_for_line(session, ends) && read_answer(&yes, ends);
	return !*typed || take_answer(session, yes, error);
}

/* Until all is done, or somebody has seen enough, which is no failure. */
static CsExit
follow(const CsInvocation *invocation, CsAuthority *authority, const char *id, cJSON *device)
{
	g_auto(Session) session = {.invocation = invocation, .authority = authority, .id = id};
	g_autoptr(GError) error = NULL;
	gboolean typed = FALSE;
	gboolean ends = FALSE;

	session.began_done = cs_repurpose_steps_are_done(get_steps(device));
	while (!ends && follow_once(&session, typed, &typed, &ends, &error))
		continue;
	if (error)
		return cs_invocation_fail(invocation, error);
	if (!is_finished(&session))
		cs_invocation_print(invocation, "\n");
	return CS_EXIT_DONE;
}

static CsExit
show(const CsInvocation *invocation, CsAuthority *authority, const char *id)
{
	gboolean asks = !invocation->json && cs_ask_is_possible() && isatty(STDOUT_FILENO) == 1;
	g_autoptr(GError) error = NULL;
	g_autoptr(cJSON) device = look(authority, id, &error);

	if (!device)
		return cs_invocation_fail(invocation, error);
	if (asks)
		return follow(invocation, authority, id, device);
	cs_invocation_print_json(invocation, device);
	if (!invocation->json)
		print_device(invocation, device);
	return CS_EXIT_DONE;
}

static CsExit
run(CsInvocation *invocation)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CsAuthority) authority =
		cs_authority_open(invocation->authority_folder, invocation->clock, &error);
	g_autofree char *id = NULL;
	CsExit code = CS_EXIT_DONE;

	if (!authority)
		return cs_invocation_fail(invocation, error);
	id = cs_authority_find_device(invocation, authority, &code);
	return id ? show(invocation, authority, id) : code;
}

const CsCommand cs_command_authority_repurpose = {
	.path = "authority repurpose",
	.arguments = "CODE|ID",
	.min_arguments = 1,
	.max_arguments = 1,
	.summary = N_("Follow the five steps that give a device to another user"),
	.description = N_(
		"For whoever has the device's user on the telephone. CODE is the helpdesk code "
		"that "
		"the device shows, as in \"authority device show\". On a terminal the steps (rule "
		"25) are shown as they are done, wherever that happens, and the administrator's "
		"two are offered: deactivate, then reactivate, each asked once; no answer is a no. "
		"It ends when all is done, or with Ctrl-C, which changes nothing. Where standard "
		"input is no terminal the steps are printed once, and nothing is asked. A deleted "
		"device is refused.\n"
		"With --json, once, {\"id\", \"helpdesk_code\", \"name\", \"state\", \"users\", "
		"\"steps\": [{\"step\", \"done\", \"by\"}], \"hand_over_until\", "
		"\"hand_over_expired\"}."),
	.run = run,
};
