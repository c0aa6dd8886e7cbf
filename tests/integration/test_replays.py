#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""An enrolment and a response that were accepted once, ten thousand times more (flood/replay.c), at a
real server: as it is, and after it was killed and started anew, when it knows no nonce and no
challenge. The bulk of the replays is in tests/faults/replays.c."""
import os
import subprocess
import time

from world import PROGRAM, equal, expect, main

REPLAY = os.environ["COUNTERSIGN_REPLAY"]
REPLAYS = 5000 if "sanitize" not in PROGRAM else 500  # before, and again after the restart
LINES_A_MINUTE = 60


def replay(process):
    """How often it heard which word."""
    process.stdin.write("%d\n" % REPLAYS)
    process.stdin.flush()
    lines = iter(process.stdout.readline, "\n")
    return {word: int(times) for word, times in (line.split() for line in lines)}


def state(organisation):
    links = [(device["id"], device["links"], device["keys"]) for device in organisation.devices()]
    return links, organisation.admin("user", "list")


def test_replays_are_never_accepted(world):  # rule 15
    organisation = world.organisation()
    began = time.time()
    with subprocess.Popen([REPLAY, organisation.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, env=world.environment) as process:
        try:
            first = replay(process)
            before, lines = state(organisation), organisation.log()
            organisation.kill()
            organisation.serve()
            second = replay(process)
            process.stdin.close()
            equal(process.wait(60), 0)
        finally:
            process.kill()
    print("# %s, and after the restart %s, in %.0f s" % (first, second, time.time() - began), flush=True)
    equal(first, {"nonce-invalid": REPLAYS // 2, "challenge-replayed": REPLAYS // 2})
    equal(second, {"nonce-invalid": REPLAYS // 2, "challenge-unknown": REPLAYS // 2})
    equal(state(organisation), before)
    minutes = int(time.time() // 60 - began // 60) + 1
    replayed = [line for line in lines if line["reason"] == "challenge-replayed"]
    expect(1 <= len(replayed) <= 1 + minutes * LINES_A_MINUTE, len(replayed), minutes)
    equal(organisation.log()[len(lines):], [], "what was never known is not told")
    organisation.stop()


main(globals())
