#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The report for helpdesk and the log behind it: what is in them, what never is, and that neither
stands in anybody's way. That no secret is in them is test_secrets.py's, too."""
import contextlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import threading
import time

from canaries import Canaries, Life, add_key_files, add_tokens, keep, read
from hostile import TRANSACTION, Answer, FrontedOrganisation
from world import Skip, equal, expect, main, managed_pair

LINE = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d+ (error|warning|info|debug) [a-z-]+'
                  r'( [a-z]+=([A-Za-z0-9._:/@+~-]+|"([^"\\]|\\.)*"(\.\.\.)?))*$')


def log_file(user, age=0):
    return os.path.join(user.state, "log", "countersign.log" + (".%d" % age if age else ""))


def log_lines(user):
    lines = read(log_file(user)).decode().splitlines()
    for line in lines:
        expect(LINE.match(line), "no line of ours", line)
    return lines


def lines_of(user, event):
    return [line for line in log_lines(user) if line.split(" ")[3] == event]


def diagnose(user, *options):
    return user.run("diagnose", "--json", *options, check=0).json


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_the_document(world):
    organisation, machine, user, identity = managed_pair(world)
    del machine
    world.write(os.path.join(user.store, "odd.pem"), "-----BEGIN CERTIFICATE-----\nnothing\n")
    verdict = user.verdict(0)
    organisation.stop()
    user.check(4)
    document = diagnose(user)
    equal(list(document), ["version", "made_at", "initials", "versions", "desktop", "settings", "stores", "accounts",
                           "accounts_error", "clock", "log"])
    equal((document["version"], document["initials"], document["accounts_error"]), (1, False, None))
    expect({"countersign", "glib", "openssl", "curl", "gtk", "os", "kernel", "architecture"} ==
           set(document["versions"]), document["versions"])
    equal(document["desktop"]["tray_host"], None)
    account, = document["accounts"]
    equal({key: account[key] for key in verdict}, verdict)
    expect(re.fullmatch("[a-z0-9]{1,64}", verdict["request"]), verdict)
    equal([(entry["error"], entry["reason"], entry["request"]) for entry in account["history"]],
          [("unreachable", None, None), (None, "managed", verdict["request"])])
    equal(account["explanation"]["selected"], identity.fingerprint)
    equal([(store["store"], store["location"], store["certificates"]) for store in document["stores"]],
          [("user", "~/store", 1), ("machine", user.machine.store, 0)])
    equal([item["location"] for item in document["stores"][0]["passed_over"]], ["~/store/odd.pem"])
    equal((document["clock"]["plausible"], document["clock"]["reason"]), (True, None))
    settings = {(item["group"], item["key"]): item for item in document["settings"]["values"]}
    equal(settings["stores", "user-directories"],
          {"group": "stores", "key": "user-directories", "value": ["~/store"], "origin": "~/countersign.conf",
           "pinned": True})
    equal(settings["log", "level"],
          {"group": "log", "key": "level", "value": ["info"], "origin": None, "pinned": False})
    equal(document["log"]["file"], "~/state/countersign/log/countersign.log")
    expect(any("request=" + verdict["request"] in line for line in document["log"]["lines"]), document["log"])
    shown = user.run("account", "show", account["id"], check=0).out
    expect("request: " + verdict["request"] in shown, shown)


def test_the_log_says_what_happened(world):
    organisation, _, user, _ = managed_pair(world)
    verdict = user.verdict(0)
    organisation.run("user", "suspend", "ada", check=0)
    user.check(3)
    user.run("account", "show", "nobody", check=6)
    user.run("account", "delete", verdict["id"], "--yes", check=0)
    equal([line.split(" ", 4)[4] for line in lines_of(user, "account-added")],
          ["account=%s device=%s server=%s" % (verdict["id"], verdict["device_id"], organisation.url)])
    managed, refused = lines_of(user, "authentication")
    expect(managed.endswith("authenticated=yes managed=yes reason=managed request=" + verdict["request"]), managed)
    expect("authenticated=no" in refused and "reason=user-suspended" in refused, refused)
    expect(" warning " in refused, refused)
    equal(len(lines_of(user, "account-deleted")), 1)
    failed, = lines_of(user, "error")
    expect('verb="account show" code=not-found message=' in failed, failed)
    expect(lines_of(user, "verb")[-1].endswith('verb="account delete" exit=0'), lines_of(user, "verb"))
    equal((mode(log_file(user)), mode(os.path.dirname(log_file(user)))), (0o600, 0o700))


def test_levels(world):
    _, _, user, _ = managed_pair(world)
    os.unlink(log_file(user))
    user.configure("[log]\nlevel=warning\n")
    user.check(0)
    expect(not os.path.exists(log_file(user)), "a warning is worse than what happened")
    user.run("account", "show", "nobody", check=6)
    equal(len(log_lines(user)), 1)
    user.configure("[log]\nlevel=debug\n")
    user.check(0)
    expect(lines_of(user, "answer"), log_lines(user))
    user.configure("[log]\nlevel=loud\n")
    user.run("status", check=5)


def test_home_and_names(world):
    _, _, user, _ = managed_pair(world, "ada.lovelace@example.org")
    user.check(0)
    user.run("explain", "--issuer", os.path.join(user.folder, "none.pem"))
    for options in ((), ("--initials",), ("--json",), ("--json", "--initials")):
        out = user.run("diagnose", *options, check=0).out
        expect(user.folder not in out, options, out)
        expect("~/none.pem" in out, options, out)
        equal("lovelace" in out.lower(), "--initials" not in options, options)
    equal(diagnose(user, "--initials")["accounts"][0]["user"], "AL")
    expect("ada.lovelace" not in read(log_file(user)).decode(), "the log has ids, not names")


def test_output(world):
    user = world.machine().user()
    target = world.write("target", "untouched")
    path = os.path.join(user.folder, "report")
    os.symlink(target, path)
    equal(user.run("diagnose", "--json", "-o", path, check=0).json, {"output": path})
    expect(stat.S_ISREG(os.lstat(path).st_mode), "the link itself is replaced")
    equal((mode(path), read(target)), (0o600, b"untouched"))
    equal(json.loads(read(path))["accounts"], [])
    said = user.run("diagnose", "-o", path, check=0)
    expect(path in said.out and said.err == "", said)
    expect("There is no account." in read(path).decode(), read(path))
    equal(user.run("diagnose", "--output", user.folder, "--json", check=5).json["error"]["code"], "not-a-file")
    expect("another name" in user.run("diagnose", "--output", user.folder, check=5).err, "what to do")
    user.run("diagnose", "-x", check=2)
    user.run("diagnose", "-o", check=2)
    user.run("status", "-o", path, check=2)
    equal([name for name in os.listdir(user.folder) if name.startswith(".")], [], "nothing is left beside it")


def test_damaged_state(world):
    _, _, user, _ = managed_pair(world)
    account = user.verdict(0)
    explanation = os.path.join(user.state, "explanations", account["id"] + ".json")
    for damage in (b"{", b'{"odd": 1}', b"\xff" * 100):
        world.write(explanation, damage)
        seen, = diagnose(user)["accounts"]
        expect(seen["explanation_error"] or seen["explanation"] == {"odd": 1}, seen)
        user.run("diagnose", check=0)
    world.write(os.path.join(user.state, "history", account["id"] + ".json"), b"\0")
    equal(diagnose(user)["accounts"][0]["history"], [])
    world.write(os.path.join(user.state, "accounts.json"), b"[]")
    document = diagnose(user)
    equal(document["accounts"], [])
    expect(document["accounts_error"]["code"] and document["accounts_error"]["message"], document["accounts_error"])
    world.write(log_file(user), b"\x1b[2J\xff\n2026\n")
    equal(diagnose(user)["log"]["lines"][:2], ["\\x1b[2J\ufffd", "2026"])
    world.write(user.config, "nonsense")
    document = diagnose(user)
    equal(document["settings"]["error"]["code"], "settings-invalid")
    expect("~/countersign.conf" in document["settings"]["error"]["message"], document["settings"])
    equal(len(document["settings"]["values"]), 9)
    expect("What follows are the defaults." in user.run("diagnose", check=0).out, "in words, too")
    os.unlink(user.config)
    equal(diagnose(user)["settings"]["error"]["code"], "not-found")


def test_nothing_at_all(world):
    user = world.machine().user()
    document = diagnose(user)
    equal((document["accounts"], document["clock"]["offset_s"]), ([], None))
    equal(document["log"]["lines"], [])


def let_in(client):
    """A bus's part of the introduction."""
    for line in client.makefile("rb"):
        words = line.strip(b"\0\r\n").split(b" ")
        if words[0] == b"BEGIN":
            return
        if words == [b"AUTH", b"EXTERNAL"]:
            client.sendall(b"DATA\r\n")
        elif words[:2] == [b"AUTH", b"EXTERNAL"] or words[0] == b"DATA":
            client.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        else:
            client.sendall(b"REJECTED EXTERNAL\r\n" if words[0] == b"AUTH" else b"ERROR\r\n")


@contextlib.contextmanager
def silent_bus(path, lets_in):
    """A session bus that takes whoever comes, lets them in perhaps, and says nothing more."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    taken = []

    def take():
        with contextlib.suppress(OSError):
            while True:
                taken.append(listener.accept()[0])
                if lets_in:
                    let_in(taken[-1])

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for client in taken:
            client.close()
        listener.close()


def test_a_bus_is_asked_for_a_tray(world):
    user = world.machine().user()
    if not shutil.which("dbus-run-session"):
        raise Skip("no dbus-run-session")
    user.wrapper = ("dbus-run-session", "--")
    desktop = diagnose(user)["desktop"]
    equal((desktop["session_bus"], desktop["tray_watcher"], desktop["tray_host"]), (True, False, None))


def test_a_silent_bus_holds_nobody_up(world):
    for lets_in in (False, True):
        user = world.machine().user()
        path = os.path.join(user.folder, "bus")
        with silent_bus(path, lets_in) as taken:
            user.environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + path
            began = time.monotonic()
            equal(diagnose(user)["desktop"]["session_bus"], False)
            expect(time.monotonic() - began < 20, "waits for the bus", lets_in)
            equal(len(taken), 1)


def test_no_verb_fails_for_its_log(world):
    _, _, user, _ = managed_pair(world)
    folder = os.path.dirname(log_file(user))
    shutil.rmtree(folder)
    world.write(folder, "a file where the folder should be")
    user.check(0)
    equal(diagnose(user)["log"]["lines"], [])
    os.unlink(folder)
    os.makedirs(log_file(user))
    user.check(0)
    expect(diagnose(user)["log"]["error"], "said in the report")
    shutil.rmtree(folder)
    os.mkdir(folder)
    os.symlink("/dev/full", log_file(user))
    user.check(0)
    os.unlink(log_file(user))
    os.mkfifo(log_file(user))
    user.check(0)


def test_full_disk(world):
    _, _, user, _ = managed_pair(world)
    size = os.stat(log_file(user)).st_size
    limit = "ulimit -f %d; exec \"$@\"" % 0
    user.wrapper = ("bash", "-c", "trap '' XFSZ; " + limit, "bash")
    user.run("status", check=0)
    user.run("account", "show", "nobody", check=6)
    expect(diagnose(user)["accounts"], "the report is made")
    user.wrapper = ()
    equal(os.stat(log_file(user)).st_size, size)


def test_read_only_home(world):
    if os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        raise Skip("no mount namespace can be had")
    _, _, user, _ = managed_pair(world)
    if os.geteuid() == 0:
        user.wrapper = ("unshare", "-m", "bash", "-c",
                        'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"', user.folder)
    else:
        os.chmod(os.path.dirname(log_file(user)), 0o500)
        os.chmod(log_file(user), 0o400)
    user.run("status", check=0)
    expect(diagnose(user)["accounts"], "the report is made")
    if os.geteuid() != 0:
        os.chmod(os.path.dirname(log_file(user)), 0o700)


def test_rotation_with_several_writers(world):
    user = world.machine().user()
    os.makedirs(os.path.dirname(log_file(user)), mode=0o700)
    line = b"2026-11-28T00:00:00Z 1 info verb verb=status exit=0\n"
    world.write(log_file(user), line * (256 * 1024 // len(line)))
    world.write(log_file(user, 1), b"older\n")
    world.write(log_file(user, 2), b"oldest\n")
    results = []

    def run():
        for _ in range(5):
            results.append(user.run("account", "show", "nobody").code)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(results, [6] * 40)
    equal(sorted(name for name in os.listdir(os.path.dirname(log_file(user))) if name != "lock"),
          ["countersign.log", "countersign.log.1", "countersign.log.2"])
    equal(read(log_file(user, 2)), b"older\n")
    kept = read(log_file(user, 1)).decode().splitlines() + log_lines(user)
    expect(all(LINE.match(line) for line in kept), "lines are whole")
    equal(sum('verb="account show" exit=6' in line for line in kept), 40, "none is lost")
    equal(mode(log_file(user, 1)), 0o600)


def test_a_hostile_server_forges_nothing(world):
    evil = "x\"\n2026-01-01T00:00:00Z 1 info authentication managed=yes\x1b[2K\u202e"
    organisation = FrontedOrganisation(world)
    user = world.machine().user()

    def introduce(connection, request, forward):
        del connection
        answer = forward(request)
        answer.body = json.dumps(dict(answer.json, name=evil)).encode()
        return answer

    def refuse(connection, request, forward):
        del connection, request, forward
        body = {"type": "about:blank", "title": evil, "status": 403, "code": evil, "detail": evil}
        return Answer(403, "application/problem+json", json.dumps(body))

    user.configure("[log]\nlevel=debug\n")
    with organisation.front.rule("well-known", introduce):
        user.add(organisation)
    with organisation.front.rule(TRANSACTION, refuse):
        user.check()
    expect(lines_of(user, "authentication-failed"), "the refusal was met")
    for text in (user.run("diagnose", check=0).out, read(log_file(user)).decode()):
        expect("\x1b" not in text and "\u202e" not in text, text)
        expect(not any(line.strip().startswith("2026-01-01") for line in text.splitlines()), text)


def test_no_secret(world):
    life = Life(world)
    life.user.environment["G_MESSAGES_DEBUG"] = "all"
    canaries = Canaries()
    life.add_store(canaries)
    life.user.configure("[log]\nlevel=debug\n")
    code = life.organisation.code("ada")
    canaries.add_code(code["code"])
    exchanges = []
    with life.front.rule(".", keep(exchanges)):
        life.user.run("account", "add", life.organisation.url, code["code"])
        life.user.run(code["code"])
        life.user.run("diagnose", code["code"])
        life.user.run("account", "add", "--link-stdin", stdin=code["link"] + "\n", check=0)
        life.user.run("status", "--check", check=0)
    add_tokens(canaries, exchanges)
    add_key_files(canaries, life.user.state)
    for data in (read(log_file(life.user)), life.user.run("diagnose", check=0).out,
                 life.user.run("diagnose", "--json", check=0).out):
        expect("authentication account=" in (data.decode() if isinstance(data, bytes) else data), data)
        equal(canaries.find(data), set())


main(globals())
