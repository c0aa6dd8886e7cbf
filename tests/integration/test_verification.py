#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rules 11 to 16, by real processes on both sides. What only a forger sends is shown by the unit
tests of the verifier and the service."""
from world import equal, expect, main, managed_pair, pki


def test_rule_11_managed_by_a_signature_of_the_certificate(world):  # rule 11
    organisation, _, user, identity = managed_pair(world)
    account = user.verdict(code=0)
    equal((account["managed"], account["reason"]), (True, "managed"))
    equal(account["certificate"]["fingerprint"], identity.fingerprint)
    line = organisation.log()[-1]
    equal((line["event"], line["outcome"], line["reason"], line["certificate"], line["device"]),
          ("authentication", "ok", "managed", identity.fingerprint, account["device_id"]))


def test_rule_11_every_kind_of_key(world):  # rule 11
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    for kind in ("rsa2048", "p256", "p384", "p521"):
        user = world.machine().user()
        user.put(organisation.issue(kind=kind))
        user.add(organisation)
        equal(user.verdict(code=0)["managed"], True, kind)


def test_rule_12_revoked_by_the_built_in_authority(world):  # rule 12
    organisation, _, user, identity = managed_pair(world)
    user.verdict(code=0)
    organisation.admin("certificate", "revoke", identity.fingerprint)
    account = user.verdict(code=1)
    equal((account["managed"], account["reason"]), (False, "certificate-revoked"))
    equal(organisation.run("certificate", "revoke", "0" * 64).code, 6)


def test_rule_12_unknown_is_not_managed_unless_recorded(world):  # rule 12
    organisation = world.organisation()
    ca = pki.make_ca()
    issuer = organisation.trust(ca)
    user = world.machine().user()
    user.put(pki.make("CN=a", ca))
    user.add(organisation)
    equal(user.verdict(code=1)["reason"], "revocation-unknown")
    organisation.admin("issuer", "delete", issuer["id"])
    organisation.trust(ca, "--revocation", "none")
    equal(user.verdict(code=0)["reason"], "managed")


def test_rule_13_upload_requires_a_ca_certificate(world):  # rule 13
    organisation = world.organisation(serve=False)
    ca = pki.make_ca()
    leaf = world.write("leaf.pem", pki.make("CN=a", ca).pem)
    result = organisation.run("issuer", "add", leaf, "--json")
    equal(result.code, 3)
    expect(result.json["error"]["code"], result)
    equal(organisation.run("issuer", "add", world.write("junk.pem", b"junk")).code, 3)
    equal(organisation.run("issuer", "add", world.folder + "/absent.pem").code, 6)
    der = world.write("ca.der", ca.der)
    equal(organisation.admin("issuer", "add", der)["fingerprint"], ca.fingerprint)
    equal(organisation.run("issuer", "add", der).code, 3, "the same again")
    equal(len(organisation.admin("issuer", "list")["issuers"]), 1)


def test_rule_13_init_lists_no_issuer(world):  # rule 13
    organisation = world.organisation()
    equal(organisation.admin("issuer", "list")["issuers"], [])
    user = world.machine().user()
    user.put(organisation.issue())
    user.add(organisation)
    equal(user.verdict(code=1)["reason"], "no-issuers")


def test_rule_13_an_expired_issuer_stays_trusted_and_its_chain_is_not_asked(world):  # rule 13, 16
    organisation = world.organisation()
    root = pki.make_ca("CN=Nobody's Root")
    expired = pki.make_ca("CN=Organization Intermediate Authority", issuer=root,
                          not_before=pki.now() - pki.days(900), not_after=pki.now() - pki.days(10))
    organisation.trust(expired, "--revocation", "none")
    user = world.machine().user()
    user.put(pki.make("CN=a", expired))
    user.add(organisation)
    equal(user.verdict(code=0)["reason"], "managed")


def test_rule_14_deleting_an_issuer_takes_effect_on_the_next_authentication(world):  # rule 14
    organisation = world.organisation()
    one, two = pki.make_ca("CN=One"), pki.make_ca("CN=Two")
    issuer = organisation.trust(one, "--revocation", "none")
    organisation.trust(two, "--revocation", "none")
    user = world.machine().user()
    user.put(pki.make("CN=a", one))
    user.add(organisation)
    equal(user.verdict(code=0)["managed"], True)
    organisation.admin("issuer", "delete", issuer["id"])
    equal(user.verdict(code=1)["reason"], "no-certificate")
    organisation.trust(one, "--revocation", "none")
    equal(user.verdict(code=0)["managed"], True, "the link outlives the issuer's deletion and return")


def test_rule_15_a_copied_certificate_fails_on_another_device(world):  # rule 15
    organisation, _, first, identity = managed_pair(world)
    equal(first.verdict(code=0)["managed"], True)
    second = world.machine().user()
    second.put(identity)
    second.add(organisation, "bob")
    account = second.verdict(code=1)
    equal((account["managed"], account["reason"]), (False, "bound-to-another-device"))
    equal(first.verdict(code=0)["managed"], True, "the first keeps it")
    device = organisation.admin("device", "show", first.verdict()["device_id"])
    expect(device["conflicts"], "the conflict is shown to the administrator", device)


def test_rule_15_the_link_is_keyed_on_the_public_key(world):  # rule 15
    organisation = world.organisation()
    ca = pki.make_ca()
    organisation.trust(ca, "--revocation", "none")
    first, second = world.machine().user(), world.machine().user()
    leaf = pki.make("CN=a", ca)
    first.put(leaf)
    second.put(pki.make("CN=other name; same key", ca, key=leaf.key))
    for user, login in ((first, "ada"), (second, "bob")):
        user.add(organisation, login)
    equal(first.verdict(code=0)["managed"], True)
    equal(second.verdict(code=1)["reason"], "bound-to-another-device")


def test_rule_15_the_administrator_may_release_a_link(world):  # rule 15
    organisation, _, first, identity = managed_pair(world)
    device = first.verdict(code=0)["device_id"]
    second = world.machine().user()
    second.put(identity)
    second.add(organisation, "bob")
    equal(second.verdict(code=1)["reason"], "bound-to-another-device")
    organisation.admin("device", "release", device, identity.fingerprint)
    equal(second.verdict(code=0)["managed"], True)
    equal(first.verdict(code=1)["reason"], "bound-to-another-device")
    equal(organisation.run("device", "release", device, identity.fingerprint).code, 6)


def test_rule_15_the_claim_proposes_the_key_decides(world):  # rule 15
    organisation, machine, first, identity = managed_pair(world)
    equal(first.verdict(code=0)["managed"], True)
    with open(machine.id_file, encoding="ascii") as source:
        claimed = source.read().strip()
    impostor = world.machine(machine_id=claimed).user()
    impostor.put(identity)
    impostor.add(organisation, "eve")
    account = impostor.verdict(code=1)
    equal(account["reason"], "bound-to-another-device")
    equal(account["device_id"], first.verdict()["device_id"], "the claim only finds the record")


def test_rule_15_a_certificate_is_bound_when_issued_for_a_known_device(world):  # rule 15
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    first, second = world.machine().user(), world.machine().user()
    first.add(organisation)
    second.add(organisation, "bob")
    device = next(item["id"] for item in organisation.devices() if item["users"] == ["ada"])
    identity = organisation.issue(options=("--device", device))
    second.put(identity)
    equal(second.verdict(code=1)["reason"], "bound-to-another-device")
    first.put(identity)
    equal(first.verdict(code=0)["managed"], True)


def test_rule_15_organisations_cannot_compare_devices(world):  # rule 15
    one, two = world.organisation("One"), world.organisation("Two")
    user = world.machine().user()
    user.add(one)
    user.add(two)
    shown = [organisation.admin("device", "show", organisation.devices()[0]["id"])
             for organisation in (one, two)]
    expect(shown[0]["hardware_id"] != shown[1]["hardware_id"], shown)


def test_rule_16_an_untrusted_intermediate_changes_nothing(world):  # rule 16
    organisation = world.organisation()
    ca = pki.make_ca("CN=Organization Intermediate Authority", issuer=pki.make_ca("CN=Unknown Root"))
    organisation.trust(ca, "--revocation", "none")
    user = world.machine().user()
    user.put(pki.make("CN=a", ca))
    user.add(organisation)
    equal(user.verdict(code=0)["managed"], True)


main(globals())
