# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rule 12 with real processes: CRLs and OCSP answers of an uploaded issuer, from files and from a real
HTTP server that is good, slow, huge, redirecting, stale, hostile or gone."""
import datetime
import os

from cryptography.x509 import ocsp

from publisher import HOUR, Publisher, make_crl, make_ocsp, now, set_up
from world import equal, expect, main, pki, wait_until


def becomes(user, reason):
    """What is missing is sent for by the first sign-in that needs it, and known to a later one."""
    seen = []

    def check():
        seen.append(user.verdict()["reason"])
        return seen[-1] == reason

    expect(wait_until(check, 30), "reason", reason, "saw", seen[-3:])


def source(organisation):
    sources = organisation.admin("revocation", "show")["sources"]
    equal(len(sources), 1, sources)
    return sources[0]


def test_rule_12_a_file_that_changes(world):  # rule 12
    path = os.path.join(world.folder, "ca.crl")
    organisation, ca, _, identity, user = set_up(world, "--crl-file", path)
    # 1: signed in, and not managed.
    equal(user.verdict(code=1)["reason"], "revocation-unknown", "no file yet")
    equal(source(organisation)["problem"], "not-found")
    world.write("ca.crl", make_crl(ca))
    becomes(user, "managed")
    equal(organisation.admin("issuer", "list")["issuers"][0]["revocation"], "any")
    expect(3600 <= source(organisation)["age"] < 4000, source(organisation))
    world.write("ca.crl", make_crl(ca, [identity], number=2))
    becomes(user, "certificate-revoked")
    world.write("ca.crl", make_crl(ca, until=now() - datetime.timedelta(minutes=1), number=3))
    becomes(user, "revocation-unknown")


def test_rule_12_an_address_of_the_administrator(world):  # rule 12
    publisher = Publisher()
    organisation, ca, issuer, identity, user = set_up(
        world, "--revocation", "crl", "--revocation-url", publisher.url + "/ca.crl")
    publisher.serve(make_crl(ca))
    organisation.admin("revocation", "refresh")
    becomes(user, "managed")
    publisher.serve(make_crl(ca, [identity], number=2))
    equal(organisation.admin("revocation", "refresh")["sources"][0]["problem"], None)
    becomes(user, "certificate-revoked")
    # An older one, shown again by somebody between: what is known stays known.
    publisher.serve(make_crl(ca))
    organisation.admin("revocation", "refresh")
    equal(source(organisation)["problem"], "older-than-known")
    becomes(user, "certificate-revoked")
    organisation.admin("issuer", "set", issuer, "--revocation", "none")
    becomes(user, "managed")
    organisation.admin("issuer", "set", issuer)
    becomes(user, "revocation-unknown")
    publisher.stop()


def test_rule_12_the_certificates_own_addresses(world):  # rule 12
    publisher = Publisher()
    organisation, ca, issuer, identity, user = set_up(
        world, "--allow-url", "http://127.0.0.1:1/", crl_url=publisher.url + "/pki/ca.crl",
        ocsp_url=publisher.url + "/ocsp")
    publisher.answer = lambda path: (200, make_crl(ca)) if path == "/pki/ca.crl" else (404, b"")
    equal(user.verdict(code=1)["reason"], "revocation-unknown")
    organisation.admin("issuer", "set", issuer, "--allow-url", publisher.url + "/pki2/")
    equal(user.verdict(code=1)["reason"], "revocation-unknown")
    organisation.stop()
    equal(publisher.asked, [], "nothing is fetched that was not allowed")
    organisation.serve()
    organisation.admin("issuer", "set", issuer, "--allow-url", publisher.url + "/pki/")
    becomes(user, "managed")
    equal(set(publisher.asked), {"/pki/ca.crl"}, "and only that")
    publisher.stop()
    # Cached over a restart, while its publisher is gone.
    organisation.stop()
    organisation.serve()
    equal(user.verdict(code=0)["reason"], "managed")
    expect(identity is not None)


def test_rule_12_a_delta_crl_that_is_pointed_to(world):  # rule 12
    publisher = Publisher()
    served = {}
    publisher.answer = lambda path: (200, served[path]) if path in served else (404, b"")
    organisation, ca, issuer, identity, user = set_up(
        world, "--allow-url", publisher.url + "/pki/ca.crl", crl_url=publisher.url + "/pki/ca.crl")
    served["/pki/ca.crl"] = make_crl(ca, number=5, freshest=publisher.url + "/pki/ca+.crl")
    served["/pki/ca+.crl"] = make_crl(ca, number=6, base=5)
    becomes(user, "revocation-unknown")
    expect(wait_until(lambda: publisher.asked))
    # The complete one is good, and not all there is; where its delta is, nobody may ask.
    equal(user.verdict(code=1)["reason"], "revocation-unknown")
    equal(set(publisher.asked), {"/pki/ca.crl"})
    organisation.admin("issuer", "set", issuer, "--allow-url", publisher.url + "/pki/")
    becomes(user, "managed")
    equal(set(publisher.asked), {"/pki/ca.crl", "/pki/ca+.crl"})
    served["/pki/ca+.crl"] = make_crl(ca, [identity], number=7, base=5)
    organisation.admin("revocation", "refresh")
    becomes(user, "certificate-revoked")
    sources = organisation.admin("revocation", "show")["sources"]
    equal(sorted((item["kind"], item["problem"]) for item in sources),
          [("crl", None), ("delta", None)])
    publisher.stop()


def test_rule_12_ocsp(world):  # rule 12
    publisher = Publisher()
    organisation, ca, _, identity, user = set_up(
        world, "--revocation", "ocsp", "--revocation-url", publisher.url + "/ocsp")
    publisher.serve(make_ocsp(ca, identity))
    becomes(user, "managed")
    publisher.serve(make_ocsp(ca, identity, ocsp.OCSPCertStatus.REVOKED, issued=now()))
    organisation.admin("revocation", "refresh")
    becomes(user, "certificate-revoked")
    equal(source(organisation)["certificate"], identity.fingerprint)
    publisher.stop()
    organisation.stop()
    organisation.serve()
    equal(user.verdict(code=1)["reason"], "certificate-revoked", "cached over a restart")


def test_rule_12_the_first_sign_in_knows(world):  # rule 12
    publisher = Publisher()
    _, ca, _, _, user = set_up(
        world, "--revocation", "ocsp", "--revocation-url", publisher.url + "/ocsp")

    def first_sign_in():
        identity = pki.make("CN=a", ca)
        publisher.serve(make_ocsp(ca, identity))
        user.put(identity)
        return user.verdict()["reason"]

    # A busy machine may take more than the 2 s; each certificate has one first sign-in.
    expect(wait_until(lambda: first_sign_in() == "managed", 60), "at once")
    publisher.stop()


def test_rule_12_publishers_that_fail(world):  # rule 12
    publisher = Publisher()
    organisation, ca, _, identity, user = set_up(
        world, "--revocation", "crl", "--revocation-url", publisher.url + "/ca.crl")
    other = pki.make_ca()
    elsewhere = Publisher()
    elsewhere.serve(make_crl(ca))
    cases = [
        (lambda path: (200, b"<html>"), "crl-malformed"),
        (lambda path: (500, b""), "http-status"),
        (lambda path: (302, b"", elsewhere.url + "/x.crl"), "http-status"),
        (lambda path: (200, make_crl(ca, signer=other)), "crl-signature-invalid"),
        (lambda path: (200, make_crl(other)), "crl-signature-invalid"),
        (lambda path: (200, make_crl(ca, until=now() - HOUR)), "crl-stale"),
        (lambda path: (200, b"\x30" * (33 * 1024 * 1024)), "too-large"),
    ]
    for answer, problem in cases:
        publisher.answer = answer
        organisation.admin("revocation", "refresh")
        equal(source(organisation)["problem"], problem)
        equal(user.verdict(code=1)["reason"], "revocation-unknown", problem)
    equal(elsewhere.asked, [], "no redirect is followed")
    # What was good before stays, whatever comes after; and one that answers nothing holds nobody up.
    publisher.serve(make_crl(ca))
    organisation.admin("revocation", "refresh")
    becomes(user, "managed")
    publisher.answer = lambda path: None
    equal(user.verdict(code=0)["reason"], "managed")
    publisher.answer = cases[0][0]
    organisation.admin("revocation", "refresh")
    equal(source(organisation)["problem"], "crl-malformed")
    equal(user.verdict(code=0)["reason"], "managed")
    publisher.stop()
    elsewhere.stop()
    organisation.admin("revocation", "refresh")
    equal(source(organisation)["problem"], "unreachable")
    equal(user.verdict(code=0)["reason"], "managed")
    expect(identity is not None)


def test_a_publisher_that_never_answers_holds_nobody_up(world):  # rule 12
    publisher = Publisher()
    publisher.answer = lambda path: None
    organisation, _, _, _, user = set_up(
        world, "--revocation", "crl", "--revocation-url", publisher.url + "/ca.crl")
    equal(user.verdict(code=1)["reason"], "revocation-unknown")
    expect(wait_until(lambda: publisher.asked), "it is asked meanwhile")
    equal(user.verdict(code=1)["reason"], "revocation-unknown")
    organisation.stop()
    publisher.stop()


def with_one_that_hangs(world):
    """An issuer by file, whose certificate is managed, while the watch fetches for another issuer."""
    hanging = Publisher()
    hanging.answer = lambda path: None
    path = os.path.join(world.folder, "ca.crl")
    organisation, ca, issuer, identity, user = set_up(world, "--crl-file", path)
    world.write("ca.crl", make_crl(ca))
    becomes(user, "managed")
    organisation.trust(pki.make_ca(), "--revocation", "crl", "--revocation-url",
                       hanging.url + "/x.crl")
    user.check()
    expect(wait_until(lambda: hanging.asked, 20), "the other's fetch is under way")
    return hanging, organisation, ca, issuer, identity, user


def test_rule_12_another_choice_counts_at_once(world):  # rule 12
    hanging, organisation, _, issuer, _, user = with_one_that_hangs(world)
    organisation.admin("issuer", "set", issuer)
    equal(user.verdict(code=1)["reason"], "revocation-unknown", "at the next sign-in")
    organisation.stop()
    hanging.stop()


def test_rule_12_an_issuer_that_comes_back_is_another(world):  # rule 12
    hanging, organisation, ca, issuer, identity, user = with_one_that_hangs(world)
    path = world.write("new.crl", make_crl(ca, [identity], number=2))
    organisation.admin("issuer", "delete", issuer)
    organisation.trust(ca, "--crl-file", path)
    expect(user.verdict(code=1)["reason"] in ("revocation-unknown", "certificate-revoked"),
           "not what was known of it before")
    becomes(user, "certificate-revoked")
    organisation.stop()
    hanging.stop()


def test_rule_12_a_file_is_read_while_others_hang(world):  # rule 12
    hanging, organisation, ca, _, identity, user = with_one_that_hangs(world)
    more = [Publisher() for _ in range(3)]
    for publisher in more:
        publisher.answer = lambda path: None
        organisation.trust(pki.make_ca(), "--revocation", "crl", "--revocation-url",
                           publisher.url + "/x.crl")
    user.check()
    # Beside one another.
    expect(wait_until(lambda: all(publisher.asked for publisher in more), 15), "all are asked")
    world.write("ca.crl", make_crl(ca, [identity], number=2))
    becomes(user, "certificate-revoked")
    organisation.stop()
    for publisher in (hanging, *more):
        publisher.stop()


def test_what_makes_no_sense_is_refused(world):
    organisation = world.organisation(serve=False)
    path = world.write("ca.pem", pki.make_ca().pem)
    for options in (("--revocation", "maybe"), ("--revocation", "crl"),
                    ("--revocation", "none", "--crl-file", "x"),
                    ("--revocation", "any", "--revocation-url", "http://a/"),
                    ("--revocation", "ocsp", "--crl-file", "x"), ("--allow-url", "ftp://a/"),
                    ("--revocation", "crl", "--revocation-url", "http://u@a/"), ("--max-age", "5"),
                    ("--allow-url", "http://a/", "--max-age", "0")):
        equal(organisation.run("issuer", "add", path, *options).code, 2, options)
    equal(organisation.admin("issuer", "list")["issuers"], [])
    equal(organisation.admin("revocation", "show"), {"sources": []})


main(globals())
