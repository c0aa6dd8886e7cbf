#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""A hundred thousand requests that nobody should make (flood/hostile.c), at one real server: its
memory does not grow with them, nor do its registry and its log of requests beyond their bounds; and as
many nonces and challenges as anybody likes to ask for, of which it remembers so many and no more.

What grows once is another matter than what grows with each request: of several rounds the median is
judged. The least block of memory that a request could leave behind is 32 bytes. With the sanitizers,
whose memory is not the program's, the rounds are few, and the leak sanitizer judges at the end."""
import os
import random
import statistics
import subprocess
import time

from world import PROGRAM, equal, expect, main, managed_pair

HOSTILE = os.environ["COUNTERSIGN_HOSTILE"]
SANITIZED = "sanitize" in PROGRAM
SEED = int(os.environ.get("COUNTERSIGN_SEED", random.SystemRandom().randrange(1 << 31)))
print("# COUNTERSIGN_SEED=%d" % SEED, flush=True)

ROUND = 20000 if not SANITIZED else 2000
WARM_UP, ROUNDS = 2, 5  # 100,000 requests after the warm-up
BYTES_A_REQUEST = 10  # less than any leak in each request
MAX_OPEN = 65536  # challenges, and again nonces
MAX_OPEN_BYTES = 160 << 20
MAX_REGISTRY_BYTES = 8 << 20  # mostly the write-ahead log's own
MAX_LOG_BYTES = 5 * (8 << 20) + 65536
LINES_A_MINUTE = 60
REFUSALS = {400, 404, 413, 415, 431}


def memory(organisation):
    """The process's own, in bytes."""
    with open("/proc/%d/status" % organisation.process.pid, encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon")


def flood(world, organisation, kind, count, number):
    """Answers by their status."""
    done = subprocess.run([HOSTILE, kind, str(organisation.port), str(count), str(SEED + number)],
                          capture_output=True, text=True, env=world.environment, timeout=300, check=False)
    equal(done.returncode, 0, done.stderr)
    return {int(status): int(times) for status, times in (line.split() for line in done.stdout.splitlines())}


def flood_rounds(world, organisation, kind, rounds):
    """The memory after each."""
    seen = []
    for number in range(rounds):
        answers = flood(world, organisation, kind, ROUND, number)
        seen.append(memory(organisation))
    print("# %s: %d rounds of %d, the last: %s; memory: %s KiB" %
          (kind, rounds, ROUND, answers, [size >> 10 for size in seen]), flush=True)
    return seen, answers


def expect_steady(sizes):
    growth = statistics.median(after - before for before, after in zip(sizes, sizes[1:]))
    expect(SANITIZED or growth < BYTES_A_REQUEST * ROUND, "memory grows with each request", growth, sizes)


def folder_bytes(*path):
    folder = os.path.join(*path)
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)
               if os.path.isfile(os.path.join(folder, name)))


def count_rows(organisation):
    return (len(organisation.devices()), organisation.admin("user", "list"), organisation.admin("issuer", "list"))


def test_a_hundred_thousand_hostile_requests_leave_nothing(world):
    organisation, _, user, _ = managed_pair(world)
    user.verdict(code=0)
    began = time.time()
    rows, lines = count_rows(organisation), len(organisation.log())
    sizes, answers = flood_rounds(world, organisation, "mixed", WARM_UP + ROUNDS)
    expect_steady(sizes[WARM_UP - 1:])
    expect(REFUSALS < set(answers) <= REFUSALS | {0, 200, 201}, "each kind was refused, and nothing else", answers)
    minutes = int(time.time() // 60 - began // 60) + 1
    equal(count_rows(organisation), rows)
    added = len(organisation.log()) - lines
    expect(added <= LINES_A_MINUTE * minutes, "lines of who proves nothing", added, minutes)
    expect(folder_bytes(organisation.folder) < MAX_REGISTRY_BYTES, "the registry grew")
    expect(folder_bytes(organisation.folder, "log") <= MAX_LOG_BYTES, "the log of requests grew")
    equal(user.verdict(code=0)["managed"], True, "and who should is served")
    organisation.stop()


def test_open_challenges_and_nonces_are_bounded(world):
    organisation, _, user, _ = managed_pair(world)
    began = time.monotonic()
    answers = flood(world, organisation, "open", 2 * ROUND if SANITIZED else 2 * MAX_OPEN + ROUND, 0)
    expect(memory(organisation) < MAX_OPEN_BYTES or SANITIZED, memory(organisation))
    print("# open: %s in %.0f s" % (answers, time.monotonic() - began), flush=True)
    expect(set(answers) <= {200, 201, 503}, answers)
    if not SANITIZED:
        # They are forgotten after two and three minutes: a slower machine never has so many.
        expect(503 in answers or time.monotonic() - began > 100, "more than may be open are", answers)
        sizes, answers = flood_rounds(world, organisation, "open", 4)
        expect_steady(sizes)
    organisation.kill()
    organisation.serve()
    user.verdict(code=0)
    organisation.stop()


main(globals())
