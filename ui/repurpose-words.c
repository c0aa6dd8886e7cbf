/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "ui/repurpose-words.h"

#include <glib/gi18n-lib.h>
#include <string.h>

static gboolean
is_in_state(const CsRepurposing *repurposing, const char *state)
{
	return g_strcmp0(repurposing->state, state) == 0;
}

/* What the agent says of the new account, which is the one that this is all about. */
static char *
describe_account(CsAgent *agent, const CsAccount *account)
{
	g_autofree char *sentence = cs_agent_dup_sentence(agent, account->id);
	g_autofree char *next_step = cs_agent_dup_next_step(agent, account->id);

	if (!next_step)
		return g_steal_pointer(&sentence);
	return g_strdup_printf("%s %s", sentence ? sentence : "", next_step);
}

static char *
describe_end(CsAgent *agent, const CsAccount *account)
{
	if (!account)
		return g_strdup(_("Done: the device serves another user of this computer now."));
	if (cs_agent_get_state(agent, account->id) != CS_AGENT_MANAGED)
		return describe_account(agent, account);
	/* Translators: the new user, and the organisation. */
	return g_strdup_printf(_("Done: this device serves %s at %s now, and it is managed. To "
				 "hand it over once more, begin with deleting the account."),
			       account->user, account->organisation);
}

static char *
describe_deletion(const CsAccount *account)
{
	if (!account)
		return g_strdup(_("Another user of this computer still has an account. Whoever it "
				  "is logs in and deletes it; the administrator may also go on "
				  "without that, which ends the account."));
	/* Translators: the user whose account is to go. */
	return g_strdup_printf(_("Yours to do, on this device: delete the account of %s. The "
				 "server is told at once."),
			       account->user);
}

static char *
describe_authentication(CsAgent *agent, const CsAccount *account)
{
	if (account)
		return describe_account(agent, account);
	return g_strdup(_("The new user has an account, and logs in on this computer to "
			  "authenticate. If that is you, add your account here."));
}

static char *
describe_step(const CsRepurposing *repurposing, CsAgent *agent, const CsAccount *account)
{
	switch (cs_repurposing_get_next(repurposing)) {
	case CS_REPURPOSING_DELETE:
		return describe_deletion(account);
	case CS_REPURPOSING_DEACTIVATE:
		return g_strdup(_("The administrator’s to do: deactivate this device. This page "
				  "goes on by itself when that is done."));
	case CS_REPURPOSING_REACTIVATE:
		return g_strdup(_("The administrator’s to do: reactivate this device. This page "
				  "goes on by itself when that is done."));
	case CS_REPURPOSING_ADD:
		return g_strdup(_("The new user’s to do, on this device: add an account, with the "
				  "activation link or code that the administrator gave."));
	case CS_REPURPOSING_AUTHENTICATE:
		return describe_authentication(agent, account);
	default:
		return describe_end(agent, account);
	}
}

/**
 * cs_repurpose_words_has_steps:
 * @repurposing: what the server said
 *
 * Returns: FALSE where the device's record was deleted: it cannot be handed over any more
 */
gboolean
cs_repurpose_words_has_steps(const CsRepurposing *repurposing)
{
	return !is_in_state(repurposing, "deleted");
}

/**
 * cs_repurpose_words_dup_sentence:
 * @repurposing: what the server said
 * @agent: the resident client
 * @account: (nullable): the user's own at that organisation
 *
 * Returns: (transfer full): the one thing to do next, and whose it is
 */
char *
cs_repurpose_words_dup_sentence(const CsRepurposing *repurposing,
				CsAgent *agent,
				const CsAccount *account)
{
	if (!cs_repurpose_words_has_steps(repurposing))
		return g_strdup(_("Your organisation has deleted this device, so it cannot be "
				  "handed over. An account that is added here makes it a new "
				  "device, which needs a new certificate."));
	return describe_step(repurposing, agent, account);
}

/**
 * cs_repurpose_words_get_offers:
 * @repurposing: what the server said
 * @account: (nullable): the user's own at that organisation
 *
 * Returns: what can be done here about the next step
 */
CsGuideOffers
cs_repurpose_words_get_offers(const CsRepurposing *repurposing, const CsAccount *account)
{
	if (!cs_repurpose_words_has_steps(repurposing))
		return account ? CS_GUIDE_OFFERS_DELETE : CS_GUIDE_OFFERS_ADD;
	switch (cs_repurposing_get_next(repurposing)) {
	case CS_REPURPOSING_DELETE:
		return account ? CS_GUIDE_OFFERS_DELETE : CS_GUIDE_OFFERS_NOTHING;
	case CS_REPURPOSING_DEACTIVATE:
	case CS_REPURPOSING_REACTIVATE:
		return CS_GUIDE_OFFERS_NOTHING;
	case CS_REPURPOSING_ADD:
		return CS_GUIDE_OFFERS_ADD;
	case CS_REPURPOSING_AUTHENTICATE:
		return account ? CS_GUIDE_OFFERS_CHECK : CS_GUIDE_OFFERS_ADD;
	default:
		return account ? CS_GUIDE_OFFERS_ACCOUNT | CS_GUIDE_OFFERS_DELETE
			       : CS_GUIDE_OFFERS_NOTHING;
	}
}

/**
 * cs_repurpose_words_dup_whose:
 * @repurposing: what the server said
 * @step: one of rule 25's
 *
 * Returns: (transfer full): whether the step is done or next, and whose it is
 */
char *
cs_repurpose_words_dup_whose(const CsRepurposing *repurposing, guint step)
{
	static const char *const waiting[CS_ACTOR_COUNT] = {
		[CS_ACTOR_USER] = N_("On this device"),
		[CS_ACTOR_ADMINISTRATOR] = N_("The administrator"),
		[CS_ACTOR_NEW_USER] = N_("The new user, on this device"),
	};
	static const char *const next[CS_ACTOR_COUNT] = {
		[CS_ACTOR_USER] = N_("Next: on this device"),
		[CS_ACTOR_ADMINISTRATOR] = N_("Next: the administrator"),
		[CS_ACTOR_NEW_USER] = N_("Next: the new user, on this device"),
	};
	CsActor actor = repurposing->steps[step].actor;

	if (repurposing->steps[step].is_done)
		return g_strdup(_("Done"));
	return g_strdup(step == cs_repurposing_get_next(repurposing) ? _(next[actor])
								     : _(waiting[actor]));
}

/**
 * cs_repurpose_words_dup_step_name:
 * @step: one of rule 25's
 *
 * Returns: (transfer full): its place among the others, and what it is, as it is read aloud
 */
char *
cs_repurpose_words_dup_step_name(guint step)
{
	/* Translators: read aloud: "Step 2 of 5: The administrator deactivates the device". */
	return g_strdup_printf(_("Step %u of %u: %s"), step + 1, (guint)CS_REPURPOSING_STEPS,
			       cs_repurposing_get_step_text(step));
}

/**
 * cs_repurpose_words_get_note:
 * @repurposing: what the server said
 *
 * Returns: (nullable) (transfer none): what the device's state keeps from going on
 */
const char *
cs_repurpose_words_get_note(const CsRepurposing *repurposing)
{
	return is_in_state(repurposing, "suspended")
		       ? _("Your organisation has suspended this device. Until the administrator "
			   "resumes it, nobody can add an account on it or authenticate.")
		       : NULL;
}

/**
 * cs_repurpose_words_dup_away:
 * @repurposing: of a server that gave no answer
 *
 * Returns: (transfer full): why, and that it is asked again
 */
char *
cs_repurpose_words_dup_away(const CsRepurposing *repurposing)
{
	if (strcmp(repurposing->error_code, "unreachable") == 0)
		return g_strdup_printf(_("%s cannot be reached. It is asked again every few "
					 "seconds, for as long as this page is open."),
				       repurposing->organisation);
	/* Translators: %s at the end is a code, such as device-unknown. */
	return g_strdup_printf(_("%s did not say how far this device is. It is asked again every "
				 "few seconds; if that stays, tell the helpdesk this word: %s"),
			       repurposing->organisation, repurposing->error_code);
}
