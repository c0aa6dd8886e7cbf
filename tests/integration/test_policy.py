#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rule 21: what access to an application asks of the device, between real processes."""
from world import equal, main, managed_pair, pki


def access(user, application, code):
    """(allowed, reason) of the one account's access, by an authentication now."""
    result = user.run("status", "--check", "--application", application, "--json", check=code)
    account = result.json["accounts"][0]
    equal(account["access"]["application"], application)
    return account["access"]["allowed"], account["access"]["reason"]


def test_rule_21_managed(world):  # rule 21
    organisation, _, user, _ = managed_pair(world)
    equal(organisation.admin("policy", "list"), {"default": "any", "policies": []})
    equal(access(user, "mail", 0), (True, None), "nothing is asked")
    organisation.admin("policy", "set", "mail", "managed")
    equal(access(user, "mail", 0), (True, None))
    organisation.admin("policy", "set", "mail", "not-managed")
    equal(access(user, "mail", 1), (False, "managed"))
    organisation.admin("policy", "delete", "mail")
    equal(access(user, "mail", 0), (True, None))
    equal(organisation.run("policy", "delete", "mail").code, 6)


def test_rule_21_not_managed(world):  # rule 21
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    user = world.machine().user()
    user.add(organisation)
    organisation.admin("policy", "default", "managed")
    organisation.admin("policy", "set", "guests", "not-managed")
    equal(access(user, "mail", 1), (False, "no-certificate"), "by the default")
    equal(access(user, "guests", 1), (True, None), "allowed; the device is not managed all the same")
    organisation.admin("user", "suspend", "ada")
    equal(access(user, "guests", 3), (False, "user-suspended"), "whoever is not let in gets nowhere")


def test_rule_21_unknown_satisfies_neither(world):  # rule 21, 12
    organisation = world.organisation()
    ca = pki.make_ca()
    organisation.trust(ca)
    user = world.machine().user()
    user.put(pki.make("CN=a", ca))
    user.add(organisation)
    for demand, expected in (("managed", False), ("not-managed", False), ("any", True)):
        organisation.admin("policy", "set", "mail", demand)
        equal(access(user, "mail", 1), (expected, None if expected else "revocation-unknown"), demand)


def test_try_and_dry_run(world):  # rule 21
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)["id"]
    tried = organisation.admin("policy", "try", "mail", account)
    equal((tried["demand"], tried["allowed"], tried["reason"], tried["user"]), ("any", True, None, "ada"))
    run = organisation.admin("policy", "dry-run", "mail", "not-managed")
    equal((run["considered"], run["authentications"], run["allowed"], run["reasons"]),
          ("all", 1, 0, {"managed": 1}))
    equal(organisation.admin("policy", "list")["policies"], [], "a dry run changes nothing")
    access(user, "mail", 0)
    run = organisation.admin("policy", "dry-run", "mail", "managed", "--days", "1")
    equal((run["considered"], run["authentications"], run["allowed"]), ("application", 1, 1))
    equal([(entry["user"], entry["allowed"]) for entry in run["accounts"]], [("ada", 1)])
    organisation.admin("device", "suspend", tried["device"])
    equal(organisation.admin("policy", "try", "mail", account)["reason"], "device-suspended")
    line = [line for line in organisation.log() if line["application"]][-1]
    equal((line["application"], line["access"], line["reason"]), ("mail", "allowed", "managed"))


def test_usage(world):
    organisation, _, user, _ = managed_pair(world)
    for arguments in (("policy", "set", "a b", "managed"), ("policy", "set", "mail", "some"),
                      ("policy", "set", "mail"), ("policy", "dry-run", "mail", "any", "--days", "0")):
        equal(organisation.run(*arguments).code, 2, arguments)
    equal(organisation.run("policy", "try", "mail", "nobody").code, 6)
    equal(user.run("status", "--application", "mail").code, 2, "without --check nobody is asked")
    equal(user.run("status", "--check", "--application", "a b").code, 2)
    result = user.run("status", "--check", "--application", "mail", check=0)
    equal("Access to mail: allowed." in result.out, True, result.out)


main(globals())
