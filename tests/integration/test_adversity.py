#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine does to a program: no room, no right to write, no machine id, a clock at 1970, and
several of its processes at once. Nothing is lost, what can work works, the rest says what to do, and
all of it recovers by itself.

It runs in a mount namespace of its own, so that disks can be filled that are nobody's."""
import contextlib
import datetime
import http.client
import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
import threading

from world import PROGRAM, Skip, equal, expect, main, managed_pair, pki

INSIDE = "--in-a-namespace"
# Owners' rights only: root without them is an ordinary user.
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def enter_namespace():
    """Starts this program again where it may mount. Where that is not allowed it goes on here, and
    what needs it is skipped, aloud."""
    if INSIDE in sys.argv:
        sys.argv.remove(INSIDE)
        return True
    mode = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
    command = ["unshare", *mode, "--"]
    mounts = ["sh", "-c", "mount -t tmpfs none /mnt"]
    if not shutil.which("unshare") or subprocess.run(command + mounts, capture_output=True, check=False).returncode:
        return False
    os.execvp("unshare", [*command, sys.executable, os.path.abspath(__file__), *sys.argv[1:], INSIDE])


MAY_MOUNT = enter_namespace()


def mount(*arguments):
    if not MAY_MOUNT:
        raise Skip("no mount namespace can be had here")
    subprocess.run(["mount", *arguments], check=True)


@contextlib.contextmanager
def small_disk(folder, size):
    """What is in the folder moves to a disk of its own, of that size."""
    aside = folder + "-aside"
    if os.path.exists(folder):
        shutil.copytree(folder, aside)
    os.makedirs(folder, exist_ok=True)
    mount("-t", "tmpfs", "-o", "size=%d,mode=0700" % size, "none", folder)
    try:
        if os.path.exists(aside):
            shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def filled(folder, leave=0):
    """Fills a folder's disk but for so many bytes."""
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as out:
        with contextlib.suppress(OSError):
            while True:
                out.write(b"\0" * 4096)
        out.truncate(max(0, os.fstat(out.fileno()).st_size - leave))
    try:
        yield
    finally:
        os.remove(path)


def book_of(user):
    with open(os.path.join(user.state, "accounts.json"), "rb") as file:
        return file.read()


def files_of(folder):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names)


def told_what_to_do(text):
    expect("disk has room" in " ".join(text.split()), text)


def test_no_room_for_a_verdict(world):
    organisation, _, user, _ = managed_pair(world)
    for number in range(8):
        user.add(organisation, "user%d" % number)
    user.check(code=0)
    with small_disk(user.state, 1 << 18):
        before, book = user.run("status", "--json", check=0).json["accounts"], book_of(user)
        expect(len(book) > 4096, "larger than an explanation, so that each of its files is the one that has no room")
        with filled(user.state):
            equal(user.check(), (5, [dict(account, error="state-unavailable") for account in before]))
            result = user.run("status", "--check")
            equal(result.code, 5)
            told_what_to_do(result.out)
            expect("No space left" in result.out and "still stands" in result.out, result)
            equal(user.run("status", "--json", check=0).json["accounts"], before)
            user.run("explain", "--json", check=0)
            user.run("explain", before[0]["id"], "--json", check=0)
            user.run("repurpose", "--json", check=0)
            equal(book_of(user), book)
        for pages in range(1, 9):
            with filled(user.state, leave=pages * 4096):
                code, accounts = user.check()
                expect(code in (0, 5), accounts)
                kept = user.run("status", "--json", check=0).json["accounts"]
                equal([account["request"] for account in kept], [account["request"] for account in accounts],
                      "what is said is what is kept")
        equal(user.check()[0], 0, "room again")


def test_no_room_for_an_account(world):
    organisation, _, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    with small_disk(user.state, 1 << 18):
        for pages in range(9):
            login = "user%d" % pages
            code = organisation.code(login)["code"] + "\n"
            add = ("account", "add", organisation.url, "--code-stdin", "--json")
            book = book_of(user)
            with filled(user.state, leave=pages * 4096):
                result = user.run(*add, stdin=code)
                expect(result.code in (0, 5), result)
                if result.code == 5:
                    equal(result.json["error"]["code"], "state-unavailable")
                if pages == 0:
                    equal((result.code, book_of(user)), (5, book))
                    told_what_to_do(user.run(*add[:-1], stdin=code).err)
                users = [item["user"] for item in user.run("status", "--json", check=0).json["accounts"]]
                equal(login in users, result.code == 0, "all or nothing", users)
            if result.code == 5:
                user.run(*add, stdin=code, check=0)
        code, accounts = user.check()
        equal((code, [item["user"] for item in accounts]), (0, ["ada", *("user%d" % page for page in range(9))]))
        equal(len(os.listdir(os.path.join(user.state, "keys"))), 11, "no key that nobody names")
        with filled(user.state):
            result = user.run("account", "delete", account["id"], "--yes", "--json")
            equal((result.code, result.json["error"]["code"]), (5, "state-unavailable"))
            equal(len(user.run("status", "--json", check=0).json["accounts"]), 10)
        user.run("account", "delete", account["id"], "--yes", check=0)
        equal(len(organisation.devices()[0]["users"]), 9, "the server was told")


def told_the_administrator(organisation):
    """Ends the authority; returns what it said while it could not answer."""
    organisation.process.terminate()
    _, err = organisation.process.communicate(timeout=25)
    equal(organisation.process.returncode, 0, err)
    organisation.process = None
    told_what_to_do(err)
    equal(err.count("could not be answered"), 1, "not at every call", err)
    return err


def health(organisation):
    connection = http.client.HTTPConnection("127.0.0.1", organisation.port, timeout=20)
    connection.request("GET", "/healthz")
    response = connection.getresponse()
    document = json.loads(response.read())
    connection.close()
    return response.status, document["code"] if response.status != 200 else document["status"]


def test_no_room_for_the_authority(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    organisation.stop()
    with small_disk(organisation.folder, 1 << 20):
        organisation.serve()
        before, book = user.verdict(code=0), book_of(user)
        code = organisation.code("bob")["code"] + "\n"
        for leave in (0, 4096, 16384):
            with filled(organisation.folder, leave):
                answers = [user.check() for _ in range(12)]
                expect(answers[-1][0] == 4, "there is no room at last", answers[-1])
                last, before_it = answers[-1][1][0], answers[-2][1][0]
                equal(last, dict(before_it, error="unreachable", error_request=last["error_request"]))
                equal(health(organisation), (503, "disk-full"), "and whoever balances the load knows")
                result = organisation.run("user", "add", "eve%d" % leave, "--json")
                equal((result.code, result.json["error"]["code"]), (5, "disk-full"))
                told_what_to_do(organisation.run("user", "add", "eve%d" % leave).err)
                result = user.run("account", "add", organisation.url, "--code-stdin", "--json", stdin=code)
                equal((result.code, result.json["error"]["code"]), (4, "unreachable"))
                organisation.admin("user", "list")
                organisation.admin("device", "list")
            equal(health(organisation), (200, "ok"), "without any work")
            equal(user.verdict(code=0)["managed"], True, "room again, and nobody was asked to restart it")
        user.run("account", "add", organisation.url, "--code-stdin", stdin=code, check=0)
        equal([item["login"] for item in organisation.admin("user", "list")["users"]], ["ada", "bob"])
        equal(len(book) > 0 and before["managed"], True)
        expect("full" in told_the_administrator(organisation), "what is the matter")


NO_FILES = 'trap "" XFSZ; ulimit -S -f %s; exec "$@"'


def test_writes_that_fail(world):
    """As above, where no disk can be mounted: no file may be written, by a limit on its size."""
    organisation, _, user, _ = managed_pair(world)
    before, book = user.verdict(code=0), book_of(user)
    code = organisation.code("bob")["code"] + "\n"
    add = ("account", "add", organisation.url, "--code-stdin", "--json")
    user.wrapper = ("sh", "-c", NO_FILES % 0, "sh")
    equal(user.check(), (5, [dict(before, error="state-unavailable")]))
    result = user.run(*add, stdin=code)
    equal((result.code, result.json["error"]["code"]), (5, "state-unavailable"))
    equal(user.run("account", "delete", before["id"], "--yes").code, 5)
    equal(book_of(user), book)
    user.wrapper = ()
    organisation.stop()
    organisation.program = world.write("serve", '#!/bin/sh\ntrap "" XFSZ\nexec %s "$@"\n' % shlex.quote(PROGRAM))
    os.chmod(organisation.program, 0o755)
    organisation.serve()
    before, book = user.verdict(code=0), book_of(user)
    soft, hard = resource.prlimit(organisation.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(organisation.process.pid, resource.RLIMIT_FSIZE, (0, hard))
    for _ in range(3):
        exit_code, (account,) = user.check()
        expect(account.pop("error_request"), "which the server names, full or not")
        equal((exit_code, account), (4, dict(before, error="unreachable")))
    equal(user.run(*add, stdin=code).code, 4)
    equal(len(organisation.devices()[0]["users"]), 1)
    resource.prlimit(organisation.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
    equal(user.verdict(code=0)["managed"], True, "it goes on by itself")
    user.run(*add, stdin=code, check=0)
    told_the_administrator(organisation)


def test_an_authority_that_starts_on_a_full_disk(world):
    organisation, _, user, _ = managed_pair(world)
    organisation.stop()
    with small_disk(organisation.folder, 1 << 20):
        with filled(organisation.folder):
            result = organisation.run("serve", "--listen", "127.0.0.1:%d" % organisation.port, "--json")
            if result.code != 5:
                raise AssertionError("wanted exit 5, saw %r" % result)
            equal(result.json["error"]["code"], "disk-full", result)
        organisation.serve()
        equal(user.verdict(code=0)["managed"], True)
        organisation.stop()


def check_read_only(world, organisation, user, account):
    """What works without writing, and what says why it does not."""
    before, files = user.run("status", "--json", check=0).json["accounts"], files_of(user.folder)
    if account is not None:
        user.run("explain", account["id"], check=0)
        code, accounts = user.check()
        equal((code, accounts), (5, [dict(before[0], error="state-unavailable")]))
        result = user.run("account", "delete", account["id"], "--yes", "--json")
        equal((result.code, result.json["error"]["code"]), (5, "state-unavailable"))
    expect(user.explain(pki.make_ca())["reason"] == "no-certificate", "explain works")
    code = organisation.code("bob")["code"] + "\n"
    add = ("account", "add", organisation.url, "--code-stdin")
    result = user.run(*add, "--json", stdin=code)
    equal((result.code, result.json["error"]["code"]), (5, "state-unavailable"))
    told_what_to_do(user.run(*add, stdin=code).err)
    equal(user.run("status", "--json", check=0).json["accounts"], before)
    equal(files_of(user.folder), files)
    return code


def test_a_home_that_is_read_only(world):
    organisation, machine, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    newcomer = machine.user("newcomer")
    for one, known in ((user, account), (newcomer, None)):
        mount("--bind", one.folder, one.folder)
        mount("-o", "remount,bind,ro", one.folder)
        code = check_read_only(world, organisation, one, known)
        subprocess.run(["umount", one.folder], check=True)
        one.run("account", "add", organisation.url, "--code-stdin", stdin=code, check=0)
    equal(user.check()[0], 0)


def test_a_home_that_may_not_be_written(world):
    organisation, machine, user, _ = managed_pair(world)
    account = user.verdict(code=0)
    if os.geteuid() == 0 and subprocess.run([*POWERLESS, "true"], capture_output=True, check=False).returncode:
        raise Skip("root's rights cannot be dropped here")
    newcomer = machine.user("newcomer")
    for one, known in ((user, account), (newcomer, None)):
        one.wrapper = POWERLESS if os.geteuid() == 0 else ()
        folders = [where for where, _, _ in os.walk(one.folder)]
        for folder in folders:
            os.chmod(folder, 0o555)
        code = check_read_only(world, organisation, one, known)
        for folder in folders:
            os.chmod(folder, 0o700)
        one.run("account", "add", organisation.url, "--code-stdin", stdin=code, check=0)
    equal(user.check()[0], 0)


def test_no_machine_id(world):  # rule 26
    organisation, machine, user, _ = managed_pair(world)
    newcomer = machine.user("newcomer")
    code = organisation.code("bob")["code"] + "\n"
    add = ("account", "add", organisation.url, "--code-stdin")
    with open(machine.id_file, encoding="ascii") as file:
        good = file.read()
    for text in (None, "", "\n", "uninitialized\n", "0" * 32 + "\n", good[:20], good + good, good.upper()[:31] + "G\n"):
        os.remove(machine.id_file)
        if text is not None:
            with open(machine.id_file, "w", encoding="ascii") as out:
                out.write(text)
        for one in (user, newcomer):
            result = one.run(*add, "--json", stdin=code)
            equal((result.code, result.json["error"]["code"]), (5, "machine-id-missing"), text)
            expect("systemd-machine-id-setup" in one.run(*add, stdin=code).err, text)
        equal(newcomer.run("status", "--json", check=0).json, {"accounts": []})
        equal(user.verdict(code=0)["managed"], True, "who has an account needs no machine id", text)
        if text is None:
            with open(machine.id_file, "w", encoding="ascii"):
                pass
    with open(machine.id_file, "w", encoding="ascii") as out:
        out.write(good)
    newcomer.run(*add, stdin=code, check=0)
    equal(len(organisation.devices()), 1, "the same hardware")


def test_no_etc(world):
    """The machine's own id, and everything else below /etc, is missing or empty."""
    organisation, _, user, _ = managed_pair(world)
    with open(user.config, "w", encoding="utf-8") as out:
        out.write("[stores]\nuser-directories=%s;\n" % user.store)
    empty = world.write("empty", b"")
    mounts = {"nothing in /etc": "mount -t tmpfs none /etc"}
    if os.path.exists("/etc/machine-id"):
        mounts["empty"] = "mount --bind %s /etc/machine-id" % empty
    if not MAY_MOUNT:
        raise Skip("no mount namespace can be had here")
    for what, command in mounts.items():
        user.wrapper = ("unshare", "--mount", "--", "sh", "-c", command + ' && exec "$@"', "sh")
        result = user.run("account", "add", organisation.url, "--code-stdin", "--json",
                          stdin=organisation.code("bob")["code"] + "\n")
        equal((result.code, result.json["error"]["code"]), (5, "machine-id-missing"), what)
        equal(user.verdict(code=0)["managed"], True, what)


def at(seconds, environment):
    return dict(environment, COUNTERSIGN_CLOCK=str(seconds))


def test_a_device_whose_clock_is_wrong(world):  # rule 8
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    user = world.machine().user()
    identity = organisation.issue()
    user.put(identity)
    user.program = os.environ["COUNTERSIGN_CLOCK_PROGRAM"]
    environment, made = user.environment, {}
    for seconds in (0, 86400, 4102444800, 253402300000):
        user.environment = at(seconds, environment)
        login = "user%d" % seconds
        user.add(organisation, login)
        code, accounts = user.check()
        equal((code, accounts[-1]["reason"], accounts[-1]["user"]), (0, "managed", login))
        now = pki.now().timestamp()
        checked = accounts[-1]["checked_at"]
        expect(abs(timestamp(checked) - now) < 600, "the server's time", checked)
        account = accounts[-1]["id"]
        explanation = user.run("explain", account, "--json", check=0).json
        equal((explanation["selected"], explanation["clock"]), (identity.fingerprint, "challenge"))
        alone = user.explain(ca_of(organisation))
        early = seconds < now
        equal((alone["selected"], alone["clock"], alone["reason"]),
              (None, "device", "certificate-not-yet-valid" if early else "certificate-expired"))
        text = user.run("status", check=0).out
        expect(("in the future" if early else "days ago") in text, text)
        user.run("repurpose", check=0)
        made[login] = account
    user.environment = environment
    code, accounts = user.check()
    equal((code, [item["id"] for item in accounts]), (0, list(made.values())), "and by the right time")
    for account in made.values():
        user.run("account", "delete", account, "--yes", check=0)


def timestamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def ca_of(organisation):
    with open(os.path.join(organisation.folder, "ca.pem"), "rb") as file:
        return pki.Identity(pki.x509.load_pem_x509_certificate(file.read()), None)


def test_an_authority_whose_clock_is_wrong(world):  # rule 12
    organisation, _, user, identity = managed_pair(world)
    user.verdict(code=0)
    organisation.program = os.environ["COUNTERSIGN_CLOCK_PROGRAM"]
    for seconds, reason in ((0, "certificate-not-yet-valid"), (4102444800, "certificate-expired")):
        organisation.stop()
        organisation.environment = at(seconds, world.environment)
        organisation.serve()
        account = user.verdict(code=1)
        equal((account["managed"], account["reason"]), (False, reason))
        equal(user.verdict(code=1)["reason"], reason, "a second time, from the kept state")
        user.run("explain", account["id"], check=0)
    organisation.stop()
    organisation.environment = world.environment
    organisation.serve()
    account = user.verdict(code=0)
    equal((account["managed"], account["certificate"]["fingerprint"]), (True, identity.fingerprint))
    equal(organisation.devices()[0]["links"], [{"certificate": identity.fingerprint, "state": "bound"}])


def test_several_clients_of_one_user(world):
    organisation, _, user, _ = managed_pair(world)
    kept = user.verdict(code=0)["id"]
    ended, codes = threading.Event(), []

    def check():
        while not ended.is_set():
            codes.append(user.run("status", "--check", "--json"))

    threads = [threading.Thread(target=check) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            account = user.add(organisation, "user%d" % number).json["id"]
            if number % 3 != 2:
                user.run("account", "delete", account, "--yes", check=0)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    for result in codes:
        equal(result.code, 0, result)
        expect(result.json["accounts"][0]["id"] == kept, result)
    code, accounts = user.check()
    equal((code, [account["user"] for account in accounts]), (0, ["ada", "user2", "user5", "user8", "user11"]))
    expect(all(account["managed"] for account in accounts), accounts)
    equal(sorted(organisation.devices()[0]["users"]), sorted(account["user"] for account in accounts))
    equal(len(os.listdir(os.path.join(user.state, "keys"))), 6, "a key each, and the device's")
    equal(len(os.listdir(os.path.join(user.state, "explanations"))), 5)


def test_keys_that_are_gone(world):
    """The account's and the device's own keys: said as this machine's trouble, and it stays there."""
    organisation, _, user, _ = managed_pair(world)
    before = user.verdict(code=0)
    folder, book, codes = os.path.join(user.state, "keys"), book_of(user), []
    for name in os.listdir(folder):
        for content, code in ((b"", "key-unusable"), (os.urandom(300), "key-unusable"), (None, "key-missing")):
            with open(os.path.join(folder, name), "rb") as file:
                good = file.read()
            os.remove(os.path.join(folder, name))
            if content is not None:
                with open(os.path.join(folder, name), "wb") as out:
                    out.write(content)
            equal(user.check(), (5, [dict(before, error=code)]), name, content)
            expect("Restore the file from a backup" in user.run("status", "--check", check=5).out, code)
            result = user.run("repurpose", "--json")
            expect((result.code, result.json["organisations"][0]["error"]) in ((0, None), (5, code)), result)
            codes.append(result.code)
            equal(book_of(user), book)
            with open(os.path.join(folder, name), "wb") as out:
                out.write(good)
    equal(sorted(codes), [0, 0, 0, 5, 5, 5], "repurposing needs the device's key alone")
    equal(user.verdict(code=0)["managed"], True)
    equal(len(organisation.devices()[0]["keys"]), 1)


def test_one_account_added_twice(world):
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    user = world.machine().user()
    user.put(organisation.issue())
    code = organisation.code("ada")["code"] + "\n"
    add = ("account", "add", organisation.url, "--code-stdin", "--json")
    first = user.run(*add, stdin=code, check=0).json
    result = user.run(*add, stdin=code)
    equal((result.code, result.json["error"]["code"]), (3, "code-invalid"), "one use")
    equal([account["id"] for account in user.check(code=0)[1]], [first["id"]])
    second = user.add(organisation, "ada").json
    expect(second["id"] != first["id"], first, second)
    code, accounts = user.check()
    equal((code, [(account["id"], account["reason"]) for account in accounts]),
          (0, [(first["id"], "managed"), (second["id"], "managed")]), "one device, one binding")
    equal(len(organisation.devices()), 1)
    equal(len(organisation.devices()[0]["keys"]), 1)
    user.run("account", "delete", first["id"], "--yes", check=0)
    equal([account["id"] for account in user.check(code=0)[1]], [second["id"]], "the other is untouched")


def test_one_code_in_two_processes(world):
    organisation = world.organisation()
    user = world.machine().user()
    for number in range(6):
        code = organisation.code("user%d" % number)["code"] + "\n"
        command = [PROGRAM, "--config", user.config, "account", "add", organisation.url, "--code-stdin", "--json"]
        processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, env=user.environment) for _ in range(3)]
        for process in processes:
            process.stdin.write(code)
            process.stdin.close()
        results = [(process.wait(60), json.loads(process.stdout.read())) for process in processes]
        for process in processes:
            process.stdout.close()
            process.stderr.close()
        expect(any(status == 0 for status, _ in results), results)
        for status, document in results:
            expect(status == 0 or document["error"]["code"] in ("code-invalid", "token-malformed"), results)
        users = [account["user"] for account in user.run("status", "--json", check=0).json["accounts"]]
        equal(users, ["user%d" % made for made in range(number + 1)], "once each", results)
    equal(len(os.listdir(os.path.join(user.state, "keys"))), 7)
    equal(organisation.devices()[0]["users"], ["user%d" % made for made in range(6)])


main(globals())
