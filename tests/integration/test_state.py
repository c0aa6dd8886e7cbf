#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""State is one process's at a time: what two or more do to it at once. test_kills.py kills them."""
import sys
import threading

from world import equal, main


def test_two_clients_of_one_user_at_once(world):
    organisation = world.organisation()
    user = world.machine().user()
    codes = [organisation.code("user%d" % number)["code"] for number in range(6)]
    results = []

    def add(code):
        results.append(user.run("account", "add", organisation.url, "--code-stdin", stdin=code + "\n"))

    threads = [threading.Thread(target=add, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal([result.code for result in results], [0] * 6, results)
    accounts = user.run("status", "--json", check=0).json["accounts"]
    equal(sorted(account["user"] for account in accounts), ["user%d" % number for number in range(6)])
    equal(len({account["device_id"] for account in accounts}), 1, "one device key")
    equal(len(organisation.devices()[0]["keys"]), 1, "one device key")


def test_one_certificate_many_devices_at_once(world):  # rule 15
    organisation = world.organisation()
    organisation.admin("issuer", "add", "--built-in")
    identity = organisation.issue()
    users = []
    for number in range(8):
        user = world.machine().user()
        user.put(identity)
        user.add(organisation, "user%d" % number)
        users.append(user)
    verdicts = []
    threads = [threading.Thread(target=lambda user=user: verdicts.append(user.verdict())) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(sorted(verdict["reason"] for verdict in verdicts), ["bound-to-another-device"] * 7 + ["managed"])
    log = [line["reason"] for line in organisation.log() if line["event"] == "authentication"]
    equal(sorted(log), ["bound-to-another-device"] * 7 + ["managed"])


sys.setswitchinterval(0.001)
main(globals())
