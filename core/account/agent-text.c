/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/advice.h"
#include "core/account/agent-private.h"
#include "core/account/standing.h"

#include <glib/gi18n-lib.h>

/**
 * cs_agent_state_get_name:
 * @state: a state
 *
 * Returns: (transfer none): its name, translated
 */
const char *
cs_agent_state_get_name(CsAgentState state)
{
	static const char *const names[] = {
		[CS_AGENT_NO_ACCOUNT] = N_("No account"),
		[CS_AGENT_MANAGED] = N_("Managed"),
		[CS_AGENT_NOT_MANAGED] = N_("Not managed"),
		[CS_AGENT_ACTION_NEEDED] = N_("Action needed"),
		[CS_AGENT_CHECKING] = N_("Checking"),
	};

	return (guint)state < G_N_ELEMENTS(names) ? _(names[state]) : "";
}

/**
 * cs_agent_get_trouble:
 * @agent: an agent
 * @account: one of its accounts
 *
 * Returns: (transfer none) (nullable): why its last check failed; %NULL where it did not, and where
 *   what was known before still stands
 */
const GError *
cs_agent_get_trouble(CsAgent *agent, const CsAccount *account)
{
	const GError *error = cs_agent_get_last_error(agent, account->id);

	if (error == NULL || cs_standing_of_failure(cs_account_get_error_code(error))->keeps_last)
		return NULL;
	return error;
}

/* Translated; what failed is said by the message, where the error is no reason of the protocol. */
static char *
describe_error(const GError *error, gboolean is_of_book)
{
	const char *sentence = cs_advice_get_sentence(error);

	if (sentence != NULL)
		return g_strdup(sentence);
	return is_of_book ? g_strdup_printf(_("The accounts on this device are out of reach: %s."),
					    error->message)
			  : g_strdup_printf(_("This check failed: %s."), error->message);
}

static const char *
get_verdict_sentence(const CsAccount *account)
{
	const char *sentence = cs_reason_get_sentence(
		account->managed == CS_MANAGED_YES ? CS_REASON_MANAGED : account->reason);

	if (account->managed == CS_MANAGED_UNKNOWN)
		return _("This account has not been checked yet.");
	return sentence[0] != '\0' ? sentence
				   : _("Your organisation does not recognise this device as "
				       "managed.");
}

static char *
describe_account(CsAgent *agent, const CsAccount *account)
{
	const GError *trouble = cs_agent_get_trouble(agent, account);
	const char *verdict = get_verdict_sentence(account);

	if (cs_agent_get_state(agent, account->id) == CS_AGENT_CHECKING)
		return g_strdup_printf(_("Checking with %s…"), account->organisation);
	if (trouble != NULL)
		return describe_error(trouble, FALSE);
	if (cs_agent_get_last_error(agent, account->id) == NULL)
		return g_strdup(verdict);
	if (account->managed == CS_MANAGED_UNKNOWN)
		return g_strdup(_("The server has not been reached yet."));
	return g_strdup_printf("%s %s", verdict,
			       _("The server could not be reached last time: what it said before "
				 "still stands."));
}

/* Of several the first of those in the state that all of them are said to be in. */
static const CsAccount *
find_worst(CsAgent *agent)
{
	CsAgentState state = cs_agent_get_state(agent, NULL);

	for (guint i = 0; i < agent->accounts->len; i++) {
		const CsAccount *account = g_ptr_array_index(agent->accounts, i);

		if (cs_agent_get_state(agent, account->id) == state)
			return account;
	}
	return NULL;
}

static char *
describe_all(CsAgent *agent)
{
	const CsAccount *worst = find_worst(agent);
	g_autofree char *sentence = NULL;

	if (agent->book_error != NULL)
		return describe_error(agent->book_error, TRUE);
	if (!agent->is_loaded)
		return g_strdup(_("The accounts are being read."));
	if (worst == NULL)
		return g_strdup(_("There is no account on this device."));
	sentence = describe_account(agent, worst);
	if (agent->accounts->len == 1)
		return g_steal_pointer(&sentence);
	return g_strdup_printf(_("%s at %s: %s"), worst->user, worst->organisation, sentence);
}

/**
 * cs_agent_dup_sentence:
 * @agent: an agent
 * @id: (nullable): an account's id, or %NULL for all of them
 *
 * Returns: (transfer full) (nullable): the state in a sentence, translated; of several accounts,
 *   the worst one's. Names in it are a server's: escape them where markup is shown. %NULL where
 *   there is no such account
 */
char *
cs_agent_dup_sentence(CsAgent *agent, const char *id)
{
	const CsAccount *account;

	if (id == NULL)
		return describe_all(agent);
	account = cs_agent_get_account(agent, id);
	return account == NULL ? NULL : describe_account(agent, account);
}

static const char *
get_account_step(CsAgent *agent, const CsAccount *account)
{
	const GError *trouble = cs_agent_get_trouble(agent, account);

	if (cs_agent_get_state(agent, account->id) == CS_AGENT_CHECKING)
		return NULL;
	if (trouble != NULL)
		return cs_advice_get_next_step(trouble);
	if (account->managed == CS_MANAGED_NO)
		return cs_reason_get_next_step(account->reason);
	if (cs_agent_get_last_error(agent, account->id) != NULL)
		return _("There is nothing for you to do: the check is repeated by itself, and at "
			 "once when the network returns.");
	return account->managed == CS_MANAGED_YES ? cs_reason_get_next_step(CS_REASON_MANAGED)
						  : NULL;
}

/* Whose get_account_step() is. */
static CsOwner
get_account_owner(CsAgent *agent, const CsAccount *account)
{
	const GError *trouble = cs_agent_get_trouble(agent, account);

	if (cs_agent_get_state(agent, account->id) == CS_AGENT_CHECKING)
		return CS_OWNER_NOBODY;
	if (trouble != NULL)
		return cs_advice_get_owner(trouble);
	return account->managed == CS_MANAGED_NO ? cs_reason_get_owner(account->reason)
						 : CS_OWNER_NOBODY;
}

static const char *
get_step(CsAgent *agent)
{
	const CsAccount *worst = find_worst(agent);

	if (agent->book_error != NULL)
		return cs_advice_get_next_step(agent->book_error);
	if (worst != NULL)
		return get_account_step(agent, worst);
	return agent->is_loaded
		       ? _("Add an account with the address or the activation link that your "
			   "organisation gave you.")
		       : NULL;
}

/**
 * cs_agent_dup_next_step:
 * @agent: an agent
 * @id: (nullable): an account's id, or %NULL for all of them
 *
 * Returns: (transfer full) (nullable): what to do next and who does it, translated; %NULL where
 *   there is nothing to say
 */
char *
cs_agent_dup_next_step(CsAgent *agent, const char *id)
{
	const CsAccount *account = id == NULL ? NULL : cs_agent_get_account(agent, id);
	const char *step = NULL;

	if (id == NULL)
		step = get_step(agent);
	else if (account != NULL)
		step = get_account_step(agent, account);
	return step == NULL || step[0] == '\0' ? NULL : g_strdup(step);
}

/**
 * cs_agent_dup_owned_step:
 * @agent: an agent
 * @id: an account's id
 *
 * Returns: (transfer full): the one thing to do and whose it is, translated; empty where there is
 *   nothing to say, or no such account
 */
char *
cs_agent_dup_owned_step(CsAgent *agent, const char *id)
{
	const CsAccount *account = cs_agent_get_account(agent, id);

	if (account == NULL)
		return g_strdup("");
	return cs_owner_dup_step(get_account_owner(agent, account),
				 get_account_step(agent, account));
}
