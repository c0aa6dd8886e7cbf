/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/client-fixture.h"

/* Rules 22 to 26 as a device lives through them, authentication by authentication. */

#define HAND_OVER_S (7 * 24 * 60 * 60)

/* rule 22: suspended, all comes back on resume */
static void
test_device_suspended(CsTestScene *f, gconstpointer data)
{
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_SUSPEND);
	cs_test_client_expect(f->client, f->credential, CS_REASON_DEVICE_SUSPENDED, CS_REASON_NONE);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_BOUND);
	cs_test_service_move_device(f->service, device, CS_MOVE_RESUME);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 22: deactivated, links suspended, accounts dropped for good */
static void
test_device_deactivated(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autoptr(CsVerdict) verdict = NULL;
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	verdict = cs_test_client_authenticate(f->client, f->credential);
	g_assert_cmpint(verdict->reason, ==, CS_REASON_DEVICE_DEACTIVATED);
	g_assert_false(verdict->authenticated);
	g_assert_cmpstr(verdict->device_id, ==, device);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_SUSPENDED);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, f->credential, CS_REASON_NONE, CS_REASON_LINK_SUSPENDED);
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	cs_test_client_expect(f->client, f->credential, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
}

/* rule 22: deleted, certificates refused for ever, everywhere */
static void
test_device_deleted(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) other = cs_test_client_new(f->service, "other machine");
	g_autofree char *device = g_strdup(f->client->device);
	g_autoptr(CsTestCredential) built_in = cs_test_credential_new_built_in(f->service, device);
	g_autoptr(CsTestCredential) fresh = cs_test_credential_new_issued(f->ca, NULL);
	g_autoptr(cJSON) added =
		cs_admin_add_built_in_issuer(cs_test_service_get_authority(f->service), NULL);

	g_assert_nonnull(added);
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_move_device(f->service, device, CS_MOVE_DELETE);
	cs_test_client_expect(f->client, f->credential, CS_REASON_DEVICE_DELETED, CS_REASON_NONE);
	cs_test_client_add_account(other, "bob");
	cs_test_client_expect(other, f->credential, CS_REASON_NONE, CS_REASON_CERTIFICATE_REFUSED);
	cs_test_client_expect(other, built_in, CS_REASON_NONE, CS_REASON_CERTIFICATE_REVOKED);
	/* rule 24: the same machine, enrolled anew, without its old certificates */
	cs_test_client_add_account(f->client, "alice");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE,
			      CS_REASON_CERTIFICATE_REFUSED);
	cs_test_client_expect(f->client, fresh, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 22: what becomes of users and accounts leaves the links unchanged */
static void
test_user_states(CsTestScene *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autofree char *path = g_strconcat("/v1/accounts/", f->client->account, NULL);
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cJSON_Delete(cs_admin_suspend_user(authority, "alice", NULL));
	cs_test_client_expect(f->client, f->credential, CS_REASON_USER_SUSPENDED, CS_REASON_NONE);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_BOUND);
	cJSON_Delete(cs_admin_resume_user(authority, "alice", NULL));
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cJSON_Delete(cs_test_service_call(f->service, "DELETE", path,
					  cs_test_client_make_deletion(f->client), 200));
	cs_test_client_expect(f->client, f->credential, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_BOUND);
	cs_test_client_add_account(f->client, "alice");
	cJSON_Delete(cs_admin_delete_user(authority, "alice", NULL));
	cs_test_client_expect(f->client, f->credential, CS_REASON_ACCOUNT_DELETED, CS_REASON_NONE);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_BOUND);
	/* rule 26: the binding is to the device, not to the user */
	cs_test_client_add_account(f->client, "bob");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 25: the first authentication after the hand-over is managed, and is the hand-over */
static void
test_repurposing(CsTestScene *f, gconstpointer data)
{
	g_autoptr(CsTestClient) second = cs_test_client_new(f->service, "machine");
	g_autoptr(CsTestClient) third = cs_test_client_new(f->service, "machine");
	g_autoptr(CsLinkRow) link = NULL;
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_advance(f->service, 60);
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	/* Enrolment alone attests nothing. */
	cs_test_client_add_account(second, "bob");
	g_assert_cmpstr(second->device, ==, device);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_SUSPENDED);
	cs_test_client_expect(second, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_BOUND);
	cs_test_scene_expect_keys(f, second, NULL);
	link = cs_test_scene_find_link(f, f->credential);
	g_assert_cmpint(link->hand_over_until, ==, 0);
	g_assert_cmpint(link->bound_at, ==, cs_test_service_get_now(f->service));
	/* The hand-over is for each link once: the old user's key has lost it, a third never had. */
	cs_test_client_add_account(f->client, "alice");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_add_account(third, "alice");
	cs_test_client_expect(third, f->credential, CS_REASON_NONE,
			      CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	cs_test_client_expect(second, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
}

/* rule 26: 7 days */
static void
test_hand_over_lapses(CsTestScene *f, gconstpointer data)
{
	g_autofree char *device = g_strdup(f->client->device);

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_service_move_device(f->service, device, CS_MOVE_DEACTIVATE);
	cs_test_service_move_device(f->service, device, CS_MOVE_REACTIVATE);
	cs_test_service_advance(f->service, HAND_OVER_S);
	cs_test_client_add_account(f->client, "bob");
	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_LINK_SUSPENDED);
	cs_test_scene_expect_link(f, f->credential, device, CS_LINK_SUSPENDED);
}

/* rule 26: a new key of the same hardware gets the link by the administrator's approval only */
static void
test_approval(CsTestScene *f, gconstpointer data)
{
	CsAuthority *authority = cs_test_service_get_authority(f->service);
	g_autoptr(CsTestClient) second = cs_test_client_new(f->service, "machine");
	g_autoptr(CsTestCredential) later = cs_test_credential_new_issued(f->ca, NULL);
	g_autoptr(CsVerdict) refused = NULL;
	g_autofree char *key_id = NULL;
	g_autoptr(cJSON) approved = NULL;
	g_autoptr(CsLinkRow) link = NULL;

	cs_test_client_expect(f->client, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_client_add_account(second, "bob");
	refused = cs_test_client_authenticate(second, f->credential);
	g_assert_true(refused->authenticated);
	g_assert_cmpint(refused->device_reason, ==, CS_REASON_BOUND_TO_ANOTHER_DEVICE);
	g_assert_cmpstr(refused->hint, ==, "same-hardware");
	key_id = cs_test_client_dup_key_id(second);
	approved = cs_admin_approve_key(authority, f->client->device, key_id, NULL);
	g_assert_nonnull(approved);
	cs_test_client_expect(second, f->credential, CS_REASON_NONE, CS_REASON_MANAGED);
	cs_test_scene_expect_keys(f, f->client, second);
	/* Links to come, too. */
	cs_test_client_expect(f->client, later, CS_REASON_NONE, CS_REASON_MANAGED);
	link = cs_test_scene_find_link(f, later);
	g_assert_cmpuint(g_strv_length(link->key_ids), ==, 2);
	cs_test_client_expect(second, later, CS_REASON_NONE, CS_REASON_MANAGED);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	cs_test_add_scene("/service-lifecycle/device-suspended", test_device_suspended);
	cs_test_add_scene("/service-lifecycle/device-deactivated", test_device_deactivated);
	cs_test_add_scene("/service-lifecycle/device-deleted", test_device_deleted);
	cs_test_add_scene("/service-lifecycle/user-states", test_user_states);
	cs_test_add_scene("/service-lifecycle/repurposing", test_repurposing);
	cs_test_add_scene("/service-lifecycle/hand-over-lapses", test_hand_over_lapses);
	cs_test_add_scene("/service-lifecycle/approval", test_approval);
	return g_test_run();
}
