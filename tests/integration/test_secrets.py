#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Codes, keys and tokens are where they must be and nowhere else, whatever verb has its part."""
import base64
import contextlib
import os
import re
import shutil

import world as harness
from canaries import Canaries, Life, add_key_files, add_tokens, files_below, keep, read
from world import Skip, equal, expect, main, pki

WATCHED = os.environ["COUNTERSIGN_WATCHED"]
# PKCS#8 of a P-256 key, up to where its number begins.
KEY_BEGIN = bytes.fromhex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420")


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
    verbs = [match.group(1) for match in re.finditer(r"^  ([a-z]+(?: [a-z-]+)*)", listed, re.MULTILINE)]
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
                  ("repurpose",), ("diagnose",), ("help",), ("version",), ("demo",)):
        user.run(*words, check=0)
    user.run("start")  # without a display, which is all that it says
    add_key_files(canaries, user.state)
    return account


def back_up_and_restore(world, organisation):
    """A backup and what is made of it hold the keys, as they must; so they are not looked through."""
    backup, restored = (os.path.join(world.folder, name) for name in ("backup", "restored"))
    organisation.run("backup", backup, check=0)
    harness.run_program(["authority", "--dir", restored, "restore", backup], world.environment, check=0)
    os.remove(backup)
    shutil.rmtree(restored)


def live_as_administrator(world, organisation, user, account):
    device = account["device_id"]
    other = user.machine.user("other")
    other.add(organisation, "edsger")
    key, = [key["id"] for key in organisation.admin("device", "show", device)["keys"] if key["approved"] is False]
    issuer = organisation.trust(pki.make_ca())["id"]
    for verb in (("issuer", "set", issuer, "--revocation", "none"), ("issuer", "list"), ("issuer", "delete", issuer),
                 ("revocation", "show"), ("revocation", "refresh"), ("policy", "set", "mail", "managed"),
                 ("policy", "default", "any"), ("policy", "list"), ("policy", "try", "mail", account["id"]),
                 ("policy", "dry-run", "mail", "managed"), ("policy", "delete", "mail"), ("repurpose", device), ("user", "list"), ("user", "resume", "linus"),
                 ("user", "delete", "linus"), ("device", "list"), ("device", "show", device),
                 ("device", "approve", device, key), ("device", "suspend", device), ("device", "resume", device),
                 ("device", "release", device, account["certificate"]["fingerprint"]),
                 ("certificate", "revoke", account["certificate"]["fingerprint"])):
        organisation.run(*verb, check=0)
    spare = organisation.issue()
    user.put(spare, "spare")
    user.run("certificate", "delete", spare.fingerprint, "--yes", check=0)
    user.run("account", "delete", account["id"], "--yes", check=0)
    for move in ("deactivate", "reactivate", "deactivate", "delete"):
        organisation.run("device", move, device, check=0)
    user.run("status", "--check")
    organisation.run("log", check=0)
    organisation.run("check", check=0)
    back_up_and_restore(world, organisation)


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


@contextlib.contextmanager
def watched():
    """The program watches itself for as long as the block lasts."""
    program, harness.PROGRAM = harness.PROGRAM, WATCHED
    try:
        yield
    finally:
        harness.PROGRAM = program


def test_every_verb_is_protected_before_it_reads(world):
    with watched():
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


class Heap:
    """What the watched program looks for in each block that it gives back to the heap: secrets, and
    the server's URL, which is none and shows that it does look."""

    def __init__(self, world, url):
        self.path = world.write("canaries", b"")
        self.url = url

    def look_for(self, canaries):
        """The keys that a run makes are not known before: how each begins is."""
        wanted = {self.url.encode(): "url", KEY_BEGIN: "new-key", base64.b64encode(KEY_BEGIN): "new-key",
                  **canaries.names}
        with open(self.path, "w", encoding="ascii") as out:
            for data, name in wanted.items():
                out.write("%s %s\n" % (os.path.basename(name).replace(" ", "-"), data[:64].hex()))

    @staticmethod
    def check(said, finds_url=True):
        if "watched: not the heap" in said:
            raise Skip("a sanitizer has a heap of its own")
        found = {line for line in said.splitlines() if line.startswith("watched: ")}
        equal(found - {"watched: freed with url"}, set())
        expect(found or not finds_url, "the program looks at nothing")


def test_nothing_is_given_back_to_the_heap_with_a_secret_in_it(world):
    with watched():
        life = Life(world)
        user, organisation = life.user, life.organisation
        heap = Heap(world, organisation.url)
        canaries = Canaries()
        codes = [organisation.code(login) for login in ("ada", "grace", "linus")]
        for code in codes:
            canaries.add_code(code["code"])
        heap.look_for(canaries)
        user.environment["COUNTERSIGN_CANARIES"] = heap.path
        for option, line in (("--code-stdin", codes[0]["code"]), ("--link-stdin", codes[1]["link"])):
            heap.check(user.run("account", "add", organisation.url, option, stdin=line + "\n", check=0).err)
        canaries = Canaries()
        add_key_files(canaries, user.state)
        life.add_store(canaries)
        heap.look_for(canaries)
        account = user.run("status", "--json", check=0).json["accounts"][0]["id"]
        for words in (("status", "--check"), ("explain", account), ("account", "delete", account, "--yes")):
            heap.check(user.run(*words, check=0).err)
        organisation.stop()
        add_key_files(canaries, organisation.folder)
        canaries.add_code(codes[2]["code"])
        heap.look_for(canaries)
        del user.environment["COUNTERSIGN_CANARIES"]
        world.environment["COUNTERSIGN_CANARIES"] = heap.path
        request = os.path.join(world.folder, "request.csr")
        issued = organisation.run("certificate", "issue", "--csr", request, check=0)
        heap.check(issued.err, finds_url=False)
        init = ("authority", "--dir", os.path.join(world.folder, "new"), "init", "--name", "N", "--url", organisation.url)
        heap.check(harness.run_program(init, world.environment, check=0).err, finds_url=False)
        organisation.output = ""
        organisation.serve()
        user.run("account", "add", organisation.url, "--code-stdin", stdin=codes[2]["code"] + "\n", check=0)
        user.check()
        organisation.stop()
        heap.check(organisation.output)


main(globals())
