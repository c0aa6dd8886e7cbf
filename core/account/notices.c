/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/notices.h"

#include "core/account/advice.h"
#include "core/account/forewarning.h"
#include "core/account/standing.h"
#include "core/account/told.h"
#include "core/base/error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

G_DEFINE_BOXED_TYPE(CsAgentNotice, cs_agent_notice, cs_agent_notice_copy, cs_agent_notice_free)

/* What is told beside the new state, because it ended the old one. */
static const struct {
	CsReason reason;
	const char *sentence;
} endings[] = {
	{CS_REASON_DEVICE_SUSPENDED, N_("Your organisation has resumed this device.")},
	{CS_REASON_USER_SUSPENDED, N_("Your organisation has given you back your access.")},
};

/**
 * cs_agent_notice_copy:
 * @notice: a notice
 *
 * Returns: (transfer full): a copy
 */
CsAgentNotice *
cs_agent_notice_copy(const CsAgentNotice *notice)
{
	CsAgentNotice *copy = g_new0(CsAgentNotice, 1);

	copy->account_id = g_strdup(notice->account_id);
	copy->code = g_strdup(notice->code);
	copy->topic = g_strdup(notice->topic);
	copy->title = g_strdup(notice->title);
	copy->sentence = g_strdup(notice->sentence);
	copy->next_step = g_strdup(notice->next_step);
	copy->urgent = notice->urgent;
	return copy;
}

/**
 * cs_agent_notice_free:
 * @notice: (nullable) (transfer full): a notice
 */
void
cs_agent_notice_free(CsAgentNotice *notice)
{
	if (notice == NULL)
		return;
	g_free(notice->account_id);
	g_free(notice->code);
	g_free(notice->topic);
	g_free(notice->title);
	g_free(notice->sentence);
	g_free(notice->next_step);
	g_free(notice);
}

static CsAgentNotice *
notice_new(const char *account_id, const char *code, gboolean urgent)
{
	CsAgentNotice *notice = g_new0(CsAgentNotice, 1);

	notice->account_id = g_strdup(account_id);
	notice->code = g_strdup(code);
	notice->next_step = g_strdup(cs_advice_get_next_step_for_code(code));
	notice->urgent = urgent;
	return notice;
}

static const char *
get_ending(const char *previous, const CsStanding *standing)
{
	CsReason reason = previous == NULL ? CS_REASON_NONE : cs_reason_from_code(previous);

	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
		if (standing->state != CS_AGENT_ACTION_NEEDED && endings[i].reason == reason)
			return _(endings[i].sentence);
	}
	return NULL;
}

static char *
describe(const char *code, const char *previous, const CsStanding *standing)
{
	CsReason reason = cs_reason_from_code(code);
	const char *ending = get_ending(previous, standing);
	const char *sentence = cs_reason_get_sentence(reason);

	if (reason == CS_REASON_NONE)
		return g_strdup_printf(_("The last check of this account failed: %s."), code);
	return ending == NULL ? g_strdup(sentence) : g_strdup_printf("%s %s", ending, sentence);
}

static CsAgentNotice *
make_notice(const CsAccount *account,
	    const char *code,
	    const char *previous,
	    const CsStanding *standing)
{
	CsAgentNotice *notice =
		notice_new(account->id, code, standing->state == CS_AGENT_ACTION_NEEDED);

	notice->title = g_strdup_printf(_("%s: %s at %s"), cs_agent_state_get_name(standing->state),
					account->user, account->organisation);
	notice->sentence = describe(code, previous, standing);
	if (standing->state == CS_AGENT_MANAGED)
		g_clear_pointer(&notice->next_step, g_free);
	return notice;
}

static CsAgentNotice *
make_ended_notice(const CsEnded *ended)
{
	CsAgentNotice *notice = notice_new(ended->account, cs_reason_to_code(ended->reason), TRUE);

	notice->title =
		g_strdup_printf(_("Account ended: %s at %s"), ended->user, ended->organisation);
	notice->sentence = g_strdup(cs_reason_get_sentence(ended->reason));
	return notice;
}

static CsAgentNotice *
make_book_notice(const GError *cause)
{
	CsAgentNotice *notice = notice_new(NULL, cs_error_get_reason(cause), TRUE);

	notice->title = g_strdup(cs_agent_state_get_name(CS_AGENT_ACTION_NEEDED));
	notice->sentence = g_strdup_printf(_("The accounts on this device are out of reach: %s."),
					   cause->message);
	return notice;
}

/* One look at what there is to tell. */
typedef struct {
	const CsClient *client;
	CsToldMemory *memory;
	CsBook *book;	    /* (nullable) */
	GPtrArray *notices; /* (element-type CsAgentNotice) */
	gboolean is_changed;
} Look;

/* (nullable): nothing that is to be told. The copy outlives the history. */
static char *
dup_code(const CsHistoryEntry *newest)
{
	if (newest->error_code != NULL)
		return g_strdup(newest->error_code);
	if (newest->managed == CS_MANAGED_YES)
		return g_strdup(cs_reason_to_code(CS_REASON_MANAGED));
	return newest->reason == CS_REASON_MANAGED ? NULL
						   : g_strdup(cs_reason_to_code(newest->reason));
}

/* What holds for the whole device is told once, not once an account. */
static gboolean
is_told_of_device(const Look *look, const CsAccount *account, const char *code)
{
	for (guint i = 0; i < look->book->accounts->len; i++) {
		const CsAccount *other = g_ptr_array_index(look->book->accounts, i);

		if (other != account && strcmp(other->url, account->url) == 0 &&
		    g_strcmp0(other->device_id, account->device_id) == 0 &&
		    g_strcmp0(cs_told_memory_get(look->memory, other->id), code) == 0)
			return TRUE;
	}
	return FALSE;
}

/* The first state of a new account is on the screen anyway, unless it is trouble. After that, every
 * change of state is told; and every other word of the server's. */
static gboolean
is_worth_telling(const char *previous, const CsStanding *standing)
{
	if (standing->is_told)
		return TRUE;
	return previous != NULL && cs_standing_of_code(previous)->state != standing->state;
}

static void
look_at_state(Look *look, const CsAccount *account, const CsHistoryEntry *newest)
{
	g_autofree char *code = dup_code(newest);
	const CsStanding *standing = code == NULL ? NULL : cs_standing_of_code(code);
	const char *previous = cs_told_memory_get(look->memory, account->id);

	if (standing == NULL || standing->keeps_last || standing->is_retried ||
	    g_strcmp0(previous, code) == 0)
		return;
	if (is_worth_telling(previous, standing) &&
	    !(standing->is_of_device && is_told_of_device(look, account, code)))
		g_ptr_array_add(look->notices, make_notice(account, code, previous, standing));
	cs_told_memory_set(look->memory, account->id, code);
	look->is_changed = TRUE;
}

/* When a certificate is found to end soon. */
typedef struct {
	guint days;
	gboolean by_device; /* whose clock may be wrong: a verdict's time is believed */
} Ending;

static gboolean
is_told_by_verdict(const CsToldExpiry *expiry, const Ending *ending)
{
	return expiry->days != 0 && expiry->days <= ending->days;
}

static gboolean
is_told_by_device(const CsToldExpiry *expiry, const Ending *ending)
{
	return expiry->device_days != 0 && expiry->device_days <= ending->days;
}

/* A verdict that says what the device's clock has said is no news. */
static gboolean
is_told_of_account(const CsToldExpiry *expiry, const Ending *ending)
{
	return is_told_by_verdict(expiry, ending) ||
	       (ending->by_device ? is_told_by_device(expiry, ending)
				  : expiry->device_days == ending->days);
}

/* Of one certificate once, however many accounts it serves. */
static gboolean
is_told_of_certificate(const Look *look, const char *certificate, const Ending *ending)
{
	for (guint i = 0; i < look->memory->expiries->len; i++) {
		const CsToldExpiry *expiry = g_ptr_array_index(look->memory->expiries, i);

		if (strcmp(expiry->certificate, certificate) == 0 &&
		    (is_told_by_verdict(expiry, ending) ||
		     (ending->by_device && is_told_by_device(expiry, ending))))
			return TRUE;
	}
	return FALSE;
}

static gboolean
has_successor(const Look *look, const CsAccount *account)
{
	g_autoptr(cJSON) json = cs_account_book_get_explanation(look->client, account->id, NULL);
	g_autoptr(CsExplanation) explanation =
		json == NULL ? NULL : cs_explanation_from_json(json, NULL);

	return explanation != NULL && cs_forewarning_has_successor(account, explanation);
}

static CsAgentNotice *
make_expiry_notice(const CsAccount *account, guint days)
{
	CsAgentNotice *notice = notice_new(account->id, "certificate-expiring", days <= 3);

	notice->topic = g_strdup_printf("certificate-expiring-%u", days);
	notice->title = g_strdup_printf(_("Certificate ends soon: %s at %s"), account->user,
					account->organisation);
	notice->sentence = g_strdup_printf(
		g_dngettext(GETTEXT_PACKAGE,
			    "The certificate that makes this device managed ends within %u day, "
			    "and no newer one is here.",
			    "The certificate that makes this device managed ends within %u days, "
			    "and no newer one is here.",
			    days),
		days);
	notice->next_step = g_strdup(
		_("Ask the helpdesk to have device management put a newer certificate on this "
		  "device."));
	return notice;
}

/* What the device's clock made it say too early is to be told when it is true. */
static void
forget_disproved(Look *look, CsToldExpiry *expiry, const Ending *ending)
{
	if (ending->by_device || expiry->device_days == 0 ||
	    (ending->days != 0 && expiry->device_days >= ending->days))
		return;
	expiry->device_days = 0;
	look->is_changed = TRUE;
}

static void
note_expiry(Look *look, CsToldExpiry *expiry, const Ending *ending)
{
	if (ending->by_device)
		expiry->device_days = ending->days;
	else
		expiry->days = ending->days;
	look->is_changed = TRUE;
}

/* By the time of the last try to authenticate, so that what came to the device since the threshold was
 * reached has been seen; where the server was away, by the device's clock. */
static void
look_at_expiry(Look *look, const CsAccount *account, const CsHistoryEntry *newest)
{
	const Ending ending = {cs_forewarning_get_days(account, newest->at),
			       newest->error_code != NULL};
	const char *certificate = account->certificate_fingerprint;
	CsToldExpiry *expiry = NULL;

	if (certificate == NULL)
		return;
	expiry = cs_told_memory_ensure_expiry(look->memory, account->id, certificate);
	forget_disproved(look, expiry, &ending);
	if (ending.days == 0 || is_told_of_account(expiry, &ending) || has_successor(look, account))
		return;
	if (!is_told_of_certificate(look, certificate, &ending))
		g_ptr_array_add(look->notices, make_expiry_notice(account, ending.days));
	note_expiry(look, expiry, &ending);
}

static void
look_at_account(Look *look, const CsAccount *account)
{
	g_autoptr(GPtrArray) entries = cs_history_list(look->client, account->id);

	if (entries->len == 0)
		return;
	look_at_state(look, account, entries->pdata[0]);
	look_at_expiry(look, account, entries->pdata[0]);
}

/* (nullable): whoever opens the notice sees the organisation's account. */
static const CsAccount *
find_account_of(const CsBook *book, const char *url)
{
	for (guint i = 0; i < book->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(book->accounts, i);

		if (!account->tombstone && strcmp(account->url, url) == 0)
			return account;
	}
	return NULL;
}

static CsAgentNotice *
make_rotation_notice(const CsAccount *account, const CsRotation *rotation)
{
	CsAgentNotice *notice = notice_new(account->id, "key-rotating", FALSE);
	g_autoptr(GDateTime) until = g_date_time_new_from_unix_local(rotation->until);
	g_autofree char *day = until == NULL ? g_strdup("") : g_date_time_format(until, "%x");

	notice->topic = g_strdup(notice->code);
	notice->title = g_strdup_printf(_("New key announced: %s"), account->organisation);
	/* Translators: a date. */
	notice->sentence =
		g_strdup_printf(_("The organisation is about to sign with a new key. The "
				  "present one counts until %s."),
				day);
	notice->next_step = g_strdup(_("There is nothing for you to do: the key known here vouches "
				       "for the new one, and this device takes it over by "
				       "itself."));
	return notice;
}

static void
look_at_rotations(Look *look)
{
	for (guint i = look->memory->rotations->len; i > 0; i--) {
		CsRotation *rotation = g_ptr_array_index(look->memory->rotations, i - 1);
		const CsAccount *account = find_account_of(look->book, rotation->organisation);

		if (account != NULL && rotation->is_told)
			continue;
		look->is_changed = TRUE;
		if (account == NULL) {
			g_ptr_array_remove_index(look->memory->rotations, i - 1);
			continue;
		}
		g_ptr_array_add(look->notices, make_rotation_notice(account, rotation));
		rotation->is_told = TRUE;
	}
}

/* Added anew since, or the commit that ends it did not come through, and then it is noted again with
 * the next one: no news in either case. */
static gboolean
is_there(const CsBook *book, const CsEnded *ended)
{
	for (guint i = 0; i < book->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(book->accounts, i);

		if (strcmp(account->id, ended->account) == 0 ||
		    (strcmp(account->user, ended->user) == 0 &&
		     strcmp(account->organisation, ended->organisation) == 0))
			return TRUE;
	}
	return FALSE;
}

static void
look_at_ended(Look *look)
{
	for (guint i = 0; i < look->memory->ended->len; i++) {
		const CsEnded *ended = g_ptr_array_index(look->memory->ended, i);

		if (!is_there(look->book, ended))
			g_ptr_array_add(look->notices, make_ended_notice(ended));
		look->is_changed = TRUE;
	}
	g_ptr_array_set_size(look->memory->ended, 0);
}

static gboolean
is_listed(const CsBook *book, const char *id)
{
	const CsAccount *account = cs_book_find_account(book, id);

	return account != NULL && !account->tombstone;
}

static void
forget_others(Look *look)
{
	CsToldMemory *memory = look->memory;

	for (guint i = memory->told->len; i > 0; i--) {
		const CsTold *told = g_ptr_array_index(memory->told, i - 1);

		if (is_listed(look->book, told->account))
			continue;
		g_ptr_array_remove_index(memory->told, i - 1);
		look->is_changed = TRUE;
	}
	for (guint i = memory->expiries->len; i > 0; i--) {
		const CsToldExpiry *expiry = g_ptr_array_index(memory->expiries, i - 1);

		if (is_listed(look->book, expiry->account))
			continue;
		g_ptr_array_remove_index(memory->expiries, i - 1);
		look->is_changed = TRUE;
	}
}

static void
look_at_book(Look *look, const GError *cause)
{
	const char *code = cause == NULL ? NULL : cs_error_get_reason(cause);

	if (g_strcmp0(look->memory->book, code) == 0)
		return;
	if (cause != NULL)
		g_ptr_array_add(look->notices, make_book_notice(cause));
	g_free(look->memory->book);
	look->memory->book = g_strdup(code);
	look->is_changed = TRUE;
}

static void
look_clear(Look *look)
{
	g_clear_pointer(&look->memory, cs_told_memory_free);
	g_clear_pointer(&look->book, cs_book_free);
	g_clear_pointer(&look->notices, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static void
look_run(Look *look, const CsClient *client)
{
	g_autoptr(GError) cause = NULL;

	look->client = client;
	look->memory = cs_told_memory_read(client);
	look->book = cs_book_read(client, &cause);
	look->notices = g_ptr_array_new_with_free_func((GDestroyNotify)cs_agent_notice_free);
	look_at_book(look, cause);
	if (look->book == NULL)
		return;
	forget_others(look);
	for (guint i = 0; i < look->book->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(look->book->accounts, i);

		if (!account->tombstone)
			look_at_account(look, account);
	}
	look_at_rotations(look);
	look_at_ended(look);
}

/**
 * cs_notices_take:
 * @client: whose state folder
 * @is_noted: (out): %FALSE where it could not be noted
 *
 * Finds what has not been told yet and notes it as told, before it is: a process that is killed in
 * between tells it never rather than twice. Where that cannot be noted, as on a full disk, it is
 * returned all the same and will be once more; the caller remembers for as long as it runs.
 *
 * Returns: (transfer full) (element-type CsAgentNotice): what to tell, perhaps nothing
 */
GPtrArray *
cs_notices_take(const CsClient *client, gboolean *is_noted)
{
	g_auto(Look) before = {NULL};
	g_auto(Look) look = {NULL};
	g_autoptr(CsFileLock) lock = NULL;

	look_run(&before, client);
	*is_noted = !before.is_changed;
	if (*is_noted)
		return g_steal_pointer(&before.notices);
	lock = cs_book_lock(client, NULL);
	if (lock == NULL)
		return g_steal_pointer(&before.notices);
	look_run(&look, client);
	*is_noted = !look.is_changed || cs_told_memory_write(look.memory, client, NULL);
	return g_steal_pointer(&look.notices);
}

/**
 * cs_notices_note_ended:
 * @change: an open change
 * @account: an account of its book, which the commit will remove
 * @reason: the server's signed word
 * @error: return location
 *
 * Keeps what is to be told of an account when nothing else of it is left. It is told once the
 * account has left the book, by whichever process tells.
 *
 * Returns: %TRUE; otherwise %CS_ERROR_STATE
 */
gboolean
cs_notices_note_ended(const CsBookChange *change,
		      const CsAccount *account,
		      CsReason reason,
		      GError **error)
{
	g_autoptr(CsToldMemory) memory = cs_told_memory_read(change->client);

	cs_told_memory_add_ended(memory, account, reason);
	return cs_told_memory_write(memory, change->client, error);
}
