#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The authority's log: who, when and from where, and that nobody changes it unseen."""
import os
import pwd
import subprocess

from world import equal, expect, main, managed_pair, pki

OPEN = "DROP TRIGGER log_kept_update; DROP TRIGGER log_kept_delete; "


def verify(organisation, *options):
    result = organisation.run("log", "--verify", *options, "--json")
    document = result.json
    equal(result.code, 0 if document["ok"] else 1, result)
    return document


def tamper(organisation, sql):
    """As whoever may write to the file does."""
    subprocess.run(["sqlite3", os.path.join(organisation.folder, "registry.db"), sql], check=True)


def test_who_when_and_from_where(world):
    organisation, _, user, _ = managed_pair(world)
    device = user.verdict(code=0)["device_id"]
    for move in ("suspend", "resume", "deactivate", "reactivate"):
        organisation.admin("device", move, device)
    equal(organisation.run("device", "delete", device).code, 3, "refused, and logged as well")
    operator = "%s (uid %d)" % (pwd.getpwuid(os.getuid()).pw_name, os.getuid())
    lines = organisation.log()
    equal([line["line"] for line in lines], list(range(1, len(lines) + 1)))
    for line in lines:
        expect(line["time"] and line["hash"], line)
        if line["actor"] == "administrator":
            equal((line["operator"], line["origin"]), (operator, "cli"), line)
        else:
            equal((line["operator"], line["origin"]), (None, "127.0.0.1"), line)
    events = [line["event"] for line in lines]
    for event in ("authority-init", "user-add", "code-make", "issuer-add", "certificate-issue", "enrolment",
                  "authentication", "device-suspend", "device-resume", "device-deactivate",
                  "device-reactivate", "account-delete", "device-delete"):
        expect(event in events, event, events)
    equal(lines[-1]["outcome"], "refused")
    result = organisation.run("log", "--verify", check=0)
    expect(lines[-1]["hash"] in result.out and "whole" in result.out, result)


def test_what_was_set(world):
    """Switched off and on again leaves two lines that differ, and say what was switched (rules 12 and 21)."""
    organisation, _, _, _ = managed_pair(world)
    before = len(organisation.log())
    crl = world.write("a list.crl", "not read yet")
    listed = organisation.admin("issuer", "add", world.write("other.pem", pki.make_ca().pem), "--revocation", "none")["id"]
    organisation.admin("issuer", "set", listed, "--revocation", "any", "--crl-file", crl, "--max-age", "2",
                       "--allow-url", "http://a.example/", "--allow-url", "http://b.example/")
    organisation.admin("issuer", "set", listed)
    organisation.admin("policy", "set", "mail", "managed")
    organisation.admin("policy", "default", "not-managed")
    organisation.admin("policy", "delete", "mail")
    equal([(line["event"], line["application"], line["detail"]) for line in organisation.log()[before:]],
          [("issuer-add", None, "revocation=none"),
           ("issuer-set", None, "revocation=any allowed=http://a.example/ allowed=http://b.example/ max-age=7200 "
            "crl-file=" + crl),
           ("issuer-set", None, "revocation=unset"),
           ("policy-set", "mail", "demand=managed"),
           ("policy-set", None, "demand=not-managed"),
           ("policy-delete", "mail", None)])
    equal(verify(organisation)["ok"], True)
    expect("application=mail detail=demand=managed" in organisation.run("log", check=0).out, "and in the text")


def test_a_line_with_a_nul_is_read_past(world):
    organisation, _, _, _ = managed_pair(world)
    before = organisation.log()
    tamper(organisation, OPEN + "UPDATE log SET actor = actor || char(0) || 'x' WHERE seq = 2")
    equal(organisation.log(), before, "all lines, to their end")
    document = verify(organisation)
    equal((document["problem"], document["line"]), ("line-changed", 2))


def test_verified_while_it_grows(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    before = verify(organisation)
    equal((before["ok"], before["problem"], before["line"]), (True, None, None))
    equal(before["lines"], len(organisation.log()))
    equal(verify(organisation, "--head", before["head"].upper())["ok"], True, "the last line's own")
    user.verdict(code=0)
    after = verify(organisation, "--head", before["head"])
    equal((after["ok"], after["lines"]), (True, before["lines"] + 1))
    equal(verify(organisation, "--head", "0" * 64)["problem"], "head-unknown")
    for head in ("0" * 63, "0" * 65, "g" * 64):
        result = organisation.run("log", "--head", head, "--json")
        equal((result.code, result.json["error"]["code"]), (2, "head-invalid"), head)


def test_what_is_done_to_it_is_found(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    organisation.stop()
    last = verify(organisation)["lines"]
    for sql, problem, line in (
            ("UPDATE log SET outcome = 'refused' WHERE seq = 3", "line-changed", 3),
            ("DELETE FROM log WHERE seq = 3", "line-missing", 3),
            ("DELETE FROM log WHERE seq = %d" % last, "line-missing", last),
            ("INSERT INTO log (time, event, actor, outcome) VALUES (1, 'user-add', 'server', 'ok')",
             "line-added", last + 1)):
        kept = os.path.join(world.folder, "kept.db")
        tamper(organisation, ".backup %s" % kept)
        tamper(organisation, OPEN + sql)
        document = verify(organisation)
        equal((document["problem"], document["line"]), (problem, line), sql)
        result = organisation.run("log", "--verify")
        equal(result.code, 1, result)
        expect("at line %d:" % line in result.out, result)
        organisation.admin("user", "add", "mallory")
        equal(verify(organisation)["ok"], False, "not covered up by what comes after", sql)
        tamper(organisation, ".restore %s" % kept)
        equal(verify(organisation)["ok"], True)


main(globals())
