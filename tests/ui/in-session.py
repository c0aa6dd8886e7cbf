#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a test program in a desktop session of its own. Usage: in-session.py PROGRAM [ARGUMENT...]
Ends as the program does; skips, aloud, where there is nothing to show windows on."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402  pylint: disable=wrong-import-position
import world  # noqa: E402  pylint: disable=wrong-import-position

SIZE = "1400x1000"


def main():
    try:
        with session.Session(size=SIZE) as desktop:
            kept = {key: os.environ[key] for key in ("COUNTERSIGN_LOCALE_FOLDER",) if key in os.environ}
            done = subprocess.run(sys.argv[1:], env={**desktop.environment, **kept}, check=False)
    except world.Skip as reason:
        print("1..0 # SKIP", reason)
        return 0
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


if __name__ == "__main__":
    sys.exit(main())
