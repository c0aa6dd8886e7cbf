#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The demo on a screen: the desktop application of its device, connected to its authority. What it
prints to try, works; and it leaves nothing behind."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402  pylint: disable=wrong-import-position
from access import Screen  # noqa: E402  pylint: disable=wrong-import-position
from session import Item, Notifications, Session, stop  # noqa: E402
from world import PROGRAM, equal, expect, main, run_program  # noqa: E402


def start_demo(desktop, temporary, *words):
    session.require_desktop()
    return desktop.spawn([PROGRAM, "demo", *words], "demo", dict(desktop.environment, TMPDIR=temporary))


def find_printed(desktop, start):
    """The first printed line that begins so, once it is there."""
    lines = []

    def look():
        lines[:] = [line.strip() for line in desktop.read_log("demo").splitlines()
                    if line.strip().startswith(start)]
        return lines

    desktop.wait(look, "a line that begins with " + start)
    return lines[0]


def test_the_demo_opens_the_window(world):
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        Notifications(desktop.bus)
        desktop.start_panel()
        demo = start_demo(desktop, world.folder)
        screen.await_text("Managed")
        name, path = desktop.items()[0]
        equal(path, "/StatusNotifierItem")
        item = Item(desktop, name)
        equal(desktop.owner(), None, "it is not the user's own instance")
        item.click("_Add account…")
        screen.await_thing("text").write(find_printed(desktop, "http://"))
        screen.press("Continue")
        screen.press("Add Account")
        desktop.wait(lambda: any("grace" in label for label in item.labels()), "the second account")
        command = find_printed(desktop, "countersign authority").split()
        equal(command[-2], "suspend")
        folder, device = command[3].strip("'"), command[-1]
        run_program(["authority", "--dir", folder, "device", "suspend", device], world.environment,
                    check=0)
        item.click("_Check now")
        desktop.wait(lambda: item.Title == "Countersign: Action needed", "what was tried")
        item.click("_Quit")
        equal(demo.wait(session.PATIENCE_S), 0)
        equal([name for name in os.listdir(world.folder) if name.startswith("countersign-demo")], [])
        expect("WARNING" not in desktop.read_log("demo"), desktop.read_log("demo"))


def test_the_demo_ends_by_a_signal(world):
    with Session(accessible=True) as desktop, Screen(desktop) as screen:
        demo = start_demo(desktop, world.folder)
        screen.window()
        equal(stop(demo, signal.SIGINT), 0)
        equal([name for name in os.listdir(world.folder) if name.startswith("countersign-demo")], [])


def test_the_demo_as_text(world):
    """Where it was asked for, as a document, and where a display turns out to be none."""
    session.require_desktop()
    with Session() as desktop:
        desktop.environment["TMPDIR"] = world.folder

        def run(*words, **environment):
            done = subprocess.run([PROGRAM, "demo", *words], env={**desktop.environment, **environment},
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=session.PATIENCE_S, check=False)
            equal(done.returncode, 0, done.stdout, done.stderr)
            return done

        text = run("--text")
        equal(text.stderr, "")
        lines = len(text.stdout.splitlines())
        expect(lines > 15, text.stdout)
        expect(run("--json").stdout.startswith("{"), "a document")
        none = run(DISPLAY=":nosuch")
        expect("no display" in none.stderr, none.stderr)
        equal(len(none.stdout.splitlines()), lines, "the whole story, and nothing of a window")
        none = run(DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
        expect("message bus" in none.stderr, none.stderr)
        equal(len(none.stdout.splitlines()), lines)


if __name__ == "__main__":
    main(globals())
