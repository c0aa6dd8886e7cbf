#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Codes, keys and tokens are where they must be and nowhere else, whatever verb has its part."""
import os
import re

import world as harness
from canaries import Canaries, Life, add_key_files, add_tokens, files_below, keep, read
from world import equal, expect, main, pki

WATCHED = os.environ["COUNTERSIGN_WATCHED"]


class Recorder:
    """Keeps what every run of the program said, with GLib's debug messages, which come on standard
    output and are taken out again for those who read a document there."""

    def __init__(self):
        self.runs = []  # (arguments, output, errors)
        self.original = harness.run_program

    def run(self, arguments, environment, *rest, **options):
        result = self.original(arguments, environment, *rest, **options)
        self.runs.append((list(arguments), result.out, result.err))
        if "--json" in arguments:
            result.out = "\n".join(line for line in result.out.splitlines() if line.startswith("{"))
        return result

    def __enter__(self):
        harness.run_program = self.run
        return self

    def __exit__(self, *exception):
        harness.run_program = self.original


def verb_of(arguments):
    words = list(arguments)
    while "--config" in words or "--dir" in words:
        at = words.index("--config" if "--config" in words else "--dir")
        del words[at:at + 2]
    return " ".join(words)


def all_verbs(world):
    listed = harness.run_program(["help"], world.environment, check=0).out
    verbs = [match.group(1) for match in re.finditer(r"^  ([a-z]+(?: [a-z]+)*)", listed, re.MULTILINE)]
    expect("authority certificate issue" in verbs and len(verbs) > 30, verbs)
    return verbs


def live_as_client(organisation, user, canaries):
    codes = [organisation.code(login) for login in ("ada", "grace", "linus")]
    for code in codes:
        canaries.add_code(code["code"])
    code, link = codes[0]["code"], codes[1]["link"]
    for words in ((organisation.url, code), (code,), (link,), ("--code", code), ("--code=" + code,)):
        expect(user.run("account", "add", *words).code != 0, words)
    user.run(code)
    user.run("account", "show", code)
    user.run("account", "add", organisation.url, "--code-stdin", "--json", stdin=code + "\n", check=0)
    user.run("account", "add", organisation.url, "--code-stdin", stdin=code + "\n", check=3)
    user.run("account", "add", "--link-stdin", stdin=link + "\n", check=0)
    organisation.run("user", "suspend", "linus", check=0)
    user.run("account", "add", organisation.url, "--code-stdin", stdin=codes[2]["code"] + "\n", check=3)
    user.run("status", "--check", check=0)
    account = user.run("status", "--check", "--json", check=0).json["accounts"][0]
    for words in (("explain",), ("explain", account["id"]), ("account", "list"), ("account", "show", account["id"]),
                  ("repurpose",), ("help",), ("version",), ("demo",)):
        user.run(*words, check=0)
    add_key_files(canaries, user.state)
    return account


def live_as_administrator(world, organisation, user, account):
    device = account["device_id"]
    other = user.machine.user("other")
    other.add(organisation, "edsger")
    key, = [key["id"] for key in organisation.admin("device", "show", device)["keys"] if key["approved"] is False]
    issuer = organisation.trust(pki.make_ca())["id"]
    for verb in (("issuer", "list"), ("issuer", "delete", issuer), ("user", "list"), ("user", "resume", "linus"),
                 ("user", "delete", "linus"), ("device", "list"), ("device", "show", device),
                 ("device", "approve", device, key), ("device", "suspend", device), ("device", "resume", device),
                 ("device", "release", device, account["certificate"]["fingerprint"]),
                 ("certificate", "revoke", account["certificate"]["fingerprint"])):
        organisation.run(*verb, check=0)
    user.run("account", "delete", account["id"], "--yes", check=0)
    for move in ("deactivate", "reactivate", "deactivate", "delete"):
        organisation.run("device", move, device, check=0)
    user.run("status", "--check")
    organisation.run("log", check=0)


def check_runs(canaries, recorder):
    for arguments, out, err in recorder.runs:
        found = canaries.find(err) | canaries.find(out)
        if verb_of(arguments).startswith("authority code "):
            equal(canaries.find(err), set())
            found = {name for name in found if not name.startswith("code ")}
        equal(found, set(), "said by", verb_of(arguments))


def check_files(canaries, folder):
    for path in files_below(folder):
        equal(canaries.find(read(path)) - {path}, set(), "in", path)


def test_no_secret_is_said_or_kept_where_it_need_not_be(world):
    world.environment["G_MESSAGES_DEBUG"] = "all"
    canaries = Canaries()
    with Recorder() as recorder:
        life = Life(world)
        life.add_store(canaries)
        exchanges = []
        with life.front.rule(".", keep(exchanges)):
            account = live_as_client(life.organisation, life.user, canaries)
            check_files(canaries, world.folder)
            live_as_administrator(world, life.organisation, life.user, account)
        add_tokens(canaries, exchanges)
        sent = b"".join(request + answer for request, answer in exchanges)
    add_key_files(canaries, life.organisation.folder)
    life.organisation.stop()
    kinds = {name.split("/")[0].split(" ")[0] for name in canaries.names.values()}
    equal(kinds, {"", "code", "nonce", "token"}, "canaries of every kind")
    expect({name.split(" ")[0] for name in canaries.find(sent)} == {"code", "nonce", "token"}, "on the wire")
    check_runs(canaries, recorder)
    equal(canaries.find(life.organisation.output), set(), "said by serve")
    expect("DEBUG" in "".join(out + err for _, out, err in recorder.runs), "debug messages were asked for")
    check_files(canaries, world.folder)


def test_every_verb_is_protected_before_it_reads(world):
    program, harness.PROGRAM = harness.PROGRAM, WATCHED
    try:
        with Recorder() as recorder:
            life = Life(world)
            account = live_as_client(life.organisation, life.user, Canaries())
            live_as_administrator(world, life.organisation, life.user, account)
            life.organisation.stop()
            for verb in all_verbs(world):
                ran = any((verb_of(arguments) + " ").startswith(verb + " ") for arguments, _, _ in recorder.runs)
                expect(ran or verb == "authority serve", "a verb that this test does not know", verb)
        for arguments, _, err in recorder.runs:
            expect("watched:" not in err, arguments, err)
    finally:
        harness.PROGRAM = program


main(globals())
