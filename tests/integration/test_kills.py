#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at 230 random moments of writes, a hundred of the client's and the rest of the
authority's: what is found afterwards is the old state or the new, never half of one, and what was
acknowledged is there.

COUNTERSIGN_SEED replays the dice: which commands, and where in their run they are killed. Where a
command was at that moment is the scheduler's throw, so a replay comes near, not exactly there. A
kill loses nothing that the kernel has: what a power cut leaves, these tests do not tell."""
import base64
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading
import time

from cryptography.hazmat.primitives import serialization

from world import (PROGRAM, Result, TIMEOUT_S, equal, expect, main, managed_pair, pki, run_program)

SEED = int(os.environ.get("COUNTERSIGN_SEED", random.SystemRandom().randrange(1 << 32)))
print("# COUNTERSIGN_SEED=%d" % SEED, flush=True)

KILLS = {"add": 40, "check": 30, "delete": 30, "init": 15, "verbs": 55, "serve": 30,
         "restore": 30}
equal(sum(KILLS.values()), 230)

TEMPORARY = re.compile(r"^\..*\.tmp$")
KEY_FILE = re.compile(r"^[a-z2-7]{16}\.key$")
# rule 22: the moves from each state, and where they lead.
MOVES = {"active": (("suspend", "suspended"), ("deactivate", "deactivated")),
         "suspended": (("resume", "active"), ("deactivate", "deactivated")),
         "deactivated": (("reactivate", "active"),)}


class Killer:
    """Kills what it starts at a random moment. The moments reach from where the program begins to
    do something to where it ends; as the machine may be busy now and idle then, the end follows
    what is met: nearer after a run that was over before its kill, further after one that was not.
    Six in seven are then killed in the middle."""

    def __init__(self, name):
        self.name = name
        self.dice = random.Random("%d %s" % (SEED, name))
        self.kills = self.hits = self.new = self.temporaries = 0
        self.begin_s = min(self.time(lambda: run_program(["version"], None, check=0)) for _ in range(5))
        self.end_s = None

    @staticmethod
    def time(action):
        began = time.monotonic()
        action()
        return time.monotonic() - began

    def measure(self, action):
        """A run that nobody kills, to know how long it takes."""
        self.end_s = self.time(action)

    def wait(self):
        time.sleep(self.dice.uniform(min(self.begin_s, self.end_s / 2), self.end_s))

    def note(self, hit):
        self.kills += 1
        self.hits += hit
        self.end_s *= 1.06 if hit else 0.7

    def run(self, arguments, environment, stdin="", code=0):
        """Starts the program and kills it; what had ended before must have done so with the code."""
        with subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment, text=True) as process:
            try:
                process.stdin.write(stdin)
                process.stdin.flush()
            except BrokenPipeError:
                pass
            self.wait()
            process.kill()
            out, err = process.communicate(timeout=TIMEOUT_S)
        result = Result(subprocess.CompletedProcess(arguments, process.returncode, out, err))
        hit = result.code == -signal.SIGKILL
        expect(hit or result.code == code, arguments, result)
        self.note(hit)
        return result

    def report(self):
        print("# %s: %d kills, %d before the end, %d found the new state, %d left a temporary file" %
              (self.name, self.kills, self.hits, self.new, self.temporaries), flush=True)
        equal(self.kills, KILLS[self.name])
        expect(self.hits * 2 >= self.kills, "too few kills came before the end:", self.hits)


def acknowledged(result):
    """The whole document was printed, whether or not the process then lived to exit."""
    try:
        return bool(json.loads(result.out))
    except ValueError:
        equal(result.code, -signal.SIGKILL, "ended, and printed no document", result)
        return False


def files_below(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


def check_key(path):
    """A whole key, which is the user's alone."""
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
    with open(path, "rb") as source:
        return serialization.load_pem_private_key(source.read(), None)


def is_temporary(path):
    return bool(TEMPORARY.match(os.path.basename(path)))


def named_keys(value):
    """Every key file that a JSON value names, wherever in it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*(named_keys(item) for item in value)) if value else set()
    return {value} if isinstance(value, str) and KEY_FILE.match(value) else set()


def check_state(killer, user, after_a_write):
    """Every file is whole; after a write that nobody killed, no other is left than the book names."""
    paths = files_below(user.state)
    temporaries = [path for path in paths if is_temporary(path)]
    keys = {os.path.basename(path) for path in paths if path.endswith(".key")}
    book = {}
    for path in set(paths) - set(temporaries):
        if path.endswith(".key"):
            check_key(path)
        elif path.endswith(".json"):
            with open(path, encoding="utf-8") as source:
                document = json.load(source)
            book = document if os.path.basename(path) == "accounts.json" else book
    expect(named_keys(book) <= keys, "the book names a key that is not there", named_keys(book), keys)
    if after_a_write:
        equal(temporaries, [])
        equal(keys, named_keys(book), "keys that nobody names")
    else:
        killer.temporaries += bool(temporaries)


def logins(user):
    return [account["user"] for account in user.run("status", "--json", check=0).json["accounts"]]


def accounts_at(organisation):
    return {user["login"]: user["accounts"] for user in organisation.admin("user", "list")["users"]}


def test_a_killed_add_is_taken_up_again_by_the_same_code(world):
    killer = Killer("add")
    organisation = world.organisation()
    user = world.machine().user()
    killer.measure(lambda: user.add(organisation, "user"))
    known = ["user"]
    for number in range(KILLS["add"]):
        login = "user%d" % number
        code = organisation.code(login)["code"] + "\n"
        add = ("account", "add", organisation.url, "--code-stdin", "--json")
        result = killer.run(["--config", user.config, *add], user.environment, code)
        check_state(killer, user, False)
        seen = logins(user)
        expect(seen in (known, known + [login]), seen)
        expect(login in seen or not acknowledged(result), "acknowledged and lost", result)
        killer.new += login in seen
        if login not in seen:
            user.run(*add, stdin=code, check=0)
            check_state(killer, user, True)
        known.append(login)
        equal(logins(user), known)
    user.add(organisation, "last")
    check_state(killer, user, True)
    device, = organisation.devices()
    equal(len(device["keys"]), 1, "one device key, whatever was killed")
    equal(accounts_at(organisation), {login: 1 for login in known + ["last"]})
    killer.report()


def test_a_killed_check_leaves_the_old_verdict_or_the_new(world):
    killer = Killer("check")
    _, _, user, identity = managed_pair(world)
    away = os.path.join(world.folder, "away.pem")
    there = os.path.join(user.store, "user.pem")
    killer.measure(lambda: user.check(code=0))
    managed = True
    for _ in range(KILLS["check"]):
        os.rename(*((there, away) if managed else (away, there)))
        result = killer.run(["--config", user.config, "status", "--check", "--json"], user.environment,
                            code=1 if managed else 0)
        check_state(killer, user, False)
        account = user.run("status", "--json", check=0).json["accounts"][0]
        kept = user.run("explain", "--json", check=0).json
        is_new = account["managed"] is not managed
        equal(account["reason"], "managed" if account["managed"] else "no-certificate", account)
        equal(bool(account["certificate"]), account["managed"], account)
        expect(is_new or not acknowledged(result), "acknowledged and lost", result)
        # The explanation is written before the verdict, and tells its own time.
        if is_new or acknowledged(result):
            equal(bool(kept["selected"]), account["managed"], "the new verdict's explanation", kept)
        killer.new += is_new
        managed = not managed
        equal(user.verdict(code=0 if managed else 1)["managed"], managed)
        check_state(killer, user, True)
    if managed:
        equal(user.verdict(code=0)["certificate"]["fingerprint"], identity.fingerprint)
    killer.report()


def test_a_killed_deletion_is_done_or_not_begun(world):  # rule 23
    killer = Killer("delete")
    organisation = world.organisation()
    user = world.machine().user()
    user.add(organisation, "stays")
    for number in range(-1, KILLS["delete"]):
        login = "user%d" % number
        account = user.add(organisation, login).json["id"]
        delete = ("account", "delete", account, "--yes", "--json")
        if number < 0:
            killer.measure(lambda arguments=delete: user.run(*arguments, check=0))
            continue
        result = killer.run(["--config", user.config, *delete], user.environment)
        check_state(killer, user, False)
        seen = logins(user)
        expect(seen in (["stays"], ["stays", login]), seen)
        expect(login not in seen or not acknowledged(result), "acknowledged and there again", result)
        killer.new += login not in seen
        if login in seen:
            user.run(*delete, check=0)
        user.check(code=1)  # tries again what waits; this device has no certificate
        check_state(killer, user, True)
        equal(logins(user), ["stays"])
        equal(accounts_at(organisation)[login], 0, "the server has heard of it")
    equal(len([path for path in files_below(user.state) if path.endswith(".key")]), 2,
          "the device's key and one account's")
    killer.report()


def check_registry(folder):
    with sqlite3.connect(os.path.join(folder, "registry.db")) as registry:
        equal(registry.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        equal(registry.execute("PRAGMA foreign_key_check").fetchall(), [])
    registry.close()


def thumbprint_hex(key):
    """RFC 7638, in the spelling of init's document."""
    numbers = key.public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()
            for number in (numbers.x, numbers.y))
    jwk = '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' % (x, y)
    return hashlib.sha256(jwk.encode()).hexdigest()


def test_a_killed_init_is_taken_up_again(world):
    killer = Killer("init")

    def init(folder):
        return ["authority", "--dir", folder, "init", "--name", "N", "--url", "http://127.0.0.1:1", "--json"]

    killer.measure(lambda: run_program(init(os.path.join(world.folder, "init")), world.environment, check=0))
    for number in range(KILLS["init"]):
        folder = os.path.join(world.folder, "init-%d" % number)
        result = killer.run(init(folder), world.environment)
        killer.temporaries += any(is_temporary(path) for path in files_below(folder))
        again = run_program(init(folder), world.environment)
        expect(again.code == 3 or (again.code == 0 and not acknowledged(result)), result, again)
        killer.new += again.code == 3
        document = result.json if acknowledged(result) else again.json if again.code == 0 else None
        if document:
            equal(thumbprint_hex(check_key(os.path.join(folder, "server.key"))), document["fingerprint"])
        check_key(os.path.join(folder, "ca.key"))
        listed = run_program(["authority", "--dir", folder, "user", "list", "--json"], world.environment, check=0)
        equal(listed.json, {"users": []})
        equal([path for path in files_below(folder) if is_temporary(path)], [])
        check_registry(folder)
    killer.report()


class Verb:
    """A write of the administrator's: how it is asked for, whether it was done, and its line of the
    log, which is there exactly where it was."""

    def __init__(self, arguments, is_done, event, subject):
        self.arguments = arguments
        self.is_done = is_done
        self.event = event
        self.subject = subject  # what its line names, so that earlier lines are not counted

    def count_lines(self, organisation):
        return sum(1 for line in organisation.log() if line["event"] == self.event
                   and (self.subject is None or self.subject in line.values()))


def verb_user(world, organisation, dice):
    login = "user%d" % dice.getrandbits(32)
    return Verb(("user", "add", login), lambda: login in accounts_at(organisation), "user-add", login)


def verb_issuer(world, organisation, dice):
    identity = pki.make_ca("CN=Issuer %d" % dice.getrandbits(32))
    path = world.write("issuer.pem", identity.pem)

    def is_done():
        issuers = organisation.admin("issuer", "list")["issuers"]
        return identity.fingerprint in [issuer["fingerprint"] for issuer in issuers]

    return Verb(("issuer", "add", path, "--revocation", "none"), is_done, "issuer-add", None)


def verb_device(world, organisation, dice):
    device, = organisation.devices()
    move, state = dice.choice(MOVES[device["state"]])
    return Verb(("device", move, device["id"]),
                lambda: organisation.devices()[0]["state"] == state, "device-" + move, device["id"])


def verb_issue(world, organisation, dice):
    subject = "CN=device %d" % dice.getrandbits(32)
    path = world.write("request.csr", pki.make_csr(subject, pki.make_key()))

    def is_done():
        with sqlite3.connect(os.path.join(organisation.folder, "registry.db")) as registry:
            rows = registry.execute("SELECT count(*) FROM issued WHERE subject = ?", (subject,)).fetchone()
        registry.close()
        return rows[0] == 1

    return Verb(("certificate", "issue", "--csr", path), is_done, "certificate-issue", None)


def test_a_killed_verb_of_the_administrator_is_done_or_not(world):
    killer = Killer("verbs")
    organisation = world.organisation()
    world.machine().user().add(organisation, "ada")
    organisation.stop()
    kinds = (verb_device, verb_user, verb_device, verb_issuer, verb_issue)
    killer.measure(lambda: organisation.admin("user", "add", "first"))
    for number in range(KILLS["verbs"]):
        verb = kinds[number % len(kinds)](world, organisation, killer.dice)
        before = verb.count_lines(organisation)
        result = killer.run(["authority", "--dir", organisation.folder, *verb.arguments, "--json"],
                            world.environment)
        done = verb.is_done()
        check_registry(organisation.folder)
        expect(done or not acknowledged(result), "acknowledged and lost", verb.arguments, result)
        equal(verb.count_lines(organisation), before + done, "state and log are of one moment", verb.arguments)
        killer.new += done
        if acknowledged(result) and verb.event == "certificate-issue":
            pem = result.json["certificate"].encode()
            fingerprint = pki.Identity(pki.x509.load_pem_x509_certificate(pem), None).fingerprint
            organisation.admin("certificate", "revoke", fingerprint)
        if not done:
            organisation.admin(*verb.arguments)
            expect(verb.is_done(), verb.arguments)
        equal([path for path in files_below(organisation.folder) if is_temporary(path)], [])
    killer.report()


def users_in(world, folder):
    """Whose authority it is, which must be a sound one: here its users tell."""
    run_program(["authority", "--dir", folder, "check"], world.environment, check=0)
    listed = run_program(["authority", "--dir", folder, "user", "list", "--json"], world.environment, check=0)
    return [user["login"] for user in listed.json["users"]]


def test_a_killed_restore_leaves_the_old_authority_or_the_new(world):
    killer = Killer("restore")
    organisation = world.organisation(serve=False)
    organisation.admin("user", "add", "early")
    backup = os.path.join(world.folder, "backup")
    organisation.admin("backup", backup)
    organisation.admin("user", "add", "late")
    new, old = ["early"], ["early", "late"]

    def restore(folder):
        return ["authority", "--dir", folder, "restore", backup, "--replace", "--json"]

    def prepare(number):
        """A folder of its own for each, with the old authority or with none."""
        place = os.path.join(world.folder, "restore%d" % number)
        os.mkdir(place)
        folder = os.path.join(place, "authority")
        if number % 3:
            shutil.copytree(organisation.folder, folder)
        return place, folder

    killer.measure(lambda: run_program(restore(prepare(-1)[1]), world.environment, check=0))
    for number in range(KILLS["restore"]):
        place, folder = prepare(number)
        result = killer.run(restore(folder), world.environment)
        killer.temporaries += any(".restore-" in name for name in os.listdir(place))
        found = users_in(world, folder) if os.path.exists(folder) else None
        expect(found in (new, old if number % 3 else None), found, result)
        expect(found == new or not acknowledged(result), "acknowledged and lost", result)
        killer.new += found == new
        if found == new and number % 3:  # the old one is kept, by whatever name
            beside = [os.path.join(place, name) for name in os.listdir(place) if name != "authority"]
            equal([users_in(world, path) for path in beside], [old])
        run_program(restore(folder), world.environment, check=0)
        equal(users_in(world, folder), new)
        shutil.rmtree(place)
    killer.report()


class Guest:
    """A device that enrols and authenticates while its server is killed."""

    def __init__(self, world, organisation, login):
        self.login = login
        self.user = world.machine().user()
        self.identity = organisation.issue()
        self.user.put(self.identity)
        self.code = organisation.code(login)["code"] + "\n"
        self.add = ("account", "add", organisation.url, "--code-stdin", "--json")
        self.added = self.checked = None

    def visit(self):
        self.added = self.user.run(*self.add, stdin=self.code)
        self.checked = self.user.run("status", "--check", "--json")

    def check(self, organisation):
        """After the restart: what was said to it holds, and what was not said is made up for."""
        expect(self.added.code in (0, 4), self.added)
        expect(self.checked.code in (0, 1, 4), self.checked)
        if self.added.code != 0:
            self.user.run(*self.add, stdin=self.code, check=0)
        account = self.user.run("status", "--json", check=0).json["accounts"][0]
        if self.checked.code == 0:
            equal(account["managed"], True, self.checked)
            links = organisation.admin("device", "show", account["device_id"])["links"]
            equal([(link["certificate"], link["state"]) for link in links],
                  [(self.identity.fingerprint, "bound")])
        equal(self.user.verdict(code=0)["managed"], True)


def visit_all(guests, kill):
    """All visit at once; returns whether one was still under way when `kill` had been called."""
    threads = [threading.Thread(target=guest.visit) for guest in guests]
    for thread in threads:
        thread.start()
    kill()
    hit = any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    return hit


def test_a_killed_server_forgets_nothing_that_it_acknowledged(world):  # rule 15
    killer = Killer("serve")
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    total = 0

    def kill():
        killer.wait()
        organisation.kill()

    for number in range(-1, KILLS["serve"]):
        guests = [Guest(world, organisation, "user-%d-%d" % (number, place)) for place in range(3)]
        total += len(guests)
        if number < 0:
            killer.measure(lambda them=guests: visit_all(them, lambda: None))
        else:
            killer.note(visit_all(guests, kill))
            check_registry(organisation.folder)
            organisation.serve()
        killer.new += any(guest.checked.code == 0 for guest in guests)
        for guest in guests:
            guest.check(organisation)
        counts = accounts_at(organisation)
        equal([counts[guest.login] for guest in guests], [1] * len(guests), counts)
    equal(len(organisation.devices()), total)
    killer.report()


main(globals())
