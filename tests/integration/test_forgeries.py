#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What a server signs, and what another has altered, taken from another call or another day, or
signed in its place: the client believes none of it, loses nothing, and its next honest check works.
Key rotations, honest and forged."""
import base64
import contextlib
import hmac
import json
import time

from hostile import (DROP, RESPONSE, TRANSACTION, FrontedOrganisation, Request, book_of, digest, encode,
                     fronted, header_of, jwk, payload_of, raw, read_book, refused, reply, rewrite,
                     rewrite_request, sign, sign_again, thumbprint, twice)
from world import equal, main, pki


def bend(pattern, name, change):
    """(pattern, act): one token of an honest answer is changed."""
    return pattern, rewrite(lambda answer: answer.update({name: change(answer[name])}))


def unsigned(token, **changes):
    """Another payload under the old signature."""
    header, _, signature = token.split(".")
    return ".".join((header, encode(json.dumps({**payload_of(token), **changes}).encode()), signature))


def no_algorithm(token):
    header = encode(json.dumps({**header_of(token), "alg": "none"}).encode())
    return "%s.%s." % (header, token.split(".")[1])


def by_hmac(organisation):
    """Signed with the server's public key as if it were a shared secret."""
    public = json.dumps(jwk(organisation.server_key)).encode()

    def change(token):
        header = encode(json.dumps({**header_of(token), "alg": "HS256"}).encode())
        data = header + "." + token.split(".")[1]
        return data + "." + encode(hmac.digest(public, data.encode(), "sha256"))
    return change


def forgeries(organisation):
    """{what: change of a token}: what no key of the server has signed, and what it has not meant."""
    key, stranger = organisation.server_key, pki.make_key()
    return {
        "payload": lambda token: unsigned(token, iat=payload_of(token)["iat"] + 1),
        "no algorithm": no_algorithm,
        "HMAC": by_hmac(organisation),
        "another key": lambda token: sign_again(stranger, token),
        "another type": lambda token: sign_again(key, token, {"typ": "countersign-keys+jwt"}),
        "no type": lambda token: sign(key, {"alg": "ES256", "kid": header_of(token)["kid"]}, payload_of(token)),
        "its own key": lambda token: sign_again(stranger, token, {"jwk": jwk(stranger)}),
        "crit": lambda token: sign_again(key, token, {"crit": ["b64"], "b64": False}),
        "one claim more": lambda token: sign_again(key, token, more=1),
        "one claim less": lambda token: sign_again(key, token, iat=DROP),
        "a member twice": lambda token: twice(key, token, "iss"),
        "another iss": lambda token: sign_again(key, token, iss="https://example.org"),
        "another aud": lambda token: sign_again(key, token, aud="someoneelse"),
        "cut short": lambda token: token[:-2],
        "padded": lambda token: token + "=",
        "no token": lambda token: "x" * 40000,
    }


def test_another_organisation_in_its_place(world):
    organisation, user = fronted(world)
    honest = organisation.front.upstream
    other = FrontedOrganisation(world, "Other")
    organisation.front.upstream = other.port
    before, book = user.run("status", "--json", check=0).json["accounts"][0], book_of(user)
    code, accounts = user.check()
    equal((code, accounts), (4, [dict(before, error="unreachable")]), "it speaks for another address")
    equal(book_of(user), book)
    result = user.run("account", "add", organisation.url, "--code-stdin", "--json", stdin="AAAA-BBBB-CCCC\n")
    equal((result.code, result.json["error"]["code"]), (4, "unreachable"))
    imposter = FrontedOrganisation(world, "Imposter", url=organisation.url)
    imposter.admin("issuer", "add", "--built-in")
    organisation.front.upstream = imposter.port
    refused(user, "server-key-unknown", "the same address, another key")
    result = user.run("account", "add", organisation.url, "--code-stdin", "--json",
                      stdin=imposter.code("eve")["code"] + "\n")
    equal((result.code, result.json["error"]["code"]), (3, "server-key-unknown"))
    equal(imposter.devices(), [], "nothing was told to it")
    organisation.front.upstream = honest
    equal(user.verdict(code=0)["managed"], True)


def test_altered_verdicts(world):
    organisation, user = fronted(world)
    key = organisation.server_key
    changes = forgeries(organisation)
    device = {"id": "other", "managed": True, "reason": "managed", "certificate": None}
    changes.update({
        "another response": lambda token: sign_again(key, token, rsh=digest("x")),
        "another account": lambda token: sign_again(key, token, account="someoneelse"),
        "another device": lambda token: sign_again(key, token, device={**payload_of(token)["device"], "id": "o"}),
        "a contradiction": lambda token: sign_again(key, token, authenticated=False),
        "managed without a certificate": lambda token: sign_again(key, token, device=device),
    })
    for what, change in changes.items():
        with organisation.front.rule(*bend(RESPONSE, "verdict", change)):
            refused(user, "verdict-invalid", what)
    with organisation.front.rule(*bend(RESPONSE, "verdict", lambda token: sign_again(key, token))):
        equal(user.verdict(code=0)["managed"], True, "signed once more by the same key")


def test_altered_challenges(world):
    organisation, user = fronted(world)
    key = organisation.server_key
    changes = forgeries(organisation)
    changes.update({
        "another transaction": lambda token: sign_again(key, token, txn="other"),
        "answered elsewhere": lambda token: sign_again(key, token, verify_uri=organisation.url + "/elsewhere"),
        "another transport": lambda token: sign_again(key, token, transport="web"),
        "too long": lambda token: sign_again(key, token, exp=payload_of(token)["iat"] + 121),
        "another list": lambda token: sign_again(key, token, ilh=digest("x")),
    })
    for what, change in changes.items():
        with organisation.front.rule(*bend(TRANSACTION, "challenge", change)):
            refused(user, "challenge-invalid", what)
    other = issuer_of(pki.make_ca())
    lists = {"none": lambda issuers: [], "one more": lambda issuers: [*issuers, other],
             "another": lambda issuers: [other], "twice": lambda issuers: issuers * 2,
             "a wrong fingerprint": lambda issuers: [dict(issuers[0], **{"x5t#S256": digest("x")})],
             "too many": lambda issuers: issuers * 65}
    for what, change in lists.items():
        with organisation.front.rule(*bend(TRANSACTION, "issuers", change)):
            refused(user, "challenge-invalid", what)
    with organisation.front.rule(*bend(TRANSACTION, "challenge", lambda token: sign_again(key, token))):
        code, accounts = user.check()
    equal((code, accounts[0]["reason"]), (3, "challenge-unknown"), "not the one that the authority wrote")
    equal(user.verdict(code=0)["managed"], True)


def issuer_of(identity):
    return {"x5t#S256": encode(bytes.fromhex(identity.fingerprint)),
            "cert": base64.b64encode(identity.der).decode()}


def test_answers_of_other_calls(world):
    organisation, user = fronted(world)
    second = world.machine().user()
    second.add(organisation, "bob")
    equal(second.verdict(code=1)["reason"], "no-certificate")
    front = organisation.front
    recorded = {}

    def record(name):
        def act(connection, request, forward):
            del connection
            recorded[name] = forward(request)
            return recorded[name]
        return act

    with front.rule(TRANSACTION, record("challenge")), front.rule(RESPONSE, record("verdict")):
        user.check(code=0)
    for name, pattern in (("challenge", TRANSACTION), ("verdict", RESPONSE)):
        with front.rule(pattern, lambda connection, request, forward, name=name: recorded[name]):
            refused(second, name + "-invalid", "another account's")
    own = user.run("status", "--json").json["accounts"][0]["id"]
    with front.rule(TRANSACTION, rewrite_request(lambda call: call.update(account=own))):
        refused(second, "challenge-invalid", "asked for another account")
    with front.rule(RESPONSE, lambda connection, request, forward: (forward(request), recorded["verdict"])[1]):
        refused(user, "verdict-invalid", "yesterday's verdict")
    with front.rule(TRANSACTION, lambda connection, request, forward: recorded["challenge"]):
        code, accounts = user.check()
        equal((code, accounts[0]["reason"]), (3, "challenge-replayed"), "yesterday's challenge")
    for pattern, path in ((TRANSACTION, "/v1/nonce"), ("^POST /v1/nonce", "/.well-known/countersign")):
        def elsewhere(connection, request, forward, path=path):
            method = "GET" if path.startswith("/.") else "POST"
            return forward(Request(method, path, request.headers, b"" if method == "GET" else b"{}"))
        with front.rule(pattern, elsewhere):
            result = user.run("status", "--check", "--json") if pattern == TRANSACTION else \
                user.run("repurpose", "--json")
        equal(result.code, 4, "the answer to another question", path)
    equal(user.verdict(code=0)["managed"], True)


def test_a_verdict_that_ends_the_account_counts_only_signed(world):  # rule 23
    organisation, user = fronted(world)
    ended = {"authenticated": False, "reason": "device-deleted",
             "device": {"id": None, "managed": False, "reason": None, "certificate": None}}
    stranger = pki.make_key()
    for what, change in (("unsigned", lambda token: unsigned(token, **ended)),
                         ("by another key", lambda token: sign_again(stranger, token, **ended)),
                         ("for another response", lambda token: sign_again(organisation.server_key, token,
                                                                           rsh=digest("x"), **ended))):
        with organisation.front.rule(*bend(RESPONSE, "verdict", change)):
            refused(user, "verdict-invalid", what)
    for code in ("account-deleted", "device-deleted", "device-deactivated"):
        problem = json.dumps({"status": 403, "code": code})
        for pattern in (TRANSACTION, RESPONSE):
            with organisation.front.rule(pattern, reply(raw(403, problem, "application/problem+json"))):
                equal(user.check()[0], 3, code)
            equal(len(user.run("status", "--json").json["accounts"]), 1, code)
    equal(user.verdict(code=0)["managed"], True)


class Successor:
    """The authority after a rotation, as it looks from outside: its next key serves."""

    def __init__(self, organisation, old, sequence, signer=None, header=(), **changes):
        self.key = pki.make_key()
        now = int(time.time())
        payload = {"iss": organisation.url, "sequence": sequence, "iat": now,
                   "overlap_until": now + 86400, "next": jwk(self.key), **changes}
        self.rotations = [sign(signer or old, {"alg": "ES256", "typ": "countersign-keys+jwt",
                                               "kid": thumbprint(old), **dict(header)}, payload)]

    def serve(self, front):
        """The rules under which it answers in the authority's place."""
        rules = contextlib.ExitStack()
        for pattern, act in (("^GET /.well-known", rewrite(self.introduce)), (RESPONSE, self.judge),
                             bend(TRANSACTION, "challenge", self.sign_again)):
            rules.enter_context(front.rule(pattern, act))
        return rules

    def introduce(self, answer):
        answer.update(keys=[jwk(self.key)], rotations=self.rotations)

    def sign_again(self, token):
        return sign_again(self.key, token, {"kid": thumbprint(self.key)})

    def judge(self, connection, request, forward):
        """A verdict on whatever it was told."""
        del connection, forward
        response = payload_of(request.json["response"])
        device = {"id": response["device_id"], "managed": False, "reason": "no-issuers", "certificate": None}
        verdict = {"iss": response["aud"], "aud": response["iss"], "iat": response["iat"],
                   "rsh": digest(request.json["response"]), "authenticated": True, "reason": None,
                   "account": response["iss"], "device": device, "request": "r1"}
        header = {"alg": "ES256", "typ": "countersign-verdict+jwt", "kid": thumbprint(self.key)}
        return raw(200, json.dumps({"verdict": sign(self.key, header, verdict)}))


def pinned(user):
    organisation = read_book(user)["organisations"][0]
    return organisation["server_key"], organisation["sequence"]


def test_forged_rotations(world):
    organisation, user = fronted(world)
    key, stranger = organisation.server_key, pki.make_key()
    private = dict(jwk(stranger), d=encode(stranger.private_numbers().private_value.to_bytes(32, "big")))
    forged = {
        "by another key": Successor(organisation, key, 1, signer=stranger),
        "for another organisation": Successor(organisation, key, 1, iss="https://example.org"),
        "of another type": Successor(organisation, key, 1, header={"typ": "countersign-verdict+jwt"}),
        "no sequence": Successor(organisation, key, 0),
        "to itself": Successor(organisation, key, 1, next=jwk(key)),
        "to a third": Successor(organisation, key, 1, next=jwk(stranger)),
        "with a private key": Successor(organisation, key, 1, next=private),
        "for longer than allowed": Successor(organisation, key, 1, overlap_until=int(time.time()) + 9000000),
        "one claim more": Successor(organisation, key, 1, more=1),
    }
    forged["none at all"] = Successor(organisation, key, 1)
    forged["none at all"].rotations = []
    for what, successor in forged.items():
        with successor.serve(organisation.front):
            refused(user, "server-key-unknown", what)
            result = user.run("account", "add", organisation.url, "--code-stdin", "--json",
                              stdin="AAAA-BBBB-CCCC\n")
            equal((result.code, result.json["error"]["code"]), (3, "server-key-unknown"), what)
    equal(user.verdict(code=0)["managed"], True)


def test_honest_rotations(world):
    organisation, user = fronted(world)
    late = world.machine().user()
    late.add(organisation, "bob")
    first = Successor(organisation, organisation.server_key, 1)
    with first.serve(organisation.front):
        account = user.verdict(code=1)
        equal(account["reason"], "no-issuers", "the successor's word")
        equal(pinned(user), (jwk(first.key), 1))
    refused(user, "server-key-unknown", "the old key no longer counts")
    again = Successor(organisation, first.key, 1)
    stolen = Successor(organisation, organisation.server_key, 2)
    for what, successor in (("a number that does not rise", again), ("by the old key", stolen)):
        with successor.serve(organisation.front):
            refused(user, "server-key-unknown", what)
    second = Successor(organisation, first.key, 2)
    second.rotations[:0] = ["junk", stolen.rotations[0][:-4], *first.rotations]
    with second.serve(organisation.front):
        for one in (user, late):
            one.verdict(code=1)
            equal(pinned(one), (jwk(second.key), 2), "junk and old ones beside it change nothing")


main(globals())
