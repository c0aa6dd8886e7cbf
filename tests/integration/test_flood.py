#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""A thousand devices at once, each with keys and a connection of its own (flood/flood.c), at one
real server: whatever they all present, one has it, every other one is told why not, and the log
says so of each."""
import json
import os
import subprocess
import time
from collections import Counter

from world import equal, main, pki

DEVICES = 1000
FLOOD = os.environ["COUNTERSIGN_FLOOD"]


def lines(organisation, event):
    return [line for line in organisation.log() if line["event"] == event]


def flood(world, organisation, identity):
    certificate = world.write("shared.pem", identity.pem)
    key = world.write("shared.key", identity.key_pem())
    began = time.monotonic()
    done = subprocess.run([FLOOD, organisation.folder, certificate, key, str(DEVICES)], capture_output=True,
                          text=True, env=world.environment, check=False)
    equal(done.returncode, 0, done.stdout, done.stderr)
    report = json.loads(done.stdout)
    print("# %d devices: code %.1f s, certificate %.1f s, all %.1f s" %
          (DEVICES, report["code"]["seconds"], report["certificate"]["seconds"], time.monotonic() - began), flush=True)
    return report


def test_a_thousand_devices_present_one_code_and_one_certificate_at_once(world):  # rule 15
    organisation = world.organisation()
    authority = pki.make_ca()
    organisation.trust(authority, "--revocation", "none")
    identity = pki.make("CN=shared", authority)
    report = flood(world, organisation, identity)

    equal(report["code"]["answers"], {"enrolled": 1, "code-invalid": DEVICES - 1})
    users = {user["login"]: user["accounts"] for user in organisation.admin("user", "list")["users"]}
    equal(users, {"raced": 1, "other": DEVICES - 1})
    enrolments = lines(organisation, "enrolment")
    equal(Counter((line["actor"], line["outcome"], line["reason"]) for line in enrolments),
          {("user:raced", "ok", None): 1, ("user:raced", "refused", "code-invalid"): DEVICES - 1,
           ("user:other", "ok", None): DEVICES - 1})

    equal(report["certificate"]["answers"], {"managed": 1, "bound-to-another-device": DEVICES - 1})
    attempts = lines(organisation, "authentication")
    equal(Counter((line["outcome"], line["reason"], line["certificate"]) for line in attempts),
          {("ok", "managed", identity.fingerprint): 1,
           ("ok", "bound-to-another-device", identity.fingerprint): DEVICES - 1})
    equal(len({line["device"] for line in attempts}), DEVICES, "each under its own name")
    bound = [device for device in organisation.devices() if device["links"]]
    equal([(device["id"], device["links"]) for device in bound],
          [(line["device"], [{"certificate": identity.fingerprint, "state": "bound"}])
           for line in attempts if line["reason"] == "managed"])
    shown = organisation.admin("device", "show", bound[0]["id"])
    equal(len(shown["conflicts"]), 100, "the administrator sees that others tried, the newest hundred")
    organisation.stop()


main(globals())
