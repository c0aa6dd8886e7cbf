#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The client against a server that is hostile, broken or not the one it says: each time a clear
answer, an exit code by the contract, a sentence with what to do next, nothing lost, no hang, and
the next honest call works. What a single answer may look like, the unit tests try more of."""
import json
import os
import socket
import subprocess

from hostile import (RESPONSE, TRANSACTION, FrontedOrganisation, book_of, drip, drip_headers, flood, fronted,
                     raw, read_book, reply, rewrite, rewrite_bytes, stall, stall_in_the_body, tls_front)
from world import PROGRAM, equal, expect, main, wait_until

SHORT = "[organisation]\ntimeout-seconds=1\n"
DEEP = b'{"a":' * 50000 + b"1" + b"}" * 50000
STATUS = {TRANSACTION: 201, RESPONSE: 200, "^GET /.well-known": 200, "^POST /v1/nonce": 200,
          "^POST /v1/accounts": 201, "^POST /v1/device": 200}


def hostile_answers(pattern, address):
    """{what: act}: no answer to that call. Each has the status that a good one would have."""
    status = STATUS[pattern]
    problem = "application/problem+json"
    return {
        "redirect to itself": reply(raw(302, "", headers=["Location: %s/followed" % address])),
        "redirect with a body": reply(raw(307, "{}", headers=["Location: %s/followed" % address])),
        "redirect to a file": reply(raw(301, "", headers=["Location: file:///etc/passwd"])),
        "success with a location": reply(raw(status, "", headers=["Location: %s/followed" % address])),
        "another success": rewrite_bytes(lambda body: raw(202, body)),
        "HTML": reply(raw(status, "<!doctype html><title>Sign in to the Wi-Fi</title>", "text/html")),
        "HTML that says JSON": reply(raw(status, "<!doctype html><title>Wi-Fi</title>")),
        "JSON that says text": rewrite_bytes(lambda body: raw(status, body, "text/plain")),
        "no type": rewrite_bytes(lambda body: raw(status, body, None)),
        "no members": reply(raw(status, "{}")),
        "empty": reply(raw(status, "")),
        "no content": reply(raw(204, "")),
        "truncated": reply(raw(status, '{"nonce": "abc')),
        "more than announced": rewrite_bytes(lambda body: raw(status, body, length=len(body) - 1)),
        "less than announced": rewrite_bytes(lambda body: raw(status, body, length=len(body) + 1)),
        "a length of none": rewrite_bytes(lambda body: raw(status, body, length=-1)),
        "something behind": rewrite_bytes(lambda body: raw(status, body + b"{}")),
        "duplicate members": rewrite_bytes(lambda body: raw(status, doubled(body))),
        "one member more": rewrite_bytes(lambda body: raw(status, body[:-1] + b',"more":1}')),
        "deep nesting": reply(raw(status, DEEP)),
        "invalid UTF-8": rewrite_bytes(lambda body: raw(status, body.replace(b'":"', b'":"\xff', 1))),
        "NUL": rewrite_bytes(lambda body: raw(status, body.replace(b'":"', b'":"\x00', 1))),
        "an escaped NUL": rewrite_bytes(lambda body: raw(status, body.replace(b'":"', b'":"\\u0000', 1))),
        "an array": rewrite_bytes(lambda body: raw(status, b"[" + body + b"]")),
        "no HTTP": reply(b"SSH-2.0-OpenSSH_9.2\r\n"),
        "HTTP 0.9": rewrite_bytes(lambda body: body),
        "hung up": reply(b""),
        "a fault": rewrite_bytes(lambda body: raw(500, body)),
        "busy": reply(raw(503, '{"status": 503, "code": "busy"}', problem)),
        "a problem that is none": reply(raw(400, "{", problem)),
        "a long header": rewrite_bytes(lambda body: raw(status, body, headers=["Cookie: " + "a" * 40000])),
    }


def doubled(body):
    """The object with its last member twice."""
    name = list(json.loads(body))[-1]
    return body[:-1] + (',"%s":%s}' % (name, json.dumps(json.loads(body)[name]))).encode()


def test_answers_that_are_none(world):
    organisation, user = fronted(world)
    before, book = user.run("status", "--json", check=0).json["accounts"][0], book_of(user)
    for pattern in (TRANSACTION, RESPONSE):
        for what, act in hostile_answers(pattern, organisation.url).items():
            with organisation.front.rule(pattern, act):
                code, accounts = user.check()
            equal((code, accounts), (4, [dict(before, error="unreachable")]), pattern, what)
            equal(book_of(user), book, pattern, what)
    for pattern in ("^POST /v1/nonce", "^POST /v1/device"):
        for what, act in hostile_answers(pattern, organisation.url).items():
            with organisation.front.rule(pattern, act):
                result = user.run("repurpose", "--json")
            equal((result.code, result.json["organisations"][0]["error"]), (4, "unreachable"), pattern, what)
    for pattern in (TRANSACTION, RESPONSE):
        with organisation.front.rule(pattern, rewrite_bytes(lambda body, good=STATUS[pattern]: raw(good, body))):
            equal(user.verdict(code=0)["managed"], True, "unchanged")
    equal([call.path for call in organisation.front.calls if "followed" in call.path], [])


def test_people_are_told_what_to_do(world):
    organisation, user = fronted(world)
    html = reply(raw(201, "<title>\x1b[2JWi-Fi</title>", "text/html"))
    with organisation.front.rule(TRANSACTION, html):
        result = user.run("status", "--check")
        for words in ("Managed (checked just now)", "it is not JSON", "still stands", "Check the network"):
            expect(words in result.out.replace("\n  ", " "), words, result)
        expect("Wi-Fi" not in result.out and "\x1b" not in result.out, "the server's words", result)
        result = user.run("explain", user.run("status", "--json").json["accounts"][0]["id"])
        equal(result.out, "", "errors are told on standard error")
        expect("Check the network" in result.err.replace("\n", " "), result)
    with organisation.front.rule(TRANSACTION, rewrite(lambda answer: dict(answer, issuers=[]))):
        result = user.run("status", "--check", check=3)
        for words in ("not those it vouches for", "tell the helpdesk"):
            expect(words in " ".join(result.out.split()), words, result)


def test_adding_an_account(world):
    organisation, user = fronted(world, managed=False)
    code = organisation.code("ada")["code"] + "\n"
    add = ("account", "add", organisation.url, "--code-stdin")
    for pattern in ("^GET /.well-known", "^POST /v1/nonce", "^POST /v1/accounts"):
        for what, act in hostile_answers(pattern, organisation.url).items():
            with organisation.front.rule(pattern, act):
                result = user.run(*add, "--json", stdin=code)
            equal(result.code, 4, what, pattern, result)
            expect(result.json["error"]["code"] in ("unreachable", "too-large"), what, result)
        equal(user.run("status", "--json", check=0).json, {"accounts": []}, pattern)
    with organisation.front.rule("^POST /v1/accounts", reply(raw(201, "", "text/html"))):
        result = user.run(*add, stdin=code)
        expect("Check the network" in result.err.replace("\n", " "), result)
    user.run(*add, stdin=code, check=0)
    equal(len(organisation.devices()[0]["keys"]), 1, "one device key for all the tries")
    keys = os.listdir(os.path.join(user.state, "keys"))
    equal(len(keys), 2, "one account key, one device key", keys)
    equal(user.verdict(code=0)["managed"], True)


def test_an_account_is_deleted_whatever_the_server_says(world):  # rule 23
    organisation, user = fronted(world)
    account = user.verdict(code=0)
    with organisation.front.rule("^DELETE", reply(raw(200, "<title>Wi-Fi</title>", "text/html"))):
        result = user.run("account", "delete", account["id"], "--yes", "--json", check=0)
        equal(result.json, {"id": account["id"], "deleted": True, "pending": True})
        equal(user.run("status", "--check", "--json").json, {"accounts": []})
        equal(len(read_book(user)["accounts"]), 1, "the tombstone waits")
    user.run("status", "--check")
    equal(read_book(user)["accounts"], [], "the server was told")
    equal(organisation.devices()[0]["users"], [])


def test_stalls_and_drips(world):
    organisation, user = fronted(world)
    before = user.run("status", "--json", check=0).json["accounts"][0]
    book = book_of(user)
    user.configure(SHORT)
    acts = {"stalls": (RESPONSE, stall), "stalls in the body": (TRANSACTION, stall_in_the_body),
            "drips": (RESPONSE, drip), "drips headers": (TRANSACTION, drip_headers)}
    for what, (pattern, act) in acts.items():
        with organisation.front.rule(pattern, act):
            code, accounts = user.check()
        equal((code, accounts), (4, [dict(before, error="unreachable")]), what)
        equal(book_of(user), book, what)
    with organisation.front.rule("^POST /v1/nonce", drip):
        result = user.run("repurpose", "--json")
        equal((result.code, result.json["organisations"][0]["error"]), (4, "unreachable"))
    with organisation.front.rule(TRANSACTION, drip):
        result = user.run("explain", before["id"], "--json")
        equal((result.code, result.json["error"]["code"]), (4, "timed-out"))
    user.configure()
    equal(user.verdict(code=0)["managed"], True)


def test_a_port_that_never_accepts(world):
    _, user = fronted(world)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        full = [socket.socket() for _ in range(4)]
        for one in full:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        user.configure(SHORT)
        result = user.run("account", "add", "http://127.0.0.1:%d" % deaf.getsockname()[1], "--code-stdin",
                          "--json", stdin="AAAA-BBBB-CCCC\n")
        equal((result.code, result.json["error"]["code"]), (4, "timed-out"))
        for one in full:
            one.close()


def test_interrupting_a_stalled_check(world):
    organisation, user = fronted(world)
    before = user.run("status", "--json", check=0).json
    calls = len(organisation.front.calls)
    with organisation.front.rule(TRANSACTION, stall):
        with subprocess.Popen([PROGRAM, "--config", user.config, "status", "--check", "--json"],
                              stdout=subprocess.PIPE, env=user.environment) as process:
            expect(wait_until(lambda: len(organisation.front.calls) > calls), "the call is made")
            process.terminate()
            out, _ = process.communicate(timeout=25)
    equal(process.returncode, 128 + 15)
    equal(json.loads(out)["accounts"][0]["error"], "cancelled")
    equal(user.run("status", "--json", check=0).json, before)


def peak_kib(user, *arguments):
    """The most memory that a run took."""
    with subprocess.Popen([PROGRAM, "--config", user.config, *arguments], env=user.environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss


def test_two_gigabytes(world):
    organisation, user = fronted(world)
    code, honest = peak_kib(user, "status", "--check")
    equal(code, 0)
    before, book = user.run("status", "--json", check=0).json["accounts"][0], book_of(user)
    for announced in (True, False):
        for pattern in (TRANSACTION, RESPONSE):
            with organisation.front.rule(pattern, flood(organisation.front, announced)):
                code, peak = peak_kib(user, "status", "--check")
            equal(code, 4)
            expect(peak < honest + (64 << 10), "took", peak, "KiB, honest", honest)
            equal(book_of(user), book)
    expect(organisation.front.sent_bytes < 256 << 20, "listened to", organisation.front.sent_bytes)
    with organisation.front.rule(TRANSACTION, flood(organisation.front, False)):
        result = user.run("explain", before["id"], "--json")
    equal((result.code, result.json["error"]["code"]), (4, "too-large"))
    equal(user.verdict(code=0)["managed"], True)


def test_redirects_are_followed_nowhere(world):
    organisation, user = fronted(world)
    other, path = tls_front(world)
    elsewhere = FrontedOrganisation(world, "Elsewhere")
    try:
        for front in (organisation.front, other):
            del front.calls[:]
        target = reply(raw(308, "{}", headers=["Location: %s/v1/nonce" % elsewhere.url]))
        with organisation.front.rule("", target):
            equal(user.check()[0], 4)
        user.configure("[organisation]\ntls-ca-file=%s\n" % path)
        with other.rule("", target):
            result = user.run("account", "add", "https://127.0.0.1:%d" % other.port, "--code-stdin", "--json",
                              stdin="AAAA-BBBB-CCCC\n")
        equal((result.code, result.json["error"]["code"]), (4, "unreachable"), "https to http")
        equal(len(other.calls), 1)
        equal(elsewhere.front.calls, [], "nobody was sent there")
    finally:
        other.close()


def test_tls_that_proves_nothing(world):
    _, user = fronted(world)
    for host, trusted in (("127.0.0.1", False), ("localhost", True)):
        front, path = tls_front(world, host)
        user.configure("[organisation]\ntls-ca-file=%s\n" % path if trusted else "")
        add = ("account", "add", "https://127.0.0.1:%d" % front.port, "--code-stdin")
        result = user.run(*add, "--json", stdin="AAAA-BBBB-CCCC\n")
        equal((result.code, result.json["error"]["code"]), (4, "tls-untrusted"), host)
        result = user.run(*add, stdin="AAAA-BBBB-CCCC\n")
        expect("prove by TLS" in result.err and "tls-ca-file" in result.err, result)
        equal(front.calls, [], "no byte of HTTP was said")
        front.close()


main(globals())
