#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""State survives a kill at any moment, and two processes at once."""
import json
import os
import random
import subprocess
import sys
import threading
import time

from world import PROGRAM, equal, expect, main, managed_pair

SEED = int(os.environ.get("COUNTERSIGN_SEED", random.SystemRandom().randrange(1 << 32)))
print("# COUNTERSIGN_SEED=%d" % SEED)
DICE = random.Random(SEED)


def killed(user, arguments, stdin, seconds):
    """Starts the client and kills it after so many seconds; TRUE where it had ended before."""
    with subprocess.Popen([PROGRAM, "--config", user.config, *arguments], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=user.environment) as process:
        process.stdin.write(stdin.encode())
        process.stdin.close()
        try:
            process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            process.kill()
            return False


def test_a_killed_add_is_taken_up_again_by_the_same_code(world):
    organisation = world.organisation()
    user = world.machine().user()
    for number in range(25):
        login = "user%d" % number
        code = organisation.code(login)["code"] + "\n"
        add = ("account", "add", organisation.url, "--code-stdin", "--json")
        if not killed(user, add, code, DICE.uniform(0, 0.08)):
            accounts = user.run("status", "--json", check=0).json["accounts"]
            if login not in [account["user"] for account in accounts]:
                user.run(*add, stdin=code, check=0)
        accounts = user.run("status", "--json", check=0).json["accounts"]
        equal([account["user"] for account in accounts], ["user%d" % at for at in range(number + 1)])
    keys = [account["user"] for account in user.run("status", "--json").json["accounts"]]
    equal(len(organisation.devices()), 1, keys)


def test_a_killed_check_leaves_the_old_verdict_or_the_new(world):
    _, _, user, _ = managed_pair(world)
    for _ in range(25):
        killed(user, ("status", "--check"), "", DICE.uniform(0, 0.06))
        account = user.run("status", "--json", check=0).json["accounts"][0]
        expect(account["managed"] in (None, True), account)
    equal(user.verdict(code=0)["managed"], True)


def test_a_killed_authority_forgets_nothing_that_it_acknowledged(world):
    organisation, _, user, identity = managed_pair(world)
    equal(user.verdict(code=0)["managed"], True)
    for number in range(8):
        organisation.kill()
        organisation.serve()
        login = "user%d" % number
        user.add(organisation, login)
        organisation.kill()
        organisation.serve()
        users = organisation.devices()[0]["users"]
        expect(login in users, login, users)
    device = organisation.devices()[0]
    equal(device["links"], [{"certificate": identity.fingerprint, "state": "bound"}])


def test_a_killed_init_is_taken_up_again(world):
    for number in range(15):
        folder = os.path.join(world.folder, "init-%d" % number)
        command = [PROGRAM, "authority", "--dir", folder, "init", "--name", "N", "--url", "http://127.0.0.1:1"]
        with subprocess.Popen(command, env=world.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            time.sleep(DICE.uniform(0, 0.05))
            process.kill()
        again = subprocess.run(command, env=world.environment, capture_output=True, text=True, check=False)
        expect(again.returncode in (0, 3), again)
        listed = subprocess.run([PROGRAM, "authority", "--dir", folder, "user", "list", "--json"],
                                env=world.environment, capture_output=True, text=True, check=False)
        equal((listed.returncode, json.loads(listed.stdout)), (0, {"users": []}), listed)


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
