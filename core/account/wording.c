/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/account/wording.h"

#include <glib/gi18n-lib.h>

#define GROUP_LENGTH 4

/**
 * cs_wording_get_consent:
 *
 * Returns: (transfer none): what a person agrees to by adding an account, to be said before a code
 * is sent; translated
 */
const char *
cs_wording_get_consent(void)
{
	return _("Adding an account is your consent: whenever you authenticate there, this device "
		 "tells this organisation whether it is managed, and shows it the certificate that "
		 "says so.");
}

/**
 * cs_wording_get_comparison:
 *
 * Returns: (transfer none): what to do with a server key's fingerprint that no link vouches for;
 * translated
 */
const char *
cs_wording_get_comparison(void)
{
	return _("Compare the fingerprint with the one that your administrator gave you, and give "
		 "the code only if they agree. An activation link compares by itself.");
}

/**
 * cs_wording_get_deletion:
 *
 * Returns: (transfer none): what deleting an account means (rule 23); translated
 */
const char *
cs_wording_get_deletion(void)
{
	return _("You can no longer sign in there from this device with it. The certificates stay, "
		 "and so does their link to this device. A new activation code is needed to add "
		 "the account again.");
}

/**
 * cs_wording_group_fingerprint:
 * @introduction: who a server says it is
 *
 * Returns: (transfer full): its key's fingerprint in groups of four. It proves nothing until it has
 * been compared with one that came by another way.
 */
char *
cs_wording_group_fingerprint(const CsIntroduction *introduction)
{
	const char *fingerprint = cs_jwk_get_fingerprint(introduction->server_key);
	GString *groups = g_string_new(NULL);

	for (gsize i = 0; fingerprint[i] != '\0'; i++) {
		if (i > 0 && i % GROUP_LENGTH == 0)
			g_string_append_c(groups, ' ');
		g_string_append_c(groups, fingerprint[i]);
	}
	return g_string_free(groups, FALSE);
}
