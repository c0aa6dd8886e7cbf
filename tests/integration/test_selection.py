#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rules 2 to 10, by the real program over real folders."""
import os
import stat

from world import equal, expect, main, managed_pair, pki, put

# Root reads everything, so what modes forbid is shown by an ordinary user.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def outcomes(explanation, issuer=0):
    """{fingerprint: outcome} of one issuer."""
    return {candidate["fingerprint"]: candidate["outcome"]
            for candidate in explanation["issuers"][issuer]["candidates"]}


def test_rule_2_a_sign_in_without_attestation_still_signs_in(world):  # rule 2
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    user = world.machine().user()
    user.add(organisation)
    account = user.verdict(code=1)
    equal((account["managed"], account["reason"]), (False, "no-certificate"))
    last = organisation.log()[-1]
    equal((last["event"], last["outcome"], last["reason"]),
          ("authentication", "ok", "no-certificate"))


def test_rule_3_upload_warns_of_self_service_enrolment(world):  # rule 3
    organisation = world.organisation(serve=False)
    path = world.write("ca.pem", pki.make_ca().pem)
    result = organisation.run("issuer", "add", path, "--json", check=0)
    for words in ("Warning", "managed devices only", "enrol there themselves"):
        expect(words in result.err, words, result)
    expect("\\x" not in result.err, "nothing of our own is escaped", result)
    equal(sorted(result.json), ["fingerprint", "id", "subject"])


def test_rule_4_each_authentication_goes_by_the_list_of_that_moment(world):  # rule 4
    organisation, _, user, identity = managed_pair(world)
    equal(user.verdict(code=0)["managed"], True)
    built_in = organisation.admin("issuer", "list")["issuers"][0]["id"]
    organisation.admin("issuer", "delete", built_in)
    account = user.verdict(code=1)
    equal((account["managed"], account["reason"]), (False, "no-issuers"))
    organisation.admin("issuer", "add", "--built-in")
    account = user.verdict(code=0)
    equal((account["managed"], account["certificate"]["fingerprint"]), (True, identity.fingerprint))


def test_rule_5_issued_by_is_name_and_signature(world):  # rule 5
    user = world.machine().user()
    one, other = pki.make_ca("CN=Same Name,O=x"), pki.make_ca("CN=Same Name,O=x")
    leaf = pki.make("CN=a", one)
    user.put(leaf)
    explanation = user.explain(other, one)
    equal(explanation["selected"], leaf.fingerprint)
    equal(explanation["issuers"][0]["candidates"], [])
    equal(explanation["issuers"][0]["store"], "none")
    equal(explanation["issuers"][1]["store"], "user")


def test_rule_5_names_compare_by_rfc_5280(world):  # rule 5
    key = pki.make_key()
    issuer = pki.make_ca("CN=Test   CA,O=EXAMPLE", key=key)
    issued_by = pki.make_ca("CN=test ca,O=Example", key=key)
    user = world.machine().user()
    leaf = pki.make("CN=a", issued_by)
    user.put(leaf)
    equal(user.explain(issuer)["selected"], leaf.fingerprint)


def test_rule_5_what_is_a_client_certificate(world):  # rule 5
    ca = pki.make_ca()
    cases = [
        (dict(), None), (dict(key_usage=None), None), (dict(eku=None), None),
        (dict(eku=("anyExtendedKeyUsage",)), None), (dict(eku=("serverAuth", "clientAuth")), None),
        (dict(kind="p384"), None), (dict(kind="p521"), None), (dict(kind="rsa2048"), None),
        (dict(kind="p224"), "certificate-unsuitable"), (dict(kind="rsa1024"), "certificate-unsuitable"),
        (dict(eku=("serverAuth",)), "certificate-unsuitable"),
        (dict(key_usage="keyEncipherment"), "certificate-unsuitable"),
        (dict(ca=True), "certificate-unsuitable"),
        (dict(digest=pki.hashes.SHA1), "certificate-unsuitable"),
    ]
    machine = world.machine()
    for number, (options, reason) in enumerate(cases):
        user = machine.user("user%d" % number)
        leaf = pki.make("CN=a", ca, **options)
        user.put(leaf)
        explanation = user.explain(ca)
        equal(explanation["reason"], reason, options)
        equal(outcomes(explanation), {leaf.fingerprint: reason or "selected"}, options)


def test_rule_6_the_user_store_hides_the_machine_store(world):  # rule 6
    ca, other = pki.make_ca("CN=One"), pki.make_ca("CN=Two")
    machine = world.machine()
    user = machine.user()
    old = pki.make("CN=old", ca, not_before=pki.now() - pki.days(100))
    new = pki.make("CN=new", ca)
    elsewhere = pki.make("CN=other", other, not_before=pki.now() - pki.days(200))
    user.put(old)
    machine.put(new, "new")
    machine.put(elsewhere, "elsewhere")
    explanation = user.explain(ca, other)
    equal(outcomes(explanation), {old.fingerprint: "selected", new.fingerprint: "hidden-by-user-store"})
    equal(explanation["issuers"][1]["store"], "machine")
    equal(outcomes(explanation, 1), {elsewhere.fingerprint: "older"})


def test_rule_6_presence_decides_not_usability(world):  # rule 6
    ca = pki.make_ca()
    machine = world.machine()
    good = pki.make("CN=good", ca)
    machine.put(good)
    expired = machine.user("expired")
    dead = pki.make("CN=dead", ca, not_before=pki.now() - pki.days(9), not_after=pki.now() - pki.days(1))
    expired.put(dead)
    explanation = expired.explain(ca)
    equal(explanation["reason"], "certificate-expired")
    equal(outcomes(explanation), {dead.fingerprint: "certificate-expired",
                                  good.fingerprint: "hidden-by-user-store"})
    keyless = machine.user("keyless")
    lonely = pki.make("CN=lonely", ca)
    keyless.put(lonely, key=False)
    explanation = keyless.explain(ca)
    equal(explanation["reason"], "key-inaccessible")
    equal(outcomes(explanation)[good.fingerprint], "hidden-by-user-store")
    unsuitable = machine.user("unsuitable")
    unsuitable.put(pki.make("CN=server", ca, eku=("serverAuth",)))
    equal(unsuitable.explain(ca)["selected"], good.fingerprint)


def test_rule_7_a_key_that_fails_gives_way_to_the_next(world):  # rule 7
    ca = pki.make_ca()
    user = world.machine().user()
    older = pki.make("CN=older", ca, not_before=pki.now() - pki.days(20))
    newer = pki.make("CN=newer", ca, not_before=pki.now() - pki.days(10))
    newest = pki.make("CN=newest", ca, not_before=pki.now() - pki.days(5))
    user.put(older, "older")
    user.put(newer, "newer", key=False)
    user.put(pki.Identity(newest.certificate, pki.make_key()), "newest")
    explanation = user.explain(ca)
    equal(outcomes(explanation), {older.fingerprint: "selected", newer.fingerprint: "key-inaccessible",
                                  newest.fingerprint: "key-inaccessible"})


def test_rule_7_keys_are_found_by_the_layouts_named_only(world):  # rule 7
    ca = pki.make_ca()
    layouts = {"beside": {}, "folder": {"folder_layout": True}}
    for number, form in enumerate(("pkcs8", "traditional")):
        for kind in ("p256", "rsa2048"):
            user = world.machine().user("inside-%d-%s" % (number, kind))
            leaf = pki.make("CN=inside", ca, kind=kind)
            with open(os.path.join(user.store, "both.pem"), "wb") as out:
                out.write(leaf.pem + leaf.key_pem(form))
            equal(user.explain(ca)["selected"], leaf.fingerprint, form, kind)
    for base, options in layouts.items():
        user = world.machine().user()
        leaf = pki.make("CN=a", ca)
        user.put(leaf, base, **options)
        equal(user.explain(ca)["selected"], leaf.fingerprint, base)
    user = world.machine().user()
    leaf = pki.make("CN=p12", ca, kind="rsa2048")
    with open(os.path.join(user.store, "x.p12"), "wb") as out:
        out.write(leaf.pkcs12())
    equal(user.explain(ca)["selected"], leaf.fingerprint, "pkcs12")
    user = world.machine().user()
    leaf = pki.make("CN=der", ca)
    with open(os.path.join(user.store, "x.crt"), "wb") as out:
        out.write(leaf.der)
    with open(os.path.join(user.store, "x.key"), "wb") as out:
        out.write(leaf.key_pem("traditional"))
    equal(user.explain(ca)["selected"], leaf.fingerprint, "der")
    os.rename(os.path.join(user.store, "x.key"), os.path.join(user.store, "y.key"))
    equal(user.explain(ca)["reason"], "key-inaccessible", "another file's key is never searched")


def test_rule_8_the_latest_not_before_wins_over_all_issuers(world):  # rule 8
    first, second = pki.make_ca("CN=First"), pki.make_ca("CN=Second")
    machine = world.machine()
    user = machine.user()
    old = pki.make("CN=old", first, not_before=pki.now() - pki.days(30), not_after=pki.now() + pki.days(900))
    new = pki.make("CN=new", second, not_before=pki.now() - pki.days(2), not_after=pki.now() + pki.days(3))
    future = pki.make("CN=future", first, not_before=pki.now() + pki.days(2))
    user.put(old, "old")
    user.put(future, "future")
    machine.put(new)
    explanation = user.explain(first, second)
    equal(explanation["selected"], new.fingerprint)
    equal(outcomes(explanation), {old.fingerprint: "older", future.fingerprint: "certificate-not-yet-valid"})


def test_rule_8_ties(world):  # rule 8
    first, second = pki.make_ca("CN=First"), pki.make_ca("CN=Second")
    when = pki.now() - pki.days(3)
    machine = world.machine()
    by_first = pki.make("CN=a", first, not_before=when)
    by_second = pki.make("CN=b", second, not_before=when)
    user = machine.user("store-first")
    machine.put(by_first)
    user.put(by_second)
    explanation = user.explain(first, second)
    equal(explanation["selected"], by_second.fingerprint, "the user store wins a tie")
    user.put(by_first, "too")
    equal(user.explain(first, second)["selected"], by_first.fingerprint, "then the issuer's place")
    equal(user.explain(second, first)["selected"], by_second.fingerprint, "then the issuer's place")
    twins = [pki.make("CN=twin %d" % number, first, not_before=when) for number in range(4)]
    user = world.machine().user("fingerprint")
    for number, twin in enumerate(twins):
        user.put(twin, "twin-%d" % number)
    explanation = user.explain(first)
    equal(explanation["selected"], min(twin.fingerprint for twin in twins), "then the fingerprint")
    equal(sorted(outcomes(explanation).values()), ["older"] * 3 + ["selected"])


def test_rule_9_the_client_asks_no_revocation(world):  # rule 9
    organisation, _, user, identity = managed_pair(world)
    organisation.admin("certificate", "revoke", identity.fingerprint)
    ca = pki.x509.load_pem_x509_certificate(
        open(os.path.join(organisation.folder, "ca.pem"), "rb").read())
    equal(user.explain(pki.Identity(ca, None))["selected"], identity.fingerprint)
    equal(user.verdict(code=1)["reason"], "certificate-revoked")


def test_rule_10_what_stands_in_the_way_is_named(world):  # rule 10
    ca = pki.make_ca()
    machine = world.machine()
    path = machine.put(pki.make("CN=machine", ca))
    key_path = path.replace(".pem", ".key")
    os.chmod(key_path, 0o600)
    user = machine.user()
    for folder, _, files in os.walk(user.folder):
        os.chown(folder, 65534, 65534)
        for name in files:
            os.chown(os.path.join(folder, name), 65534, 65534)
    user.wrapper = NOBODY
    explanation = user.explain(ca)
    equal(explanation["reason"], "key-inaccessible")
    detail = explanation["issuers"][0]["candidates"][0]["detail"]
    for part in (key_path, "root", "0600"):
        expect(part in detail, part, "is not in", detail)
    os.chmod(key_path, 0o644)
    expect(user.explain(ca)["selected"] is not None, "readable now")


def test_stores_are_read_whatever_their_mode_or_owner(world):
    ca = pki.make_ca()
    user = world.machine().user()
    leaf = pki.make("CN=a", ca)
    path = user.put(leaf)
    os.chmod(user.store, 0o777)
    os.chmod(path, 0o666)
    equal(user.explain(ca)["selected"], leaf.fingerprint)


def test_what_is_foreign_is_passed_over_and_named(world):
    ca = pki.make_ca()
    user = world.machine().user()
    leaf = pki.make("CN=a", ca)
    user.put(leaf)
    inside = lambda name: os.path.join(user.store, name)
    os.mkfifo(inside("fifo.pem"))
    os.symlink("loop.pem", inside("loop.pem"))
    os.symlink("nowhere", inside("dangling.pem"))
    with open(inside("junk.pem"), "wb") as out:
        out.write(os.urandom(5000))
    with open(inside("broken.pem"), "wb") as out:
        out.write(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with open(inside("huge.pem"), "wb") as out:
        out.truncate(1 << 30)
    with open(inside("locked.p12"), "wb") as out:
        out.write(leaf.pkcs12(b"secret"))
    deep = os.path.join(user.store, "one", "two")
    put(deep, pki.make("CN=deep", ca, not_before=pki.now()), "deep")
    explanation = user.explain(ca)
    equal(outcomes(explanation), {leaf.fingerprint: "selected"})
    passed_over = " ".join(item["location"] for item in explanation["passed_over"])
    for name in ("fifo.pem", "junk.pem", "broken.pem", "huge.pem", "locked.p12"):
        expect(name in passed_over, name, "is not in", passed_over)


def test_configured_stores_replace_the_defaults(world):
    ca = pki.make_ca()
    user = world.machine().user()
    default = os.path.join(user.environment["XDG_DATA_HOME"], "countersign", "certificates")
    leaf = pki.make("CN=a", ca)
    put(default, leaf, "a")
    equal(user.explain(ca)["selected"], None)
    with open(user.config, "w", encoding="utf-8") as out:
        out.write("[device]\nmachine-id-file=%s\n" % user.machine.id_file)
    equal(user.explain(ca)["selected"], leaf.fingerprint)


def test_what_we_write_is_0700_and_0600(world):
    _, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    seen = 0
    for folder, _, files in os.walk(user.state):
        equal(stat.S_IMODE(os.stat(folder).st_mode), 0o700, folder)
        for name in files:
            seen += 1
            equal(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o600, name)
    expect(seen >= 3, "state files", seen)


main(globals())
