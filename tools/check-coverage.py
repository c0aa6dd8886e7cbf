#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Judges what the tests reached. Reads gcovr's JSON, prints lines and branches by room and what was
left out of them, and fails where core/ is below its share of lines, or where a file that decides
about trust has a line or a branch that no test took. Usage: check-coverage.py ROOT COVERAGE.json"""
import json
import os
import re
import sys

LINES_PERCENT = 90

# What decides about trust: every line and every branch of it is taken.
DECIDES = {
    "selection": ["core/attest/selection.c", "core/pki/certificate-rules.c", "core/pki/issuer.c"],
    "JWS verification": ["core/protocol/jws.c", "core/keys/signature.c", "core/pki/weak-key.c"],
    "verifier": ["core/authority/verifier.c", "core/authority/proofs.c"],
    "revocation": ["core/authority/revocation-crl.c", "core/authority/revocation-decision.c",
                   "core/authority/revocation-ocsp.c", "core/authority/revocation-view.c"],
    "binding": ["core/authority/binding.c", "core/authority/registry-links.c"],
}

# Lines that are left out, with their branches: they only catch bugs of our own.
LEFT_OUT = re.compile(r"\bg_return_(val_)?if_(fail|reached)\b")


class Sum:
    """Lines and branches, and how many of them were taken."""

    def __init__(self):
        self.lines = self.lines_taken = self.branches = self.branches_taken = 0
        self.left_out = 0

    def add(self, other):
        for name in vars(other):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self):
        return "%5.1f %% of %5d lines %5.1f %% of %5d branches" % (
            percent(self.lines_taken, self.lines), self.lines,
            percent(self.branches_taken, self.branches), self.branches)


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def measure(entry, source):
    """Returns one file's Sum, and its gaps as (line, what was not taken)."""
    total = Sum()
    gaps = []
    for line in entry["lines"]:
        number = line["line_number"]
        if line.get("gcovr/noncode"):
            continue
        if LEFT_OUT.search(source[number - 1]):
            total.left_out += 1
            continue
        taken = sum(1 for branch in line["branches"] if branch["count"] > 0)
        total.lines += 1
        total.lines_taken += line["count"] > 0
        total.branches += len(line["branches"])
        total.branches_taken += taken
        if line["count"] == 0:
            gaps.append((number, "never reached"))
        elif taken < len(line["branches"]):
            gaps.append((number, "%d of %d branches" % (taken, len(line["branches"]))))
    return total, gaps


def judge_deciding(files, sources):
    """Prints the files that decide; returns what is wrong with them."""
    wrong = []
    for what, paths in DECIDES.items():
        for path in paths:
            if path not in files or files[path][0].branches == 0:
                wrong.append("%s (%s) was not measured" % (path, what))
                continue
            total, gaps = files[path]
            print("  %-17s %-33s %s" % (what, path, total))
            for number, gap in gaps:
                wrong.append("%s:%d (%s): %s: %s" % (path, number, what, gap,
                                                     sources[path][number - 1].strip()))
    return wrong


def print_rooms(files):
    """Prints each folder's sum; returns that of all."""
    rooms = {}
    everything = Sum()
    for path, (total, _) in files.items():
        rooms.setdefault(os.path.dirname(path), Sum()).add(total)
        everything.add(total)
    for room in sorted(rooms):
        print("  %-51s %s" % (room, rooms[room]))
    print("  %-51s %s" % ("core", everything))
    return everything


def print_left_out(files):
    counts = {path: total.left_out for path, (total, _) in sorted(files.items()) if total.left_out}
    print("left out, because they only catch our own bugs (g_return_*): %d lines" %
          sum(counts.values()))
    for path, count in counts.items():
        print("  %-51s %d" % (path, count))


def main():
    root, report = sys.argv[1:]
    files = {}
    sources = {}
    with open(report, encoding="utf-8") as text:
        entries = json.load(text)["files"]
    for entry in entries:
        path = entry["file"]
        if not path.startswith("core/"):
            continue
        with open(os.path.join(root, path), encoding="utf-8") as text:
            sources[path] = text.read().split("\n")
        files[path] = measure(entry, sources[path])
    print_left_out(files)
    print("core/, by room:")
    everything = print_rooms(files)
    print("what decides about trust:")
    wrong = judge_deciding(files, sources)
    if percent(everything.lines_taken, everything.lines) < LINES_PERCENT or not everything.lines:
        wrong.append("core/: %.1f %% of the lines; %d %% are asked for" % (
            percent(everything.lines_taken, everything.lines), LINES_PERCENT))
    for line in wrong:
        print("not enough: " + line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
