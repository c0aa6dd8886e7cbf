#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""authority backup, restore and check, beside a running server and after it."""
import glob
import os
import shutil
import sqlite3
import stat
import threading

from world import equal, expect, main, managed_pair

PARTS = ("server.key", "code.key", "ca.key", "ca.pem")


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def check(organisation):
    """The document; exit 0 or 1 as it says."""
    result = organisation.run("check", "--json")
    equal(result.code, 0 if result.json["ok"] else 1, result)
    return result.json


def make_backup(world, organisation, name="backup"):
    path = os.path.join(world.folder, name)
    organisation.admin("backup", path)
    return path


def left_beside(organisation):
    return sorted(set(glob.glob(organisation.folder + "*")) - {organisation.folder})


def test_backup_while_it_serves(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    done = threading.Event()
    verdicts = []

    def go_on():
        while not done.is_set():
            verdicts.append(user.verdict(code=0)["managed"])

    busy = threading.Thread(target=go_on)
    busy.start()
    paths = [make_backup(world, organisation, "backup%d" % number) for number in range(5)]
    done.set()
    busy.join()
    expect(verdicts and all(verdicts), "nobody was held up", verdicts)
    for path in paths:
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        equal(sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone(), ("ok",))
    equal(sorted(glob.glob(os.path.join(world.folder, "backup*"))), sorted(paths), "and nothing beside")
    result = organisation.run("backup", paths[0], "--json")
    equal((result.code, result.json["error"]["code"]), (3, "file-exists"), "never overwritten")
    equal([line["event"] for line in organisation.log()].count("authority-backup"), 5)
    equal(check(organisation)["ok"], True)


def test_restore_brings_all_back(world):
    organisation, _, user, identity = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    keys = [read(organisation.folder, part) for part in PARTS]
    path = make_backup(world, organisation)
    organisation.admin("device", "suspend", device)
    for options in ((), ("--replace",)):
        result = organisation.run("restore", path, *options, "--json")
        equal((result.code, result.json["error"]["code"]),
              (3, "already-serving" if options else "folder-not-empty"))
    organisation.stop()
    equal(organisation.run("restore", path).code, 3, "not without being asked")
    equal(left_beside(organisation), [])
    former = organisation.admin("restore", path, "--replace")["former"]
    equal(left_beside(organisation), [former])
    equal([read(organisation.folder, part) for part in PARTS], keys)
    expect(b"PRIVATE KEY" not in read(organisation.folder, "registry.db"), "no key stays in the registry")
    for name in os.listdir(organisation.folder):
        equal(os.stat(os.path.join(organisation.folder, name)).st_mode & 0o077, 0, name)
    equal(os.stat(organisation.folder).st_mode & 0o777, 0o700)
    equal(check(organisation)["ok"], True)
    equal(organisation.run("log", "--verify").code, 0)
    equal(organisation.log()[-1]["event"], "authority-restore")
    organisation.serve()
    equal(user.verdict(code=0)["managed"], True, "active again, and bound as before")
    equal(organisation.admin("device", "show", device)["links"][0]["certificate"], identity.fingerprint)
    shutil.rmtree(former)


def test_restore_into_nothing(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    path = make_backup(world, organisation)
    organisation.stop()
    for prepare in (lambda: None, lambda: os.mkdir(organisation.folder)):
        shutil.rmtree(organisation.folder)
        prepare()
        equal(organisation.admin("restore", path),
              {"folder": organisation.folder, "former": None, "problems": []})
    organisation.serve()
    equal(user.verdict(code=0)["managed"], True)


def test_restore_refuses_what_is_not_sound(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    path = make_backup(world, organisation)
    organisation.stop()
    whole = read(path)
    head = organisation.admin("log", "--verify")["head"]
    broken = os.path.join(world.folder, "broken")
    torn = bytearray(whole)
    torn[len(torn) // 2:len(torn) // 2 + 4096] = os.urandom(4096)
    shutil.copy(os.path.join(organisation.folder, "registry.db"), broken)
    cases = [("not one", b"not a backup"), ("empty", b""), ("cut", whole[:len(whole) // 2]),
             ("torn", bytes(torn)), ("a registry", read(broken))]
    for sql in ("DELETE FROM backup_parts WHERE name = 'ca.key'",
                "UPDATE backup_parts SET content = X'00'",
                "DROP TRIGGER log_kept_update; UPDATE log SET actor = 'nobody' WHERE seq = 1",
                "DROP TRIGGER links_refused_update",
                "UPDATE devices SET state = 'deleted'",
                "PRAGMA user_version = 1000"):
        with open(broken, "wb") as file:
            file.write(whole)
        database = sqlite3.connect(broken)
        database.executescript(sql)
        database.close()
        cases.append((sql, read(broken)))
    for name, content in cases:
        with open(broken, "wb") as file:
            file.write(content)
        result = organisation.run("restore", broken, "--replace", "--json")
        expect(result.code in (3, 5) and result.json["error"]["code"] in
               ("backup-invalid", "backup-damaged", "authority-broken", "registry-version",
                "registry-unavailable"), name, result)
        equal(left_beside(organisation), [], name)
        equal(organisation.admin("log", "--verify")["head"], head, "untouched", name)
    result = organisation.run("restore", os.path.join(world.folder, "nowhere"), "--replace", "--json")
    equal(result.code, 5, result)
    foreign = os.path.join(world.folder, "foreign")
    os.mkdir(foreign)
    world.write("foreign/letter", "mine")
    organisation.folder, kept = foreign, organisation.folder
    result = organisation.run("restore", path, "--replace", "--json")
    equal((result.code, result.json["error"]["code"], os.listdir(foreign)), (3, "folder-not-empty", ["letter"]))
    organisation.folder = kept


def change(organisation, sql):
    database = sqlite3.connect(os.path.join(organisation.folder, "registry.db"))
    (trigger,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'log_kept_update'").fetchone()
    database.executescript(sql.replace("PUT BACK", trigger))
    database.close()


def test_what_is_borne_is_said(world):
    """A changed line of the log, or an index of somebody's, is no reason to be without an authority."""
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    organisation.stop()
    change(organisation, "CREATE INDEX mine ON log (time)")
    change(organisation, "DROP TRIGGER log_kept_update; UPDATE log SET actor = 'nobody' WHERE seq = 1; PUT BACK")
    path = os.path.join(world.folder, "backup")
    result = organisation.run("backup", path)
    equal(result.code, 0)
    expect("not sound: log, line-changed 1" in result.err, result)
    result = organisation.run("backup", path + "2", "--json")
    equal(result.json["ok"], False)
    equal(sorted(problem["check"] for problem in result.json["problems"]), ["log", "schema"])
    restored = organisation.admin("restore", path, "--replace")
    equal(sorted(problem["check"] for problem in restored["problems"]), ["log", "schema"])
    equal(organisation.run("log", "--verify", "--json").json["problem"], "line-changed", "it is in the log for ever")
    organisation.serve()
    equal(user.verdict(code=0)["managed"], True)
    organisation.stop()
    # what does change an answer is not borne, and the refusal says what it is
    change(organisation, "CREATE TRIGGER mine AFTER INSERT ON log BEGIN UPDATE links SET state = 'bound'; END")
    organisation.admin("backup", path + "3")
    result = organisation.run("restore", path + "3", "--replace", "--json")
    equal((result.code, result.json["error"]["code"]), (3, "backup-damaged"), result)
    expect("foreign: trigger mine" in result.json["error"]["message"], result)
    change(organisation, "DROP TRIGGER mine; CREATE UNIQUE INDEX one ON accounts (user_id)")
    organisation.admin("backup", path + "4")
    result = organisation.run("restore", path + "4", "--replace", "--json")
    equal((result.code, result.json["error"]["code"]), (3, "backup-damaged"), result)


def test_a_slash_at_the_end(world):
    organisation, _, user, _ = managed_pair(world)
    path = make_backup(world, organisation)
    organisation.stop()
    folder = organisation.folder
    organisation.folder = folder + "/"
    former = organisation.admin("restore", path, "--replace")["former"]
    equal(os.path.dirname(former), os.path.dirname(folder), "beside, not inside")
    shutil.rmtree(folder)
    organisation.admin("restore", path)
    organisation.folder = folder
    organisation.serve()
    equal(user.verdict(code=0)["managed"], True)


def test_check_finds_what_must_not_be(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    organisation.stop()
    path = make_backup(world, organisation)
    sound = check(organisation)
    equal((sound["ok"], sound["problems"]), (True, []))
    for sql, name in (
            ("UPDATE devices SET state = 'deactivated'", "links-of-device"),          # rule 22
            ("UPDATE devices SET state = 'deleted'", "accounts-of-device"),           # rule 22
            ("UPDATE users SET state = 'deleted'", "accounts-of-user"),               # rule 22
            ("INSERT INTO devices SELECT 99, 'other', 'h', name, platform, 'active', 0, 0, 0, "
             "REST FROM devices; UPDATE links SET device_id = 'other'", "link-keys"),  # rule 15
            ("DELETE FROM users", "references"),
            ("DROP TRIGGER accounts_ended", "schema"),
            ("CREATE TABLE extra (x TEXT)", "schema"),
            ("DROP TRIGGER log_kept_delete; DELETE FROM log WHERE seq = 2", "log"),
            ("UPDATE issuers SET fingerprint = 'another'", "keys")):
        database = sqlite3.connect(os.path.join(organisation.folder, "registry.db"))
        columns = [row[1] for row in database.execute("PRAGMA table_info(devices)")][9:]
        database.executescript(sql.replace(", REST", "".join(", '%s'" % column for column in columns)))
        database.close()
        document = check(organisation)
        expect(name in [problem["check"] for problem in document["problems"]], sql, document)
        result = organisation.run("check")
        equal(result.code, 1)
        expect("restore" in result.err, "what to do", result)
        shutil.rmtree(organisation.folder)
        organisation.admin("restore", path)
    os.chmod(os.path.join(organisation.folder, "code.key"), 0o640)
    equal([problem["check"] for problem in check(organisation)["problems"]], ["permissions"])
    os.truncate(os.path.join(organisation.folder, "registry.db"), 5000)
    equal(organisation.run("check").code, 5)


main(globals())
