#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Sums what `meson test` ran, one line: test cases where a program printed TAP, else programs."""
import json
import re
import sys


def count(entry):
    """Returns (passed, failed, skipped) of one program of the log."""
    passed = failed = skipped = 0
    for line in (entry.get("stdout") or "").splitlines():
        case = re.match(r"(not )?ok \d+(.*)", line)
        if not case:
            continue
        if re.search(r"# *skip", case.group(2), re.IGNORECASE):
            skipped += 1
        elif case.group(1):
            failed += 1
        else:
            passed += 1
    if entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and failed == 0:
        failed = 1
    if passed + failed + skipped == 0:
        skipped = int(entry["result"] == "SKIP")
        passed = 1 - skipped
    return passed, failed, skipped


def main():
    totals = [0, 0, 0]
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            for place, number in enumerate(count(json.loads(line))):
                totals[place] += number
    print("%d passed, %d failed, %d skipped" % tuple(totals))


main()
