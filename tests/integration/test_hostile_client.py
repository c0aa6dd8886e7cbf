#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The authority against clients that hold real keys and say what no honest client would: raw calls
over HTTP. Each time the protocol's answer, a line in the log where it says so, nothing bound or
lost, and the honest client of the same account goes on working."""
import base64
import contextlib
import http.client
import json
import secrets
import socket

from cryptography.hazmat.primitives.asymmetric import utils

from hostile import (DROP, client_keys, digest, encode, jwk, payload_of, read_book, sign, sign_again,
                     thumbprint, twice)
from world import equal, expect, main, managed_pair, pki

P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


class Forger:
    """Somebody with the keys of an account, a device and a certificate, and a program of his own."""

    def __init__(self, organisation, user, identity=None):
        self.organisation, self.identity = organisation, identity
        self.account_key, self.device_key = client_keys(user)
        entry = read_book(user)["accounts"][0]
        self.account, self.device = entry["id"], entry["device_id"]

    def call(self, path, body, method="POST", content_type="application/json"):
        """(status, object)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.organisation.port, timeout=30)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": content_type} if content_type else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def open(self):
        status, answer = self.call("/v1/transactions", {"account": self.account})
        equal(status, 201, answer)
        return answer

    def attest(self, opened, header=(), **changes):
        challenge = payload_of(opened["challenge"])
        claims = {"aud": challenge["iss"] + "/management", "nonce": challenge["nonce"],
                  "chh": digest(opened["challenge"]), "device_id": self.device, "iat": challenge["iat"],
                  "exp": challenge["iat"] + 60, "cnf": {"ak.jkt": thumbprint(self.account_key),
                                                        "dk.jkt": thumbprint(self.device_key)}, **changes}
        form = {"alg": "ES256", "typ": "countersign-mgmt+jwt",
                "x5c": [base64.b64encode(self.identity.der).decode()],
                "x5t#S256": encode(bytes.fromhex(self.identity.fingerprint)), **dict(header)}
        return sign(self.identity.key, form, claims)

    def respond(self, opened, attestation, header=(), **changes):
        challenge = payload_of(opened["challenge"])
        claims = {"iss": self.account, "sub": self.account, "aud": challenge["iss"], "iat": challenge["iat"],
                  "exp": challenge["iat"] + 60, "jti": secrets.token_hex(8), "nonce": challenge["nonce"],
                  "chh": digest(opened["challenge"]), "device_id": self.device, "origin": None,
                  "transport": "direct", "mah": attestation and digest(attestation), "amr": ["pop", "swk"]}
        claims.update({} if attestation else {"mar": "no-certificate"})
        claims.update(changes)
        claims = {name: value for name, value in claims.items() if value is not DROP}
        form = {"alg": "ES256", "typ": "countersign-auth+jwt", "kid": thumbprint(self.account_key),
                **dict(header)}
        return sign(self.account_key, form, claims)

    def prove(self, response, header=(), key=None, **changes):
        told = payload_of(response)
        claims = {"ath": digest(response), **{name: told[name] for name in ("aud", "nonce", "chh", "device_id", "mah")},
                  **changes}
        form = {"alg": "ES256", "typ": "countersign-device-proof+jwt", "kid": thumbprint(self.device_key),
                **dict(header)}
        return sign(key or self.device_key, form, claims)

    def send(self, opened, response, proof, attestation):
        return self.call("/v1/transactions/%s/response" % opened["transaction"],
                         {"response": response, "device_proof": proof, "attestation": attestation})

    def sign_in(self, opened=None, attested=(), responded=(), proven=()):
        """One authentication with changes: (reason, device's reason) of the verdict."""
        opened = opened or self.open()
        attestation = self.attest(opened, **dict(attested)) if self.identity else None
        response = self.respond(opened, attestation, **dict(responded))
        status, answer = self.send(opened, response, self.prove(response, **dict(proven)), attestation)
        equal(status, 200, answer)
        return reasons(answer)


def reasons(answer):
    verdict = payload_of(answer["verdict"])
    return verdict["reason"], verdict["device"]["reason"]


def forger_of(world):
    organisation, _, user, identity = managed_pair(world)
    equal(user.verdict(code=0)["managed"], True)
    forger = Forger(organisation, user, identity)
    equal(forger.sign_in(), (None, "managed"), "the forger can do what the client does")
    return forger, user


def settled(organisation):
    """What no forgery may change."""
    return organisation.devices(), organisation.admin("user", "list"), organisation.admin("issuer", "list")


def test_responses_that_are_not_believed(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    stranger = pki.make_key()
    now = payload_of(forger.open()["challenge"])["iat"]
    cases = {
        "another type": (dict(header={"typ": "countersign-device-proof+jwt"}), "response-malformed"),
        "JWT": (dict(header={"typ": "JWT"}), "response-malformed"),
        "crit": (dict(header={"crit": ["exp"]}), "response-malformed"),
        "its own key": (dict(header={"jwk": jwk(stranger)}), "response-malformed"),
        "jku": (dict(header={"jku": "http://127.0.0.1:1/"}), "response-malformed"),
        "no algorithm": (dict(header={"alg": "none"}), "response-malformed"),
        "another key's name": (dict(header={"kid": thumbprint(stranger)}), "response-signature-invalid"),
        "one claim more": (dict(more=1), "response-malformed"),
        "one claim less": (dict(jti=DROP), "response-malformed"),
        "a number for a text": (dict(jti=5), "response-malformed"),
        "another account": (dict(iss="other", sub="other"), "response-signature-invalid"),
        "another subject": (dict(sub="other"), "response-malformed"),
        "another server": (dict(aud="http://127.0.0.1:1"), "challenge-unknown"),
        "another challenge": (dict(nonce=digest("x")), "challenge-unknown"),
        "another challenge's hash": (dict(chh=digest("x")), "challenge-unknown"),
        "of long ago": (dict(iat=now - 200, exp=now - 140), "challenge-expired"),
        "of the future": (dict(iat=now + 200, exp=now + 260), "challenge-expired"),
        "good for a year": (dict(exp=now + 31536000), "response-malformed"),
        "another device": (dict(device_id="other"), "device-proof-invalid"),
        "another transport": (dict(transport="web"), "transport-mismatch"),
        "a page": (dict(origin="https://example.org"), "origin-mismatch"),
    }
    for what, (changes, reason) in cases.items():
        equal(forger.sign_in(responded=changes), (reason, None), what)
    line = forger.organisation.log()[-1]
    equal((line["event"], line["outcome"], line["reason"]), ("authentication", "refused", "origin-mismatch"))
    equal(settled(forger.organisation), before)
    equal(user.verdict(code=0)["managed"], True)


def test_bytes_that_are_no_response(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    opened = forger.open()
    attestation = forger.attest(opened)
    response = forger.respond(opened, attestation)
    proof = forger.prove(response)
    good = {"response": response, "device_proof": proof, "attestation": attestation}
    text = json.dumps(good)
    path = "/v1/transactions/%s/response" % opened["transaction"]
    bodies = {"nothing": b"", "an array": b"[]", "a text": b'"x"', "cut short": text[:-1].encode(),
              "a member twice": text[:-1].encode() + b', "attestation": null}', "one member more": dict(good, more=1),
              "no response": {"device_proof": proof, "attestation": attestation},
              "two proofs": dict(good, device_proof=[proof, proof]),
              "a proof more": text[:-1].encode() + b', "device_proof": "x"}',
              "a number": dict(good, response=5), "deep": b'{"a":' * 30000 + b"1" + b"}" * 30000,
              "not UTF-8": text.replace("response", "r\udcffponse").encode("utf-8", "surrogateescape"),
              "NUL": text.replace('"response": "', '"response": "\\u0000').encode(),
              "something behind": text.encode() + b"{}", "a BOM": b"\xef\xbb\xbf" + text.encode()}
    for what, body in bodies.items():
        status, answer = forger.call(path, body)
        equal((status, answer["code"]), (400, "request-malformed"), what)
    equal(forger.call(path, b" " * (300 << 10))[0], 413)
    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"):
        equal(forger.call(path, good, content_type=kind)[0], 415, kind)
    equal(forger.call(path, good, method="PUT")[1]["code"], "method-not-allowed")
    for other in (path + "/", "/v1/transactions/other/response", "/v1/transactions/%2e%2e/response",
                  path.replace("/v1", "//v1"), path.replace("response", "%72esponse")):
        equal(forger.call(other, good)[0], 404, other)
    equal(reasons(forger.call(path, good)[1]), (None, "managed"), "the transaction was open all the time")
    equal(settled(forger.organisation), before)
    equal(user.verdict(code=0)["managed"], True)


def test_raw_bytes(world):
    """What is no HTTP is refused, or waits at its own cost; meanwhile others are served."""
    forger, user = forger_of(world)
    post = b"POST /v1/nonce HTTP/1.1\r\nHost: a\r\n"
    whole = {post + b"Content-Length: -1\r\n\r\n": 400,
             post + b"Content-Length: 99999999999999999999\r\n\r\n": 413,
             b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n": 414,
             b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n": 431}
    parts = (b"\x16\x03\x01\x02\x00\x01", b"GET", post,
             post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
    with contextlib.ExitStack() as peers:
        for data in (*whole, *parts):
            peer = peers.enter_context(socket.create_connection(("127.0.0.1", forger.organisation.port)))
            peer.settimeout(30)
            with contextlib.suppress(ConnectionError):
                peer.sendall(data)
            if data in whole:
                answer = peer.recv(12)
                equal(answer, b"HTTP/1.1 %d" % whole[data], data[:60])
        equal(user.verdict(code=0)["managed"], True)


def test_device_proofs(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    second = world.machine().user()
    second.add(forger.organisation, "bob")
    other = Forger(forger.organisation, second)
    cases = {
        "another key": dict(key=pki.make_key()),
        "another device's key": dict(key=other.device_key, header={"kid": thumbprint(other.device_key)}),
        "the account's key": dict(key=forger.account_key, header={"kid": thumbprint(forger.account_key)}),
        "another type": dict(header={"typ": "countersign-auth+jwt"}),
        "of another response": dict(ath=digest("x")),
        "without the attestation": dict(mah=None),
        "another nonce": dict(nonce=digest("x")),
        "another device": dict(device_id=other.device),
        "another server": dict(aud="http://127.0.0.1:1"),
        "one claim more": dict(more=1),
    }
    for what, changes in cases.items():
        equal(forger.sign_in(proven=changes), ("device-proof-invalid", None), what)
    for proof in (None, "", "x.y.z"):
        opened = forger.open()
        attestation = forger.attest(opened)
        status, answer = forger.send(opened, forger.respond(opened, attestation), proof, attestation)
        equal((status, reasons(answer)), (200, ("device-proof-invalid", None)), proof)
        status, answer = forger.send(opened, forger.respond(opened, attestation), proof, attestation)
        equal((status, answer.get("code")), (200, None), "the challenge was used up")
    equal(settled(forger.organisation)[0][0], before[0][0])
    equal(user.verdict(code=0)["managed"], True)


def test_attestations(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    now = payload_of(forger.open()["challenge"])["iat"]
    ca = pki.make_ca()
    other = pki.make("CN=other", ca)
    x5c = [base64.b64encode(other.der).decode()]
    cases = {
        "another type": (dict(header={"typ": "countersign-auth+jwt"}), "attestation-malformed"),
        "for a sign-in": (dict(aud=forger.organisation.url), "challenge-mismatch"),
        "of explain": (dict(aud="urn:nobody"), "challenge-mismatch"),
        "another nonce": (dict(nonce=digest("x")), "challenge-mismatch"),
        "another challenge": (dict(chh=digest("x")), "challenge-mismatch"),
        "another device": (dict(device_id="other"), "challenge-mismatch"),
        "another account's key": (dict(cnf={"ak.jkt": digest("x"), "dk.jkt": thumbprint(forger.device_key)}),
                                  "challenge-mismatch"),
        "another device's key": (dict(cnf={"ak.jkt": thumbprint(forger.account_key), "dk.jkt": digest("x")}),
                                 "challenge-mismatch"),
        "of long ago": (dict(iat=now - 200, exp=now - 140), "challenge-mismatch"),
        "of the future": (dict(iat=now + 200, exp=now + 260), "challenge-mismatch"),
        "good for an hour": (dict(exp=now + 3600), "attestation-malformed"),
        "another certificate's": (dict(header={"x5c": x5c, "x5t#S256": encode(bytes.fromhex(other.fingerprint))}),
                                  "attestation-signature-invalid"),
        "a fingerprint of another": (dict(header={"x5t#S256": digest("x")}), "attestation-malformed"),
        "a chain": (dict(header={"x5c": [base64.b64encode(forger.identity.der).decode(), *x5c]}),
                    "attestation-malformed"),
        "a name for the key": (dict(header={"kid": "x"}), "attestation-malformed"),
        "one claim more": (dict(more=1), "attestation-malformed"),
    }
    for what, (changes, reason) in cases.items():
        equal(forger.sign_in(attested=changes), (None, reason), what)
    equal(settled(forger.organisation), before)
    equal(user.verdict(code=0)["managed"], True)


def test_spliced_attestations(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    elsewhere = forger.open()
    opened = forger.open()
    earlier = forger.attest(elsewhere)
    for what, told, sent, reason in (
            ("another sign-in's", earlier, earlier, "challenge-mismatch"),
            ("one that the response does not speak of", None, forger.attest(opened), "challenge-mismatch"),
            ("another than the response speaks of", forger.attest(opened), forger.attest(opened),
             "challenge-mismatch"),
            ("one that is missing", forger.attest(opened), None, "attestation-malformed")):
        response = forger.respond(opened, told)
        status, answer = forger.send(opened, response, forger.prove(response), sent)
        equal((status, reasons(answer)), (200, (None, reason)), what)
        opened = forger.open()
    equal(settled(forger.organisation), before)
    equal(user.verdict(code=0)["managed"], True)


def test_members_said_twice(world):
    """Each token with a good signature over a payload that says one member twice."""
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    same = lambda token: token
    again = lambda key: lambda token: twice(key, token, "nonce")
    for attested, responded, proven, expected in (
            (again(forger.identity.key), same, same, (None, "attestation-malformed")),
            (same, again(forger.account_key), same, ("response-malformed", None)),
            (same, same, again(forger.device_key), ("device-proof-invalid", None))):
        opened = forger.open()
        attestation = attested(forger.attest(opened))
        response = responded(forger.respond(opened, attestation))
        status, answer = forger.send(opened, response, proven(forger.prove(response)), attestation)
        equal((status, reasons(answer)), (200, expected))
    equal(settled(forger.organisation), before)
    equal(user.verdict(code=0)["managed"], True)


def test_replays(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    opened = forger.open()
    attestation = forger.attest(opened)
    response = forger.respond(opened, attestation)
    call = (opened, response, forger.prove(response), attestation)
    equal(reasons(forger.send(*call)[1]), (None, "managed"))
    for _ in range(3):
        equal(reasons(forger.send(*call)[1]), ("challenge-replayed", None))
    equal(forger.sign_in(opened=opened), ("challenge-replayed", None), "a new response to it")
    fresh = forger.open()
    equal(reasons(forger.send(fresh, *call[1:])[1]), ("challenge-unknown", None), "to another challenge")
    forger.organisation.stop()
    forger.organisation.serve()
    status, answer = forger.send(*call)
    equal((status, answer["code"]), (404, "challenge-unknown"), "nor after a restart")
    equal(settled(forger.organisation), before)
    equal(user.verdict(code=0)["managed"], True)


def test_guessing_at_a_challenge(world):
    """Without the account's key: five tries, and it is gone; the account's owner loses nothing."""
    forger, user = forger_of(world)
    opened = forger.open()
    stranger = pki.make_key()
    forged = sign_again(stranger, forger.respond(opened, None))
    for _ in range(5):
        status, answer = forger.send(opened, forged, None, None)
        equal((status, reasons(answer)), (200, ("response-signature-invalid", None)))
        verdict = payload_of(answer["verdict"])
        equal((verdict["device"]["id"], verdict["device"]["certificate"]), (None, None), "nothing is told")
    equal(forger.send(opened, forged, None, None)[1]["code"], "challenge-unknown")
    equal(user.verdict(code=0)["managed"], True)


def reencode(identity):
    """The same certificate with its ECDSA signature (r, n - s) in place of (r, s): as good, and
    another fingerprint."""
    certificate, der = identity.certificate, identity.der
    r, s = utils.decode_dss_signature(certificate.signature)
    body = certificate.tbs_certificate_bytes
    algorithm = der[der.index(body) + len(body):-len(certificate.signature) - 3]
    signature = utils.encode_dss_signature(r, P256_ORDER - s)
    content = body + algorithm + b"\x03" + bytes([len(signature) + 1, 0]) + signature
    other = pki.x509.load_der_x509_certificate(b"\x30\x82" + len(content).to_bytes(2, "big") + content)
    expect(other.public_bytes(pki.serialization.Encoding.DER) != der, "another encoding")
    return pki.Identity(other, identity.key)


def test_a_re_encoded_certificate_is_the_same_one(world):  # rules 12, 15
    forger, user = forger_of(world)
    organisation, first = forger.organisation, forger.identity
    again = reencode(first)
    second = world.machine().user()
    second.put(again)
    second.add(organisation, "bob")
    equal(second.verdict(code=1)["reason"], "bound-to-another-device", "the link is of the key")
    forger.identity = again
    equal(forger.sign_in(), (None, "managed"), "on its own device it is as good")
    organisation.admin("certificate", "revoke", first.fingerprint)
    equal(forger.sign_in(), (None, "certificate-revoked"), "revoked by number and key")
    equal(user.verdict(code=1)["reason"], "certificate-revoked")


def enrolment(forger, code, account, device, enrolled=(), introduced=(), headers=((), ())):
    """The body of POST /v1/accounts, with changes."""
    status, nonce = forger.call("/v1/nonce", {})
    equal(status, 200)
    common = {"aud": forger.organisation.url, "nonce": nonce["nonce"], "iat": nonce["iat"]}
    enroll = {**common, "ch": digest(code), "dk.jkt": thumbprint(device), **dict(enrolled)}
    introduce = {**common, "hardware_id": digest("hardware"), "name": "forged", "platform": "linux",
                 "key_protection": "swk", "ak.jkt": thumbprint(account), **dict(introduced)}
    form = lambda name, key, header: {"alg": "ES256", "typ": "countersign-%s+jwt" % name, "jwk": jwk(key),
                                      **dict(header)}
    return {"code": code, "enroll": sign(account, form("enroll", account, headers[0]), enroll),
            "device": sign(device, form("device", device, headers[1]), introduce)}


def test_enrolments(world):
    forger, user = forger_of(world)
    before = settled(forger.organisation)
    code = forger.organisation.code("eve")["code"].replace("-", "")
    now = forger.call("/v1/nonce", {})[1]["iat"]
    account, device = pki.make_key(), pki.make_key()
    private = dict(jwk(account), d=encode(account.private_numbers().private_value.to_bytes(32, "big")))
    cases = {
        "another code": (dict(enrolled={"ch": digest("x")}), 400, "token-malformed"),
        "another device's key": (dict(enrolled={"dk.jkt": digest("x")}), 400, "token-malformed"),
        "another account's key": (dict(introduced={"ak.jkt": digest("x")}), 400, "token-malformed"),
        "for somebody else": (dict(enrolled={"aud": "http://127.0.0.1:1"}), 400, "token-malformed"),
        "of long ago": (dict(enrolled={"iat": now - 400}), 400, "token-malformed"),
        "of the future": (dict(enrolled={"iat": now + 400}), 400, "token-malformed"),
        "another nonce": (dict(enrolled={"nonce": digest("x")}, introduced={"nonce": digest("x")}), 403,
                          "nonce-invalid"),
        "two nonces": (dict(enrolled={"nonce": digest("x")}), 400, "token-malformed"),
        "a query for an enrolment": (dict(headers=((), {"typ": "countersign-device-query+jwt"})), 400,
                                     "token-malformed"),
        "a private key": (dict(headers=({"jwk": private}, ())), 400, "token-malformed"),
        "a name that moves the cursor": (dict(introduced={"name": "a\x1b[2Jb"}), 400, "token-malformed"),
    }
    for what, (changes, status, reason) in cases.items():
        seen, answer = forger.call("/v1/accounts", enrolment(forger, code, account, device, **changes))
        equal((seen, answer["code"]), (status, reason), what)
    seen, answer = forger.call("/v1/accounts", enrolment(forger, code, account, account))
    equal((seen, answer["code"]), (400, "token-malformed"), "one key for two")
    seen, answer = forger.call("/v1/accounts", enrolment(forger, code, forger.account_key, device))
    equal((seen, answer["code"]), (400, "token-malformed"), "another account's key")
    equal(settled(forger.organisation)[0], before[0], "nothing was enrolled")
    good = enrolment(forger, code, account, device)
    equal(forger.call("/v1/accounts", good)[0], 201, "and the code is as good as before")
    equal(forger.call("/v1/accounts", good)[1]["code"], "nonce-invalid", "the same bytes again")
    equal(user.verdict(code=0)["managed"], True)


def test_deleting_what_is_not_ones_own(world):  # rule 23
    forger, user = forger_of(world)
    second = world.machine().user()
    second.add(forger.organisation, "bob")
    other = Forger(forger.organisation, second)

    def delete(where, signer, **changes):
        nonce = forger.call("/v1/nonce", {})[1]
        token = sign(signer.account_key, {"alg": "ES256", "typ": "countersign-delete+jwt",
                                          "kid": thumbprint(signer.account_key)},
                     {"aud": forger.organisation.url, "nonce": nonce["nonce"], "iat": nonce["iat"],
                      "account": where, **changes})
        return forger.call("/v1/accounts/" + where, {"delete": token}, method="DELETE")

    equal(delete(forger.account, other)[1].get("code"), "token-malformed", "by another account")
    equal(delete(forger.account, forger, account=other.account)[1].get("code"), "token-malformed")
    equal(delete(forger.account, forger, aud="http://127.0.0.1:1")[1].get("code"), "token-malformed")
    equal(delete(forger.account, forger, nonce=digest("x"))[1].get("code"), "nonce-invalid")
    equal(user.verdict(code=0)["managed"], True)
    equal(second.verdict(code=1)["reason"], "no-certificate")


main(globals())
