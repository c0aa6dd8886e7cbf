#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""What judges the coverage has a test of its own: reports of a made-up tree that it must reject, and
some that it must not."""
import json
import os
import re
import subprocess
import sys
import tempfile

CHECK = sys.argv[1]
BIG = "core/base/big.c"

with open(CHECK, encoding="utf-8") as text:
    DECIDING = sorted(set(re.findall(r'"(core/[a-z/-]+\.c)"', text.read())))
FIRST = DECIDING[0]

SOURCE = ("if (a)\n", "\treturn b;\n", "\tg_return_val_if_fail(a != NULL, FALSE);\n")


def line(number, count, branches=()):
    return {"line_number": number, "count": count,
            "branches": [{"count": taken} for taken in branches]}


def whole():
    """A report in which everything is taken but what only catches our own bugs."""
    return {path: [line(1, 2, (1, 1)), line(2, 1), line(3, 2, (2, 0))] for path in DECIDING + [BIG]}


def changed(path, lines):
    report = whole()
    report[path] = lines
    return report


def without(path):
    report = whole()
    del report[path]
    return report


FEW = len(DECIDING) * 2
# (what, report, a piece of what it says, exit code)
SAMPLES = [
    ("everything taken", whole(), "left out, because they only catch our own bugs (g_return_*): %d"
     % (len(DECIDING) + 1), 0),
    ("an untaken branch elsewhere", changed(BIG, [line(1, 2, (2, 0))]), "core/base", 0),
    ("an untaken branch of what decides", changed(FIRST, [line(1, 2, (2, 0))]),
     FIRST + ":1 ", 1),
    ("its text", changed(FIRST, [line(1, 2, (2, 0))]), "1 of 2 branches: if (a)", 1),
    ("a line of it that nothing reached", changed(FIRST, [line(1, 1, (1, 1)), line(2, 0)]),
     "never reached: return b;", 1),
    ("a file of it that was not measured", without(FIRST), FIRST + " (", 1),
    ("a file of it without branches", changed(FIRST, [line(2, 1)]), "was not measured", 1),
    ("nothing measured", {}, "was not measured", 1),
    ("a tenth of the lines missing", changed(BIG, [line(2, 1)] * (9 * FEW) + [line(2, 0)] * FEW),
     "core/base", 0),
    ("more than a tenth missing", changed(BIG, [line(2, 1)] * (8 * FEW) + [line(2, 0)] * FEW * 2),
     "90 % are asked for", 1),
]


def run(report):
    """Returns the check's exit code and what it said about a tree with this report."""
    with tempfile.TemporaryDirectory() as root:
        for path in report:
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as source:
                source.writelines(SOURCE)
        name = os.path.join(root, "coverage.json")
        with open(name, "w", encoding="utf-8") as text:
            json.dump({"files": [{"file": path, "lines": lines}
                                 for path, lines in report.items()]}, text)
        done = subprocess.run([sys.executable, CHECK, root, name], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout + done.stderr


print("1..%d" % len(SAMPLES))
failed = False
for number, (what, report, piece, expected) in enumerate(SAMPLES, 1):
    code, said = run(report)
    good = code == expected and piece in said
    failed = failed or not good
    print("%sok %d %s" % ("" if good else "not ", number, what))
    if not good:
        print("# exit %d: %s" % (code, said.replace("\n", "\n# ")))
sys.exit(failed)
