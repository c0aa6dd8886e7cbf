# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rule 12 with a real OCSP responder that is slow, drips, is huge, redirects, is stale, speaks of
somebody else, is somebody else, or gone: unknown, with the cause for helpdesk, and nobody else's harm."""
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from publisher import DAY, HOUR, Publisher, make_ocsp, now, points
from world import equal, expect, main, pki, wait_until

MARGIN_S = 20  # for a machine that is busy with other things; a CRL or OCSP answer is not waited for


class Scene:
    """An organisation that allows its CA's responder, a user with a certificate of which that one has
    told good before, and a user to whom things happen."""

    def __init__(self, world):
        self.publisher = Publisher()
        self.organisation = world.organisation()
        self.ca = pki.make_ca()
        self.organisation.trust(self.ca, "--allow-url", self.publisher.url + "/ocsp/")
        self.bystander = self.enrol(world, "ben")
        known = self.give(self.bystander)
        self.publisher.serve(make_ocsp(self.ca, known))
        expect(wait_until(lambda: self.bystander.verdict()["reason"] == "managed", 30))
        self.user = self.enrol(world, "ada")

    def enrol(self, world, login):
        user = world.machine().user()
        user.add(self.organisation, login)
        return user

    def give(self, user, path="/ocsp/x"):
        identity = pki.make("CN=a", self.ca, extensions=points(None, self.publisher.url + path))
        user.put(identity)
        return identity

    def problem(self, identity):
        """Why the source brought nothing, as helpdesk sees it."""
        for source in self.organisation.admin("revocation", "show")["sources"]:
            if source["certificate"] == identity.fingerprint:
                return source["problem"]
        return None

    def stop(self):
        self.organisation.stop()
        self.publisher.stop()


def sign(ca, identity, signer, shown=True, nonce=None):
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=identity.certificate, issuer=ca.certificate, algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD, this_update=now() - HOUR, next_update=now() + DAY,
        revocation_time=None, revocation_reason=None).responder_id(
            ocsp.OCSPResponderEncoding.NAME, signer.certificate)
    if shown and signer is not ca:
        builder = builder.certificates([signer.certificate])
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def refuse(status):
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(
        serialization.Encoding.DER)


def drip(answer):
    """One octet at a time, for longer than anybody should listen."""
    def say(request):
        request.say(200, b"", length=len(answer))
        for octet in answer:
            request.wfile.write(bytes([octet]))
            request.wfile.flush()
            time.sleep(0.2)  # this is the responder's vice, not a test's patience
    return say


def never_end(request):
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"\x30" * 65536)


def bystander_is_managed(scene, *why):
    equal(scene.bystander.verdict(code=0)["reason"], "managed", *why)


def expect_unknown(scene, answer, problem, path="/ocsp/x"):
    """A certificate that nobody has asked about before; answer is made for it."""
    identity = scene.give(scene.user, path)
    said = answer(identity)
    scene.publisher.answer = lambda path: said
    equal(scene.user.verdict(code=1)["reason"], "revocation-unknown", problem)
    expect(wait_until(lambda: scene.problem(identity) == problem, 30), problem, "saw",
           scene.problem(identity))
    # What was fetched by then is in the log's line, too; a slow one is still under way.
    detail = scene.organisation.log()[-1]["detail"].split()
    equal(detail[0], "revocation=ocsp-missing", problem)
    expect(detail[1:] in ([], ["fetched=" + problem]), problem, detail)
    bystander_is_managed(scene, problem)


def test_rule_12_responders_that_say_nothing_of_use(world):  # rule 12
    scene = Scene(world)
    elsewhere = Publisher()
    ca, other = scene.ca, pki.make_ca()
    stranger = pki.make("CN=a", ca)
    # The CA's name, and another's key; another CA altogether, which shows itself; and a certificate
    # of the CA's that was not made to answer for it.
    same_name = pki.make_ca(ca.certificate.subject.rfc4514_string())
    cases = [
        (lambda one: (200, b"<html>"), "ocsp-malformed"),
        (lambda one: (200, b""), "ocsp-malformed"),
        (lambda one: (200, make_ocsp(ca, one)[:-1]), "ocsp-malformed"),
        (lambda one: (200, refuse(ocsp.OCSPResponseStatus.TRY_LATER)), "ocsp-refused"),
        (lambda one: (200, refuse(ocsp.OCSPResponseStatus.UNAUTHORIZED)), "ocsp-refused"),
        (lambda one: (500, make_ocsp(ca, one)), "http-status"),
        (lambda one: (200, make_ocsp(ca, one, until=now() - HOUR, issued=now() - DAY)), "ocsp-stale"),
        (lambda one: (200, make_ocsp(ca, one, issued=now() + HOUR)), "ocsp-not-yet-valid"),
        (lambda one: (200, make_ocsp(ca, stranger)), "ocsp-no-match"),
        (lambda one: (200, make_ocsp(ca, one, ocsp.OCSPCertStatus.UNKNOWN)), "ocsp-status-unknown"),
        (lambda one: (200, sign(ca, one, same_name, shown=False)), "ocsp-signature-invalid"),
        (lambda one: (200, sign(ca, one, same_name)), "ocsp-responder-not-allowed"),
        (lambda one: (200, sign(ca, one, other)), "ocsp-responder-not-allowed"),
        (lambda one: (200, sign(ca, one, stranger)), "ocsp-responder-not-allowed"),
        (lambda one: (302, b"", scene.publisher.url + "/ocsp/y"), "http-status"),
        (lambda one: (307, b"", elsewhere.url + "/ocsp/y"), "http-status"),
        (lambda one: (200, make_ocsp(ca, one) + b"\0" * 65536), "too-large"),
        (lambda one: never_end, "too-large"),
        (lambda one: (200, make_ocsp(ca, one)[:-1], None, 100000), "too-large"),
        (lambda one: (200, make_ocsp(ca, one)[:-1], None, 60000), "unreachable"),
    ]
    for answer, problem in cases:
        expect_unknown(scene, answer, problem)
    equal(elsewhere.asked, [], "no redirect is followed")
    equal(set(scene.publisher.asked), {"/ocsp/x"}, "not even within what is allowed")
    elsewhere.stop()
    scene.stop()


def test_rule_12_responders_that_take_their_time(world):  # rule 12
    scene = Scene(world)
    expect_unknown(scene, lambda one: None, "timed-out")
    expect_unknown(scene, lambda one: drip(make_ocsp(scene.ca, one)), "timed-out")
    scene.publisher.stop()
    expect_unknown(scene, lambda one: None, "unreachable")
    scene.organisation.stop()


def test_rule_12_who_is_not_allowed_is_not_asked(world):  # rule 12
    scene = Scene(world)
    asked = len(scene.publisher.asked)
    for path in ("/ocsp2/x", "/ocsp/../x", "/ocsp/%2e%2e/x", "/"):
        identity = scene.give(scene.user, path)
        scene.publisher.serve(make_ocsp(scene.ca, identity))
        equal(scene.user.verdict(code=1)["reason"], "revocation-unknown", path)
        equal(scene.problem(identity), None, path)
    equal(len(scene.publisher.asked), asked)
    scene.stop()


def test_rule_12_what_was_revoked_stays_revoked(world):  # rule 12
    scene = Scene(world)
    identity = scene.give(scene.user)
    revoked = make_ocsp(scene.ca, identity, ocsp.OCSPCertStatus.REVOKED)
    scene.publisher.serve(revoked)
    expect(wait_until(lambda: scene.user.verdict()["reason"] == "certificate-revoked", 30))
    # An older word, and no word at all: what is known stays known.
    scene.publisher.serve(make_ocsp(scene.ca, identity, issued=now() - HOUR))
    scene.organisation.admin("revocation", "refresh")
    equal(scene.problem(identity), "older-than-known")
    equal(scene.user.verdict(code=1)["reason"], "certificate-revoked")
    scene.publisher.answer = lambda path: never_end
    scene.organisation.admin("revocation", "refresh")
    equal(scene.user.verdict(code=1)["reason"], "certificate-revoked")
    scene.stop()


def test_rule_12_a_nonce_that_nobody_sent_changes_nothing(world):  # rule 12
    scene = Scene(world)

    def first_sign_in():
        identity = scene.give(scene.user)
        scene.publisher.serve(sign(scene.ca, identity, scene.ca, nonce=b"not ours"))
        return scene.user.verdict()["reason"]

    expect(wait_until(lambda: first_sign_in() == "managed", 60))
    scene.stop()


def test_rule_12_one_waits_and_the_others_do_not(world):  # rule 12
    scene = Scene(world)
    scene.give(scene.user)
    asked = len(scene.publisher.asked)
    scene.publisher.answer = lambda path: None
    seen = []

    def sign_in():
        begun = time.monotonic()
        seen.append((scene.user.verdict()["reason"], time.monotonic() - begun))

    waiting = threading.Thread(target=sign_in)
    waiting.start()
    expect(wait_until(lambda: len(scene.publisher.asked) > asked, 30))
    # Until here the responder has answered nobody, and so it stays.
    bystander_is_managed(scene)
    waiting.join()
    reason, taken_s = seen[0]
    equal(reason, "revocation-unknown")
    expect(2 <= taken_s < 2 + MARGIN_S, "it waited, and not for long", taken_s)
    lines = [line for line in scene.organisation.log() if line["event"] == "authentication"]
    equal([line["reason"] for line in lines if line["actor"] == "user:ada"][-1:],
          ["revocation-unknown"])
    scene.stop()


main(globals())
