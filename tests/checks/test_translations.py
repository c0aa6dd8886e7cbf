#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Every language of po/LINGUAS is whole: nothing untranslated, nothing fuzzy, nothing that gettext's
own check refuses, against the texts as they are in the source now; and the program speaks it.

test_translations.py SOURCE_ROOT
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = sys.argv[1]
PROGRAM = os.environ["COUNTERSIGN"]
TIMEOUT_S = 120

# What meson's preset "glib" gives xgettext, so that the same messages are found.
KEYWORDS = ["_", "N_", "C_:1c,2", "NC_:1c,2", "g_dcgettext:2", "g_dngettext:2,3", "g_dpgettext2:2c,3"]
FLAGS = ["N_:1:pass-c-format", "C_:2:pass-c-format", "NC_:2:pass-c-format",
         "g_dngettext:2:pass-c-format", "g_strdup_printf:1:c-format",
         "g_string_printf:2:c-format", "g_string_append_printf:2:c-format",
         "g_set_error:4:c-format", "g_error_new:3:c-format"]

# How the help begins in each language.
HEADINGS = {"de": "Aufruf: countersign "}

# A line of the help that is the same in every language: a long verb, explained in the next line.
VERB_ALONE = r"  [a-z][a-z -]*( \[?[A-Z]+\]?)*"


def run(*command, **environment):
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ, LC_ALL="C.UTF-8", **environment),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=TIMEOUT_S, check=False)


def run_tool(*command):
    """Returns what the tool printed on its standard output; it may not fail."""
    done = run(*command)
    if done.returncode != 0:
        raise AssertionError("%s: %s" % (command[0], done.stderr))
    return done.stdout


def read_list(name):
    with open(os.path.join(ROOT, "po", name), encoding="utf-8") as lines:
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def extract(folder):
    """The template of all texts, freshly made."""
    template = os.path.join(folder, "countersign.pot")
    run_tool("xgettext", "--from-code=UTF-8", "--output=" + template,
             *("--keyword=" + keyword for keyword in KEYWORDS), *("--flag=" + flag for flag in FLAGS),
             *read_list("POTFILES"))
    return template


def list_messages(catalogue, *which):
    """The texts of those that are meant, the header left out."""
    found = run_tool("msgattrib", "--no-wrap", "--force-po", *which, catalogue)
    return [text for text in re.findall(r'^msgid ("(?:.|\n")*")$', found, re.MULTILINE) if text != '""']


def test_nothing_is_left_to_translate(language, template, folder):
    merged = os.path.join(folder, language + ".po")
    run_tool("msgmerge", "--quiet", "--no-fuzzy-matching", "--output-file=" + merged,
             "po/%s.po" % language, template)
    total = len(list_messages(merged, "--no-obsolete"))
    assert total > 500, "only %d messages were found" % total
    missing = list_messages(merged, "--untranslated", "--no-obsolete")
    assert not missing, "\n".join(["not translated:", *missing])


def test_nothing_is_fuzzy_or_obsolete(language, _template, _folder):
    for which in ("--only-fuzzy", "--only-obsolete"):
        found = run_tool("msgattrib", which, "po/%s.po" % language)
        assert not found.strip(), "%s:\n%s" % (which, found)


def test_gettext_finds_no_fault(language, _template, _folder):
    done = run("msgfmt", "--check", "--output-file=/dev/null", "po/%s.po" % language)
    assert done.returncode == 0 and not done.stderr, done.stderr


def read_pairs(language):
    """Each text that stands in one line, with its translation."""
    text = run_tool("msgcat", "--no-wrap", "po/%s.po" % language)
    return re.findall(r'^msgid "(.*)"\nmsgstr "(.*)"$', text, re.MULTILINE)


def read_arguments():
    """What help and manual call the arguments of the verbs, in each language."""
    found = set()
    folder = os.path.join(ROOT, "app", "commands")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as source:
            for arguments in re.findall(r'\.arguments = "(.*)"', source.read()):
                found.update(re.findall("[A-Z]+", arguments))
    assert {"APPLICATION", "DEMAND", "FILE"} <= found, found
    return found


def test_arguments_keep_their_names(language, _template, _folder):
    """Whoever reads of APPLICATION in the first line finds it explained below; headings of tables may
    be translated."""
    arguments = read_arguments()
    faults = []
    for text, translated in read_pairs(language):
        words = set(re.findall(r"\b[A-Z]+\b", text)) & arguments
        if not text.isupper() and not words <= set(re.findall(r"\b[A-Z]+\b", translated)):
            faults.append("%s: %s" % (sorted(words), translated))
    assert not faults, "\n".join(faults)


def test_mnemonics_are_kept(language, _template, _folder):
    """A button with a mnemonic keeps one, so that the keyboard reaches it in each language."""
    pairs = read_pairs(language)
    shown = [pair for pair in pairs if re.search(r"(^|[ A-Z])\w*_[A-Za-z]\w*", pair[0]) and
             re.fullmatch(r"[\w ’,…]+", pair[0]) and pair[0].count("_") == 1]
    assert len(shown) > 10, "only %d have a mnemonic" % len(shown)
    without = [pair for pair in shown if len(re.findall(r"_\w", pair[1])) != 1]
    assert not without, "without a mnemonic: %r" % without


def test_the_program_speaks_it(language, _template, _folder):
    spoken = run(PROGRAM, "--help", LANGUAGE=language)
    english = run(PROGRAM, "--help", LANGUAGE="")
    assert (spoken.returncode, english.returncode) == (0, 0), (spoken, english)
    assert english.stdout.startswith("usage: countersign "), english.stdout
    assert spoken.stdout.startswith(HEADINGS[language]), spoken.stdout
    common = {line for line in spoken.stdout.splitlines()
              if " " in line.strip() and not re.fullmatch(VERB_ALONE, line)} & \
        set(english.stdout.splitlines())
    assert not common, "still English: %r" % common


TESTS = [function for name, function in sorted(globals().items()) if name.startswith("test_")]


def main():
    languages = read_list("LINGUAS")
    catalogues = sorted(name[:-3] for name in os.listdir(os.path.join(ROOT, "po")) if name.endswith(".po"))
    print("1..%d" % (1 + len(TESTS) * len(languages)))
    failed = languages != catalogues or "de" not in languages
    print("%sok 1 po/LINGUAS names the catalogues" % ("not " if failed else ""))
    number = 1
    with tempfile.TemporaryDirectory() as folder:
        template = extract(folder)
        for language in languages:
            for function in TESTS:
                number += 1
                try:
                    function(language, template, folder)
                    print("ok %d %s %s" % (number, language, function.__name__))
                except AssertionError as fault:
                    failed = True
                    print("not ok %d %s %s" % (number, language, function.__name__))
                    print("\n".join("# " + line for line in str(fault).splitlines()))
    return failed


if __name__ == "__main__":
    sys.exit(main())
