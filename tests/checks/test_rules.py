#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""docs/rules.md says which rules are proven: those are that tests name, and no others.

test_rules.py SOURCE_ROOT
"""
import os
import re
import sys

from tap import run_tests

ROOT = sys.argv[1]

NUMBERS = r"[0-9]+(?:(?:, | and | to )[0-9]+)*"


def read_numbers(text):
    """"2 to 4, 7 and 9" as {2, 3, 4, 7, 9}."""
    found = set()
    for first, last in re.findall(r"([0-9]+)(?: to ([0-9]+))?", text):
        found.update(range(int(first), int(last or first) + 1))
    return found


def find_named(text):
    """What the comments of a test name."""
    return set().union(*(read_numbers(numbers) for numbers in re.findall(r"\b[Rr]ules? (%s)" % NUMBERS, text)))


def judge(document, tests):
    rules = {int(number) for number in re.findall(r"^([0-9]+)\. ", document, re.MULTILINE)}
    claim = re.search(r"Proven today: (%s)" % NUMBERS, " ".join(document.split()))
    if not claim:
        return ["no claim"]
    claimed = read_numbers(claim.group(1))
    named = find_named(tests)
    return (["rule %d: there is none" % rule for rule in sorted((claimed | named) - rules)] +
            ["rule %d: no test names it" % rule for rule in sorted(claimed - named)] +
            ["rule %d: tests name it" % rule for rule in sorted((named & rules) - claimed)])


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def test_the_claim_is_true():
    texts = [read(os.path.join(folder, name)) for folder, _, names in os.walk(os.path.join(ROOT, "tests"))
             for name in names if name.endswith((".c", ".py")) and name != os.path.basename(__file__)]
    faults = judge(read(os.path.join(ROOT, "docs", "rules.md")), "\n".join(texts))
    assert not faults, "\n".join(faults)


DOCUMENT = "Proven today: 1 and\n3 to 4, of 4 only half.\n1. One\n2. Two\n3. Three\n4. Four\n"


def test_samples_are_rejected():
    assert judge(DOCUMENT, "/* rules 1 and 3 */ # rule 4") == []
    assert judge(DOCUMENT, "rules 1 to 2, rule 3") == ["rule 4: no test names it", "rule 2: tests name it"]
    assert judge(DOCUMENT, "rules 1, 3 and 4, 5") == ["rule 5: there is none"]
    assert judge("1. One\n", "") == ["no claim"]


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
