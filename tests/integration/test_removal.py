#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Rule 9: a certificate that the server reported revoked is deleted from the user's directory, to a
backup, and the next one is used; for the machine's the administrator's command is printed."""
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from world import equal, expect, main, managed_pair  # noqa: E402  pylint: disable=wrong-import-position


def revoked_pair(world):
    """A user whose account has just heard that its certificate is revoked, and an older one beside."""
    organisation, machine, user, older = managed_pair(world)
    newer = organisation.issue_newer(older)
    path = user.put(newer, "newer")
    equal(user.verdict(code=0)["certificate"]["fingerprint"], newer.fingerprint)
    organisation.admin("certificate", "revoke", newer.fingerprint)
    account = user.verdict(code=1)
    equal((account["reason"], account["certificate"]["fingerprint"]),
          ("certificate-revoked", newer.fingerprint))
    return organisation, machine, user, older, newer, path


def files(user):
    return sorted(os.listdir(user.store))


def test_rule_9_the_revoked_one_goes_and_the_next_is_used(world):  # rule 9
    _, _, user, older, newer, path = revoked_pair(world)
    told = user.run("status", check=0).out
    expect("It is your turn. Delete the revoked certificate" in told, told)
    before = files(user)
    no = user.run("certificate", "delete", newer.fingerprint, stdin="n\n", check=1)
    expect(path in no.err and "Nothing was deleted." in no.out, no)
    equal(files(user), before)
    document = user.run("certificate", "delete", newer.fingerprint, "--json", stdin="y\n", check=0).json
    backup = document.pop("backup")
    equal(document, {"fingerprint": newer.fingerprint, "deleted": True, "command": None,
                     "files": [path, path.replace(".pem", ".key")]})
    equal(backup, os.path.join(user.state, "deleted-certificates", newer.fingerprint[:16]))
    equal(sorted(os.listdir(backup)), ["newer.key", "newer.pem"])
    for name, mode in (("", 0o700), ("newer.key", 0o600), ("newer.pem", 0o600)):
        equal(stat.S_IMODE(os.stat(os.path.join(backup, name)).st_mode), mode, name)
    equal(files(user), [name for name in before if not name.startswith("newer")])
    account = user.verdict(code=0)
    equal((account["managed"], account["certificate"]["fingerprint"]), (True, older.fingerprint))
    gone = user.run("certificate", "delete", newer.fingerprint, "--yes", "--json", check=6)
    equal(gone.json["error"]["code"], "certificate-not-found")


def test_rule_9_the_machine_s_is_the_administrator_s(world):  # rule 9
    organisation, machine, user, identity = managed_pair(world)
    path = machine.put(identity)
    for name in files(user):
        os.unlink(os.path.join(user.store, name))
    equal(user.verdict(code=0)["managed"], True)
    organisation.admin("certificate", "revoke", identity.fingerprint)
    user.verdict(code=1)
    refused = user.run("certificate", "delete", identity.fingerprint, "--yes", check=3)
    expect("sudo rm -i -- '%s'" % path in refused.err, refused)
    expect("command" in refused.err and os.path.exists(path), refused)
    equal(user.run("certificate", "delete", identity.fingerprint, "--json", check=3).json["error"]["code"],
          "certificate-of-machine")


def test_what_is_not_its_own_stays(world):
    _, _, user, _, newer, path = revoked_pair(world)
    with open(os.path.join(user.store, "user.pem"), encoding="ascii") as older:
        with open(path, "a", encoding="ascii") as both:
            both.write(older.read())
    before = files(user)
    refused = user.run("certificate", "delete", newer.fingerprint, "--yes", "--json", check=3).json
    equal(refused["error"]["code"], "certificate-shared")
    expect(path in refused["error"]["message"], refused)
    equal(files(user), before)


if __name__ == "__main__":
    main(globals())
