#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Helpdesk has a page for each reason code of core/protocol/reason.c and for nothing else, each can be
read out in half a minute, says the same owner as the program does, and stands in the index.

test_helpdesk.py SOURCE_ROOT
"""
import os
import re
import sys
import tempfile

from tap import run_tests

ROOT = sys.argv[1]
# Half a minute, at the 180 words a minute of somebody who reads to be understood.
MAX_WORDS = 90
MIN_WORDS = 25
PARTS = ["The user sees", "It means", "Causes", "Ask", "Do", "Who"]
OWNERS = {"NOBODY": "Nobody.", "USER": "The user.", "HELPDESK": "Helpdesk.",
          "ADMINISTRATOR": "The administrator."}
ROW = r'\[CS_REASON_\w+\] =\s*\{\s*"([a-z-]+)",.*?CS_OWNER_([A-Z]+),'


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as text:
        return text.read()


def read_codes():
    """{code: owner}, of the one table."""
    source = read(ROOT, "core", "protocol", "reason.c")
    rows = re.findall(ROW, source, re.DOTALL)
    assert len(rows) == len(dict(rows)) == len(re.findall(r"^\t\[CS_REASON_", source, re.MULTILINE)), rows
    return dict(rows)


def judge_page(code, owner, text):
    """Yields what is wrong with a page."""
    title, _, body = text.partition("\n")
    if title != "# " + code:
        yield "its title is not its code"
    parts = re.findall(r"^\*\*(.+?):\*\* (.+)$", body, re.MULTILINE)
    if [name for name, _ in parts] != PARTS:
        yield "its parts are not: " + ", ".join(PARTS)
    elif parts[-1][1] != OWNERS[owner]:
        yield "%s it says, and the program says %s" % (parts[-1][1], OWNERS[owner])
    words = len(re.sub(r"[*`]", "", body).split())
    if not MIN_WORDS <= words <= MAX_WORDS:
        yield "%d words" % words


def judge(codes, folder):
    """What is wrong with a folder of pages."""
    pages = {name[:-3] for name in os.listdir(folder)} - {"README"}
    index = read(folder, "README.md")
    linked = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\) \| (.+) \|$", index, re.MULTILINE)
    faults = ["%s: no page" % code for code in codes if code not in pages]
    faults += ["%s: no such code" % code for code in sorted(pages - codes.keys())]
    for code in sorted(pages & codes.keys()):
        text = read(folder, code + ".md")
        faults += ["%s: %s" % (code, fault) for fault in judge_page(code, codes[code], text)]
    meant = {(code, OWNERS[owner][:-1].lower()) for code, owner in codes.items()}
    faults += ["the index: %s" % (entry,) for entry in sorted(meant ^ set(linked))]
    if len(linked) != len(set(linked)):
        faults.append("the index: twice the same")
    return faults


def test_the_pages_are_whole():
    faults = judge(read_codes(), os.path.join(ROOT, "docs", "helpdesk"))
    assert not faults, "\n".join(faults)


GOOD = "# one\n" + "".join("\n**%s:** %s\n" % (part, "Helpdesk." if part == "Who" else "a b c d e f")
                            for part in PARTS)
INDEX = "| [one](one.md) | helpdesk |\n"
# What must be noticed: the pages, and the beginning of the complaint.
BROKEN = (
    ({"README": INDEX}, "one: no page"),
    ({"README": INDEX, "one": GOOD, "two": GOOD}, "two: no such code"),
    ({"README": INDEX, "one": GOOD.replace("a b", "a b " * 40, 1)}, "one: 118 words"),
    ({"README": INDEX, "one": GOOD.replace("a b c d e f", "a")}, "one: 15 words"),
    ({"README": INDEX, "one": GOOD.replace("**Ask:** a b c d e f\n", "")}, "one: its parts"),
    ({"README": INDEX, "one": GOOD.replace("Helpdesk.", "The user.")}, "one: The user."),
    ({"README": INDEX, "one": GOOD.replace("# one", "# two")}, "one: its title"),
    ({"README": "", "one": GOOD}, "the index: ('one', 'helpdesk')"),
    ({"README": INDEX.replace("helpdesk", "the user"), "one": GOOD}, "the index: ('one'"),
    ({"README": INDEX * 2, "one": GOOD}, "the index: twice"),
)


def judge_sample(pages):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in pages.items():
            with open(os.path.join(folder, name + ".md"), "w", encoding="utf-8") as page:
                page.write(text)
        return judge({"one": "HELPDESK"}, folder)


def test_samples_are_rejected():
    assert not judge_sample({"README": INDEX, "one": GOOD}), judge_sample({"README": INDEX, "one": GOOD})
    for pages, complaint in BROKEN:
        faults = judge_sample(pages)
        assert any(fault.startswith(complaint) for fault in faults), (complaint, faults)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
