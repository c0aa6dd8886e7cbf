#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rules 22 to 26: a device's life, and repurposing it, between real processes."""
from world import equal, expect, main, managed_pair

MOVES = ("suspend", "resume", "deactivate", "reactivate", "delete")
# rule 22: from each state, the moves that are allowed and where they lead.
TABLE = {
    "active": {"suspend": "suspended", "deactivate": "deactivated"},
    "suspended": {"resume": "active", "deactivate": "deactivated"},
    "deactivated": {"reactivate": "active", "delete": "deleted"},
    "deleted": {},
}
PATHS = {"active": (), "suspended": ("suspend",), "deactivated": ("deactivate",),
         "deleted": ("deactivate", "delete")}


def bring(organisation, device, state):
    for move in PATHS[state]:
        organisation.admin("device", move, device)


def state_of(organisation, device):
    return organisation.admin("device", "show", device)["state"]


def link_of(organisation, device):
    return organisation.admin("device", "show", device)["links"][0]["state"]


def step_states(user):
    """[done, ...] of the five steps, as the device itself learns them."""
    organisation = user.run("repurpose", "--json", check=0).json["organisations"][0]
    return [step["done"] for step in organisation["steps"]]


def test_rule_22_every_move(world):  # rule 22
    organisation = world.organisation()
    for state, allowed in TABLE.items():
        for move in MOVES:
            user = world.machine().user()
            user.add(organisation, "user-%s-%s" % (state, move))
            device = organisation.devices()[-1]["id"]
            bring(organisation, device, state)
            result = organisation.run("device", move, device, "--json")
            if move in allowed:
                equal(result.code, 0, state, move, result)
                equal(state_of(organisation, device), allowed[move], state, move)
            else:
                equal(result.code, 3, state, move, result)
                expect(result.json["error"]["code"], result)
                equal(state_of(organisation, device), state, state, move)
    equal(organisation.run("device", "suspend", "nosuchdevice").code, 6)


def test_rule_22_suspended_changes_no_link_and_all_comes_back(world):  # rule 22
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    organisation.admin("device", "suspend", device)
    account = user.verdict(code=3)
    equal((account["managed"], account["reason"]), (False, "device-suspended"))
    equal(link_of(organisation, device), "bound")
    organisation.admin("device", "resume", device)
    equal(user.verdict(code=0)["managed"], True)


def test_rule_22_deactivated_suspends_links_and_drops_accounts_for_good(world):  # rule 22, 23
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    organisation.admin("device", "deactivate", device)
    equal(link_of(organisation, device), "suspended")
    account = user.verdict(code=3)
    equal((account["managed"], account["reason"]), (False, "device-deactivated"))
    equal(user.run("status", "--json", check=0).json["accounts"], [], "dropped on the signed word")
    equal(user.check()[0], 1, "there is none")


def test_rule_22_accounts_stay_dropped_after_reactivation(world):  # rule 22
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    organisation.admin("device", "deactivate", device)
    organisation.admin("device", "reactivate", device)
    equal(user.verdict(code=3)["reason"], "account-deleted")


def test_rule_22_deleted_refuses_the_certificate_for_ever(world):  # rule 22
    organisation, machine, user, identity = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    organisation.admin("device", "deactivate", device)
    organisation.admin("device", "delete", device)
    equal(user.verdict(code=3)["reason"], "device-deleted")
    user.add(organisation)
    account = user.verdict(code=1)
    expect(account["device_id"] != device, "rule 24: a new record")
    equal(account["reason"], "certificate-revoked", "the built-in CA revoked")
    equal(organisation.run("device", "release", device, identity.fingerprint).code, 3)
    user.put(organisation.issue_newer(identity), "redeployed")
    equal(user.verdict(code=0)["managed"], True, "redeployed with a new key")


def test_rule_22_deleted_refuses_an_uploaded_issuers_certificate(world):  # rule 22
    from world import pki
    organisation = world.organisation()
    ca = pki.make_ca()
    organisation.trust(ca, "--revocation", "none")
    user = world.machine().user()
    user.put(pki.make("CN=a", ca))
    user.add(organisation)
    device = user.verdict(code=0)["device_id"]
    bring(organisation, device, "deleted")
    equal(link_of(organisation, device), "refused")
    user.check(code=3)
    user.add(organisation)
    equal(user.verdict(code=1)["reason"], "certificate-refused")


def test_rule_22_users_and_accounts_leave_the_links_unchanged(world):  # rule 22
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    organisation.admin("user", "suspend", "ada")
    equal(user.verdict(code=3)["reason"], "user-suspended")
    equal(link_of(organisation, device), "bound")
    organisation.admin("user", "resume", "ada")
    equal(user.verdict(code=0)["managed"], True)
    organisation.admin("user", "delete", "ada")
    equal(user.verdict(code=3)["reason"], "account-deleted")
    equal(link_of(organisation, device), "bound")
    user.add(organisation, "bob")
    equal(user.verdict(code=0)["managed"], True)


def test_rule_23_deleting_an_account(world):  # rule 23
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    equal(user.run("account", "delete", account["id"]).code, 2, "asks, and nobody is there to answer")
    equal(len(user.run("account", "list", "--json", check=0).json["accounts"]), 1)
    document = user.run("account", "delete", account["id"], "--yes", "--json", check=0).json
    equal(document["pending"], False)
    equal(user.run("account", "list", "--json", check=0).json["accounts"], [])
    equal(user.run("account", "delete", account["id"], "--yes").code, 6)
    device = organisation.admin("device", "show", account["device_id"])
    equal(device["users"], [])
    equal(device["links"][0]["state"], "bound")


def test_rule_23_deleting_with_the_server_away(world):  # rule 23
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    organisation.stop()
    document = user.run("account", "delete", account["id"], "--yes", "--json", check=0).json
    equal(document["pending"], True)
    equal(user.run("status", "--json", check=0).json["accounts"], [])
    equal(user.run("account", "show", account["id"]).code, 6)
    equal(organisation.devices()[0]["users"], ["ada"], "the server does not know yet")
    organisation.serve()
    equal(user.check()[0], 1)
    equal(organisation.devices()[0]["users"], [], "retried and done")


def test_rule_23_deleting_works_in_every_device_state(world):  # rule 23
    for state in ("active", "suspended", "deactivated", "deleted"):
        organisation, _, user, _ = managed_pair(world)
        account = user.verdict(code=0)
        bring(organisation, account["device_id"], state)
        document = user.run("account", "delete", account["id"], "--yes", "--json", check=0).json
        equal(document["pending"], False, state)


def test_rule_24_adding_needs_an_active_device(world):  # rule 24
    organisation, machine, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    newcomer = machine.user("newcomer")
    for move in ("suspend", "deactivate"):
        organisation.admin("device", move, device)
        for someone in (user, newcomer):
            result = someone.add(organisation, "bob", check=3)
            equal(result.json["error"]["code"], "device-not-active", move)
        if move == "suspend":
            organisation.admin("device", "resume", device)
    organisation.admin("device", "delete", device)
    newcomer.add(organisation, "bob")
    expect(organisation.devices()[-1]["id"] != device, "a new record")


def test_rule_25_repurposing_to_a_new_user(world):  # rule 25
    organisation, machine, user, identity = managed_pair(world)
    account = user.verdict(code=0)
    equal(step_states(user), [False] * 5)
    user.run("account", "delete", account["id"], "--yes", check=0)
    equal(step_states(user), [True, False, False, False, False], "works without an account")
    organisation.admin("device", "deactivate", account["device_id"])
    equal(step_states(user), [True, True, False, False, False])
    organisation.admin("device", "reactivate", account["device_id"])
    equal(link_of(organisation, account["device_id"]), "suspended")
    equal(step_states(user), [True, True, True, False, False])
    user.add(organisation, "bob")
    equal(link_of(organisation, account["device_id"]), "suspended", "enrolment alone attests nothing")
    equal(user.run("status", "--json", check=0).json["accounts"][0]["managed"], None)
    equal(step_states(user), [True, True, True, True, False])
    verdict = user.verdict(code=0)
    equal((verdict["managed"], verdict["user"], verdict["device_id"]),
          (True, "bob", account["device_id"]), "the first authentication is already managed")
    equal(verdict["certificate"]["fingerprint"], identity.fingerprint)
    equal(link_of(organisation, account["device_id"]), "bound")
    equal(step_states(user), [True] * 5)


def test_rule_25_while_suspended_any_other_device_gets_link_suspended(world):  # rule 25
    organisation, _, user, identity = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    organisation.admin("device", "deactivate", device)
    other = world.machine().user()
    other.put(identity)
    other.add(organisation, "eve")
    equal(other.verdict(code=1)["reason"], "link-suspended")
    organisation.admin("device", "reactivate", device)
    equal(other.verdict(code=1)["reason"], "link-suspended")


def test_rule_26_a_second_system_user_needs_approval(world):  # rule 26
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    machine = world.machine()
    identity = organisation.issue()
    machine.put(identity)
    first, second = machine.user("first"), machine.user("second")
    first.add(organisation, "ada")
    device = first.verdict(code=0)["device_id"]
    second.add(organisation, "bob")
    account = second.verdict(code=1)
    equal((account["reason"], account["hint"], account["device_id"]),
          ("bound-to-another-device", "same-hardware", device))
    keys = organisation.admin("device", "show", device)["keys"]
    equal([(key["user"], key["approved"]) for key in keys], [("ada", True), ("bob", False)])
    organisation.admin("device", "approve", device, keys[1]["id"])
    equal(second.verdict(code=0)["managed"], True)
    equal(first.verdict(code=0)["managed"], True)
    renewed = organisation.issue_newer(identity)
    machine.put(renewed, "renewed")
    equal(first.verdict(code=0)["certificate"]["fingerprint"], renewed.fingerprint)
    equal(second.verdict(code=0)["managed"], True, "present and future links")
    equal(organisation.run("device", "approve", device, "nosuchkey").code, 6)


def test_rule_26_accounts_under_one_key_share_the_link(world):  # rule 26
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    user.add(organisation, "bob")
    code, accounts = user.check()
    equal((code, [account["managed"] for account in accounts]), (0, [True, True]))


def test_rule_26_reactivation_hands_over_to_a_new_key_once(world):  # rule 26
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    machine = world.machine()
    machine.put(organisation.issue())
    first, second = machine.user("first"), machine.user("second")
    first.add(organisation, "ada")
    device = first.verdict(code=0)["device_id"]
    organisation.admin("device", "deactivate", device)
    organisation.admin("device", "reactivate", device)
    second.add(organisation, "bob")
    equal(second.verdict(code=0)["managed"], True, "the first key since becomes the link's")
    first.check()
    first.add(organisation, "ada")
    equal(first.verdict(code=1)["reason"], "bound-to-another-device", "its only key")


main(globals())
