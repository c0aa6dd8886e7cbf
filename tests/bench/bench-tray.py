#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
"""The icon beside others': start to icon, memory, and wake-ups of an idle program, in one session with
a real tray. Usage: bench-tray.py [RUNS [IDLE_SECONDS]]. Prints a table, and judges nothing: each figure
is a median, the programs take turns, and the icon is there when the panel's pixels change."""
import mmap
import os
import shutil
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ui"))
import session  # noqa: E402  pylint: disable=wrong-import-position
import world  # noqa: E402  pylint: disable=wrong-import-position

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
IDLE_S = float(sys.argv[2]) if len(sys.argv) > 2 else 30
PEERS = ("diodon", "xfce4-clipman", "blueman-applet")
SIZE = "640x120"
PANEL_HEIGHT = 32
ICON_LIMIT_S = 15
SETTLED_S = 5
STILL_S = 0.6


def open_screen(desktop):
    """The X server's memory: a dump of the screen as xwd(1) writes it, which is always true."""
    with open(os.path.join(desktop.folder, "Xvfb_screen0"), "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def panel(screen):
    """The panel, which shows nothing but the tray."""
    header, colours = (int.from_bytes(screen[at:at + 4], "big") for at in (0, 76))
    line = int.from_bytes(screen[48:52], "big")
    begin = header + colours * 12
    return screen[begin:begin + PANEL_HEIGHT * line]


def wait_until_still(screen):
    before, since = panel(screen), time.monotonic()
    while time.monotonic() - since < STILL_S:
        time.sleep(0.1)
        now = panel(screen)
        if now != before:
            before, since = now, time.monotonic()
    return before


def descendants(process):
    """The process and all that it started."""
    found = [process]
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % entry, encoding="utf-8") as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == process:
            found += descendants(int(entry))
    return found


def read_memory_mb(processes):
    """Proportional: what is shared is divided by those who share it."""
    total = 0
    for process in processes:
        with open("/proc/%d/smaps_rollup" % process, encoding="utf-8") as rollup:
            total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total / 1024


def count_wake_ups(processes):
    """How often each of their threads has waited so far, by its number."""
    counts = {}
    for process in processes:
        for thread in os.listdir("/proc/%d/task" % process):
            with open("/proc/%d/task/%s/status" % (process, thread), encoding="utf-8") as status:
                counts[thread] = sum(int(line.split()[1]) for line in status
                                     if line.startswith("voluntary_ctxt_switches"))
    return counts


def run(desktop, screen, words, environment, measures_idle):
    """Starts it once. Returns milliseconds to its icon, and where asked for its memory and wake-ups."""
    base = wait_until_still(screen)
    begin = time.monotonic()
    process = desktop.spawn(words, os.path.basename(words[0]), environment)
    while panel(screen) == base:
        time.sleep(0.001)
        world.expect(process.poll() is None and time.monotonic() - begin < ICON_LIMIT_S,
                     words[0], "shows no icon:", desktop.read_log(os.path.basename(words[0])))
    icon_ms = (time.monotonic() - begin) * 1000
    memory = wake_ups = None
    if measures_idle:
        time.sleep(SETTLED_S)
        processes = descendants(process.pid)
        memory = read_memory_mb(processes)
        before = count_wake_ups(processes)
        time.sleep(IDLE_S)
        after = count_wake_ups(processes)
        wake_ups = sum(after[thread] - before.get(thread, 0) for thread in after)
    session.end(process)
    desktop.processes.remove(process)
    return icon_ms, memory, wake_ups


def measure(desktop, programs):
    screen = open_screen(desktop)
    icons = {name: [] for name, _, _ in programs}
    idle = {}
    for number in range(RUNS + 1):  # the first warms the caches
        for name, words, environment in programs:
            icon_ms, memory, wake_ups = run(desktop, screen, words, environment, number == RUNS)
            if number > 0:
                icons[name].append(icon_ms)
            idle[name] = (memory, wake_ups)
    return icons, idle


def main():
    session.require("xfce4-panel")
    with world.World() as play, session.Session(size=SIZE, shows_pixels=True) as desktop:
        session.Notifications(desktop.bus)
        _, _, user, _ = world.managed_pair(play)
        desktop.start_panel()
        programs = [("countersign", [world.PROGRAM, "--config", user.config, "start"],
                     desktop.environment_of(user))]
        # What they complain of is theirs; and they get a system's bus, on which nobody is.
        plain = {**desktop.environment, "G_DEBUG": "",
                 "DBUS_SYSTEM_BUS_ADDRESS": desktop.environment["DBUS_SESSION_BUS_ADDRESS"]}
        programs += [(name, [name], plain) for name in PEERS if shutil.which(name)]
        icons, idle = measure(desktop, programs)
    print("%-16s %22s %10s %16s" % ("program", "start to icon, ms", "PSS, MB",
                                    "wake-ups in %.0f s" % IDLE_S))
    for name, _, _ in programs:
        times = icons[name]
        print("%-16s %8.0f (%.0f to %.0f) %10.1f %16d" % (
            name, statistics.median(times), min(times), max(times), *idle[name]))
    for name in PEERS:
        if name not in icons:
            print("%-16s is not installed" % name)


if __name__ == "__main__":
    try:
        main()
    except world.Skip as reason:
        print("not measured:", reason)
